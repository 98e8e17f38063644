"""What keys and buttons of the review mean: which command is sent for which item, what is shown at once, what is
looked at next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Signal

from engine.brand_names import fault_of_name
from engine.domain.decisions import DRAWN_MARK
from ui.review.desk import ReviewDesk
from ui.review.picker import SURE, BrandPicker
from ui.review.scene import Pending
from ui.review.words import row_title
from ui.text import plural, tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.brand_search import BrandHit
    from app.command_bus import Change
    from app.commands import Verdict
    from app.review import CandidateRow
    from app.review_rows import QueueRow
    from engine.domain.geometry import Polygon

STATES = {"confirm": "confirmed", "reject": "rejected", "unsure": "unsure", "reassign": "reassigned"}


class Verdicts(QObject):
    """Sends decisions on the desk's item. `said` carries a quiet word for the canvas' notice line."""

    said = Signal(str)
    leading_on = Signal()
    """What is stored now leads to another item: keys that follow are meant for that one."""
    rematch_wanted = Signal(object)
    """Ids of sources that are to be matched again."""

    def __init__(self, services: Services, desk: ReviewDesk, picker: BrandPicker) -> None:
        super().__init__(desk)
        self._services = services
        self._desk = desk
        self._picker = picker
        self._take: Callable[[str, str], None] | None = None
        self._wanted_candidate: tuple[str, int] | None = None
        self.candidates: tuple[str, tuple[CandidateRow, ...]] = ("", ())
        picker.picked.connect(self._picked)

    # Verdicts --------------------------------------------------------------------------------------

    def decide(self, kind: Verdict) -> None:
        """Confirm, reject or leave unsure, then go on; the same word again takes it back."""
        row = self._ready()
        if row is None:
            return
        if not row.keys or self._is_drawn(row):
            self._on_orphan(row, kind)
            return
        if self._state_of(row) == STATES[kind]:
            self.clear(advance=False)
        elif kind == "confirm" and not row.brand_name:
            self.pick_brand()
        else:
            self._decide(row, kind)

    def clear(self, *, advance: bool = True) -> None:
        """The machine's word stands again."""
        row = self._ready()
        if row is None:
            return
        from app.commands import ClearDecision

        source = self._desk.source
        assert source is not None and self._desk.job is not None
        drawn = self._is_drawn(row)
        if row.orphan is not None:
            command = ClearDecision(source_id=source.id, decision_ids=(row.orphan[0],))
        elif self._state_of(row) == "undecided" and not self._is_edited(row):
            self.said.emit(tr("Nothing was decided here."))
            return
        else:
            command = ClearDecision(source_id=source.id, job_id=self._desk.job.id, appearance_keys=row.keys)
        if advance and drawn:
            self._desk.step(1)
        self._desk.do(tr("Clearing the decision"), command, row.keys, Pending("undecided"))
        if advance and not drawn and self._services.preferences.values.advance_after_decision:
            self._desk.step(1)

    def _go_on(self) -> None:
        """To the next undecided item, where the person wants that."""
        if self._services.preferences.values.advance_after_decision:
            self._desk.step(1, undecided=True)

    def confirm_selected(self, keys: Sequence[str]) -> None:
        """One step for all selected rows that have a brand."""
        snapshot = self._desk.snapshot
        if self._ready() is None or snapshot is None:
            return
        rows = [r for r in (snapshot.row_at(k) for k in keys) if r is not None and r.keys and r.brand_name]
        chosen = tuple(k for r in rows if not self._is_drawn(r) for k in r.keys)
        if not chosen:
            self.said.emit(tr("None of the selected items has a brand to confirm."))
            return
        self._send(chosen, "confirm", "", "")
        left_out = len(keys) - len(rows)
        if left_out:
            self.said.emit(plural(left_out, tr("{n} item has no brand"), tr("{n} items have no brand")))
        self._go_on()

    def choose_candidate(self, number: int) -> None:
        """Decides for a candidate (0 the first); waits for the list where it isn't read yet."""
        row = self._ready()
        if row is None or not row.keys:
            return
        if self.candidates[0] != row.key:
            self._wanted_candidate = row.key, number
            return
        found = self.candidates[1]
        if number >= len(found):
            self.said.emit(tr("There is no candidate {n}.").format(n=number + 1))
            return
        self.assign(found[number].brand_id, found[number].brand_name)

    def candidates_read(self, key: str, found: Sequence[CandidateRow]) -> None:
        """The list of an item is there; a choice that was waiting for it is carried out."""
        self.candidates = key, tuple(found)
        wanted, self._wanted_candidate = self._wanted_candidate, None
        row = self._desk.row
        if wanted is not None and wanted[0] == key and row is not None and row.key == key:
            self.choose_candidate(wanted[1])

    def assign(self, brand_id: str, brand_name: str) -> None:
        """Gives the item to a brand: a confirmation where it is the one proposed."""
        row = self._ready()
        if row is None:
            return
        if self._is_drawn(row):
            self.said.emit(tr("Clear the drawn box (U) and draw it again for another brand."))
            return
        same = bool(brand_id) and brand_id == row.brand_id
        state = self._state_of(row)
        if same and state in ("confirmed", "reassigned"):
            self.clear(advance=False)
        else:
            self._decide(row, "confirm" if same else "reassign", brand_id, brand_name)

    def frame_only(self, kind: Verdict, key: str, time: int) -> None:
        """Decides on the frame at `time` alone."""
        from app.commands import SplitFrame

        row, source, job = self._ready(), self._desk.source, self._desk.job
        if row is None or source is None or job is None:
            return
        command = SplitFrame(
            source_id=source.id, job_id=job.id, appearance_key=key.partition("@")[0], time=time, kind=kind
        )
        self._desk.do(tr("Deciding on one frame"), command)

    def _decide(self, row: QueueRow, kind: Verdict, brand_id: str = "", brand_name: str = "") -> None:
        keys = row.keys
        self._go_on() if self._would_be_left(row) else None
        shown = brand_name if kind in ("confirm", "reassign") else ""
        self._send(keys, kind, brand_id, brand_name, shown)

    def _send(
        self, keys: tuple[str, ...], kind: Verdict, brand_id: str, brand_name: str, shown: str = ""
    ) -> None:
        from app.commands import Decide

        source, job = self._desk.source, self._desk.job
        assert source is not None and job is not None
        command = Decide(
            source_id=source.id,
            job_id=job.id,
            appearance_keys=keys,
            kind=kind,
            brand_id=brand_id,
            brand_name="" if brand_id else brand_name,
        )
        self._desk.do(tr("Storing the decision"), command, keys, Pending(STATES[kind], shown))

    def _would_be_left(self, row: QueueRow) -> bool:
        return row.key == self._desk.key or self._desk.key in row.keys

    # Boxes and times -------------------------------------------------------------------------------

    def draw(
        self,
        polygon: Polygon,
        time: int,
        *,
        place: QRect,
        named: Callable[[], None],
        stored: Callable[[], None],
    ) -> None:
        """A box was drawn on the frame at `time`: asks for its brand and stores it. `place` is where it is seen (in
        the picker's parent), `named` is called when the brand is known, `stored` when the box is."""

        def store(brand_id: str, name: str) -> None:
            from app.commands import DrawBox

            source, job = self._desk.source, self._desk.job
            if source is None or job is None:
                return
            command = DrawBox(
                source_id=source.id,
                job_id=job.id,
                time=time,
                polygon=polygon,
                brand_id=brand_id,
                brand_name="" if brand_id else name,
            )
            named()

            def done(change: Change) -> None:
                stored()
                self._drawn(change, name)

            self.leading_on.emit()
            self._desk.do(tr("Storing the box"), command, done=done)

        seen = self._desk.snapshot.brands if self._desk.snapshot is not None else ()
        start = [(brand_id, name) for brand_id, name, _ in seen]
        self._ask(tr("Brand of the new box"), store, start=start, clear_of=place)

    def _drawn(self, change: Change, name: str) -> None:
        self.said.emit(
            tr("{name} was drawn. A replay from Match brands looks for it in other frames.").format(name=name)
        )
        if change.made:
            self._desk.choose(f"{change.made[0]}{DRAWN_MARK}0", seek=False)

    def correct(
        self,
        key: str,
        *,
        time: int | None = None,
        polygon: Polygon | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        """Stores a corrected box, start or end (microseconds)."""
        from app.commands import EditBox

        source, job = self._desk.source, self._desk.job
        if not self._desk.writable or source is None or job is None or not key:
            return
        command = EditBox(
            source_id=source.id,
            job_id=job.id,
            appearance_key=key.partition("@")[0],
            time=time,
            polygon=polygon,
            start=start,
            end=end,
        )
        # One of a group of look-alikes leaves it with a correction of its own: it is what is looked at.
        self._desk.choose(key, seek=False)
        self._desk.do(tr("Storing the correction"), command)

    # Brands ----------------------------------------------------------------------------------------

    def pick_brand(self) -> None:
        """B: asks for another brand of the item."""
        row = self._ready()
        if row is not None and row.keys:
            offer = "" if row.brand_name or fault_of_name(row.text) else row.text
            self._ask(tr("Brand of {item}").format(item=row_title(row)), self.assign, offer=offer)

    def merge(self) -> None:
        """M: makes the item's brand (or its unknown text) another brand's alias. What that touches in all sources is
        shown before."""
        row = self._ready()
        if row is None or not (row.brand_id or row.text):
            return
        what = row.brand_name or f"“{row.text}”"

        def ask(brand_id: str, name: str) -> None:
            if brand_id == row.brand_id and brand_id:
                self.said.emit(tr("That is the same brand."))
                return
            from app.commands import AddAlias, MergeBrands
            from ui.brands.edit_dialog import EditDialog, MergeAsked

            command: MergeBrands | AddAlias
            if row.brand_id:
                command = MergeBrands(brand_ids=(row.brand_id,), into=brand_id)
                asked = MergeAsked((row.brand_id,), brand_id)
            else:
                command = AddAlias(brand_id=brand_id, aliases=(row.text,))
                asked = MergeAsked((), brand_id, (row.text,))
            title = tr("Merge {what} into {name}").format(what=what, name=name)
            words = tr("{what} now belongs to {name}.").format(what=what, name=name)
            dialog = EditDialog(
                self._picker.window(), self._services, title, command, merges=(asked,), verb=tr("Merge")
            )
            dialog.agreed.connect(
                lambda sources: self._desk.do(
                    tr("Merging"), command, done=lambda _: self._merged(words, sources)
                )
            )
            dialog.open()

        self._ask(tr("Merge {what} into").format(what=what), ask, new=False, but=row.brand_id)

    def _merged(self, words: str, sources: tuple[str, ...]) -> None:
        """Says what was merged, and has the sources matched again that were ticked in the dialog."""
        if not sources:
            self.said.emit(words)
            return
        self.rematch_wanted.emit(sources)
        self._services.messages.tell(
            words,
            "success",
            detail=plural(
                len(sources),
                tr(
                    "{n} source is being matched again; its figures change when you agree, on the page Brands."
                ),
                tr("{n} sources are being matched again; figures change when you agree, on the page Brands."),
            ),
            action=tr("Go to Brands"),
            on_action=self._services.actions["view.brands"].trigger,
            seconds=15,
        )

    def _ask(
        self,
        title: str,
        take: Callable[[str, str], None],
        *,
        new: bool = True,
        but: str | None = None,
        offer: str = "",
        start: Sequence[tuple[str, str]] | None = None,
        clear_of: QRect | None = None,
    ) -> None:
        """`start`: brands (id, name) that are offered before anything is typed, by default the item's candidates.
        `but`: one that is not. Where either is given none is taken before it was typed or gone to. `offer`: a name
        that a new brand may have. `clear_of`: a place that the picker leaves free."""
        session = self._desk.session
        if session is None:
            return

        def search(text: str) -> Sequence[BrandHit]:
            return session.search_brands(text)

        self._take = take
        found = self.candidates[1] if self.candidates[0] == self._desk.key else ()
        marked = but is None and start is None
        if start is None:
            start = [(c.brand_id, c.brand_name) for c in found if c.brand_id != but or not but]
        sure = bool(found) and found[0].score >= SURE
        self._picker.open(
            title, search, start[:6], new=new, marked=marked, offer=offer, sure=sure, clear_of=clear_of
        )

    def _picked(self, brand_id: str, name: str) -> None:
        take, self._take = self._take, None
        if take is not None:
            take(brand_id, name)

    # Help ------------------------------------------------------------------------------------------

    def _ready(self) -> QueueRow | None:
        """The item, None (and a word about it) where nothing can be decided."""
        if not self._desk.writable:
            if self._desk.session is not None:
                self.said.emit(tr("This library is open for reading only."))
            return None
        row = self._desk.row
        if row is None:
            self.said.emit(tr("Choose an item first."))
        return row

    def _state_of(self, row: QueueRow) -> str:
        wait = self._desk.pending.get(row.key)
        return wait.state if wait is not None else str(row.state)

    def _is_drawn(self, row: QueueRow) -> bool:
        return str(row.state) == "manual"

    def _is_edited(self, row: QueueRow) -> bool:
        snapshot = self._desk.snapshot
        found = (snapshot.appearances.get(k) for k in row.keys) if snapshot is not None else ()
        return any(a is not None and a.edited for a in found)

    def _on_orphan(self, row: QueueRow, kind: Verdict) -> None:
        if kind == "reject":
            self.clear()
        elif self._is_drawn(row):
            self.said.emit(tr("A drawn box counts already; X or U takes it away."))
        else:
            self.said.emit(tr("This decision has no place in this run; X or U drops it."))
