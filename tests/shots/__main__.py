"""Renders all screens: `python -m tests.shots [NAME …] [--theme light|dark] [--size 1280x800]`."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.shots.registry import Shot

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "shots"
SIZES = ((1280, 800), (2560, 1440))
THEMES = ("light", "dark")
OWN = {"registry", "studio", "__main__"}


def main(arguments: list[str]) -> int:
    """Takes the pictures and returns 0; a screen that can't be reached ends it with the reason."""
    parser = argparse.ArgumentParser(prog="./dev shots")
    parser.add_argument("names", nargs="*", help="only screens whose names hold one of these")
    parser.add_argument("--theme", choices=THEMES, action="append")
    parser.add_argument("--size", action="append", metavar="WxH")
    given = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import tests.shots
    from tests.shots.registry import SHOTS
    from tests.shots.studio import Studio, make_libraries

    for module in pkgutil.iter_modules(tests.shots.__path__):
        if module.name not in OWN:
            importlib.import_module(f"tests.shots.{module.name}")
    sizes = [tuple(int(n) for n in text.split("x")) for text in given.size] if given.size else SIZES
    libraries = OUT / "libraries"
    make_libraries(libraries)
    scratch = Path(tempfile.mkdtemp(prefix="sponsight-shots-"))
    try:
        for theme in given.theme or THEMES:
            for width, height in sizes:
                folder = OUT / f"{theme}-{width}x{height}"
                folder.mkdir(parents=True, exist_ok=True)
                for kind in ("empty", "fresh", "demo"):
                    walk = _until_the_last_named([s for s in SHOTS if s.library == kind], given.names)
                    if not walk:
                        continue
                    studio = Studio(scratch, libraries, kind, theme, (width, height))
                    for each in walk:
                        over = each.make(studio)
                        if _is_named(each.name, given.names):
                            studio.picture(over).save(str(folder / f"{each.name}.png"))
                            print(f"{folder.name}/{each.name}.png", flush=True)
                        studio.close_over(over)
                    studio.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _until_the_last_named(shots: list[Shot], parts: list[str]) -> list[Shot]:
    """The screens to go through: each begins where the one before it left the window."""
    named = [n for n, each in enumerate(shots) if _is_named(each.name, parts)]
    return shots[: named[-1] + 1] if named else []


def _is_named(name: str, parts: list[str]) -> bool:
    return not parts or any(part in name for part in parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
