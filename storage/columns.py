"""Column types of the library's tables: JSON, UTC times and exact money; and rows to records and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import CheckConstraint, Dialect, Integer, Row, String
from sqlalchemy.types import TypeDecorator

from engine.decoding import looked_through

R = TypeVar("R")

NANO = 1_000_000_000


class Json(TypeDecorator[Any]):
    """Plain data (dicts, lists, strings, numbers) as JSON text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


class Utc(TypeDecorator[datetime]):
    """A moment in UTC as ISO 8601 text with microseconds; sorts by time. Naive times are refused."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Usd(TypeDecorator[float]):
    """US dollars as whole billionths, so that sums are exact. Rounded up: money is never counted too low."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:
        return None if value is None else to_nano(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> float | None:
        return None if value is None else value / NANO


def to_nano(usd: float) -> int:
    """US dollars to whole billionths, rounded up (beyond the noise of a float: 1e-12 USD)."""
    return math.ceil(round(usd * NANO, 3))


def one_of(column: str, values: Iterable[str], name: str | None = None) -> CheckConstraint:
    """A CHECK that the column holds one of these words (or NULL where the column allows it)."""
    words = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({words})", name=name or column)


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def to_row(record: msgspec.Struct, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """A record's fields as column values: enumerations as their words, tuples as lists, times as they are."""
    row: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime, bytes))
    for name in without:
        row.pop(name, None)
    return row


def to_record(kind: type[R], row: Row[Any] | Mapping[str, Any], **more: Any) -> R:
    """A record from a row's columns (names equal the record's fields) and further fields."""
    values = dict(row._mapping) if isinstance(row, Row) else dict(row)
    return msgspec.convert({**values, **more}, looked_through(kind))
