"""Whole runs through the command line, with the real models: replay, workers, pauses, kills, bad input."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.conftest import SECONDS, Finished, command, sponsight
from ui.__main__ import main


def jobs(library: Path) -> list[dict]:
    """What `jobs --json` says, the last run first, without a process of its own."""
    said = io.StringIO()
    with redirect_stdout(said):
        assert main(["--library", str(library), "jobs", "--json"]) == 0
    return json.loads(said.getvalue())


def export(finished: Finished, target: object, place: Path) -> dict:
    sponsight("--library", finished.library, "export", target, "--format", "json", "--output", place)
    return json.loads(place.read_text())


def test_a_finished_run_finds_brands_and_exports_them(finished: Finished, tmp_path: Path) -> None:
    (job,) = json.loads(sponsight("--library", finished.library, "jobs", "--json").stdout)
    assert jobs(finished.library) == [job]
    assert job["status"] == "completed" and job["accepted"] and job["progress"] == 1.0
    assert job["brands_found"] >= 2 and job["total_detections"] > 10
    out = export(finished, finished.video, tmp_path / "out.json")
    assert out["format"] == "sponsight.export/1" or out.get("schema") == "sponsight.export/1"
    spans = sorted(tuple(f["span"]) for f in out["frames"])
    assert spans[0][0] == 0 and abs(spans[-1][1] - SECONDS) < 0.05
    assert all(abs(a[1] - b[0]) < 1e-6 for a, b in pairwise(spans))
    polygons = [d["polygon"] for f in out["frames"] for d in f["detections"]]
    assert polygons and all(len(p) == 4 for p in polygons)
    sponsight(
        "--library",
        finished.library,
        "export",
        finished.video,
        "--format",
        "csv",
        "--output",
        tmp_path / "t.csv",
    )
    assert len(list(tmp_path.glob("t*.csv"))) == 3
    assert "sound" in sponsight("--library", finished.library, "verify").stdout


def test_a_replay_from_match_brands_recomputes_no_frame_stage_and_equals_a_fresh_run(
    finished: Finished, fresh: Finished
) -> None:
    edit = ("--from", "match_brands", "--set", "match_brands.accept=80")
    plan = sponsight("--library", finished.library, "replay", finished.video, *edit, "--plan").stdout
    rows = {
        line.split()[0]: line.split()[1]
        for line in plan.splitlines()
        if line.startswith(("ex", "fi", "de", "ru", "ma"))
    }
    assert [rows[s] for s in ("extract_frames", "filter_scenes", "detect_regions", "run_ocr")] == [
        "reuse"
    ] * 4
    assert rows["match_brands"] == "run" and "accept 90 → 80" in plan
    sponsight("--library", finished.library, "replay", finished.video, *edit)
    replayed = jobs(finished.library)[0]
    shown = json.loads(sponsight("--library", finished.library, "show", replayed["id"], "--json").stdout)
    ran = {c["stage"]: c["stats"]["parts_run"] for c in shown["checkpoints"]}
    assert [ran[s] for s in ("extract_frames", "filter_scenes", "detect_regions", "run_ocr")] == [0, 0, 0, 0]
    assert ran["match_brands"] == 1 and not replayed["accepted"]
    sponsight(
        "--library", fresh.library, "run", fresh.video, "--book", "demo", "--set", "match_brands.accept=80"
    )
    assert jobs(fresh.library)[0]["output_digest"] == replayed["output_digest"]


def test_the_plan_tells_the_disk_need_of_frames_that_are_not_stored(finished: Finished) -> None:
    words = ("--library", finished.library, "run", finished.video, "--book", "demo", "--plan")
    assert "MB" not in sponsight(*words).stdout
    plan = sponsight(*words, "--set", "extract_frames.sample_fps=5").stdout
    (said,) = re.findall(r"(\d+) MB of frames to store", plan)
    assert 1 <= int(said) <= 20


def test_one_worker_and_four_give_the_same_digest(finished: Finished, fresh: Finished) -> None:
    sponsight("--library", fresh.library, "run", fresh.video, "--book", "demo", "--workers", 4)
    assert jobs(fresh.library)[0]["output_digest"] == jobs(finished.library)[0]["output_digest"]
    sponsight("--library", fresh.library, "run", fresh.video, "--book", "demo", "--workers", 1)
    again = jobs(fresh.library)[0]
    assert again["output_digest"] == jobs(finished.library)[0]["output_digest"]


def test_an_edit_of_an_earlier_stage_is_refused(finished: Finished) -> None:
    done = sponsight(
        "--library", finished.library, "replay", finished.video, "--from", "match_brands",
        "--set", "extract_frames.sample_fps=4", code=2,
    )  # fmt: skip
    assert "Replay from extract_frames instead" in done.stderr


def test_why_a_run_failed_is_said_once(finished: Finished) -> None:
    done = sponsight("--library", finished.library, "run", finished.video, "--start", "200", code=2)
    assert done.stderr.count("The range to analyse is empty") == 1


def kill_and_resume(fresh: Finished, rng: random.Random, kills: int, longest: float) -> str:
    """Kill the run `kills` times, at random moments after it began to tell of itself, resume each time; the digest at
    the end. `longest` is the most seconds from there to a kill."""
    seen = 0.0
    for _ in range(kills):
        known = jobs(fresh.library)
        if known and known[0]["status"] == "completed":
            break
        words = ["resume", fresh.video] if known else ["run", fresh.video, "--book", "demo", "--workers", 2]
        process = subprocess.Popen(
            command("--library", fresh.library, *words, "--json-events"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            assert process.stdout is not None and process.stdout.readline()
            time.sleep(rng.uniform(0.0, longest))
            process.send_signal(signal.SIGKILL)
        for job in jobs(fresh.library)[:1]:
            assert job["progress"] >= seen
            seen = job["progress"]
    if jobs(fresh.library)[0]["status"] != "completed":
        sponsight("--library", fresh.library, "resume", fresh.video)
    assert "sound" in sponsight("--library", fresh.library, "verify").stdout
    return jobs(fresh.library)[0]["output_digest"]


def test_a_killed_run_resumes_to_the_same_result(finished: Finished, fresh: Finished) -> None:
    digest = kill_and_resume(fresh, random.Random(4), kills=4, longest=1.7)
    assert digest == jobs(finished.library)[0]["output_digest"]


@pytest.mark.full
def test_pause_from_another_process_then_resume(finished: Finished, fresh: Finished) -> None:
    words = command("--library", fresh.library, "run", fresh.video, "--book", "demo", "--json-events")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if '"PartDone"' in line)
        assert "Asked" in sponsight("--library", fresh.library, "pause", fresh.video).stdout
        process.stdout.read()
        assert process.wait(timeout=30) == 7
    assert jobs(fresh.library)[0]["status"] == "paused"
    sponsight("--library", fresh.library, "resume", fresh.video)
    assert jobs(fresh.library)[0]["output_digest"] == jobs(finished.library)[0]["output_digest"]


@pytest.mark.full
def test_a_video_that_vanished_fails_with_words_and_a_retry_goes_on(
    finished: Finished, fresh: Finished, tmp_path: Path
) -> None:
    video = tmp_path / "mine.mp4"
    shutil.copy(fresh.video, video)
    words = command("--library", fresh.library, "run", video, "--book", "demo", "--json-events")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if '"PartDone"' in line)
        sponsight("--library", fresh.library, "pause", video)
        process.stdout.read()
    hidden = video.rename(tmp_path / "hidden.mp4")
    job = jobs(fresh.library)[0]
    done = sponsight("--library", fresh.library, "resume", job["id"], code=2)
    assert "mine.mp4" in done.stderr and "Traceback" not in done.stderr
    assert jobs(fresh.library)[0]["status"] == "failed"
    hidden.rename(video)
    sponsight("--library", fresh.library, "retry", job["id"])
    again = jobs(fresh.library)[0]
    assert again["run_type"] == "retry" and again["status"] == "completed"
    assert again["output_digest"] == jobs(finished.library)[0]["output_digest"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "{}/missing.mp4"), 2, ""),
        (("run", "{}"), 2, ""),
        (("run", "{}/text.mp4"), 2, ""),
        (("run", "{}/empty.mp4"), 2, "empty"),
        (("replay", "{}/text.mp4", "--from", "nowhere"), 2, "There is no stage"),
        (("run", "{}/text.mp4", "--set", "match_brands.accept=180"), 2, "above 100"),
        (("run", "{}/text.mp4", "--set", "match_brands.acept=80"), 2, "has no setting"),
        (("run", "{}/text.mp4", "--profile", "chess"), 2, "There is no profile"),
        (("brands", "import", "{}/text.mp4"), 2, ""),
        (("export", "{}/text.mp4", "--output", "{}/o.json"), 2, "not imported"),
        (("show", "nothing-like-it"), 2, ""),
        (("show", "%%%%"), 2, "not imported"),
        (("run", "{}/text.mp4", "--workers", "0"), 2, "1 or more"),
        (("run", "{}/text.mp4", "--set", "match_brands.accept=nan"), 2, "not a number"),
        (("run", "{}/text.mp4", "--start", "inf"), 2, "no time"),
        (("run", "{}/text.mp4", "--start", "1/0"), 2, "no time"),
        (("run", "{}/text.mp4", "--set", "extract_frames.end=inf"), 2, "beyond"),
        (("run", "{}/text.mp4", "--set", "compile_report.viewers=" + "9" * 30), 2, "beyond"),
        (("run", "{}/text.mp4", "--set", "compile_report.fee=-inf"), 2, "below 0"),
        (("run", "{}/text.mp4", "--set", "detect_regions.masks=all"), 2, "no masked area"),
        (("run", "{}/text.mp4", "--set", "filter_scenes.dropped_ranges=all"), 2, "range of time"),
        (("run", "{}/" + "long" * 80), 2, ""),
        (("brands", "import", "{}"), 2, "could not be read"),
        (("brands", "export", "{}/out.csv", "--book", "nowhere"), 2, "There is no brand book"),
        (("models", "test", "--vlm", "http://[::1", "m"), 2, "Nothing was sent"),
        (("models", "price", "nobody", "m", "1", "1"), 2, "There is no provider"),
        (("--library", "{}/text.mp4", "jobs"), 2, "There is no library"),
        (("--library", "{}/text.mp4", "brands", "deny", "X"), 2, "a file, not a folder"),
    ],
)
def test_bad_input_gets_clear_words(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("no video at all\n")
    (tmp_path / "empty.mp4").touch()
    library = ["--library", str(tmp_path / "library")]
    if words[0] in ("replay", "export", "show") or words[:2] == ("brands", "export"):
        assert main([*library, "brands", "deny", "NOTHING"]) == 0
    capsys.readouterr()
    try:
        ended = main([*library, *(w.format(tmp_path) for w in words)])
    except SystemExit as end:  # what argparse refuses
        assert isinstance(end.code, int)
        ended = end.code
    complained = capsys.readouterr().err
    assert ended == code
    assert said in complained and "Traceback" not in complained
    assert len(complained.strip().splitlines()) >= 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "{}/missing.mp4"), "missing.mp4"),
        (("run", "{}/\udcff.mp4"), "UTF-8"),
        (("brands", "add", "A\udcffB"), "UTF-8"),
        (("run", "{}/missing.mp4", "--workers", "0"), "1 or more"),
    ],
)
def test_a_process_ends_with_clear_words_too(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = sponsight("--library", tmp_path / "library", *(w.format(tmp_path) for w in words), code=2)
    assert said in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2


def test_a_terminal_of_few_letters_gets_what_it_can_show(tmp_path: Path) -> None:
    words = command("--library", tmp_path / "library", "brands", "add", "Łakoma Łyżka")
    few = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, text=True, env=few, timeout=60)
    assert done.returncode == 0 and "?akoma" in done.stdout and not done.stderr


def test_a_second_writer_is_refused_with_words(finished: Finished) -> None:
    from storage.library import Library

    with Library.open(finished.library):
        done = sponsight("--library", finished.library, "brands", "deny", "X", code=4)
        assert "Traceback" not in done.stderr
        assert sponsight("--library", finished.library, "jobs").stdout


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_twenty_kills_over_one_run(fresh_once: Finished, tmp_path: Path) -> None:
    from app.demo.repeat import repeat_video
    from storage.library import Library

    video = tmp_path / "long.mp4"
    repeat_video([fresh_once.video], video, 300.0)
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    for library in (calm, killed):
        shutil.copytree(fresh_once.library, library)
    small = ("--book", "demo", "--quiet", "--set", "extract_frames.chunk_seconds=4")
    sponsight("--library", calm, "run", video, *small)
    rng, kills, parts = random.Random(11), 0, 0
    longest = 5.0
    while kills < 90:
        known = jobs(killed)
        if known and known[0]["status"] == "completed":
            break
        words = ["resume", video, "--quiet"] if known else ["run", video, *small]
        process = subprocess.Popen(
            command("--library", killed, *words),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        delay = rng.uniform(0.8, longest)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        for job in jobs(killed)[:1]:
            with Library.open(killed, read_only=True) as opened:
                stored = len(opened.parts.attached(job["id"]))
            assert stored >= parts, "a kill lost finished parts"
            assert stored > parts or delay < 0.8 * longest or job["status"] == "completed"
            parts = stored
    assert kills >= 20
    assert jobs(killed)[0]["status"] == "completed"
    assert jobs(killed)[0]["output_digest"] == jobs(calm)[0]["output_digest"]
    assert "sound" in sponsight("--library", killed, "verify").stdout
