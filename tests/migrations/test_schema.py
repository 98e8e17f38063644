"""Migrations and models agree; saved libraries of released schemas open; upgrades back up first."""

from __future__ import annotations

import re
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import storage.upgrade
from engine.domain.errors import DataDamage, UserFixable
from engine.domain.stages import StageName
from storage.library import Library
from storage.schema import REVISION, Base
from storage.upgrade import create_database, known_revisions, stored_revision, upgrade

LIBRARIES = Path(__file__).parent / "libraries"


def migrated(path: Path) -> Path:
    """A database that was made by the migrations alone, from nothing."""
    sqlite3.connect(path).close()
    upgrade(path, lambda: Path(shutil.copy(path, path.with_suffix(".backup"))))
    return path


def described(path: Path) -> dict[str, list[str]]:
    """Every table, index and trigger by name, as its clauses (constraints may stand in any order)."""
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {
            name: sorted(
                clause.strip(" ,)") for clause in re.split(r"\s+(?=CONSTRAINT)", " ".join(sql.split()))
            )
            for name, sql in rows
        }


def test_the_newest_migration_is_the_schema_of_the_code() -> None:
    assert known_revisions()[-1] == REVISION


def test_migrations_make_the_same_database_as_the_models(tmp_path: Path) -> None:
    create_database(tmp_path / "created.db")
    assert described(migrated(tmp_path / "migrated.db")) == described(tmp_path / "created.db")


def test_alembic_finds_no_difference(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(f"sqlite:///{migrated(tmp_path / 'migrated.db')}")
    try:
        with engine.connect() as conn:
            assert compare_metadata(MigrationContext.configure(conn), Base.metadata) == []
    finally:
        engine.dispose()


def saved(revision: str, folder: Path) -> Path:
    with zipfile.ZipFile(LIBRARIES / f"schema-{revision}.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("revision", known_revisions())
def test_a_saved_library_of_each_schema_opens_with_all_it_holds(revision: str, tmp_path: Path) -> None:
    with Library.open(saved(revision, tmp_path / "library")) as library:
        (source,) = library.sources.all()
        job = library.jobs.accepted(source.id)
        assert job is not None and job.config_overrides == {"match_brands": {"accept": 80.0}}
        ref = library.parts.attached(job.id)[StageName.RUN_OCR, 0]
        assert library.parts.payload(ref.key) and library.blobs.has(
            library.brands.one("Acme").references[0].digest
        )
        assert library.jobs.checkpoints(job.id)[0].stage is StageName.RUN_OCR
        merged = library.brands.all(merged=True)
        assert [(b.canonical_name, b.merged_into is None) for b in merged] == [
            ("Acme", True),
            ("Acme Tyres", False),
        ]
        assert library.brands.snapshot(["clients"]).entries[0].aliases == ("ACME Ltd", "Acme Tyres")
        (usage,) = library.sightings.usage().values()
        assert (usage.occurrences, usage.sources) == (7, 1)
        (decision,) = library.decisions.of_source(source.id)
        assert decision.members[0].samples[0].polygon[2] == (30.0, 20.0)
        assert [entry.title for entry in library.audit.all()] == ["Confirm Acme"]
        assert library.brands.denied() == {"kickoff": "Kick-off"}
        assert library.budget.spent(job.id) == 0.25
        assert library.verify().ok
        assert stored_revision(library.db.path) == REVISION
        gone = [removed.source.name for removed in library.removals.all()]
        assert gone == ([] if revision == "0001" else ["removed.mp4"])


FURTHER = f"{int(REVISION) + 1:04}"
NEXT = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "{FURTHER}", "{REVISION}", None, None
def upgrade():
    op.add_column("books", sa.Column("colour", sa.String(), nullable=False, server_default=""))
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This version as it will be one schema later: returns the file of the further migration."""
    migrations = tmp_path / "migrations"
    shutil.copytree(storage.upgrade.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    further = migrations / "versions" / f"{FURTHER}_colour.py"
    further.write_text(NEXT)
    monkeypatch.setattr(storage.upgrade, "MIGRATIONS", migrations)
    monkeypatch.setattr(storage.upgrade, "REVISION", FURTHER)
    return further


def test_an_upgrade_keeps_everything_and_backs_up_first(tmp_path: Path, next_version: Path) -> None:
    folder = saved(REVISION, tmp_path / "library")
    with Library.open(folder) as library:
        with library.db.read() as conn:
            assert conn.exec_driver_sql("SELECT colour FROM books").scalars().all() == [""]
        assert library.brands.books() == {"clients": 2} and library.verify().ok
    (backup,) = (folder / "backups").iterdir()
    assert stored_revision(backup) == REVISION


def test_a_failed_upgrade_leaves_the_library_as_it_was(tmp_path: Path, next_version: Path) -> None:
    next_version.write_text(NEXT + '    op.execute("DELETE FROM source_assets")\n    op.execute("no sql")\n')
    folder = saved(REVISION, tmp_path / "library")
    with pytest.raises(UserFixable, match="could not be brought to this version"):
        Library.open(folder)
    assert stored_revision(folder / "library.db") == REVISION
    with closing(sqlite3.connect(folder / "library.db")) as conn:
        assert conn.execute("SELECT count(*) FROM source_assets").fetchone() == (2,)


def test_an_older_library_is_not_opened_for_reading(tmp_path: Path, next_version: Path) -> None:
    folder = saved(REVISION, tmp_path / "library")
    with pytest.raises(UserFixable, match="older version"):
        Library.open(folder, read_only=True)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_library_is_refused_untouched(tmp_path: Path, read_only: bool) -> None:
    folder = saved(REVISION, tmp_path / "library")
    with closing(sqlite3.connect(folder / "library.db")) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0999'")
        conn.commit()
    before = (folder / "library.db").read_bytes()
    with pytest.raises(DataDamage, match="made by a newer version"):
        Library.open(folder, read_only=read_only)
    assert (folder / "library.db").read_bytes() == before
