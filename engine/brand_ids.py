"""The id that a brand of a name gets: the same in every library and in every run."""

from __future__ import annotations

import uuid

from engine.textfold import fold_compact

NAMESPACE = uuid.UUID("6f1d5a60-3c0e-5b0e-9d1c-7d1b4c1b8a11")


def brand_id_of(name: str) -> str:
    """The id that a brand of this name gets where it is free, so that decisions can move between libraries and
    a brand that is added again, or that a model named, is the one that stored results name."""
    return str(uuid.uuid5(NAMESPACE, fold_compact(name) or name))
