"""Paths as people give them."""

from __future__ import annotations

from pathlib import Path

from engine.domain.errors import UserFixable


def without_links(path: Path) -> Path:
    """The path without links; UserFixable where they lead round in a circle."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise UserFixable(
            f"{path} is a link that leads nowhere: {error}.",
            still_works="Nothing was imported or changed.",
            to_do="Choose the video itself.",
        ) from error
