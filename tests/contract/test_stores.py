"""The stores keep the engine's contracts: blobs, parts and memory, from many threads, across kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.errors import Conflict, DataDamage
from engine.domain.stages import ORDER, StageName
from engine.ports import BlobStore, Memo, PartStore, StoredPart
from storage.library import Library
from storage.parts import INLINE_BYTES
from tests.storage_support import a_job, a_part, a_source

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


def test_the_stores_are_the_ports(library: Library) -> None:
    blobs: BlobStore = library.blobs
    parts: PartStore = library.parts
    memo: Memo = library.memo
    assert (blobs, parts, memo) == (library.blobs, library.parts, library.memo)


def test_a_blob_comes_back_by_its_digest(library: Library) -> None:
    digest = library.blobs.put(b"abc")
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert library.blobs.put(b"abc") == digest
    assert library.blobs.get(digest) == b"abc"
    assert library.blobs.has(digest)
    assert library.blobs.path(digest).parent.name == digest[2:4]


def test_a_missing_or_changed_blob_is_damage_and_put_mends_it(library: Library) -> None:
    digest = library.blobs.put(b"picture")
    library.blobs.path(digest).write_bytes(b"pictuRe")
    with pytest.raises(DataDamage, match="damaged"):
        library.blobs.get(digest)
    assert library.blobs.put(b"picture") == digest
    assert library.blobs.get(digest) == b"picture"
    library.blobs.path(digest).unlink()
    assert not library.blobs.has(digest)
    with pytest.raises(DataDamage, match="missing"):
        library.blobs.get(digest)


@pytest.mark.parametrize("bad", ["", "abc", "../" * 21 + "x", "G" * 64])
def test_no_path_leads_out_of_the_store(library: Library, bad: str) -> None:
    with pytest.raises(ValueError, match="no sha256"):
        library.blobs.get(bad)


payloads = st.one_of(
    st.binary(max_size=200),
    st.integers(INLINE_BYTES - 2000, INLINE_BYTES + 2000).map(lambda n: random.Random(n).randbytes(n)),
).map(msgspec.msgpack.encode)


@settings(max_examples=12, deadline=None)
@given(
    stored=st.lists(
        st.builds(
            StoredPart,
            key=st.text("abcdef", min_size=1, max_size=3),
            stage=st.sampled_from(ORDER),
            stage_version=st.integers(1, 9),
            chunk=st.integers(-1, 4),
            output_digest=st.text("01", max_size=4),
            payload=payloads,
            seconds=st.floats(0, 1e6),
            units=st.floats(0, 1e6),
            items=st.integers(0, 10**6),
        ),
        max_size=8,
    )
)
def test_parts_are_as_a_dictionary_would_be(stored: list[StoredPart]) -> None:
    first: dict[str, StoredPart] = {}
    places: dict[tuple[StageName, int], str] = {}
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library") as library:
        job = a_job(library, a_source(library))
        for part in stored:
            library.parts.save(job.id, part)
            first.setdefault(part.key, part)
            places[part.stage, part.chunk] = part.key
        for key, part in first.items():
            ref = library.parts.find(key)
            assert ref is not None
            assert library.parts.payload(key) == part.payload
            assert (ref.stage, ref.stage_version, ref.chunk) == (part.stage, part.stage_version, part.chunk)
            assert (ref.output_digest, ref.items) == (part.output_digest, part.items)
            assert (ref.seconds, ref.units) == (part.seconds, part.units)
        attached = library.parts.attached(job.id)
        assert {place: ref.key for place, ref in attached.items()} == places
        assert list(attached) == sorted(attached, key=lambda p: (p[0].number, p[1]))
        assert library.parts.payloads(first) == {key: part.payload for key, part in first.items()}
        assert library.parts.find("no such key") is None
        assert library.verify().ok


def test_what_is_not_there_is_said(library: Library) -> None:
    job = a_job(library, a_source(library))
    with pytest.raises(DataDamage, match="missing"):
        library.parts.payload("k")
    with pytest.raises(Conflict, match="deleted meanwhile"):
        library.parts.attach(job.id, StageName.RUN_OCR, 0, "k")
    with pytest.raises(DataDamage, match="missing"):
        library.parts.save(job.id, a_part("k", blobs=("0" * 64,)))
    assert library.parts.find("k") is None


def test_rates_come_from_what_parts_cost(library: Library) -> None:
    job = a_job(library, a_source(library))
    assert library.parts.rates() == {}
    library.parts.save(job.id, a_part("a", chunk=0, seconds=3.0, units=10.0))
    library.parts.save(job.id, a_part("b", chunk=1, seconds=1.0, units=10.0))
    assert library.parts.rates() == {StageName.RUN_OCR: pytest.approx(0.2)}


def test_the_memory_answers_what_it_was_told(library: Library) -> None:
    library.memo.put_many("text", {f"k{i}": bytes([i % 256]) for i in range(1200)})
    library.memo.put_many("text", {"k0": b"new"})
    library.memo.put_many("text", {})
    found = library.memo.get_many("text", [f"k{i}" for i in range(1300)])
    assert len(found) == 1200 and found["k0"] == b"new" and found["k7"] == b"\x07"
    assert library.memo.get_many("other", ["k0"]) == {}
    assert library.memo.forget("text") == 1200


def test_four_threads_read_then_write_and_nothing_is_lost(library: Library) -> None:
    source = a_source(library)

    def add_one(_: int) -> None:
        with library.db.write() as conn:
            note = library.sources.get(source.id, conn=conn).note
            time.sleep(0.0005)
            library.sources.set_note(source.id, str(int(note or "0") + 1), conn=conn)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(160)))
    assert library.sources.get(source.id).note == "160"


def test_four_threads_share_blobs_parts_and_memory(library: Library) -> None:
    job = a_job(library, a_source(library))

    def work(number: int) -> None:
        digest = library.blobs.put(f"picture {number % 20}".encode() * 500)
        library.parts.save(
            job.id, a_part(f"k{number % 50}", f"{number % 50}".encode(), chunk=number, blobs=(digest,))
        )
        library.memo.put_many("s", {f"m{number}": b"x"})
        assert library.parts.payload(f"k{number % 50}") == f"{number % 50}".encode()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(120)))
    assert len(library.parts.attached(job.id)) == 120
    assert len(library.memo.get_many("s", [f"m{i}" for i in range(120)])) == 120
    assert library.sweep().files == 0


def test_a_sweep_never_takes_what_other_threads_are_storing(library: Library) -> None:
    source = a_source(library)
    busy = threading.Event()
    busy.set()

    def store(worker: int) -> None:
        for turn in range(12):
            job = a_job(library, source)
            for chunk in range(3):
                digest = library.blobs.put(f"picture {(turn + chunk + worker) % 4}".encode())
                library.parts.save(job.id, a_part(f"{worker} {turn} {chunk}", chunk=chunk, blobs=(digest,)))
            library.jobs.delete(job.id)

    def sweep() -> None:
        while busy.is_set():
            library.sweep()

    with ThreadPoolExecutor(4) as pool:
        sweeping = pool.submit(sweep)
        try:
            list(pool.map(store, range(3)))
        finally:
            busy.clear()
        sweeping.result()
    assert library.verify().ok
    library.sweep()
    assert list(library.blobs.digests()) == []


def test_readers_see_one_snapshot_while_another_thread_writes(library: Library) -> None:
    with library.db.read() as conn, ThreadPoolExecutor(1) as pool:
        assert library.sources.all(conn=conn) == []
        pool.submit(a_source, library).result()
        assert library.sources.all(conn=conn) == []
    assert len(library.sources.all()) == 1


WRITER = """
import sys
from pathlib import Path
import msgspec
from tests.storage_support import a_job, a_part, a_source
from engine.domain.jobs import JobStatus
from storage.library import Library

library = Library.open(Path(sys.argv[1]))
source = library.sources.all()[0]
job = a_job(library, source)
library.jobs.move(job.id, JobStatus.RUNNING)
for number in range(100000):
    pictures = [library.blobs.put(f"{job.id} {number} {i}".encode() * 2000) for i in range(4)]
    payload = msgspec.msgpack.encode("x" * 30000)
    library.parts.save(job.id, a_part(f"{job.id} {number}", payload, chunk=number, blobs=tuple(pictures)))
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_writer_leaves_whole_parts_and_at_worst_orphans(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        a_source(library)
    dice = random.Random(4)
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(library_dir)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "0\n"
        time.sleep(dice.random() * 0.2)
        writer.kill()
        done = 1 + writer.stdout.read().count("\n")
        writer.wait()
        writer.stdout.close()
        with Library.open(library_dir) as library:
            job = library.jobs.all()[0]
            assert job.status.value == "paused" and job.worker_id == ""
            assert len(library.notes) == 1 and "interrupted" in library.notes[0]
            attached = library.parts.attached(job.id)
            assert done <= len(attached) <= done + 1
            report = library.verify()
            assert report.ok and report.orphans <= 4 + 1
            assert library.sweep().files == report.orphans
            assert library.verify().orphans == 0
