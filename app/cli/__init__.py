"""The command line: one function a sub-command, no Qt, exit codes that mean something."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.domain.errors import Cancelled, SponsightError, UserFixable

STOPPED = 7
"""Exit code of a run that a person paused or cancelled, and of any command that was stopped."""

RUNNING_VERBS = ("run", "replay", "retry", "resume", "demo")
"""Commands that run something: where nobody listens to them any more, that has stopped."""


def main(arguments: Sequence[str], open_window: Callable[[Path, str], int] | None = None) -> int:
    """Run one sub-command (arguments without the program's name) and return its exit code.

    `open_window` opens the review window on a library's folder with a source (its id) ready to review;
    sub-commands that end in the window say so where it is None.
    """
    from app.cli.parser import build_parser

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    parser = build_parser()
    given = parser.parse_args(list(arguments))
    if given.verb is None:
        parser.print_help()
        return 0
    from app.cli.console import complain
    from app.cli.dispatch import dispatch

    try:
        _refuse_undecodable(arguments)
        return dispatch(given, open_window)
    except SponsightError as error:
        complain(error)
        return error.exit_code
    except Cancelled:
        return STOPPED
    except KeyboardInterrupt:
        print("Stopped. What was finished before is kept.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        return STOPPED if given.verb in RUNNING_VERBS else 0


def _refuse_undecodable(arguments: Sequence[str]) -> None:
    """Bytes of a name that are no UTF-8 can't be kept in the library (Python hands them on as lone surrogates)."""
    for word in arguments:
        try:
            word.encode()
        except UnicodeEncodeError:
            shown = word.encode(errors="replace").decode()
            raise UserFixable(
                f"{shown} is not written in UTF-8.",
                still_works="Nothing was changed.",
                to_do="Rename the file, or write the word in UTF-8.",
            ) from None
