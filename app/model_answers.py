"""What models said of a run's signs, the sheets they were asked on, and one sign asked again by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from app.models_service import ModelsService
from app.run_cache import RunCache
from engine.domain.brands import BookSnapshot
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


class _Asked(Record, frozen=True):
    """Of an EscalationPart only what was asked: the appearances aren't decoded."""

    sheets: tuple[AskedSheet, ...] = ()
    reused: int = 0
    calls: int = 0
    skipped: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class SheetShown:
    """A sheet that an appearance was asked on: the JPEG, the numbers of its cells there, the model, and why the
    answer was not used ('' where it was)."""

    jpeg: bytes
    cells: tuple[int, ...]
    model: str
    note: str


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

    def sheets(self, job_id: str, key: str) -> list[SheetShown]:
        """The sheets on which an appearance was asked in this run, the last first."""
        found = [
            SheetShown(
                self._library.blobs.get(sheet.image),
                tuple(n for n, keys in enumerate(sheet.cells, 1) if key in keys),
                sheet.model,
                sheet.note,
            )
            for asked in self._asked(job_id)
            for sheet in asked.sheets
            if any(key in keys for keys in sheet.cells)
        ]
        return found[::-1]

    def reused(self, job_id: str) -> int:
        """How many signs of this run memory answered: nothing was asked or paid for them."""
        return sum(asked.reused for asked in self._asked(job_id))

    def _asked(self, job_id: str) -> list[_Asked]:
        attached = self._library.parts.attached(job_id)
        refs = [attached[stage, JOB_CHUNK] for stage in STAGES if (stage, JOB_CHUNK) in attached]
        return [decode(self._library.parts.payload(ref.key), _Asked) for ref in refs]

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
        from engine.escalation.answers import BadAnswer, Judge, read_answer
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
        book = msgspec.msgpack.decode(self._library.blobs.get(run.job.book_snapshot), type=BookSnapshot)
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
        judged = Judge(book, LEAST_CONFIDENCE).judge(appearance.text, appearance.text_score, answers)
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
