"""What was settled in a source is not asked again: three policies, frozen when a run is made."""

from __future__ import annotations

from pathlib import Path

from app.commands import Decide
from app.results import load_run
from app.session_cache import settled_texts
from engine.appearances import prepare
from engine.domain.decisions import Decision, DecisionKind, Member
from engine.domain.timebase import Span
from tests.stored_run import Desk, row_of_boards


def decision(kind: DecisionKind, text: str, brand: str = "", note: str = "") -> Decision:
    member = Member(span=Span(0, 1), samples=(), text=text)
    return Decision(
        id=f"{kind}{text}{brand}",
        source_asset_id="s",
        kind=kind,
        members=(member,),
        brand_id=brand,
        note=note,
    )


def test_a_text_is_settled_only_where_people_agree() -> None:
    give, refuse = DecisionKind.REASSIGN, DecisionKind.REJECT
    settled = settled_texts(
        [
            decision(give, "ZENTRIKA", "a"),
            decision(give, "Zentrika", "a"),
            decision(give, "Polvaro", "a"),
            decision(give, "polvaro", "b"),
            decision(give, "Miravell", "a"),
            decision(refuse, "MIRAVELL", "a"),
            decision(give, "AK", "a"),
            decision(give, "Wexmoor", "a", note="frame"),
            decision(give, "Grendo", "a"),
            decision(give, "GRENDO", "merged"),
        ],
        {"a": "a", "b": "b", "merged": "a"},
    )
    assert settled == {"zentrika": "a", "grendo": "a"}


def test_runs_freeze_what_was_settled_and_policies_choose(tmp_path: Path) -> None:
    with Desk(tmp_path / "library") as desk:
        brand = desk.brand("Halvora")
        job = desk.source(row_of_boards(["ZENTRIKA", "POLVARO"]))
        run = load_run(desk.library, job.id)
        keys = tuple(a.key for a in run.appearances if a.text == "ZENTRIKA")
        assert keys
        earlier = desk.jobs.create(job.source_asset_id)
        desk.bus.do(
            Decide(
                source_id=job.source_asset_id,
                job_id=job.id,
                appearance_keys=keys,
                kind="reassign",
                brand_id=brand,
            )
        )
        later = desk.jobs.create(job.source_asset_id)
        source = desk.library.sources.get(job.source_asset_id)

        def known(of: object, policy: str) -> dict[str, str]:
            spec = desk.jobs.maker.spec(desk.library.jobs.get(of.id), source)  # type: ignore[attr-defined]
            return prepare([], spec.book, spec.sightings, policy).known

        assert known(later, "confirmed_only") == {"zentrika": brand}
        assert known(later, "use")["zentrika"] == brand
        assert known(later, "ignore") == {}
        assert known(earlier, "confirmed_only") == {}
