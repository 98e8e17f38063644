"""The `sponsight` command: opens the window, or hands a sub-command over to app/cli without importing Qt."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.garbage import collect_as_usual, collect_rarely
from app.secrets import guard_environment


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program (arguments without its name) and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    guard_environment()
    if _is_for_command_line(given):
        collect_rarely()
        try:
            from app.cli import main as command_line

            return command_line(given, open_window=_open_window)
        finally:
            collect_as_usual()
    parser = argparse.ArgumentParser(prog="sponsight", description="Opens the review window.")
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO", help="videos to import")
    parser.add_argument(
        "--library", type=Path, metavar="DIR", help="the library's folder (default: your own)"
    )
    parser.add_argument("--read-only", action="store_true", help="change nothing, need no lock")
    parser.add_argument("--self-test", nargs="?", const="", metavar="DIR", help="see that all of it works")
    options = parser.parse_args(given)
    from app.cli.console import complain
    from app.display import can_open_window
    from engine.domain.errors import EnvironmentProblem

    if options.self_test is not None:
        return _self_test(options.self_test)
    for video in options.videos:
        if video.suffix == "" and video.name == str(video) and not video.exists():
            parser.error(
                f"there is no command and no file {str(video)!r}; sponsight --help lists the commands"
            )
    if not can_open_window():
        complain(
            EnvironmentProblem(
                "There is no display here, so the window can't be opened.",
                still_works="Every sub-command works without one.",
                to_do="See sponsight --help, or start the window on a virtual display: xvfb-run sponsight.",
            )
        )
        return EnvironmentProblem.exit_code
    from storage.library import default_folder
    from ui.application import run_window

    folder = options.library or default_folder()
    return run_window(folder.expanduser().absolute(), options.videos, read_only=options.read_only)


def _is_for_command_line(given: Sequence[str]) -> bool:
    """Whether the first word that is no option is a sub-command, or help is asked for."""
    from app.cli.dispatch import VERBS

    rest = iter(given)
    for word in rest:
        if word in ("-h", "--help"):
            return True
        if word == "--library":
            next(rest, None)
        elif not word.startswith("-"):
            return word in VERBS
    return False


def _open_window(folder: Path, source_id: str) -> int:
    from ui.application import run_window

    collect_as_usual()
    return run_window(folder, review=source_id)


def _self_test(folder: str) -> int:
    """Runs the whole job on a short demo; the window is part of it."""
    from app.self_test import run_self_test

    def look(library: Path, picture: Path) -> str:
        from ui.self_test import check_window

        return check_window(library, picture)

    return run_self_test(Path(folder).absolute() if folder else None, window=look)


if __name__ == "__main__":
    sys.exit(main())
