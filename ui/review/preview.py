"""Another threshold's answer over the stored one: boxes, timeline and queue show it while nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject

from engine.domain.geometry import overlap
from ui.review.scene import BoxIndex
from ui.text import plural, tr
from ui.timeline.data import TimelineData
from ui.timeline.lanes import LaneBuilder

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance, Overlay
    from app.preview import PreviewResult
    from engine.domain.records import Appearance
    from ui.review.area import Review


class Preview(QObject):
    """`boxes` is the previewed index, None while no preview is in force."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self._lanes = LaneBuilder()
        self.boxes: BoxIndex | None = None
        self._tried: PreviewResult | None = None

    def show(self, preview: PreviewResult | None) -> None:
        """Works the answer out off the main thread; only the newest one is shown. None ends the preview."""
        review = self._review
        snapshot = review.desk.snapshot
        if preview is None or snapshot is None:
            self.end()
            return
        overlay, lanes, denied = snapshot.overlay, self._lanes, review.desk.wanted.denied
        stored = snapshot.timeline
        self._tried = preview

        def work() -> tuple[BoxIndex, TimelineData, Mapping[str, str]]:
            shown, changed = previewed(overlay, preview)
            timeline = lanes.build(overlay.run, shown, overlay.names, denied=denied, like=stored)
            return BoxIndex(overlay.run, shown), timeline, changed

        def done(made: tuple[BoxIndex, TimelineData, Mapping[str, str]]) -> None:
            self.boxes, timeline, changed = made
            review.timeline.set_data(timeline)
            review.queue.model.show_tried(changed)
            review.canvas.frame.hud.banner = plural(
                len(changed),
                tr("Preview · {n} appearance changes · nothing is saved"),
                tr("Preview · {n} appearances change · nothing is saved"),
            )
            review.display.show_boxes()

        review.services.tasks.call(tr("Showing the preview"), work, done, newest="review-preview")

    def again(self) -> None:
        """Over what is stored now: something was decided meanwhile."""
        if self.boxes is not None:
            self.show(self._tried)

    def end(self) -> None:
        """The stored answer again."""
        review = self._review
        review.services.tasks.call("", lambda: None, newest="review-preview")
        if self.boxes is None:
            return
        self.boxes = self._tried = None
        review.canvas.frame.hud.banner = ""
        review.queue.model.show_tried({})
        if review.desk.snapshot is not None:
            review.timeline.set_data(review.desk.snapshot.timeline)
        review.display.show_boxes()


def previewed(
    overlay: Overlay, preview: PreviewResult
) -> tuple[Sequence[EffectiveAppearance], Mapping[str, str]]:
    """The appearances as they would be, and the verdicts that differ by key. What people decided stays."""
    signs = _Signs(preview.appearances, overlay)
    shown: list[EffectiveAppearance] = []
    changed: dict[str, str] = {}
    for a in overlay.appearances:
        machine = signs.of(a)
        if a.machine is None or machine is None or a.decided:
            shown.append(a)
            continue
        if (machine.verdict, machine.brand_id) == (a.machine.verdict, a.machine.brand_id):
            shown.append(a)
            continue
        changed[a.key] = machine.verdict
        brand_id = overlay.names.resolve(machine.brand_id) if machine.brand_id else ""
        shown.append(
            replace(
                a,
                machine=machine,
                brand_id=brand_id,
                brand_name=overlay.names.name(brand_id, machine.brand_name)
                if brand_id
                else machine.brand_name,
                counts=machine.verdict == "accepted",
            )
        )
    return shown, changed


class _Signs:
    """Finds in a preview the sign that an appearance shows. A sign that is called otherwise has another key, so
    where the key is gone, it is the one from the same tracks that lies in the same place."""

    def __init__(self, would: Sequence[Appearance], overlay: Overlay) -> None:
        self._by_key = {a.key: a for a in would}
        known = overlay.run.by_key
        self._by_track: dict[tuple[int, int], list[Appearance]] = {}
        for a in would:
            if a.key not in known:
                for track in a.members:
                    self._by_track.setdefault(track, []).append(a)

    def of(self, a: EffectiveAppearance) -> Appearance | None:
        """None where the preview sees no such sign."""
        same = self._by_key.get(a.key)
        if same is not None or a.machine is None:
            return same
        near = {b.key: b for track in a.machine.members for b in self._by_track.get(track, ())}
        rated = [(_likeness(a.machine, b), key) for key, b in near.items()]
        best, key = max(rated, default=(0.0, ""))
        return near[key] if best > 0.0 else None


def _likeness(a: Appearance, b: Appearance) -> float:
    """How many frames two appearances share, weighed by how much of each other they cover there."""
    there = {s.seq: s.polygon for s in b.seen}
    shared = [(s.polygon, there[s.seq]) for s in a.seen if s.seq in there]
    return sum(overlap(mine, other) for mine, other in shared)
