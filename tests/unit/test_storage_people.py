"""What people said and spent: decisions, the append-only log, the budget."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from engine.domain.decisions import DecisionKind
from engine.domain.errors import Conflict
from storage.columns import to_nano
from storage.library import Library
from tests.storage_support import a_decision, a_source


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


# Decisions ---------------------------------------------------------------------------------------------


def test_decisions_come_back_whole_and_in_order(library: Library) -> None:
    source, other = a_source(library), a_source(library, "other")
    first = library.decisions.add(a_decision(source))
    second = library.decisions.add(
        a_decision(
            source, kind=DecisionKind.DRAW, members=(*first.members, *a_decision(source, start=9).members)
        )
    )
    elsewhere = library.decisions.add(a_decision(other, "z"))
    assert library.decisions.of_source(source.id) == [first, second]
    assert library.decisions.get_many([second.id, "nothing", first.id]) == [first, second]
    assert library.decisions.of_brand(["z"]) == [elsewhere]
    assert library.decisions.counts() == {source.id: 2, other.id: 1}
    assert (first.revision, second.revision, library.decisions.revision(source.id)) == (1, 2, 2)


def test_decisions_are_switched_off_and_on_but_stay(library: Library) -> None:
    source = a_source(library)
    made = [library.decisions.add(a_decision(source, start=n)) for n in range(3)]
    assert library.decisions.set_active([made[0].id, made[1].id, "nothing"], False) == [
        made[0].id,
        made[1].id,
    ]
    assert library.decisions.revision(source.id) == 4
    assert library.decisions.set_active([made[0].id], False) == []
    assert library.decisions.revision(source.id) == 4
    assert library.decisions.of_source(source.id) == [made[2]]
    assert len(library.decisions.of_source(source.id, active=None)) == 3
    assert [d.id for d in library.decisions.of_source(source.id, active=False)] == [made[0].id, made[1].id]
    library.decisions.set_active([made[0].id], True)
    assert library.decisions.of_source(source.id) == [made[0], made[2]]


# Audit -------------------------------------------------------------------------------------------------


def test_the_log_only_grows(library: Library) -> None:
    entry = library.audit.append(
        "Merge", "Merge 2 brands", {"ids": ["a", "b"]}, {"rows": []}, actor="kim", group="g"
    )
    assert library.audit.get(entry.id) == entry
    for statement in ("UPDATE audit_log SET title = 'x'", "DELETE FROM audit_log"):
        with pytest.raises(IntegrityError, match="append-only"), library.db.write() as conn:
            conn.exec_driver_sql(statement)
    assert library.audit.all() == [entry]
    with pytest.raises(KeyError):
        library.audit.get(99)


def test_the_log_is_searched_and_paged(library: Library) -> None:
    for number in range(10):
        library.audit.append(
            "Rename" if number % 2 else "Deny", f"Step {number}", {"text": f"100% Gözde {number}"}, {},
            source_asset_id="s" if number < 5 else "", undoes=1 if number == 9 else None,
        )  # fmt: skip
    assert [e.title for e in library.audit.search("rename step", limit=2)] == ["Step 9", "Step 7"]
    assert [e.id for e in library.audit.search("100% Gözde 3")] == [4]
    assert [e.id for e in library.audit.search("", before=3)] == [2, 1]
    assert [e.id for e in library.audit.search("deny", source_id="s")] == [5, 3, 1]
    assert library.audit.search("10_%") == []
    assert [e.id for e in library.audit.after(8)] == [9, 10] and library.audit.last_id() == 10
    assert library.audit.outline()[-1] == (10, "Rename", "Step 9", 1, "")


# Budget ------------------------------------------------------------------------------------------------


def test_money_is_set_aside_before_and_settled_after(library: Library) -> None:
    budget = library.budget
    first = budget.reserve("job", "p", "m", 0.40, 1.0)
    second = budget.reserve("job", "p", "m", 0.60, 1.0)
    assert first and second and budget.reserve("job", "p", "m", 0.000000001, 1.0) is None
    assert budget.reserve("job", "p", "m", 0.0, 1.0), "what costs nothing is allowed when the cap is hit"
    assert budget.reserve("other", "p", "m", 0.1, 1.0)
    assert budget.settle(first, 0.1)
    assert budget.spent("job") == pytest.approx(0.7)
    budget.release(second)
    assert budget.spent("job") == pytest.approx(0.1)
    for again in (first, second, "nothing"):
        with pytest.raises(Conflict):
            budget.settle(again, 0.0)
    third = budget.reserve("job", "p", "m", 0.2, 1.0)
    assert third and not budget.settle(third, 0.3), "more than was reserved"
    assert [r.state for r in budget.of_job("job")] == ["settled", "released", "reserved", "overrun"]
    for bad in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="no price"):
            budget.reserve("job", "p", "m", bad, 1.0)


def test_a_cap_of_nothing_allows_nothing_that_costs(library: Library) -> None:
    assert library.budget.reserve("job", "p", "m", 0.01, 0.0) is None
    assert library.budget.spent("job") == 0.0


def test_what_was_never_settled_counts_as_spent_after_a_restart(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        assert library.budget.reserve("job", "p", "m", 0.75, 1.0)
    with Library.open(library_dir) as library:
        assert library.budget.spent("job") == 0.75
        assert library.budget.reserve("job", "p", "m", 0.5, 1.0) is None


def test_four_threads_never_spend_above_the_cap(library: Library) -> None:
    cap = 0.05

    def call(seed: int) -> None:
        dice = random.Random(seed)
        worst = dice.random() * 0.01
        reservation = library.budget.reserve("job", "p", "m", worst, cap)
        if reservation and dice.random() < 0.6:
            library.budget.settle(reservation, worst * dice.random())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(120)))
    assert 0 < library.budget.spent("job") <= cap


prices = st.floats(0, 2, allow_nan=False)


@settings(max_examples=15, deadline=None)
@given(
    cap=prices, steps=st.lists(st.tuples(prices, st.sampled_from(["settle", "release", "kill"])), max_size=25)
)
def test_no_schedule_spends_above_its_cap(cap: float, steps: list[tuple[float, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library") as library:
        expected = 0
        for price, end in steps:
            reservation = library.budget.reserve("job", "p", "m", price, cap)
            fits = not to_nano(price) or expected + to_nano(price) <= int(cap * 1e9 + 1e-3)
            assert (reservation is not None) == fits
            if reservation is None:
                continue
            if end == "settle":
                assert library.budget.settle(reservation, price / 3)
                expected += to_nano(price / 3)
            elif end == "release":
                library.budget.release(reservation)
            else:
                expected += to_nano(price)
            assert library.budget.spent("job") == expected / 1e9 <= cap + 1e-12
