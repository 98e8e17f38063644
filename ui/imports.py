"""Takes PySide's import hook out, which makes loading modules in two threads at once unsafe."""

from __future__ import annotations

import builtins


def take_out_import_hook() -> None:
    """Puts Python's own import back in the place of PySide's. To be called before any thread is started.

    PySide looks for `from __feature__ import …` in the source of every module that is loaded, and while it looks
    switches its hook off and on again for the whole process. A thread that loads pydantic meanwhile has some of its
    modules looked at too late, when looking at them loads others that are half made: ImportError. Nothing here uses
    `__feature__`, and loading takes less time without.
    """
    original = getattr(builtins, "__orig_import__", None)
    if original is not None:
        builtins.__import__ = original
