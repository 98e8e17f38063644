"""sources: list what the library holds, take sources out of it, bring them back, free their space."""

from __future__ import annotations

import argparse

import msgspec

from app.cli.console import on_the_clock, table
from app.cli.targets import find_removed, find_source
from app.container import Container, open_container
from app.source_removal import KEPT_DAYS
from engine.domain.errors import UserFixable
from engine.domain.jobs import SourceAsset
from engine.domain.timebase import format_time
from storage.removals import Holding, Removed


def do_sources(given: argparse.Namespace) -> int:
    return {"list": _list, "remove": _remove, "restore": _restore, "free": _free}[given.act](given)


def _list(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        gone = app.removal.removed() if given.removed else []
        sources = [r.source for r in gone] if given.removed else app.jobs.sources()
        holdings = {s.id: app.removal.holding(s.id) for s in sources}
        at = {r.source.id: on_the_clock(r.removed_at) for r in gone}
    if given.json:
        rows = [
            {**msgspec.to_builtins(s), **msgspec.to_builtins(holdings[s.id])}
            | ({"removed_at": at[s.id]} if s.id in at else {})
            for s in sources
        ]
        print(msgspec.json.encode(rows).decode())
        return 0
    if not sources:
        print(
            "No source was removed." if given.removed else "No sources yet. Start with: sponsight run VIDEO"
        )
        return 0
    heads = ("source", "length", "runs", "counts", "decisions", "MB", "removed" if given.removed else "path")
    lines = [
        (
            s.name,
            format_time(s.duration),
            str(holdings[s.id].runs),
            "★" if holdings[s.id].counts else "",
            str(holdings[s.id].decisions),
            f"{holdings[s.id].bytes / 1e6:.1f}",
            at.get(s.id, s.path),
        )
        for s in sources
    ]
    print(table([heads, *lines], right=frozenset({1, 2, 4, 5})))
    return 0


def _remove(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        sources = {s.id: s for s in (_listed(app, word) for word in given.targets)}
        held = {id: app.removal.holding(id) for id in sources}
        change = app.removal.remove(tuple(sources), free=given.free, initiator="cli")
        print(f"{change.title}.")
        for id, source in sources.items():
            print(f"{source.name}: {what_goes(held[id])}; {source.path} is not touched.")
        kept = (
            "Runs and stored frames are freed"
            if given.free
            else f"Runs are kept for {KEPT_DAYS} days, so that everything can be brought back"
        )
        print(f"{kept}; decisions are kept for good. Bring back: sponsight decisions undo, "
              "sponsight sources restore, or import the video again.")  # fmt: skip
        return 0


def what_goes(held: Holding) -> str:
    """ "3 runs (one counts in totals) and 12 decisions leave the library"."""
    runs = "1 run" if held.runs == 1 else f"{held.runs} runs"
    counts = " (one counts in totals)" if held.counts else ""
    decisions = "1 decision" if held.decisions == 1 else f"{held.decisions or 'no'} decisions"
    return f"{runs}{counts} and {decisions} leave the library"


def _restore(given: argparse.Namespace) -> int:
    from app.commands import RestoreSource

    with open_container(given.library) as app:
        found = _removed(app, given.target)
        change = app.bus.do(RestoreSource(source_id=found.source.id), initiator="cli")
        print(f"{change.title}.")
        decisions = f"{found.decisions} decision{'' if found.decisions == 1 else 's'}"
        if found.runs:
            print(f"{decisions} and {found.runs} run{'' if found.runs == 1 else 's'} are back.")
        else:
            print(f"{decisions} back; its runs were freed. Run it again: sponsight run {found.source.path}")
        return 0


def _free(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        chosen = [_removed(app, word) for word in given.targets] or app.removal.removed()
        freed = app.removal.free([r.source.id for r in chosen])
        print(f"{freed / 1e6:.1f} MB were freed. What was decided about removed sources is kept.")
        return 0


def _listed(app: Container, word: str) -> SourceAsset:
    """The source that a path or, where one source alone is called so, a name means. UserFixable where it is not
    there, or was removed already."""
    named = [s for s in app.jobs.sources() if s.name == word]
    return named[0] if len(named) == 1 else find_source(app, word)


def _removed(app: Container, word: str) -> Removed:
    """The removed source of this path or name. UserFixable where there is none or several."""
    fitting = find_removed(app, word)
    if len(fitting) == 1:
        return fitting[0]
    raise UserFixable(
        f"{len(fitting)} removed sources are called {word}."
        if fitting
        else f"No removed source is called {word}.",
        still_works="Nothing was changed.",
        to_do="`sponsight sources list --removed` lists them; a path or an id (--json shows it) tells them apart.",
    )
