"""Connects the four panes of the review with the run, the video and the keys (the window's `ReviewArea`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, QTimer, Signal

from engine.domain.stages import StageName
from ui.review.arrival import Arrival
from ui.review.box_draft import BoxDraft
from ui.review.canvas_pane import CanvasPane
from ui.review.desk import ReviewDesk
from ui.review.display import Display
from ui.review.inspector import Inspector
from ui.review.keys import handlers
from ui.review.player import Player
from ui.review.preview import Preview
from ui.review.queue_pane import QueuePane
from ui.review.thumbnails import Thumbnails
from ui.review.type_ahead import TypeAhead
from ui.review.verdicts import Verdicts
from ui.review.wanted import Wanted
from ui.text import tr
from ui.timeline.timeline import Timeline
from ui.workspace import Services

if TYPE_CHECKING:
    from app.preferences import PreferenceValues
    from app.results import RunResult
    from app.stored_frames import StoredFrames
    from engine.domain.jobs import DetectJob, SourceAsset
    from engine.events import JobChanged, PartDone

NOTICE_MS = 5000
BEFORE_READING = (StageName.EXTRACT_FRAMES, StageName.FILTER_SCENES, StageName.DETECT_REGIONS)
"""What these stages leave shows nothing new: a chunk appears once its texts are read."""


class Review(QObject):
    """Implements `ui.workspace.ReviewArea`."""

    searched = Signal(str)
    rematch_wanted = Signal(object)
    deciding = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.desk = ReviewDesk(services, self)
        self.player = Player(services.tasks, self)
        self.thumbnails = Thumbnails(services.tasks, self)
        self.queue = QueuePane(services, self.thumbnails)
        self.canvas = CanvasPane(services)
        self.inspector = Inspector(services, self.thumbnails)
        self.timeline = Timeline(services.theme)
        self._end_preferences = services.preferences.listen(self._prefer)
        self._prefer(services.preferences.values)
        self.verdicts = Verdicts(services, self.desk, self.canvas.picker)
        self.display = Display(self)
        self.draft = BoxDraft(self)
        self.previewed = Preview(self)
        self.arrival = Arrival(self)
        self._ahead = TypeAhead(self)
        self._stored: StoredFrames | None = None
        self._handlers = handlers(self)
        self._notice = QTimer(self)
        self._notice.setSingleShot(True)
        self._notice.setInterval(NOTICE_MS)
        self._notice.timeout.connect(self._end_notice)
        self._connect()
        self._enable(False)

    def _connect(self) -> None:
        desk, frame, transport = self.desk, self.canvas.frame, self.canvas.transport
        desk.began.connect(self._began)
        desk.opened.connect(self._opened)
        desk.closed.connect(self._closed)
        desk.deciding.connect(self.deciding)
        self.queue.chosen.connect(desk.choose)
        self.queue.wanted.connect(self._filter)
        self.queue.split_wanted.connect(self._split)
        self.queue.resort_wanted.connect(self._resort)
        self.inspector.split_wanted.connect(self._split)
        self.inspector.candidate_chosen.connect(self.verdicts.choose_candidate)
        self.inspector.frame_only.connect(self._frame_only)
        self.inspector.model.named.connect(self.verdicts.assign)
        self.inspector.model.job = lambda: desk.job.id if desk.job is not None else ""
        frame.box_clicked.connect(partial(desk.choose, seek=False))
        frame.hand.corrected.connect(self._box_corrected)
        transport.bar.sought.connect(lambda time, on: self.player.seek(time, scrubbing=on))
        transport.time_typed.connect(self._go_to)
        transport.left.connect(self._focus_frame)
        self.canvas.picker.closed.connect(self._focus_frame)
        self.timeline.sought.connect(lambda time: self.player.seek(time, scrubbing=True))
        self.timeline.picked.connect(self._picked)
        self.timeline.brand_chosen.connect(self._brand_chosen)
        self.verdicts.said.connect(self.say)
        self.verdicts.leading_on.connect(self._ahead.wait)
        self.verdicts.rematch_wanted.connect(self.rematch_wanted)
        self.services.bridge.jobs.connect(self._jobs_moved)

    # ReviewArea ------------------------------------------------------------------------------------

    def open_run(self, source: SourceAsset, job: DetectJob) -> None:
        self.previewed.end()
        self.arrival.expect(source)
        self.desk.open(source, job)

    def close_run(self) -> None:
        self.arrival.forget()
        self.desk.close()

    def when_stored(self, act: Callable[[], None]) -> None:
        self.desk.when_stored(act)

    def take_back(self, act: Callable[[], None]) -> None:
        self._ahead.take_back(partial(self.desk.when_stored, act))

    def taken_back(self) -> None:
        self._ahead.taken_back()

    def store_waiting(self) -> None:
        self.desk.store_waiting()

    def source_located(self, source: SourceAsset) -> None:
        if self.display.source is None or self.display.source.id != source.id or self._stored is None:
            return
        time = self.player.time
        self.desk.source = self.display.source = source
        self.player.open(source, self._stored)
        self.player.seek(time)
        self._end_notice()

    def parts_done(self, parts: tuple[PartDone, ...]) -> None:
        if not parts or any(part.stage not in BEFORE_READING for part in parts):
            self.desk.refresh_soon()

    def library_changed(self, kinds: frozenset[str], ids: tuple[str, ...], initiator: str) -> None:
        from app.mailbox import LibraryChanged

        if kinds & {"decisions", "brands"}:
            self.desk.changed_elsewhere(LibraryChanged(kinds, ids, initiator))

    def trigger(self, action_id: str) -> None:
        handler = self._handlers.get(action_id)
        if handler is not None and self.desk.session is not None:
            self._ahead.do(handler)

    def hold(self, action_id: str, down: bool) -> None:
        if action_id == "canvas.hide_boxes":
            self.canvas.frame.hide_boxes(down)

    def jump(self, time: int, appearance: str = "") -> None:
        self.arrival.jump(time, appearance)

    def search(self, text: str) -> None:
        self.want(text=text)

    def preview(self, preview: Any | None) -> None:
        self.previewed.show(preview)

    def save_state(self) -> Mapping[str, Any]:
        return {"wanted": self.desk.wanted.saved()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        found = state.get("wanted")
        if isinstance(found, Mapping):
            self.desk.wanted = Wanted.restored(found)
            self.queue.show_filter(self.desk.wanted)

    def save_places(self) -> Mapping[str, Any]:
        self.arrival.remember()
        return self.arrival.places.saved()

    def restore_places(self, stored: Mapping[str, Any]) -> None:
        self.arrival.places.restore(stored)

    def _prefer(self, values: PreferenceValues) -> None:
        self.canvas.frame.show_labels(values.label_boxes)

    def close(self) -> None:
        """Lets go of the video (joins its thread) and of all pixmaps, and ends: here and not whenever Python
        collects garbage, which may be in another thread."""
        self._end_preferences()
        self.player.close()
        self.thumbnails.clear()
        for holder in (self.canvas.frame, self.canvas.transport.bar, self.inspector.crop, self.timeline):
            holder.release()
        for pane in (self.queue, self.canvas, self.inspector, self.timeline):
            if pane.parent() is None:
                pane.deleteLater()
        self.deleteLater()

    # What people ask for ---------------------------------------------------------------------------

    def want(self, **values: Any) -> None:
        """Another filter of the queue."""
        wanted = replace(self.desk.wanted, **values)
        self.queue.show_filter(wanted)
        self._filter(wanted)

    def _filter(self, wanted: Wanted) -> None:
        self.desk.want(wanted)
        self.searched.emit(wanted.text)

    def say(self, words: str) -> None:
        """A quiet word at the foot of the frame, gone after a few seconds."""
        self.canvas.frame.hud.notice = words
        self.canvas.frame.update()
        self._notice.start()

    def _end_notice(self) -> None:
        self.canvas.frame.hud.notice = self.display.lasting_notice()
        self.canvas.frame.update()

    def confirm_selected(self) -> None:
        """Ctrl+Enter."""
        keys = self.queue.selected_keys() or ((self.desk.key,) if self.desk.key else ())
        self.verdicts.confirm_selected(keys)
        self.queue.clear_selection_to_current()

    def step(self, by: int, *, undecided: bool = False) -> None:
        """To another row; says so where there is none."""
        if not self.desk.step(by, undecided=undecided):
            if undecided:
                self.say(tr("Everything in this list is decided."))
            elif self.desk.snapshot is not None and self.desk.snapshot.rows:
                self.say(tr("The end of the list.") if by > 0 else tr("The beginning of the list."))

    def edit_box(self) -> None:
        """E: takes the item's box on this frame in hand."""
        key, polygon = self.display.active()
        if not self.desk.writable:
            self.say(tr("This library is open for reading only."))
        elif polygon is None:
            self.say(tr("The item has no box on this frame; go to one of its frames first."))
        else:
            self.player.stop()
            self.display.leave_tool_after(self.player.picture)
            self.canvas.frame.hand.correct(key, polygon)

    def new_box(self) -> None:
        """N: the next drag draws a box; one that waits for its brand comes before another."""
        if self.desk.writable and self.player.picture is not None:
            self.player.stop()
            self.draft.resume() if self.draft.waits else self.canvas.frame.hand.draw()

    def set_edge(self, *, start: bool) -> None:
        """I and O: the sighting starts or ends on the frame that is shown."""
        key, _ = self.display.active()
        item = self.desk.snapshot.appearances.get(key) if self.desk.snapshot is not None else None
        picture = self.player.picture
        if item is None or picture is None or not self.desk.writable:
            return
        time = picture.time if start else picture.time + self.player.frame_period
        if (time >= item.span.end) if start else (time <= item.span.start):
            self.say(tr("A sighting ends after it starts."))
            return
        self.verdicts.correct(key, start=time if start else None, end=None if start else time)
        self.say(tr("The sighting now starts here.") if start else tr("The sighting now ends here."))

    def play_around(self) -> None:
        """/: from a little before the item to a little after it (how much: Preferences)."""
        key, _ = self.display.active()
        item = self.desk.snapshot.appearances.get(key) if self.desk.snapshot is not None else None
        if item is not None:
            around = round(self.services.preferences.values.play_around_seconds * 1_000_000)
            self.player.play_span(item.span.start - around, item.span.end + around)

    # Slots -----------------------------------------------------------------------------------------

    def _began(self, source: SourceAsset, run: RunResult) -> None:
        """The frames of another source, while its queue is still being made."""
        from app.stored_frames import StoredFrames

        blobs, desk = self.services.container.library.blobs, self.desk
        self.draft.forget()
        self._stored = StoredFrames(blobs, lambda: desk.session.run if desk.session is not None else run)
        self.display.source = source
        self.canvas.frame.clear()
        self.player.open(source, self._stored)

        def read(digest: str) -> bytes:
            from engine.domain.errors import SponsightError

            try:
                return blobs.get(digest)
            except SponsightError:
                return b""

        self.thumbnails.open(read, QSize(source.width, source.height))
        self.timeline.show_all()
        self.arrival.began(source)

    def _opened(self) -> None:
        source, session = self.desk.source, self.desk.session
        assert source is not None and session is not None
        if self.display.source is None or self.display.source.id != source.id:
            self._began(source, session.run)
        self._enable(True)
        self.arrival.opened(source)

    def _closed(self) -> None:
        self.player.close()
        self.draft.forget()
        self.display.clear()
        self._enable(False)

    def _enable(self, on: bool) -> None:
        """Actions of the review do something only while a run is open."""
        for spec in self.services.actions.table:
            if spec.scope == "R":
                self.services.actions[spec.id].setEnabled(on)

    def _jobs_moved(self, events: tuple[JobChanged, ...]) -> None:
        if self.desk.job is not None and any(e.job_id == self.desk.job.id for e in events):
            self.desk.refresh_next()

    def _box_corrected(self, key: str, polygon: Any) -> None:
        if self.player.picture is not None:
            time = self.player.picture.time
            self.display.hold_box(key, time, polygon)
            self.verdicts.correct(key, time=time, polygon=polygon)

    def _frame_only(self, kind: str) -> None:
        key, polygon = self.display.active()
        if polygon is None or self.player.picture is None:
            self.say(tr("The item has no box on this frame; go to one of its frames first."))
        else:
            self.verdicts.frame_only(kind, key, self.player.picture.time)  # type: ignore[arg-type]

    def _go_to(self, time: int) -> None:
        self.player.seek(time)

    def _focus_frame(self) -> None:
        self.canvas.frame.setFocus()

    def _picked(self, key: str, time: int) -> None:
        self.desk.choose(key, seek=False)
        self.player.seek(time)

    def _brand_chosen(self, mark: str) -> None:
        """A row's name in the timeline was clicked: only that brand, clicked again all."""
        brand = mark.removeprefix("T:")
        if brand == self.desk.wanted.brand:
            self.want(brand="", brand_name="")
        elif brand:
            name = (
                next((n for b, n, _ in self.desk.snapshot.brands if b == brand), brand)
                if (self.desk.snapshot is not None)
                else brand
            )
            self.want(brand=brand, brand_name=name)

    def _split(self, key: str) -> None:
        session = self.desk.session
        if session is not None:
            self.services.tasks.call(
                tr("Taking look-alikes apart"), lambda: session.split(key), lambda _: self.desk.rearranged()
            )

    def _resort(self) -> None:
        session = self.desk.session
        if session is not None:
            self.services.tasks.call(
                tr("Sorting the queue"), session.resort, lambda _: self.desk.rearranged()
            )
