"""Tables on the terminal: aligned and in one line a row, whatever a file or brand is called."""

from __future__ import annotations

from app.cli.console import table


def test_columns_stand_under_each_other() -> None:
    rows = [("brand", "seconds"), ("Norvik", "9.5"), ("万达", "12.0"), ("Cafe\u0301", "1.0")]
    assert table(rows, right=frozenset({1})).splitlines() == [
        "brand   seconds",
        "──────  ───────",
        "Norvik      9.5",
        "万达       12.0",
        "Cafe\u0301        1.0",
    ]


def test_a_name_breaks_no_row_and_steers_no_terminal() -> None:
    lines = table([("source", "runs"), ("two\nlines\u2028\x1b[2J.mp4", "1")]).splitlines()
    assert len(lines) == 3 and lines[2] == "two lines  [2J.mp4  1"
