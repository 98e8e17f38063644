"""Matching of texts with a brand book: tiers, spans, context, deny list, digest, batches."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.book_csv import read_book_csv
from engine.confusables import skeleton, weighted_distance
from engine.lexicon import common_words
from engine.matching import (
    Book,
    BookEntry,
    MatchSettings,
    TextBox,
    content_digest,
    deny_defaults,
    join_candidates,
    match_joined,
    match_text,
    match_texts,
)
from engine.textfold import fold, fold_compact, fold_spans
from resources.brands import starter_book
from resources.denylist import default_words

NAMES = {
    "Halvora": (), "Cantabria Labs": (), "Tim": (), "Booking.com": (), "Serie A": (), "Norvik Air": ("Fly Norvik",),
    "Hankook": (), "adidas": (), "Sixt": (), "Wanda": ("万达",), "Intel": (), "Quellmark": (), "Quellmart": (),
}  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.build(
        [BookEntry(name.lower(), name, aliases) for name, aliases in NAMES.items()], ["Tim Stone", "Kasper"]
    )


@pytest.fixture(scope="module")
def starter() -> Book:
    entries = [BookEntry(row.name, row.name, row.aliases) for row in read_book_csv(starter_book()).rows]
    return Book.build(entries, deny_defaults(default_words(), entries))


@pytest.mark.parametrize(
    ("text", "tier", "least", "most"),
    [
        ("HALVORA", "exact", 100, 100),
        ("FLY NORVIK", "alias", 98, 98),
        ("HANK00K", "confusable", 90, 97),
        ("QUELLMARX", "fuzzy", 85, 95),
        ("ntabria labs", "partial", 90, 95),
        ("HANK OOK", "joined", 95, 99),
        ("HANKOOKHANKOOK", "joined", 90, 99),
    ],
)
def test_each_tier_has_its_band_of_scores(
    book: Book, text: str, tier: str, least: float, most: float
) -> None:
    best = match_text(text, book).best
    assert best is not None
    assert best.tier == tier
    assert least <= best.score <= most
    assert best.reason.endswith(".") and best.name in best.reason


def test_spans_point_into_the_raw_text(book: Book) -> None:
    text = "  Sixt   HANK00K – adidas! "
    result = match_text(text, book)
    assert [text[slice(*match.span)] for match in result.several] == ["Sixt", "HANK00K", "adidas"]
    assert [match.brand_id for match in result.several] == ["sixt", "hankook", "adidas"]


def test_two_near_names_go_to_review_with_the_runner_up(book: Book) -> None:
    result = match_text("QUELLMARX", book)
    assert result.verdict == "review"
    assert result.best is not None and result.runner_up is not None
    assert {result.best.brand_id, result.runner_up.brand_id} == {"quellmark", "quellmart"}
    assert match_text("QUELLMART", book).best.brand_id == "quellmart"  # type: ignore[union-attr]
    assert match_text("QUELLMART", book).verdict == "accept"


def test_a_spelling_of_two_brands_only_ever_goes_to_review() -> None:
    book = Book.build([BookEntry("a", "Norvik"), BookEntry("b", "Norvik Air", ("NORVIK",))])
    assert book.shared == ("norvik",)
    result = match_text("Norvik", book)
    assert result.verdict == "review"
    assert result.runner_up is not None


def test_denied_texts(book: Book) -> None:
    assert match_text("KASPER", book).verdict == "denied"
    assert match_text("Kasper 10", book).verdict == "denied"
    assert match_text("Tim Stone", book).verdict == "denied"
    assert match_text("TIM", book).verdict == "accept"
    assert match_text("Kasper Halvora", book).best.brand_id == "halvora"  # type: ignore[union-attr]
    denied = Book.build([BookEntry("h", "Halvora")], ["halvora"])
    assert match_text("HALVORA", denied).verdict == "denied"


def test_default_denied_texts_give_way_to_a_brand_of_that_name() -> None:
    assert deny_defaults(["Goal", "Live"], [BookEntry("g", "GOAL")]) == ("Live",)


def test_context_lowers_the_bar_for_that_brand_only(book: Book) -> None:
    assert match_text("TABRIA", book).verdict != "accept"
    result = match_text("TABRIA", book, context={"cantabria labs"})
    assert result.verdict == "accept" and result.best is not None and result.best.tier == "partial"
    assert match_text("TABRIA", book, context={"hankook"}).verdict != "accept"


def test_a_name_of_five_letters_may_lack_one_only_where_it_was_read_in_full() -> None:
    book = Book.build([BookEntry(n, n, ()) for n in ("1xBet", "Inter", "Intel", "Beko")])
    for text in ("XBET", "1XBE"):
        assert match_text(text, book).verdict == "unresolved"
        result = match_text(text, book, context={"1xBet"})
        assert result.verdict == "accept" and result.best is not None
        assert (result.best.brand_id, result.best.tier) == ("1xBet", "partial")
    for text in ("BET", "EKO", "INTE", "XBEL"):
        assert match_text(text, book, context={"1xBet", "Intel", "Beko"}).verdict != "accept"


def test_a_cut_off_name_may_stand_several_times_in_a_line() -> None:
    book = Book.build([BookEntry(n, n, ()) for n in ("1xBet", "Hankook")])
    for text, brand in (("XBET XBET", "1xBet"), ("ANKOOK ANKOOK ANKOOK", "Hankook")):
        several = match_text(text, book, context={brand}).several
        words = text.split()
        assert [text[slice(*m.span)] for m in several] == words
        assert {(m.brand_id, m.tier, m.verdict) for m in several} == {(brand, "partial", "accept")}


def test_pieces_that_only_together_name_a_brand(book: Book) -> None:
    joined = match_joined(["BOOK", "ING.COM"], book)
    assert joined is not None and joined.best is not None and joined.best.brand_id == "booking.com"
    joined = match_joined(["CANTABRIA", "LABS"], book)
    assert joined is not None and joined.verdict == "accept"
    assert match_joined(["HANKOOK", "LABS"], book) is None
    assert match_joined(["HANKOOK", "HALVORA"], book) is None


def test_boxes_that_may_be_read_together() -> None:
    boxes = [
        TextBox("CANTABRIA", (0, 0, 100, 20)),
        TextBox("LABS", (30, 24, 70, 44)),
        TextBox("far", (400, 0, 440, 20)),
        TextBox(".COM", (104, 2, 130, 20)),
        TextBox("HUGE", (0, 50, 400, 250)),
    ]
    joins = join_candidates(boxes)
    assert ("CANTABRIA LABS") in {join.text for join in joins}
    assert ("CANTABRIA .COM") in {join.text for join in joins}
    assert all(2 not in join.indices and 4 not in join.indices for join in joins)


def test_the_digest_is_of_the_content_alone() -> None:
    a = [BookEntry("1", "Halvora", ("HV", "Hal")), BookEntry("2", "Norvik")]
    b = [BookEntry("x", "Norvik"), BookEntry("y", "Halvora", ("Hal", "HV"))]
    assert content_digest(a, ["x", "y"]) == content_digest(b, ["y", "x"]) == Book.build(a, ["y", "x"]).digest
    assert content_digest(a, []) != content_digest(a, ["x"])
    assert content_digest(a, []) != content_digest([BookEntry("1", "Halvora", ("HV",)), a[1]], [])


def test_bands_are_soft(book: Book) -> None:
    assert match_text("HANK00K", book, MatchSettings(accept=99.0)).verdict == "review"
    assert match_text("HANK00K", book, MatchSettings(accept=99.0, review=98.0)).best is None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=25), max_size=6))
def test_any_text_is_answered_alike_alone_and_in_a_batch(texts: list[str]) -> None:
    book = Book.build([BookEntry(name, name, aliases) for name, aliases in NAMES.items()], ["Kasper"])
    batch = match_texts(texts, book)
    assert batch == [match_text(text, book) for text in texts]
    for text, result in zip(texts, batch, strict=True):
        last = 0
        for match in result.several:
            assert last <= match.span[0] < match.span[1] <= len(text)
            assert 75.0 <= match.score <= 100.0
            last = match.span[1]


@settings(max_examples=60, deadline=None)
@given(
    st.permutations(sorted(NAMES)), st.sampled_from(["QUELLMARX", "HANK0OK sixt", "ntabria labs", "NORVIK"])
)
def test_the_order_of_the_book_changes_nothing(order: list[str], text: str) -> None:
    first = Book.build([BookEntry(name, name, NAMES[name]) for name in sorted(NAMES)])
    other = Book.build([BookEntry(name, name, NAMES[name]) for name in order])
    assert match_text(text, first) == match_text(text, other)


def test_every_name_of_the_starter_book_matches_itself(starter: Book) -> None:
    rows = read_book_csv(starter_book()).rows
    results = match_texts([row.name for row in rows], starter)
    assert {row.name for row in rows} == {
        result.best.brand_id for result in results if result.best is not None and result.verdict == "accept"
    } | {row.name for row, result in zip(rows, results, strict=True) if len(fold_compact(row.name)) < 2}


def test_junk_words_and_phrases_are_hardly_ever_taken_for_brands(starter: Book) -> None:
    rng = random.Random(11)
    words = sorted(common_words())
    own = {form.compact for form in starter.forms}
    junk = [
        "".join(rng.choices("ABCDEFGHIJKLMNOPRSTUVXYZIIOEA015. l", k=rng.randint(2, 14))) for _ in range(3000)
    ]
    phrases = [" ".join(rng.choices(words, k=rng.randint(2, 4))).upper() for _ in range(3000)]
    cut = [word[rng.randint(0, 3) : len(word) - rng.randint(0, 2)].upper() for word in words if len(word) > 6]
    for texts in (junk, phrases, rng.sample(cut, 3000)):
        texts = [text for text in texts if fold_compact(text) not in own]
        wrong = [r.text for r in match_texts(texts, starter) if r.verdict == "accept"]
        assert len(wrong) <= 3, wrong


def test_folding_of_scripts_and_signs() -> None:
    assert fold("Casinò") == fold("CASINO") == "casino"
    assert fold("Ｆｕｌｌ Ｗｉｄｔｈ") == "full width"
    assert fold("Straße ŁÓDŹ Ærø ışık İZMİR") == "strasse lodz aero isik izmir"
    assert fold("أُرامكو") == fold("ارامكو")
    assert fold("Сбербанк ЙОГУРТ Ё") == "сбербанк иогурт е"
    assert fold("H&M Lay’s Canal+ bet365") == "hm lays canalplus bet365"
    assert fold_spans("万达Wanda").tokens == ("万达", "wanda")
    assert fold_spans("FlyEmirates").tokens == ("fly", "emirates")
    assert fold_compact("™®©") == ""


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = fold_spans(text)
    assert len(folded.raw) == len(folded.compact)
    assert list(folded.raw) == sorted(folded.raw)
    assert "".join(folded.tokens) == folded.compact
    assert fold_compact(folded.compact) == folded.compact or not folded.compact.isascii()


def test_what_ocr_confuses_costs_little() -> None:
    assert skeleton("hank00k") == skeleton("hankook")
    assert skeleton("1ntel") == skeleton("intel")
    assert skeleton("sarnsung") == skeleton("samsung")
    assert weighted_distance("sarnsung", "samsung") == pytest.approx(0.35)
    assert weighted_distance("hankok", "hankook") == pytest.approx(0.6)
    assert weighted_distance("inter", "intel") == pytest.approx(1.0)


@settings(max_examples=150, deadline=None)
@given(st.text("abcilmnorvw015", max_size=9), st.text("abcilmnorvw015", max_size=9))
def test_the_weighted_distance_is_a_symmetric_measure_below_plain_edits(a: str, b: str) -> None:
    from rapidfuzz.distance import Levenshtein

    cost = weighted_distance(a, b)
    assert (cost == 0) == (a == b)
    assert cost <= Levenshtein.distance(a, b) + 1e-9
    assert cost == pytest.approx(weighted_distance(b, a))


def test_lines_of_a_slanted_board_are_stacked_as_if_it_lay_level() -> None:
    upper = TextBox("Dune", (100.0, 77.4, 255.0, 101.1), -0.083)
    lower = TextBox("Coffee", (101.0, 94.5, 256.0, 118.1), -0.083)
    assert [j.text for j in join_candidates([upper, lower])] == ["Dune Coffee"]
    beside = TextBox("Coffee", (262.0, 64.3, 410.0, 88.0), -0.083)
    assert [j.text for j in join_candidates([upper, beside])] == ["Dune Coffee"]


def test_words_whose_boxes_overlap_by_half_their_height_are_read_together() -> None:
    first, second = TextBox("Tarvor", (544, 260, 784, 320)), TextBox("Tools", (760, 262, 914, 316))
    assert [j.text for j in join_candidates([first, second])] == ["Tarvor Tools"]
    inside = TextBox("Tools", (740, 262, 894, 316))
    assert not join_candidates([first, inside])


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_plain_letters_fold_the_short_way_to_the_same(text):
    assert fold_compact(text) == fold_spans(text).compact
