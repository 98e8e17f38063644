"""Opening, locking, restoring, verifying and closing a library."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.errors import Conflict, DataDamage, UserFixable
from engine.domain.jobs import JobStatus, StageCheckpoint
from engine.domain.stages import StageName
from storage.backups import KEEP, all_backups, backup_name, is_due, make_backup
from storage.blobs import storage_error
from storage.control import ControlFiles
from storage.library import Library, default_folder
from storage.lock import read_holder
from tests.storage_support import a_job, a_part, a_source, finished

ROOT = Path(__file__).resolve().parents[2]


def in_another_process(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


# Opening -----------------------------------------------------------------------------------------------


def test_a_new_library_has_its_folders_and_opens_again(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        assert library.notes == [] and library.sources.all() == []
        a_source(library)
    assert {p.name for p in library_dir.iterdir()} == {
        "library.db", "blobs", "backups", "logs", "control", "exports", "lock",
    }  # fmt: skip
    with Library.open(library_dir) as library:
        assert len(library.sources.all()) == 1 and library.notes == []


def test_the_default_folder_is_the_persons_own() -> None:
    assert default_folder().name == "Sponsight"


@pytest.mark.parametrize("name", ["with space", "50% off", "ünï#1?", "q'uote"])
def test_odd_folder_names(tmp_path: Path, name: str) -> None:
    with Library.open(tmp_path / name) as library:
        a_source(library)
    with Library.open(tmp_path / name, read_only=True) as library:
        assert len(library.sources.all()) == 1


def test_a_folder_with_other_things_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UserFixable, match=r"not a library and not empty \(it holds holiday.jpg\)"):
        Library.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(UserFixable, match="is a file"):
        Library.open(tmp_path / "holiday.jpg")


def test_reading_makes_no_library(library_dir: Path) -> None:
    with pytest.raises(UserFixable, match="There is no library"):
        Library.open(library_dir, read_only=True)
    assert not library_dir.exists()


def test_a_making_that_was_cut_short_starts_again(library_dir: Path) -> None:
    (library_dir / "blobs").mkdir(parents=True)
    (library_dir / "lock").write_text("{half")
    (library_dir / "library.db.new").write_bytes(b"half")
    with Library.open(library_dir) as library:
        assert library.sources.all() == []


# Lock --------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_holds_the_library(library_dir: Path) -> None:
    code = "import sys; from storage.library import Library; Library.open(sys.argv[1])"
    with Library.open(library_dir):
        answer = in_another_process(code, library_dir)
        assert answer.returncode != 0
        assert f"in use by process {os.getpid()} on " in answer.stderr
        with pytest.raises(Conflict, match="in use"):
            Library.open(library_dir)
    assert in_another_process(code, library_dir).returncode == 0


def test_another_process_reads_and_asks_while_the_writer_works(library_dir: Path) -> None:
    code = """
import sys
from storage.library import Library
with Library.open(sys.argv[1], read_only=True) as library:
    (job,) = library.jobs.all()
    print(job.status, job.progress)
    library.control.ask(job.id, "pause")
    try:
        library.jobs.progress(job.id, 1.0)
    except Exception as error:
        print(type(error).__name__)
"""
    with Library.open(library_dir) as library:
        job = a_job(library, a_source(library))
        library.jobs.move(job.id, JobStatus.RUNNING)
        library.jobs.progress(job.id, 0.25)
        answer = in_another_process(code, library_dir)
        assert answer.stdout.split() == ["running", "0.25", "UserFixable"], answer.stderr
        assert library.control.asked(job.id) == "pause"
        assert library.jobs.get(job.id).progress == 0.25


def test_control_files(tmp_path: Path) -> None:
    control = ControlFiles(tmp_path)
    assert control.asked("j") is None
    control.ask("j", "pause")
    assert control.asked("j") == "pause"
    control.ask("j", "cancel")
    control.ask("j", "pause")
    assert control.asked("j") == "cancel"
    control.clear("j")
    control.clear("j")
    assert control.asked("j") is None and list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="no run's id"):
        control.ask("../j", "pause")


# Damage ------------------------------------------------------------------------------------------------


def damage(database: Path) -> None:
    """Overwrite the middle of the file, as a failing disk does."""
    data = bytearray(database.read_bytes())
    for start in range(8192, len(data) - 4096, 8192):
        data[start : start + 4096] = b"\xa5" * 4096
    database.write_bytes(data)


def filled(folder: Path) -> None:
    with Library.open(folder) as library:
        for number in range(50):
            library.brands.add(f"Brand {number}")


@pytest.mark.parametrize(
    "spoil",
    [
        damage,
        lambda p: p.write_bytes(b"no database at all" * 1000),
        lambda p: p.write_bytes(b""),
        Path.unlink,
    ],
    ids=["pages", "header", "emptied", "gone"],
)
def test_a_damaged_database_is_restored_from_its_backup(library_dir: Path, spoil) -> None:
    filled(library_dir)
    database = library_dir / "library.db"
    spoil(database)
    with Library.open(library_dir) as library:
        assert len(library.notes) == 1 and "restored from its backup of" in library.notes[0]
        assert len(library.brands.all()) == 50 and library.verify().ok
    kept = list(library_dir.glob("library.damaged-*.db"))
    assert len(kept) == (0 if spoil is Path.unlink else 1)


def test_a_bad_backup_is_passed_over(library_dir: Path) -> None:
    filled(library_dir)
    with Library.open(library_dir) as library:
        newest = library.backup()
    newest.write_bytes(b"broken")
    damage(library_dir / "library.db")
    with Library.open(library_dir) as library:
        assert len(library.brands.all()) == 50


@pytest.mark.parametrize("read_only", [False, True])
def test_without_a_good_backup_a_damaged_library_is_refused(library_dir: Path, read_only: bool) -> None:
    filled(library_dir)
    shutil.rmtree(library_dir / "backups")
    database = library_dir / "library.db"
    database.write_bytes(b"")
    with pytest.raises(DataDamage, match=r"library\.db"):
        Library.open(library_dir, read_only=read_only)
    assert database.read_bytes() == b""
    with pytest.raises(DataDamage, match=r"library\.db"):
        Library.open(library_dir, read_only=read_only)


def test_damage_that_shows_later_is_told_in_clear_words(library_dir: Path) -> None:
    filled(library_dir)
    with Library.open(library_dir) as library:
        damage(library_dir / "library.db")
        assert not library.verify().ok
        with pytest.raises(DataDamage, match="damaged"):
            library.db.backup(library_dir / "copy.db")
            library.brands.all()


def test_backups_are_kept_to_the_last_few_and_hold_all(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        for number in range(KEEP + 2):
            a_source(library, f"match {number}")
            newest = library.backup()
        copies = all_backups(library_dir / "backups")
        assert len(copies) == KEEP and copies[0] == newest
        with closing(sqlite3.connect(newest)) as conn:
            assert conn.execute("SELECT count(*) FROM source_assets").fetchone() == (KEEP + 2,)


# Places that can't be written --------------------------------------------------------------------------


READ_ONLY = """
import subprocess, sys
from storage.library import Library
folder = sys.argv[1]
subprocess.run(["mount", "--bind", folder, folder], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
try:
    Library.open(folder)
except Exception as error:
    print(type(error).__name__, error)
try:
    with Library.open(folder, read_only=True) as library:
        print(len(library.sources.all()), library.blobs.get(sys.argv[2]).decode())
except Exception as error:
    print(type(error).__name__, error)
"""
FULL = """
import subprocess, sys
from engine.domain.errors import UserFixable
from storage.library import Library
folder = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
library = Library.open(folder + "/library")
digest = library.blobs.put(b"small")
try:
    for number in range(100):
        library.blobs.put(bytes([number]) * 50_000)
except UserFixable as error:
    print("blobs:", error)
try:
    for number in range(100):
        library.memo.put_many("s", {f"{number} {i}": b"x" * 1000 for i in range(100)})
except UserFixable as error:
    print("database:", error)
print(library.blobs.get(digest), library.verify().ok, len([p for p in library.folder.rglob(".*")]))
library.close()
print(sorted(p.name for p in (library.folder / "backups").iterdir()))
subprocess.run(["mount", "-o", "remount,size=9m", folder], check=True)
with Library.open(folder + "/library") as library:
    print(library.notes, library.blobs.get(digest))
print(len(list((library.folder / "backups").iterdir())))
"""


def can_mount() -> bool:
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
    )


def apart(code: str, *arguments: object) -> str:
    """Run code in a mount namespace of its own."""
    answer = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.skipif(not can_mount(), reason="may not mount here")
def test_a_read_only_disk_can_be_read(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        a_source(library)
        digest = library.blobs.put(b"picture")
        _, unclean = apart(READ_ONLY, library_dir, digest).splitlines()
        assert unclean.startswith("UserFixable") and "not closed in an orderly way" in unclean
    with Library.open(library_dir, read_only=True) as reader:
        assert reader.sources.all()
    refused, read = apart(READ_ONLY, library_dir, digest).splitlines()
    assert refused.startswith("UserFixable") and "open it for reading only" in refused
    assert read == "1 picture"


@pytest.mark.skipif(not can_mount(), reason="may not mount here")
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    blobs, database, after, backups, again, made = apart(FULL, tmp_path).splitlines()
    assert "no space left" in blobs and "Free some space" in blobs
    assert "no space left on the disk" in database
    assert after == "b'small' True 0"
    assert backups == "[]", "the end is orderly, without a half backup"
    assert again == "[] b'small'" and made == "1"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_errors_of_the_disk_in_words() -> None:
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError, match="No space") as full:
        file.write(b"x")
    assert "no space left" in str(storage_error(full.value, Path("/lib")))
    assert "not allowed" in str(storage_error(OSError(errno.EROFS, "read-only"), Path("/lib")))
    assert "Input/output" in str(storage_error(OSError(errno.EIO, "Input/output error"), Path("/lib")))


def test_a_clock_that_was_ahead_hides_no_backup(library_dir: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1000)
    with Library.open(library_dir) as library:
        old = library.backup()
    backups = library_dir / "backups"
    for day in range(KEEP + 2):
        late = backups / backup_name(ahead + timedelta(days=day))
        shutil.copyfile(old, late)
        os.utime(late, (ahead.timestamp(), ahead.timestamp()))
    own = old.rename(backups / "library-before-the-merge.db")
    assert is_due(backups)
    with Library.open(library_dir) as library:
        a_source(library)
    made = all_backups(backups)[0]
    assert made.stat().st_mtime < ahead.timestamp() - 1 and len(all_backups(backups)) == KEEP
    assert not is_due(backups) and own.exists()
    (library_dir / "library.db").unlink()
    with Library.open(library_dir) as library:
        assert len(library.sources.all()) == 1, "restored from what was made last"


def test_half_a_backup_of_a_killed_program_goes_with_the_next_backup(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        half = library.folder / "backups" / "library-20260101T000000000000.db.part"
        half.write_bytes(b"half")
        library.backup()
        assert not half.exists()


# Verify and sweep --------------------------------------------------------------------------------------


def checkpoint(job_id: str, stage: StageName) -> StageCheckpoint:
    return StageCheckpoint(
        id="", job_id=job_id, stage=stage, stage_index=stage.number, fields=(), frames_prefix="f", stats={},
        config_snapshot={}, config_overrides={}, video_path="v", profile_name="p",
    )  # fmt: skip


def test_verify_finds_what_is_broken_and_repair_drops_only_that(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        job = a_job(library, a_source(library))
        pictures = [library.blobs.put(bytes([n]) * 100) for n in range(4)]
        for n, picture in enumerate(pictures):
            library.parts.save(job.id, a_part(f"part {n}", chunk=n, blobs=(picture,)))
            library.jobs.save_checkpoint(checkpoint(job.id, StageName.RUN_OCR))
        assert library.verify().ok
        library.blobs.path(pictures[0]).unlink()
        library.blobs.path(pictures[1]).write_bytes(b"changed")
        with library.db.write() as conn:
            conn.exec_driver_sql("UPDATE parts SET payload = x'00ff' WHERE key = 'part 2'")
        report = library.verify()
        assert len(report.problems) == 3 and report.parts == 4 and report.blobs == 4
        repaired = library.verify(repair=True)
        assert len(repaired.problems) == 3 and repaired.repaired
        assert library.verify().ok
        assert [ref.key for ref in library.parts.attached(job.id).values()] == ["part 3"]
        assert library.jobs.checkpoints(job.id) == []
        assert library.blobs.has(pictures[3]) and not library.blobs.has(pictures[1])


def test_a_sweep_takes_only_what_nothing_refers_to(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        source = a_source(library)
        first, second = (a_job(library, source, book_snapshot=library.blobs.put(b"book")) for _ in range(2))
        shared, own = library.blobs.put(b"shared"), library.blobs.put(b"own")
        library.parts.save(first.id, a_part("shared", b"\xa1x", blobs=(shared,)))
        library.parts.attach(second.id, StageName.RUN_OCR, 0, "shared")
        library.parts.save(first.id, a_part("own", chunk=1, blobs=(own,)))
        library.pins.keep("decision:1", [library.blobs.put(b"pinned")])
        waiting = library.blobs.put(b"a stage stored this just now")
        assert library.sweep().files == 0
        library.jobs.delete(first.id)
        assert library.parts.find("own") is None and library.parts.find("shared") is not None
        result = library.sweep()
        assert (result.files, result.bytes) == (1, 3)
        assert not library.blobs.has(own) and library.blobs.has(shared) and library.blobs.has(waiting)
        library.jobs.delete(second.id)
        library.pins.let_go("decision:1")
        library.sources.delete(source.id)
        assert library.parts.find("shared") is None
    with Library.open(library_dir) as library:
        library.sweep()
        assert list(library.blobs.digests()) == []


def test_after_a_power_cut_lost_files_are_noticed_and_their_parts_dropped(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        job = finished(library, a_job(library, a_source(library)))
        digests = [library.blobs.put(bytes([n]) * 100) for n in range(2)]
        for n, digest in enumerate(digests):
            library.parts.save(job.id, a_part(f"part {n}", chunk=n, blobs=(digest,)))
    library.blobs.path(digests[0]).write_bytes(b"")
    holder = library_dir / "lock"
    holder.write_text(holder.read_text().replace("true", "false"))
    with Library.open(library_dir) as library:
        assert "did not reach the disk" in library.notes[0]
        assert [ref.key for ref in library.parts.attached(job.id).values()] == ["part 1"]
        assert library.verify().ok
    assert read_holder(holder).clean


def test_a_database_that_another_program_holds_is_left_as_it_is(library_dir: Path) -> None:
    """Nothing is wrong with it: no backup may take its place."""
    for name in ("First", "Later"):
        with Library.open(library_dir) as library:
            library.brands.add(name)
    database = library_dir / "library.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        other.execute("BEGIN EXCLUSIVE")
        for read_only in (False, True):
            with pytest.raises(Conflict, match="Another program"):
                Library.open(library_dir, read_only=read_only)
    assert not list(library_dir.glob("library.damaged-*"))
    with Library.open(library_dir) as library:
        assert not library.notes and {b.canonical_name for b in library.brands.all()} >= {"First", "Later"}


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR])
def test_only_damage_is_taken_for_damage(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with Library.open(library_dir) as library:
        library.brands.add("Later")

    def refuse(path: Path, *, read_only: bool) -> sqlite3.Connection:
        error = sqlite3.OperationalError("not now")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("storage.upgrade.connect", refuse)
        for read_only in (False, True):
            with pytest.raises(UserFixable, match="not now"):
                Library.open(library_dir, read_only=read_only)
    assert not list(library_dir.glob("library.damaged-*"))
    with Library.open(library_dir) as library:
        assert library.brands.one("Later")


def test_nothing_is_moved_where_the_backup_can_t_be_copied(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a library that was restored before is still one without its database."""
    with Library.open(library_dir) as library:
        library.brands.add("Kept")
        make_backup(library.db.path, library_dir / "backups")
    database = library_dir / "library.db"
    spoilt = b"no database" * 500
    database.write_bytes(spoilt)

    def full(source: Path, target: Path) -> None:
        raise UserFixable("There is no space left.")

    with monkeypatch.context() as patched:
        patched.setattr("storage.backups.copy_database", full)
        with pytest.raises(UserFixable, match="no space"):
            Library.open(library_dir)
    assert database.read_bytes() == spoilt
    for gone in (False, True):
        if gone:
            database.unlink()
        with Library.open(library_dir) as library:
            assert "restored from its backup" in library.notes[0] and library.brands.one("Kept")
