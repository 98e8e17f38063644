"""decisions: what people decided, exported, imported, taken back and searched."""

from __future__ import annotations

import argparse

from app.cli.console import on_the_clock, table
from app.cli.targets import find_job
from app.command_bus import Change
from app.container import open_container
from app.decisions_io import load_decisions, write_decisions
from engine.domain.timebase import format_time


def do_decisions(given: argparse.Namespace) -> int:
    """Hand over to the action's function."""
    action = globals()[f"_{given.act}"]
    code: int = action(given)
    return code


def _list(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        sources = app.jobs.sources()
        if given.target:
            chosen = find_job(app, given.target, lambda j: True, "at all").source_asset_id
            sources = [s for s in sources if s.id == chosen]
        rows = [("source", "from", "to", "decision", "brand", "appearances", "by")]
        for source in sources:
            for d in app.library.decisions.of_source(source.id):
                start = min(m.span.start for m in d.members)
                end = max(m.span.end for m in d.members)
                rows.append(
                    (
                        source.name,
                        format_time(start),
                        format_time(end),
                        d.kind.value,
                        d.brand_name,
                        str(len(d.members)),
                        d.created_by,
                    )
                )
        if len(rows) == 1:
            print("Nothing was decided yet.")
            return 0
        print(table(rows, right=frozenset({1, 2, 5})))
        lost = [
            (
                overlay.run.source.name,
                format_time(o.member.span.start),
                o.decision.kind.value,
                o.decision.brand_name,
                o.member.text,
                o.reason,
            )
            for overlay in app.brands.accepted.overlays([s.id for s in sources])
            for o in overlay.orphans
        ]
    if lost:
        found_no = "1 appearance found" if len(lost) == 1 else f"{len(lost)} appearances found"
        print(f"\n{found_no} no place in the accepted run; what was decided is kept:")
        heads = ("source", "from", "decision", "brand", "read", "why")
        print(table([heads, *lost], right=frozenset({1})))
    return 0


def _export(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        count = write_decisions(app.library, given.file)
    print(f"Wrote {count} decisions to {given.file}")
    return 0


def _import(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        _tell(load_decisions(app.bus, given.file, initiator="cli"))
    return 0


def _undo(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        change = app.bus.undo(initiator="cli")
        if change is None:
            print("There is nothing to undo.")
        else:
            _tell(change)
    return 0


def _redo(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        change = app.bus.redo(initiator="cli")
        if change is None:
            print("There is nothing to redo.")
        else:
            _tell(change)
    return 0


def _log(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        if given.output is not None:
            print(f"Wrote {app.bus.export_log(given.output)} entries to {given.output}")
            return 0
        rows = [("when", "who", "what")]
        rows += [(on_the_clock(e.at, seconds=True), e.actor, e.title) for e in app.bus.history(given.search)]
        print(table(rows) if len(rows) > 1 else "The log holds nothing like that.")
        return 0


def _tell(change: Change) -> None:
    for note in change.notes:
        print(note)
    print(f"{change.title}.")
