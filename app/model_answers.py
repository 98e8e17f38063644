"""What models said of a run's signs, the sheets they were asked on, and one sign asked again by hand."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from app.frozen import frozen_book
from app.models_service import ModelsService
from app.run_cache import RunCache
from engine.domain.errors import Conflict, UserFixable
from engine.domain.records import AskedSheet, Record
from engine.domain.stages import StageName
from engine.ports import JOB_CHUNK, ChatTarget
from engine.stage import decode
from storage.library import Library

if TYPE_CHECKING:
    from engine.domain.records import FrameRecord
    from engine.escalation.sheets import Pixels

STAGES = (StageName.ESCALATE_VLM, StageName.ESCALATE_CLOUD)
TIMEOUT = 60.0
LEAST_CONFIDENCE = 0.6
PARTS_AT_HAND = 16


class _Asked(Record, frozen=True):
    """Of an EscalationPart only what was asked: the appearances aren't decoded."""

    sheets: tuple[AskedSheet, ...] = ()
    asked: int = 0
    reused: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class SheetShown:
    """A sheet that an appearance was asked on: the JPEG, the numbers of its cells there, the model, and why the
    answer was not used ('' where it was). `earlier`: it was asked in another run of the source, and this run took the
    answer from memory."""

    jpeg: bytes
    cells: tuple[int, ...]
    model: str
    note: str
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What asking models took in a run so far: calls to the local and the cloud model, USD spent in the cloud (what
    is set aside for calls under way counts) and its budget, and how many answers were there from before."""

    job_id: str
    local_calls: int
    cloud_calls: int
    spent_usd: float
    budget_usd: float
    reused: int


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """One sign asked by hand: the judged name ('' none), the brand's id where the book knows it, the words for a
    person, and the sheet. `counts` says that OCR bears the name out."""

    name: str
    brand_id: str
    counts: bool
    confidence: float
    words: str
    sheet: SheetShown
    seconds: float


class ModelAnswers:
    """Reads what the escalation stages left behind. Methods block; a window calls them off its own thread."""

    def __init__(self, library: Library, models: ModelsService, runs: RunCache) -> None:
        self._library = library
        self._models = models
        self._runs = runs
        self._at_hand: dict[str, _Asked] = {}
        self._lock = threading.Lock()

    def sheets(self, job_id: str, key: str) -> list[SheetShown]:
        """The sheets on which an appearance was asked in this run, the last first; where memory answered, those of
        the newest other run of the source that asked."""
        found = self._sheets_of(job_id, key)
        if found:
            return found
        job = self._library.jobs.get(job_id)
        models = {job.settings.get(str(stage), {}).get("model") for stage in STAGES}
        for other in self._library.jobs.of_source(job.source_asset_id):
            found = [s for s in self._sheets_of(other.id, key) if s.model in models]
            if found:
                return [replace(sheet, earlier=True) for sheet in found]
        return []

    def _sheets_of(self, job_id: str, key: str) -> list[SheetShown]:
        found = [
            SheetShown(
                self._library.blobs.get(sheet.image),
                tuple(n for n, keys in enumerate(sheet.cells, 1) if key in keys),
                sheet.model,
                sheet.note,
            )
            for asked, _ in self._asked(job_id)
            for sheet in asked.sheets
            if any(key in keys for keys in sheet.cells)
        ]
        return found[::-1]

    def use(self, job_id: str) -> ModelUse:
        """What asking models took in this run, as far as it has come."""
        job = self._library.jobs.get(job_id)
        parts = self._asked(job_id)
        cloud = job.settings.get(str(StageName.ESCALATE_CLOUD), {})
        return ModelUse(
            job_id,
            local_calls=sum(a.calls for a, stage in parts if stage == STAGES[0] and self._ran(job_id, stage)),
            cloud_calls=self._library.budget.calls(job_id),
            spent_usd=self._library.budget.spent(job_id),
            budget_usd=float(cloud.get("budget_usd", 0.0)),
            reused=sum(a.reused + (0 if self._ran(job_id, stage) else a.asked) for a, stage in parts),
        )

    def _ran(self, job_id: str, stage: StageName) -> bool:
        """Whether this run asked by itself: one that uses a stored result again spent nothing on it."""
        done = self._library.jobs.checkpoints(job_id)
        return all(c.stats.get("outcome") != "reused" for c in done if c.stage == stage)

    def _asked(self, job_id: str) -> list[tuple[_Asked, StageName]]:
        attached = self._library.parts.attached(job_id)
        refs = [(attached[stage, JOB_CHUNK], stage) for stage in STAGES if (stage, JOB_CHUNK) in attached]
        return [(self._known(ref.key), stage) for ref, stage in refs]

    def _known(self, part: str) -> _Asked:
        """What a part says was asked; the latest few stay at hand, for a window asks for them several times a
        second while a run is going."""
        with self._lock:
            found = self._at_hand.pop(part, None)
            if found is not None:
                self._at_hand[part] = found
                return found
        found = decode(self._library.parts.payload(part), _Asked)
        with self._lock:
            self._at_hand[part] = found
            while len(self._at_hand) > PARTS_AT_HAND:
                self._at_hand.pop(next(iter(self._at_hand)))
        return found

    def local_target(self, job_id: str) -> ChatTarget:
        """The local model of one's choice, else that of the run; UserFixable where there is none."""
        choices = self._models.choices
        endpoint, model = choices.vlm_endpoint, choices.vlm_model
        if not (endpoint and model):
            settings = self._library.jobs.get(job_id).settings.get(str(StageName.ESCALATE_VLM), {})
            endpoint, model = str(settings.get("endpoint", "")), str(settings.get("model", ""))
        if not (endpoint and model):
            raise UserFixable(
                "No local model is chosen.",
                still_works="Nothing was asked.",
                to_do="Choose one in Preferences, Models.",
            )
        from engine.escalation.places import is_local

        if not is_local(endpoint):
            raise UserFixable(
                f"{endpoint} is not on this machine or network.",
                still_works="Nothing was sent.",
                to_do="Choose a local endpoint in Preferences, Models.",
            )
        return ChatTarget(protocol="openai", provider="", endpoint=endpoint, model=model, timeout=TIMEOUT)

    def ask_one(self, job_id: str, key: str) -> OneAnswer:
        """Ask the local model about one appearance, alone on a sheet with up to three of its crops. The answer is
        remembered for replays; nothing is decided. Raises UserFixable, Conflict or ModelTrouble."""
        from engine.escalation.answers import BadAnswer, Judge, borne_out, read_answer
        from engine.escalation.asking import drive
        from engine.escalation.groups import Group
        from engine.escalation.ladder import Remembered, memory_space
        from engine.escalation.question import Offers, question_of
        from engine.escalation.sheets import best_crops, draw_sheet
        from engine.ports import ChatAnswer

        target = self.local_target(job_id)
        run = self._runs.get(job_id)
        appearance = run.by_key.get(key)
        if appearance is None:
            raise Conflict("This item was drawn by a person: there is nothing to ask.", still_works="")
        group = Group((0,), appearance.text, appearance.look, 0.0)
        crops = best_crops(group, (appearance,), run.frames, self._image, run.source.width)
        if not crops:
            raise Conflict("None of its frames is stored any more.", still_works="Nothing was asked.")
        book = frozen_book(self._library.blobs, run.job)
        sheet = draw_sheet(crops)
        offers = Offers(book).near(appearance.text)
        question = question_of(sheet, [offers] * len(sheet.cells), same_sign=True)
        client = self._models.connect(target)

        async def work() -> ChatAnswer:
            try:
                return await client.ask(question)
            finally:
                await client.close()

        started = time.monotonic()
        answer = drive(work, lambda: None)
        seconds = time.monotonic() - started
        numbers = tuple(n for n, c in enumerate(sheet.cells, 1) if c is not None)
        try:
            cells = read_answer(answer.text, sheet)
        except BadAnswer as bad:
            shown = SheetShown(sheet.jpeg, numbers, target.model, str(bad))
            words = f"{target.model} gave no usable answer: {bad}."
            return OneAnswer("", "", False, 0.0, words, shown, seconds)
        answers = tuple(cells[n] for n in sorted(cells))
        remembered = msgspec.msgpack.encode(Remembered(answers, alone=True))
        self._library.memo.put_many(memory_space("", target.model), {crops[0].digest: remembered})
        elsewhere = borne_out(a for a in run.appearances if a.key != key)
        judged = Judge(book, LEAST_CONFIDENCE).judge(
            appearance.text, appearance.text_score, answers, elsewhere
        )
        shown = SheetShown(sheet.jpeg, numbers, target.model, "")
        if judged.kind == "not_a_brand":
            words = f"{target.model}: no brand."
        elif judged.name:
            words = f"{target.model}: {judged.name} ({judged.reason})."
        else:
            words = f"{target.model}: {judged.reason}."
        return OneAnswer(
            judged.name, judged.brand_id, judged.kind == "brand", judged.confidence, words, shown, seconds
        )

    def _image(self, frame: FrameRecord) -> Pixels:
        import numpy as np

        from engine.adapters.cv import cv2

        decoded = cv2.imdecode(
            np.frombuffer(self._library.blobs.get(frame.image), np.uint8), cv2.IMREAD_COLOR
        )
        if decoded is None:
            raise Conflict("A stored frame can't be decoded.", still_works="Nothing was asked.")
        return decoded
