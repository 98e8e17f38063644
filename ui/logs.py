"""What the program writes down: rotating files in the library's logs folder, without secrets."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import re
from pathlib import Path
from typing import TextIO

LOG_NAME = "window.log"
FAULT_NAME = "faults.log"
MOST_BYTES = 1_000_000
KEPT = 5
_SECRET = re.compile(
    r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+|basic\s+)?|bearer\s+|"
    r"api[_-]?key['\"]?\s*[:=]\s*['\"]?)[^\s'\",}]+"
    r"|\b(?:sk|pk|key)-[A-Za-z0-9_-]{12,}|\bAIza[A-Za-z0-9_-]{20,}"
)


def without_secrets(text: str) -> str:
    """The text with everything that looks like a key or token taken out."""
    return _SECRET.sub(lambda found: f"{found.group(1) or ''}[removed]", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class LogFiles:
    """Opens the log of a library; `close` puts logging back as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handler: logging.Handler | None = None
        self._faults: TextIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handler = logging.handlers.RotatingFileHandler(
                folder / LOG_NAME, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8"
            )
            self._faults = (folder / FAULT_NAME).open("a", encoding="utf-8")
        except OSError:
            return  # a library that can't be written to is open for reading only: no log then
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"))
        self._handler = handler
        root = logging.getLogger()
        root.addHandler(handler)
        if root.level > logging.INFO:
            root.setLevel(logging.INFO)
        faulthandler.enable(self._faults)

    def close(self) -> None:
        if self._faults is not None:
            faulthandler.disable()
            self._faults.close()
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()


def files_in(folder: Path) -> list[Path]:
    """All log files of a library, newest first."""
    found = [path for path in folder.glob("*.log*") if path.is_file() and path.stat().st_size]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
