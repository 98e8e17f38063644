"""House rules that neither ruff, mypy nor import-linter holds: layers, file size, first lines, names, addresses."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("app", "ui", "engine", "storage", "resources")
QT = {"PySide6", "PyQt5", "PyQt6", "shiboken6", "qasync", "pyqtgraph", "pytestqt"}
SQL = {"sqlalchemy", "alembic", "sqlite3"}
MOST_LINES = 500
# In pieces, so that this file doesn't hold what it looks for.
HOSTS = re.compile(
    "|".join((r"pypi\.(org|python)", r"pythonhosted", r"--(extra-)?index" + "-url", r"find" + "-links"))
)


def committed() -> list[Path]:
    """Files that git knows or would add; those of the working folder where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return [path for layer in (*LAYERS, "tests", "packaging") for path in (ROOT / layer).rglob("*.py")]
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


FILES = committed()
PYTHON = [path for path in FILES if path.suffix == ".py"]
IN_LAYERS = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in LAYERS]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Top-level names of everything that the file imports, at any depth and lazily too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_layers_are_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in IN_LAYERS} == set(LAYERS)


@pytest.mark.parametrize(("banned", "home"), [(QT, "ui"), (SQL, "storage")], ids=["qt", "sql"])
def test_a_library_stays_in_its_layer(banned: set[str], home: str) -> None:
    strays = {
        name(path): sorted(found)
        for path in IN_LAYERS
        if path.relative_to(ROOT).parts[0] != home and (found := imported(path) & banned)
    }
    assert not strays


def test_opencv_is_imported_in_one_place() -> None:
    assert [name(path) for path in PYTHON if "cv2" in imported(path)] == ["engine/adapters/cv.py"]


def test_the_focus_chain_is_asked_by_nobody() -> None:
    """Why: ui/tab_order.py."""
    chain = {"nextInFocusChain", "previousInFocusChain"}
    askers = [
        name(path)
        for path in PYTHON
        if any(
            isinstance(node, ast.Attribute) and node.attr in chain
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )
    ]
    assert not askers


def typed_decodings(path: Path) -> list[str]:
    """Types that msgspec is given to decode or convert to, as they are written in the file."""
    given: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("msgspec."):
            continue
        verb = ast.unparse(node.func).rpartition(".")[2]
        if verb in ("decode", "convert", "Decoder"):
            given += [k.value for k in node.keywords if k.arg == "type"]
            given += node.args[:1] if verb == "Decoder" else node.args[1:2]
    return [ast.unparse(kind) for kind in given]


def test_what_threads_decode_was_looked_through_before() -> None:
    decoded = {name(path): typed_decodings(path) for path in IN_LAYERS}
    assert len([kind for kinds in decoded.values() for kind in kinds]) > 15
    bare = {
        path: some
        for path, kinds in decoded.items()
        if path != "engine/decoding.py"
        and (some := [k for k in kinds if not k.startswith("looked_through(")])
    }
    assert not bare


def test_no_file_is_too_long() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in PYTHON}
    assert not {path: lines for path, lines in lengths.items() if lines > MOST_LINES}


def test_each_file_tells_its_purpose_first() -> None:
    silent = [name(path) for path in IN_LAYERS if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_packaging_stays_a_plain_folder() -> None:
    """A package of that name would hide the distribution `packaging` from everybody in this environment."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_no_file_names_a_package_host() -> None:
    texts = [path for path in FILES if path.suffix in {".py", ".txt", ".toml", ".md", ".cfg", ".yml", ""}]
    named = [name(path) for path in texts if HOSTS.search(path.read_text("utf-8", "replace"))]
    assert [path for path in named if path not in ("dev", name(Path(__file__)))] == []


def test_the_lock_holds_versions_and_hashes_only() -> None:
    line = re.compile(r"^([a-z0-9.-]+==[\w.+]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)$")
    for variant in ("cpu", "gpu", "dev", "bootstrap"):
        text = (ROOT / "requirements" / f"{variant}.txt").read_text("utf-8")
        assert not [row for row in text.splitlines() if not line.match(row)], variant
        assert "headless" not in text
    assert not re.search(r"^onnxruntime-gpu==", (ROOT / "requirements" / "cpu.txt").read_text("utf-8"), re.M)
