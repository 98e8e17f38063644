"""One rung of the ladder: memory first, then sheets, then doubtful signs alone; judged, then put in their places."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from engine.brand_ids import brand_id_of
from engine.decoding import looked_through
from engine.domain.records import (
    Appearance,
    AskedSheet,
    Candidate,
    DetectionSource,
    EscalationPart,
    FrameRecord,
    FramesPart,
    ItemProblem,
    NewBrand,
    Record,
    ScenesPart,
)
from engine.domain.stages import StageName
from engine.escalation.answers import BadAnswer, CellAnswer, Judge, Judgement, borne_out, misread, read_answer
from engine.escalation.asking import Asker, Terms, drive
from engine.escalation.groups import NOT_A_BRAND, Group, alike_together, open_groups
from engine.escalation.question import PROMPT_VERSION, Offers, question_of
from engine.escalation.sheets import Crop, Sheet, best_crops, draw_sheet
from engine.escalation_settings import EscalateCloudSettings, EscalateVlmSettings
from engine.ports import ChatClient
from engine.stage import Context, View
from engine.textfold import fold_compact

Settings = EscalateVlmSettings | EscalateCloudSettings

CAUGHT_IN_A_ROW = 3
"""So many sheets with a named blank cell (or another mark of invention) end the stage."""
LETTERS_OF_A_NAME = 2
LEAST_MISREAD = 2
"""A sheet on which the model reads at least so many plainly written signs, and more than half of them, as something
else than OCR did, is not believed."""


class Remembered(Record, frozen=True, array_like=True):
    """Memory of one sign's pixels: the answers, and whether it was asked alone."""

    answers: tuple[CellAnswer, ...]
    alone: bool = False


@dataclass(slots=True)
class _Sign:
    """A group on its way: its crops (the best first) and what was answered."""

    group: Group
    text_score: float
    crops: list[Crop]
    offers: tuple[str, ...]
    answers: tuple[CellAnswer, ...] = ()
    alone: bool = False
    answered: bool = False

    @property
    def digest(self) -> str:
        return self.crops[0].digest


@dataclass(slots=True)
class _Progress:
    done: float = 0.0
    caught: int = 0
    sheets: list[AskedSheet] = field(default_factory=list)
    problems: list[ItemProblem] = field(default_factory=list)


def groups_of(view: View, before: Sequence[Appearance], settings: Settings) -> tuple[Group, ...]:
    """The questions of this view, the longest on screen first."""
    seconds = {
        k.seq: k.seconds for part in view.all_parts(StageName.FILTER_SCENES, ScenesPart) for k in part.kept
    }
    return open_groups(before, seconds, settings.min_seconds)


def memory_space(provider: str, model: str) -> str:
    """Where answers are remembered: by model and wording; the key is the digest of the sign's pixels."""
    return f"escalation/{PROMPT_VERSION}/{provider or 'local'}/{model}"


class Rung:
    """Asks one model about what is open and returns the stage's result."""

    def __init__(
        self,
        view: View,
        before: Sequence[Appearance],
        settings: Settings,
        ctx: Context,
        source: DetectionSource,
        terms: Terms,
    ) -> None:
        self._view = view
        self._before = tuple(before)
        self._settings = settings
        self._ctx = ctx
        self._source = source
        self._terms = terms
        self._space = memory_space(terms.provider, terms.model)
        self._judge = Judge(view.book, settings.min_confidence)
        self._elsewhere: frozenset[str] = frozenset()
        self._progress = _Progress()

    def run(self, client: ChatClient) -> EscalationPart:
        """Ask what memory doesn't know, under the terms. Raises Cancelled; answers so far are remembered."""
        signs = self._signs()
        reused = self._recall(signs)
        self._ctx.tick(float(reused))
        self._progress.done = float(reused)
        self._compare(signs)
        wanted = [s for s in signs if not s.answered or self._asks_alone(s)]
        stopped, calls, cost, disturbed, answered = "", 0, 0.0, False, reused
        if wanted:
            # One loop, one client: the semaphore and the connections belong to it.
            asker = drive(lambda: self._ask_all(client, signs), lambda: self._ctx.tick(self._progress.done))
            stopped, calls, cost, disturbed = asker.stopped, asker.calls, asker.cost_usd, asker.disturbed
            answered += asker.answered
        if stopped and not answered:
            return EscalationPart(
                appearances=self._before,
                skipped=stopped,
                calls=calls,
                cost_usd=cost,
                lasting=False,
                problems=tuple(self._progress.problems),
                sheets=tuple(self._progress.sheets),
            )
        if stopped:
            self._tell("stopped", stopped)
        appearances, made = self._settled(signs)
        return EscalationPart(
            appearances=appearances,
            calls=calls,
            cost_usd=round(cost, 9),
            reused=reused,
            new_brands=made,
            problems=tuple(self._progress.problems),
            stopped=stopped,
            asked=sum(s.answered for s in signs) - reused,
            sheets=tuple(self._progress.sheets),
            lasting=not disturbed,
        )

    # Before asking ---------------------------------------------------------------------------------

    def _signs(self) -> list[_Sign]:
        view, ctx = self._view, self._ctx
        groups = groups_of(view, self._before, self._settings)
        groups = groups[: self._settings.max_calls * self._settings.crops_per_sheet]
        frames: dict[int, FrameRecord] = {
            f.seq: f for part in view.all_parts(StageName.EXTRACT_FRAMES, FramesPart) for f in part.frames
        }
        offers = Offers(view.book)
        signs: list[_Sign] = []
        for group in sorted(groups, key=lambda g: self._before[g.members[0]].seen[0].seq):
            ctx.tick()
            crops = best_crops(group, self._before, frames, ctx.image, view.source.width)
            if crops:
                score = self._before[group.members[0]].text_score
                signs.append(_Sign(group, score, crops, offers.near(group.text)))
        signs.sort(key=lambda s: (-s.group.seconds, s.group.members))
        return signs

    def _recall(self, signs: Sequence[_Sign]) -> int:
        """Take what memory knows; returns how many signs that answers."""
        known = self._ctx.memo.get_many(self._space, [s.digest for s in signs])
        for sign in signs:
            if sign.digest in known:
                remembered = msgspec.msgpack.decode(known[sign.digest], type=looked_through(Remembered))
                sign.answers, sign.alone, sign.answered = remembered.answers, remembered.alone, True
        return sum(s.answered for s in signs)

    def _remember(self, signs: Sequence[_Sign]) -> None:
        self._ctx.memo.put_many(
            self._space, {s.digest: msgspec.msgpack.encode(Remembered(s.answers, s.alone)) for s in signs}
        )

    # Asking ----------------------------------------------------------------------------------------

    async def _ask_all(self, client: ChatClient, signs: Sequence[_Sign]) -> Asker:
        asker = Asker(client, self._terms, self._tell)
        try:
            fresh = {s.group: s for s in signs if not s.answered}
            order = [fresh[g] for g in alike_together(list(fresh))]
            size = self._settings.crops_per_sheet
            piles = [order[i : i + size] for i in range(0, len(order), size)]
            async with asyncio.TaskGroup() as tasks:
                for pile in piles:
                    tasks.create_task(self._ask_sheet(asker, pile))
            # What is asked alone may take a name back that other signs leaned on: those are then asked alone too.
            tried: set[Group] = set()
            self._compare(signs)
            while doubtful := [s for s in signs if self._asks_alone(s) and s.group not in tried]:
                tried.update(s.group for s in doubtful)
                async with asyncio.TaskGroup() as tasks:
                    for sign in doubtful:
                        tasks.create_task(self._ask_alone(asker, sign))
                self._compare(signs)
        finally:
            await client.close()
        return asker

    def _asks_alone(self, sign: _Sign) -> bool:
        return sign.answered and not sign.alone and self._judged(sign).doubtful

    def _judged(self, sign: _Sign) -> Judgement:
        return self._judge.judge(sign.group.text, sign.text_score, sign.answers, self._elsewhere)

    def _compare(self, signs: Sequence[_Sign]) -> None:
        """Note which names the run bears out: brands that were accepted before, and what signs prove."""
        proven = {self._judged(s).proven for s in signs if s.answered}
        self._elsewhere = borne_out(self._before) | (proven - {""})

    async def _ask_sheet(self, asker: Asker, signs: Sequence[_Sign]) -> None:
        """Ask a sheet; one that shows marks of invention is asked once more in another arrangement."""
        crops = [s.crops[0] for s in signs]
        owners = [self._keys(s) for s in signs]
        offers = [s.offers for s in signs]
        texts = [(s.group.text, s.text_score) for s in signs]
        found = await self._answers(asker, crops, owners, offers, texts)
        if found is None:
            return
        for place, sign in enumerate(signs):
            answer = found.get(place)
            sign.answers = (answer,) if answer is not None else ()
            sign.answered = True
        self._remember(signs)
        self._advance(len(signs))

    async def _ask_alone(self, asker: Asker, sign: _Sign) -> None:
        crops = sign.crops
        owners = [self._keys(sign)] * len(crops)
        found = await self._answers(asker, crops, owners, [sign.offers] * len(crops))
        if found is None:
            return
        sign.answers = tuple(found[place] for place in sorted(found))
        sign.alone = True
        self._remember([sign])

    async def _answers(
        self,
        asker: Asker,
        crops: Sequence[Crop],
        owners: Sequence[tuple[str, ...]],
        offers: Sequence[tuple[str, ...]],
        texts: Sequence[tuple[str, float]] = (),
    ) -> dict[int, CellAnswer] | None:
        """The usable answers by place of the crop, None where there are none. `texts` is what OCR read on each, with
        its score; empty where all are crops of one sign."""
        same_sign = not texts
        for turn in (0, 1):
            async with asker.slots:
                if asker.stopped:
                    return None
                sheet = draw_sheet(crops, turn)
                shown = [owners[c] if c is not None else () for c in sheet.cells]
                offered = [offers[c if c is not None else 0] for c in sheet.cells]
                question = question_of(sheet, offered, same_sign=same_sign)
                where = f"sheet of {len(crops)} signs" if not same_sign else "sign asked alone"
                answer = await asker.ask(question, (sheet.width, sheet.height), where)
            if answer is None:
                return None
            note = {"refusal": "the model declined to answer", "length": "the answer was cut off"}.get(
                answer.end, ""
            )
            found: dict[int, CellAnswer] = {}
            if not note:
                try:
                    found = self._read(answer.text, sheet, texts)
                except BadAnswer as bad:
                    note = str(bad)
            blob = self._ctx.blobs.put(sheet.jpeg)
            self._progress.sheets.append(AskedSheet(blob, tuple(shown), self._terms.model, note))
            if not note:
                self._progress.caught = 0
                return found
            self._tell(where, f"The model's answer was not used: {note}.")
            if answer.end == "refusal":
                return None
        self._progress.caught += 1
        if self._progress.caught >= CAUGHT_IN_A_ROW:
            asker.stop(f"{self._terms.model} gave no usable answers: {note}.")
        return None

    @staticmethod
    def _read(answer: str, sheet: Sheet, texts: Sequence[tuple[str, float]]) -> dict[int, CellAnswer]:
        """The answers by place of the crop. Raises BadAnswer where they can't be used or show marks of invention."""
        numbered = read_answer(answer, sheet)
        found = {c: numbered[n] for n, c in enumerate(sheet.cells, 1) if c is not None and n in numbered}
        if texts:
            others, plain = misread(texts, found)
            if others >= LEAST_MISREAD and 2 * others > plain:
                raise BadAnswer(f"it read something else on {others} of {plain} signs with plain letters")
        return found

    def _keys(self, sign: _Sign) -> tuple[str, ...]:
        return tuple(self._before[i].key for i in sign.group.members)

    def _advance(self, signs: int) -> None:
        self._progress.done += signs
        self._ctx.tick(self._progress.done)

    def _tell(self, where: str, what: str) -> None:
        self._progress.problems.append(ItemProblem(where, what))
        self._ctx.problem(where, what)

    # After asking ----------------------------------------------------------------------------------

    def _settled(self, signs: Sequence[_Sign]) -> tuple[tuple[Appearance, ...], tuple[NewBrand, ...]]:
        changed = list(self._before)
        made: dict[str, NewBrand] = {}
        for sign in signs:
            if not sign.answered:
                continue
            judged = self._judged(sign)
            if judged.kind in ("brand", "review"):
                brand = self._brand(judged, made)
                if brand is None:
                    continue
                for i in sign.group.members:
                    changed[i] = self._named(changed[i], judged, *brand)
            elif judged.kind == "not_a_brand":
                for i in sign.group.members:
                    flags = (*changed[i].flags, NOT_A_BRAND)
                    changed[i] = msgspec.structs.replace(changed[i], flags=flags, reason=self._why(judged))
            elif judged.reason:
                for i in sign.group.members:
                    changed[i] = msgspec.structs.replace(changed[i], reason=self._why(judged))
        return tuple(changed), tuple(made[key] for key in sorted(made))

    def _why(self, judged: Judgement) -> str:
        return f"{self._terms.model}: {judged.reason}"

    def _brand(self, judged: Judgement, made: dict[str, NewBrand]) -> tuple[str, str] | None:
        """Id and name; a name that no book knows becomes a new, unconfirmed brand."""
        if judged.brand_id:
            return judged.brand_id, judged.name
        if sum(c.isalpha() for c in fold_compact(judged.name)) < LETTERS_OF_A_NAME:
            return None
        brand_id = brand_id_of(judged.name)
        brand = made.setdefault(brand_id, NewBrand(brand_id, judged.name, self._source))
        return brand.brand_id, brand.name

    def _named(self, a: Appearance, judged: Judgement, brand_id: str, name: str) -> Appearance:
        """The appearance with the model's answer: counted only as far as a person has confirmed the brand."""
        accepted = judged.kind == "brand"
        candidate = Candidate(
            brand_id, name, round(judged.confidence * 100, 2), "model", judged.reason, a.text
        )
        return msgspec.structs.replace(
            a,
            verdict="accepted" if accepted else "review",
            brand_id=brand_id if accepted else "",
            brand_name=name if accepted else "",
            confidence=round(a.text_score * judged.confidence, 4) if accepted else 0.0,
            source=self._source,
            evidence="model",
            tier="model",
            reason=self._why(judged),
            candidates=(candidate, *a.candidates),
        )


def blobs_of(payload: EscalationPart) -> tuple[str, ...]:
    """The sheets that a result refers to."""
    return tuple(dict.fromkeys(s.image for s in payload.sheets))
