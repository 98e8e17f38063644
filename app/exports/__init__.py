"""Results for other programs: JSON (`sponsight.export/1`) and CSV."""

from __future__ import annotations

from app.exports.csv_tables import write_csv
from app.exports.json_document import FORMAT, document, write_json

__all__ = ["FORMAT", "document", "write_csv", "write_json"]
