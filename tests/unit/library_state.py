"""Everything that a library's database says, but for the log, clock times and the blobs' bookkeeping."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage.library import Library
from storage.schema import Base

# The log grows; a stored file stays until the sweep; a revision is a count of changes and never goes back.
LEFT_OUT = {"audit_log", "blobs", "blob_pins", "library_info"}
COUNTS = {"decision_revision"}
TIMES = {"created_at", "updated_at", "imported_at", "started_at", "completed_at", "at"}


def state_of(library: Library) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by table, sorted."""
    found = {}
    with library.db.read() as conn:
        for table in Base.metadata.sorted_tables:
            if table.name in LEFT_OUT:
                continue
            names = [c.name for c in table.columns if c.name not in TIMES | COUNTS]
            columns = ", ".join(f'"{n}"' for n in names)
            rows = conn.execute(text(f"SELECT {columns} FROM {table.name}"))
            found[table.name] = sorted((tuple(r) for r in rows), key=repr)
    return found
