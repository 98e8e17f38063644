"""Grouping, sheets, the schema check, the judge, prices: the pure parts of the ladder."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.cv import cv2
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.geometry import rectangle
from engine.domain.records import Appearance, Seen
from engine.escalation.answers import BadAnswer, CellAnswer, Judge, agreement, misread, read_answer
from engine.escalation.budget import Price, actual_cost, picture_tokens, worst_case
from engine.escalation.groups import NOT_A_BRAND, alike_together, distance, open_groups
from engine.escalation.places import is_local
from engine.escalation.question import Offers, question_of
from engine.escalation.sheets import CELL, Crop, cell_corner, draw_sheet, grid_of
from engine.ports import ChatAnswer
from resources.brands import starter_book
from tests.escalation_server import INVENTED

BOOK = BookSnapshot(
    (BookEntry("b1", "Halvora", ("halvora.com",)), BookEntry("b2", "Lumeria Bank", ("Lumeria",))),
    deny=("matchday",),
)


def appearance(
    text: str, seqs: range, look: str = "", verdict: Any = "unresolved", **more: Any
) -> Appearance:
    seen = tuple(Seen(q, rectangle(10, 10, 110, 30), 0.9, 0.95, "read", 100.0) for q in seqs)
    return Appearance(
        key=f"{text}-{seqs.start}",
        surface="scene",
        text=text,
        text_score=0.95,
        verdict=verdict,
        seen=seen,
        members=((0, seqs.start),),
        look=look,
        **more,
    )


def crops(count: int) -> list[Crop]:
    rng = np.random.default_rng(5)
    return [
        Crop(rng.integers(0, 255, (40, 60 + 30 * i, 3)).astype(np.uint8), f"{i:064x}") for i in range(count)
    ]


# Groups --------------------------------------------------------------------------------------------------


def test_one_text_is_one_question_the_longest_on_screen_first() -> None:
    found = [
        appearance("Zentrika", range(2), "00000000000000ff"),
        appearance("Polvaro", range(6), "ff00ff00ff00ff00"),
        appearance("ZENTRIKA", range(10, 13), "f0f0f0f0f0f0f0f0"),
        appearance("Accepted", range(9), verdict="accepted"),
        appearance("RESPECT", range(9), flags=(NOT_A_BRAND,)),
    ]
    groups = open_groups(found, dict.fromkeys(range(20), 0.5), 0.0)
    assert [g.members for g in groups] == [(1,), (2, 0)]
    assert [g.seconds for g in groups] == [3.0, 2.5]


def test_nearly_equal_looks_with_alike_texts_are_one_question() -> None:
    found = [
        appearance("Zentrika", range(4), "00000000000000ff"),
        appearance("Zentrlka", range(4, 6), "000000000000007f"),
        appearance("Polvaro", range(6, 8), "00000000000000ff"),
    ]
    groups = open_groups(found, dict.fromkeys(range(20), 0.5), 0.0)
    assert sorted(g.members for g in groups) == [(0, 1), (2,)]


def test_short_texts_must_look_alike_too() -> None:
    found = [
        appearance("AK", range(2), "ffffffffffffffff"),
        appearance("AK", range(2, 4), "0000000000000000"),
    ]
    assert len(open_groups(found, dict.fromkeys(range(9), 0.5), 0.0)) == 2


def test_what_is_seen_too_briefly_is_not_asked() -> None:
    found = [appearance("Zentrika", range(1)), appearance("Polvaro", range(1, 5))]
    groups = open_groups(found, dict.fromkeys(range(9), 0.5), 1.0)
    assert [g.text for g in groups] == ["Polvaro"]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30))
def test_ordering_by_look_keeps_every_group(looks: list[int]) -> None:
    found = [
        appearance(f"name number {i}x{i}", range(i, i + 1), f"{look:016x}") for i, look in enumerate(looks)
    ]
    groups = open_groups(found, dict.fromkeys(range(60), 0.5), 0.0)
    assert sorted(g.members for g in alike_together(groups)) == sorted(g.members for g in groups)


def test_distance_of_looks_counts_bits() -> None:
    assert distance("0000000000000000", "0000000000000003") == 2
    assert distance("", "0000000000000003") == 64


# Sheets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5, 15])
def test_a_sheet_holds_every_crop_once_and_a_blank_cell(count: int) -> None:
    made = crops(count)
    sheet = draw_sheet(made)
    assert sorted(c for c in sheet.cells if c is not None) == list(range(count))
    assert sheet.cells.count(None) == 1
    picture: Any = cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (sheet.height, sheet.width)
    columns, rows = grid_of(count + 1)
    assert columns <= 4 and rows <= 4
    x, y = cell_corner(sheet.blank, columns)
    assert picture[y + 8 : y + CELL - 8, x + 8 : x + CELL - 8].std(axis=(0, 1)).max() < 12


def test_another_turn_moves_the_cells_and_the_same_crops_give_the_same_sheet() -> None:
    made = crops(6)
    assert draw_sheet(made).jpeg == draw_sheet(made).jpeg
    assert draw_sheet(made, 1).cells != draw_sheet(made).cells


# Answers -------------------------------------------------------------------------------------------------


def cell(number: int, **more: Any) -> dict[str, Any]:
    plain = {
        "visible_text": "",
        "brand": "UNREADABLE",
        "other_name": "",
        "evidence": "none",
        "confidence": 0.1,
    }
    return {"cell": number, **plain, **more}


def named(number: int, brand: str, text: str, **more: Any) -> dict[str, Any]:
    return cell(number, brand=brand, visible_text=text, evidence="text", confidence=0.9, **more)


def test_an_answer_is_found_in_prose_and_fences() -> None:
    sheet = draw_sheet(crops(2))
    number = next(n for n, c in enumerate(sheet.cells, 1) if c == 0)
    body = json.dumps({"cells": [named(number, "Halvora", "Halvora"), cell(sheet.blank)]})
    for text in (
        body,
        f"Sure {{!}}\n```json\n{body}\n```",
        f"[1, 2] {body} done",
        json.dumps(json.loads(body)["cells"]),
    ):
        assert read_answer(text, sheet)[number].brand == "Halvora"


def test_other_takes_the_name_beside_it_and_nonsense_is_unreadable() -> None:
    sheet = draw_sheet(crops(3))
    free = [n for n, c in enumerate(sheet.cells, 1) if c is not None]
    cells = [
        named(free[0], "OTHER", "Zentrika", other_name=" Zentrika  AG "),
        named(free[1], "OTHER", "x", other_name=""),
        named(free[2], "x" * 90, "x"),
    ]
    read = read_answer(json.dumps({"cells": cells}), sheet)
    assert [read[n].brand for n in free] == ["Zentrika AG", "UNREADABLE", "UNREADABLE"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([named(99, "Halvora", "Halvora")], "not on the sheet"),
        ([cell(1), cell(1)], "twice"),
        ([{"cell": 1}], "not the JSON"),
        ("none at all", "not the JSON"),
    ],
)
def test_an_answer_that_breaks_the_rules_is_refused_with_the_reason(cells: Any, why: str) -> None:
    with pytest.raises(BadAnswer, match=why):
        read_answer(json.dumps({"cells": cells}), draw_sheet(crops(3)))


def test_a_name_in_the_blank_cell_fails_the_sheet() -> None:
    sheet = draw_sheet(crops(3))
    for invented in (named(sheet.blank, "Halvora", ""), cell(sheet.blank, visible_text="SALE")):
        with pytest.raises(BadAnswer, match="blank cell"):
            read_answer(json.dumps({"cells": [invented]}), sheet)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    sheet = draw_sheet(crops(1))
    try:
        found = read_answer(text, sheet)
    except BadAnswer:
        return
    assert set(found) <= {1, 2}


# Judge ---------------------------------------------------------------------------------------------------


def said(brand: str, text: str, evidence: Any = "text", confidence: float = 0.95) -> CellAnswer:
    return CellAnswer(text, brand, evidence, confidence)


@pytest.mark.parametrize(
    ("read", "answers", "kind", "name"),
    [
        ("HALVORA", [said("Halvora", "HALVORA")], "brand", "Halvora"),
        ("lumeria b", [said("Lumeria Bank", "Lumeria Bank")], "brand", "Lumeria Bank"),
        ("Zentrika", [said("Zentrika", "ZENTRIKA")], "brand", "Zentrika"),
        ("Zentrika", [said("Halvora", "Halvora")], "open", "Halvora"),
        ("Zentrika", [said("Quarnel", "QUARNEL", confidence=1.0)], "open", "Quarnel"),
        ("Zentrika", [said("Quarnel", "", "symbol", 1.0)], "open", "Quarnel"),
        ("@@", [said("Halvora", "", "symbol")], "review", "Halvora"),
        ("@@", [said("Quarnel", "", "symbol")], "open", "Quarnel"),
        ("Zentrika", [said("Zentrika", "Zentrika", confidence=0.2)], "open", "Zentrika"),
        ("Zentrika", [said("Zentrika", "Zentrika", "none")], "open", "Zentrika"),
        ("MATCHDAY", [said("Matchday", "MATCHDAY")], "not_a_brand", ""),
        ("GATE 7", [said("NOT_A_BRAND", "GATE 7")], "not_a_brand", ""),
        ("GATE 7", [said("UNREADABLE", "")], "open", ""),
        ("Zentrika", [], "open", ""),
    ],
)
def test_a_name_counts_only_as_far_as_ocr_bears_it_out(
    read: str, answers: list[CellAnswer], kind: str, name: str
) -> None:
    judged = Judge(BOOK, 0.6).judge(read, 0.95, answers)
    assert (judged.kind, judged.name) == (kind, name)
    assert kind == "brand" or judged.kind != "brand"


@pytest.mark.parametrize(
    ("read", "name", "elsewhere", "kind"),
    [
        # 'Etio' is three quarters of 'enti': too little for a name that nothing else speaks for.
        ("Etio", "Blentivo", (), "open"),
        ("Van", "Vanguard", (), "open"),
        ("Gren", "Grendo Labs", (), "open"),
        ("Gren", "Grendo Labs", ("grendolabs",), "brand"),
        ("III Grend", "Grendo Labs", ("grendolabs",), "brand"),
        ("Wexm", "Grendo Labs", ("grendolabs",), "open"),
        ("Halv", "Halvora", (), "review"),
        ("Halv", "Halvora", ("halvora",), "brand"),
        ("KVQ", "KVQ", (), "brand"),
        ("Grendo", "Grendo Labs", (), "brand"),
        ("Zentrlka", "Zentrika", (), "brand"),
    ],
)
def test_a_few_letters_need_other_signs_that_bear_the_name_out(
    read: str, name: str, elsewhere: tuple[str, ...], kind: str
) -> None:
    judged = Judge(BOOK, 0.6).judge(read, 0.95, [said(name, name.upper())] * 3, elsewhere)
    assert judged.kind == kind
    assert judged.doubtful == (kind != "brand")
    assert (judged.proven != "") == (kind == "brand" and not elsewhere)


def test_a_model_that_names_at_random_has_no_chance() -> None:
    """Every name of the starter book on every text that a demo leaves open: what is kept can be read on the sign."""
    texts = ["SPC", "AKVQ", "WES", "STAND NORTH", "1I", "AK", "Eti", "pa", "III Grend", "Labs", "Etio", "Van"]
    texts += ["K. Brandvold", "Sporting Calda", "Enó", "ay", "Tuskline", "Grendo Labs", "GATE 7", "Wexmo"]
    names = [*INVENTED, *(row["name"] for row in csv.DictReader(io.StringIO(starter_book().decode())))]
    judge = Judge(BookSnapshot(()), 0.6)
    kept = {
        (text, name)
        for text in texts
        for name in names
        for evidence in ("text", "symbol", "both")
        if judge.judge(text, 1.0, [said(name, name.upper(), evidence, 1.0)] * 3).kind != "open"
    }
    assert kept <= {("Eti", "Eti"), ("Sporting Calda", "Sport1")}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (("ZENTRIKA", "POLVARO", "WEXMOOR", "GATE 7"), (0, 3)),
        (("QUARNEL", "ZYPHORA", "LUMBREX", "VEKKARI"), (3, 3)),
        (("QUARNEL", "Polvaro", "", "VEKKARI"), (1, 2)),
    ],
)
def test_what_a_model_reads_is_held_against_plain_letters(
    seen: tuple[str, ...], expected: tuple[int, int]
) -> None:
    texts = [("Zentrika", 0.99), ("Polvaro", 0.95), ("Wexmoor", 0.93), ("GATE 7", 0.6)]
    answers = {place: said("OTHER", text) for place, text in enumerate(seen)}
    assert misread(texts, answers) == expected


def test_crops_that_disagree_lower_the_confidence() -> None:
    judge = Judge(BOOK, 0.6)
    whole = judge.judge("Zentrika", 0.95, [said("Zentrika", "Zentrika")] * 3)
    split = judge.judge("Zentrika", 0.95, [said("Zentrika", "Zentrika")] * 2 + [said("Polvaro", "Polvaro")])
    assert whole.confidence > split.confidence
    assert whole.confidence <= 0.95


@given(st.text(alphabet="abcdefgh", max_size=12), st.text(alphabet="abcdefgh", max_size=12))
def test_agreement_is_a_symmetric_share(a: str, b: str) -> None:
    assert 0 <= agreement(a, b) <= 1
    assert agreement(a, b) == pytest.approx(agreement(b, a))
    if len(a) >= 5:
        assert agreement(a, a) == 1


def test_the_nearest_known_brands_are_offered() -> None:
    assert Offers(BOOK).near("HALVORA.CO")[0] == "Halvora"
    assert Offers(BookSnapshot(())).near("x") == ()


# Money ---------------------------------------------------------------------------------------------------


def test_the_worst_case_bounds_what_models_count() -> None:
    sheet = draw_sheet(crops(15))
    question = question_of(sheet, [("Halvora",)] * 16)
    size = (sheet.width, sheet.height)
    price = Price(1.0, 4.0, "test")
    # Anthropic: width × height / 750; OpenAI: 85 + 170 a tile of 512, for 4o-mini 2833 + 5667.
    tiles = 4
    assert picture_tokens(*size, "any") >= sheet.width * sheet.height / 750
    assert picture_tokens(*size, "any") >= 85 + 170 * tiles
    assert picture_tokens(*size, "gpt-4o-mini") >= 2833 + 5667 * tiles
    assert worst_case(question, size, "any", price) >= price.cost(len(question.text) / 4, question.max_tokens)


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [((1000, 100), 0.0014), ((None, 100), None), ((0, 100), None), ((1000, 0), None), ((-1, -1), None)],
)
def test_usage_that_can_not_be_true_is_not_believed(
    tokens: tuple[int | None, int | None], cost: float | None
) -> None:
    answer = ChatAnswer(text="x", input_tokens=tokens[0], output_tokens=tokens[1])
    assert actual_cost(answer, Price(1.0, 4.0, "test")) == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.7/v1", True),
        ("http://workstation:8000/v1", True),
        ("http://gpu.lan/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
        ("https://127.0.0.1.example.org/v1", False),
        ("https://user@example.org/v1", False),
        ("nonsense", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine_or_network(endpoint: str, local: bool) -> None:
    assert is_local(endpoint) == local
