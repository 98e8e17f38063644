"""The brand book from the command line: what is handed out can be taken in again."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main
from storage.library import Library


def known(folder: Path, books: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """What runs match against: name → spellings."""
    with Library.open(folder, read_only=True) as library:
        return {e.name: e.aliases for e in library.brands.snapshot(books).entries}


def test_an_exported_book_holds_the_spellings_of_merged_brands(
    library_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def brands(folder: Path, *words: str) -> str:
        assert main(["--library", str(folder), "brands", *words]) == 0
        return capsys.readouterr().out

    brands(library_dir, "add", "Norvik")
    brands(library_dir, "add", "Norvik Pay", "--alias", "NPay", "--book", "cup")
    brands(library_dir, "add", "Halvora")
    brands(library_dir, "merge", "Norvik Pay", "--into", "Norvik")
    every, cup = tmp_path / "every.csv", tmp_path / "cup.csv"
    brands(library_dir, "export", str(every))
    brands(library_dir, "export", str(cup), "--book", "cup")
    brands(tmp_path / "fresh", "import", str(every))
    assert known(tmp_path / "fresh") == known(library_dir)
    brands(tmp_path / "cup", "import", str(cup))
    assert known(library_dir, ("cup",)).items() <= known(tmp_path / "cup").items()
    assert "NPay" in brands(library_dir, "list", "--book", "cup")
    brands(library_dir, "import", str(every))
    assert known(library_dir) == known(tmp_path / "fresh")
