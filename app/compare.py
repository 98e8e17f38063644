"""What changed between two runs of one source: seconds, sightings, funnel, settings and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.overlay import NO_NAMES, Names, build_overlay, target_of
from app.results import RunResult
from engine.anchoring import Target, TargetIndex
from engine.domain.figures import BrandExposure, Column, ExposureFigures
from engine.domain.records import Appearance
from engine.domain.stages import ORDER, StageName
from engine.textfold import fold


@dataclass(frozen=True, slots=True)
class BrandDiff:
    """One brand in one column before and after."""

    brand_id: str
    brand_name: str
    column: Column
    seconds_before: float
    seconds_after: float
    exposures_before: int
    exposures_after: int

    @property
    def seconds_change(self) -> float:
        return self.seconds_after - self.seconds_before


class Change(StrEnum):
    """What became of a sighting."""

    ADDED = "added"
    REMOVED = "removed"
    RELABELLED = "relabelled"


@dataclass(frozen=True, slots=True)
class SightingDiff:
    """An accepted appearance that only one run has, or that the runs give to different brands. `seq` and
    `time` name the frame to jump to."""

    change: Change
    seq: int
    time: int
    seconds: float
    text: str
    brand_before: str
    brand_after: str
    key_before: str
    key_after: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CountDiff:
    """A count of the funnel before and after."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class SettingDiff:
    """One setting that differs."""

    stage: StageName
    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class StageCost:
    """Seconds of work that a stage's parts took when they were computed, and whether the parts are the very
    same in both runs."""

    stage: StageName
    seconds_before: float
    seconds_after: float
    shared: bool


@dataclass(frozen=True, slots=True)
class RunDiff:
    """All that differs between two runs."""

    brands: tuple[BrandDiff, ...]
    sightings: tuple[SightingDiff, ...]
    funnel: tuple[CountDiff, ...]
    settings: tuple[SettingDiff, ...]
    stages: tuple[StageCost, ...]
    calls: tuple[int, int]
    usd: tuple[float, float]


def compare_runs(before: RunResult, after: RunResult, names: Names = NO_NAMES) -> RunDiff:
    """Machine results of two runs, brands by the names of today. Brands with the greatest change come first,
    sightings in the order of time."""
    return RunDiff(
        brands=_brands(_figures(before, names), _figures(after, names)),
        sightings=_sightings(before, after, names),
        funnel=tuple(
            CountDiff(name, before.funnel.get(name, 0), after.funnel.get(name, 0)) for name in after.funnel
        ),
        settings=_settings(before, after),
        stages=_stages(before, after),
        calls=(before.job.cloud_llm_calls, after.job.cloud_llm_calls),
        usd=(before.job.estimated_cost_usd, after.job.estimated_cost_usd),
    )


def _figures(run: RunResult, names: Names) -> ExposureFigures:
    if names is NO_NAMES and run.report is not None:
        return run.report.figures
    return build_overlay(run, (), names).machine


def _brands(before: ExposureFigures, after: ExposureFigures) -> tuple[BrandDiff, ...]:
    def table(figures: ExposureFigures) -> Mapping[tuple[Column, str], BrandExposure]:
        return {(b.column, b.brand_id or b.brand_name): b for b in figures.brands}

    old, new = table(before), table(after)
    found = []
    for place in {**old, **new}:
        a, b = old.get(place), new.get(place)
        known = b or a
        assert known is not None
        found.append(
            BrandDiff(
                brand_id=known.brand_id,
                brand_name=known.brand_name,
                column=known.column,
                seconds_before=a.seconds if a else 0.0,
                seconds_after=b.seconds if b else 0.0,
                exposures_before=len(a.exposures) if a else 0,
                exposures_after=len(b.exposures) if b else 0,
            )
        )
    return tuple(sorted(found, key=lambda d: (-abs(d.seconds_change), fold(d.brand_name), d.column)))


def _sightings(before: RunResult, after: RunResult, names: Names) -> tuple[SightingDiff, ...]:
    olds, news = _Side(before, names), _Side(after, names)
    found: list[SightingDiff] = []
    told: set[str] = set()
    for number, a in enumerate(after.appearances):
        if a.verdict != "accepted" or olds.same(a):
            continue
        there = [before.appearances[n] for n in olds.index.in_place_of(news.target(number))]
        accepted = [b for b in there if b.verdict == "accepted"]
        if any(olds.brand(b) == news.brand(a) for b in accepted):
            continue
        if accepted:
            told.add(accepted[0].key)
            found.append(_sighting(Change.RELABELLED, after, names, accepted[0], a, ""))
        else:
            note = f"was {there[0].verdict}" if there else "nothing was seen there"
            found.append(_sighting(Change.ADDED, after, names, None, a, note))
    for number, b in enumerate(before.appearances):
        if b.verdict != "accepted" or b.key in told or news.same(b):
            continue
        there = [after.appearances[n] for n in news.index.in_place_of(olds.target(number))]
        accepted = [a for a in there if a.verdict == "accepted"]
        if any(news.brand(a) == olds.brand(b) for a in accepted):
            continue
        if accepted:
            found.append(_sighting(Change.RELABELLED, after, names, b, accepted[0], ""))
        else:
            note = f"now {there[0].verdict}" if there else "nothing is seen there now"
            found.append(_sighting(Change.REMOVED, before, names, b, None, note))
    return tuple(sorted(found, key=lambda d: (d.time, d.change, fold(d.brand_after), fold(d.brand_before))))


class _Side:
    """One run's appearances, ready to be looked up from the other."""

    def __init__(self, run: RunResult, names: Names) -> None:
        self._targets = [target_of(run, a) for a in run.appearances]
        self._names = names
        self._known = {a.key: a for a in run.appearances}
        self.index = TargetIndex(self._targets)

    def target(self, number: int) -> Target:
        return self._targets[number]

    def brand(self, a: Appearance) -> str:
        """What tells two labels apart: the brand after redirects, or its folded name without one."""
        return self._names.resolve(a.brand_id) if a.brand_id else fold(a.brand_name)

    def same(self, a: Appearance) -> bool:
        """True where this side holds the very same accepted appearance: no geometry is needed."""
        mine = self._known.get(a.key)
        return (
            mine is not None
            and mine.verdict == "accepted"
            and self.brand(mine) == self.brand(a)
            and mine.seen[0] == a.seen[0]
            and mine.seen[-1] == a.seen[-1]
        )


def _sighting(
    change: Change,
    run: RunResult,
    names: Names,
    before: Appearance | None,
    after: Appearance | None,
    note: str,
) -> SightingDiff:
    shown = after or before
    assert shown is not None
    middle = shown.seen[len(shown.seen) // 2].seq
    return SightingDiff(
        change=change,
        seq=middle,
        time=run.time_of(middle),
        seconds=run.seconds_of(shown),
        text=shown.text,
        brand_before=names.name(before.brand_id, before.brand_name) if before else "",
        brand_after=names.name(after.brand_id, after.brand_name) if after else "",
        key_before=before.key if before else "",
        key_after=after.key if after else "",
        note=note,
    )


def _settings(before: RunResult, after: RunResult) -> tuple[SettingDiff, ...]:
    found: list[SettingDiff] = []
    for stage in ORDER:
        old, new = before.settings[stage].values(), after.settings[stage].values()
        found.extend(
            SettingDiff(stage, key, old.get(key), value)
            for key, value in new.items()
            if old.get(key) != value
        )
    return tuple(found)


def _stages(before: RunResult, after: RunResult) -> tuple[StageCost, ...]:
    found = []
    for stage in ORDER:
        old = {chunk: ref for (s, chunk), ref in before.refs.items() if s == stage}
        new = {chunk: ref for (s, chunk), ref in after.refs.items() if s == stage}
        keys = {chunk: ref.key for chunk, ref in old.items()} == {c: ref.key for c, ref in new.items()}
        found.append(
            StageCost(
                stage=stage,
                seconds_before=round(sum(ref.seconds for ref in old.values()), 3),
                seconds_after=round(sum(ref.seconds for ref in new.values()), 3),
                shared=bool(new) and keys,
            )
        )
    return tuple(found)
