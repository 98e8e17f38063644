"""The `sponsight` command: hands sub-commands over to app/cli.py without importing Qt."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line (arguments without the program's name) and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    from app.cli import main as command_line

    return command_line(given or ["--help"])


if __name__ == "__main__":
    sys.exit(main())
