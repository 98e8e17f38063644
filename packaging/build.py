"""./dev package: makes the one-folder bundle build/dist/sponsight (CPU variant) and, with --check, tests it.

Runs in the project's environment. Needs binutils on Linux.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / "build" / "package"
DIST = ROOT / "build" / "dist"
BUNDLE = DIST / "sponsight"
PROGRAM = BUNDLE / ("sponsight.exe" if os.name == "nt" else "sponsight")
STARTED_WITH = dict(os.environ)
"""The environment of the command; drawing the icons adds a Qt platform without a screen to that of the process."""

sys.path.insert(0, str(HERE))


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> NoReturn:
    print(f"package: {text}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def check_tools() -> None:
    """Ends with the line that helps where something is missing."""
    if sys.platform.startswith("linux") and shutil.which("objdump") is None:
        fail(
            "objdump is missing. Install it with:\n  sudo apt-get install -y --no-install-recommends binutils"
        )
    names = {(d.metadata["Name"] or "").lower() for d in importlib.metadata.distributions()}
    if "onnxruntime-gpu" in names:
        fail(
            "the bundle is the CPU variant, and this .venv has the GPU one. Go back with:\n  ./dev setup --cpu"
        )
    if "pyinstaller" not in names:
        fail("PyInstaller is missing. Install it with:\n  ./dev setup")


def build() -> None:
    """Renders the icons, runs PyInstaller, and puts desktop files and licences beside the program."""
    from icons import render_icons

    shutil.rmtree(BUNDLE, ignore_errors=True)
    shutil.rmtree(WORK / "icons", ignore_errors=True)
    render_icons(WORK / "icons")
    command = [
        sys.executable, "-m", "PyInstaller", str(HERE / "sponsight.spec"),
        "--noconfirm", "--log-level", "WARN", "--distpath", str(DIST), "--workpath", str(WORK / "pyinstaller"),
    ]  # fmt: skip
    environment = {**os.environ, "BUNDLE_WORK": str(WORK), "PYTHONPATH": str(ROOT)}
    code = subprocess.call(command, cwd=ROOT, env=environment)
    if code:
        fail(f"PyInstaller failed (exit code {code}); the lines above tell why.")
    finish()


def finish() -> None:
    """What lies beside the program: licences, NOTICE, and on Linux the files that a desktop reads."""
    from licences import FOLDER

    for name in ("LICENSE", "NOTICE"):
        shutil.copyfile(ROOT / name, BUNDLE / name)
    shutil.copytree(WORK / FOLDER, BUNDLE / FOLDER, dirs_exist_ok=True)
    missing = (WORK / "without-text.txt").read_text("utf-8").split()
    if missing:
        say(f"No licence text was found for: {', '.join(missing)}")
    if not sys.platform.startswith("linux"):
        return
    share = BUNDLE / "share"
    for folder, name in (("applications", "sponsight.desktop"), ("metainfo", "sponsight.metainfo.xml")):
        (share / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "desktop" / name, share / folder / name)
    shutil.copytree(WORK / "icons", share / "icons" / "hicolor", dirs_exist_ok=True)
    installer = BUNDLE / "install-for-me.sh"
    shutil.copyfile(HERE / "desktop" / "install-for-me.sh", installer)
    installer.chmod(0o755)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def self_test(keep: Path | None = None) -> int:
    """Runs the bundle's self-test where no Python can be found: an empty environment, no PATH, a home of its own."""
    with tempfile.TemporaryDirectory(prefix="sponsight-home-") as home:
        environment = {"HOME": home, "PATH": "/nonexistent", "LANG": "C.UTF-8"}
        for name in ("DISPLAY", "XAUTHORITY", "QT_QPA_PLATFORM", "SYSTEMROOT", "TEMP"):
            if name in STARTED_WITH:
                environment[name] = STARTED_WITH[name]
        command = [str(PROGRAM), "--self-test", *([str(keep)] if keep else [])]
        return subprocess.call(command, cwd=home, env=environment)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev package", description=__doc__)
    parser.add_argument("--check", action="store_true", help="run the bundle's self-test afterwards")
    parser.add_argument("--only-check", action="store_true", help="test the bundle that is there")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the self-test keeps what it made")
    given = parser.parse_args(arguments)
    if not given.only_check:
        check_tools()
        began = time.monotonic()
        build()
        say(
            f"{BUNDLE.relative_to(ROOT)}: {size_of(BUNDLE) / 1e6:.0f} MB for {platform.system()} "
            f"{platform.machine()}, made in {time.monotonic() - began:.0f} s"
        )
    if not (given.check or given.only_check):
        return 0
    if not PROGRAM.exists():
        fail("there is no bundle yet. Make it with:\n  ./dev package")
    return self_test(given.keep.absolute() if given.keep else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
