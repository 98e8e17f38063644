"""Votes over readings, and how much of a sign is read before its text counts as settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engine.alternatives import Steps, packed
from engine.crops import Shown, best_first, stretches
from engine.reading import AROUND, BEYOND, LOWER, UPPER, WHOLE, ReadCrops, ReadingRules, Wanted, read_signs
from engine.voting import Vote, alike, sure_core, vote

RULES = ReadingRules(sure=0.97, crops=3, check_seconds=4.0)


def reading(text: str, score: float = 0.9) -> Vote:
    return Vote(text, tuple(score for _ in text))


def test_places_are_voted_on_one_by_one() -> None:
    votes = [reading("CARI8BANK", 0.8), reading("CARIBBANK", 0.9), reading("CAR1BBANK", 0.85)]
    assert vote(votes).text == "CARIBBANK"


def test_a_view_that_shows_less_of_a_sign_leaves_out_no_letters_at_its_ends() -> None:
    whole, cut = reading("os Tools", 0.98), [Vote("ols", (0.99,) * 3, inside=0.4)] * 2
    voted = vote([whole, *cut])
    assert voted.text == "os Tools" and voted.others == (), "a piece of the text is no rival of it"
    assert vote([whole, reading("ols", 0.99), reading("ols", 0.99)]).text == "ols"
    start = Vote("Lum", (0.99,) * 3, inside=0.5)
    assert vote([reading("Lumeri"), start, start]).text == "Lumeri"


def test_a_view_that_shows_less_of_a_sign_still_votes_on_the_letters_that_it_shows() -> None:
    cut = Vote("nabet", (0.99,) * 5, inside=0.7)
    assert vote([Vote("Fonatbet", (0.9,) * 8), cut, cut]).text == "Fonabet"


def test_unlike_readings_stay_among_the_others() -> None:
    voted = vote([reading("emirates", 0.99), reading("emirates", 0.98), reading("FLY", 0.7)])
    assert voted.text == "emirates" and voted.score > 0.98
    assert [o[0] for o in voted.others] == ["FLY"]


def test_nothing_read_is_no_text() -> None:
    assert vote([]).text == "" and vote([Vote("", ())]).score == 0.0


def test_a_logo_read_as_a_letter_leaves_a_sure_core() -> None:
    core = sure_core(Vote("EDHL", (0.6, 0.99, 0.99, 0.98)))
    assert core is not None and core.text == "DHL"
    assert sure_core(Vote("EDHL", (0.97, 0.99, 0.99, 0.98))) is None
    assert sure_core(Vote("DHL", (0.5, 0.99, 0.98))) is None
    assert any(o[0] == "DHL" for o in vote([Vote("EDHL", (0.6, 0.99, 0.99, 0.98))]).others)


@given(
    st.lists(
        st.tuples(st.text("ABCabc1 ", min_size=1, max_size=12), st.floats(0.05, 1.0)), min_size=1, max_size=6
    )
)
def test_votes_do_not_depend_on_their_order_and_scores_stay_in_range(items: list[tuple[str, float]]) -> None:
    votes = [reading(t, round(s, 3)) for t, s in items]
    voted = vote(votes)
    assert 0.0 <= voted.score <= 1.0
    assert all(0.0 <= o[1] <= 1.0 and 0.0 <= o[2] <= 1.0001 for o in voted.others)
    assert {o[0] for o in voted.others} == {o[0] for o in vote(votes[::-1]).others} or len(votes) > 5


@given(st.text("ABCDEF", min_size=3, max_size=10))
def test_a_text_is_alike_to_itself_and_to_its_pieces(text: str) -> None:
    assert alike(text, text) == 100.0
    assert alike(text, text[:3]) >= 90.0
    assert alike(text, "") == 0.0


def shown(seconds: float, height: float = 20, clarity: float = 100, detected: bool = True) -> Shown:
    return Shown(seconds, height, clarity, 1.0, detected)


def test_large_sharp_whole_and_detected_crops_come_first() -> None:
    crops = [shown(0, height=10), shown(1, height=30), shown(2, 30, clarity=20), shown(3, 30, 100, False)]
    assert best_first(crops)[0] == 1
    assert best_first([Shown(0, 30, 100, 0.4, True), shown(1, 25)])[0] == 1


def test_a_sign_that_leaves_the_picture_keeps_what_was_read_of_it_before() -> None:
    said = {(0, i, WHOLE): Said("ols", 0.99) for i in (1, 2)}
    reader = Book(said, Said("os Tools", 0.98)).reader()
    leaving = [Shown(i / 2, 20, 100, inside, True) for i, inside in enumerate((0.8, 0.5, 0.4))]
    (sign,) = read_signs([leaving], None, reader, RULES)
    assert sign.voted.text == "os Tools"


def test_stretches_cut_long_signs_evenly() -> None:
    assert [len(p) for p in stretches([shown(t / 2) for t in range(17)], 4.0)] == [8, 9]
    assert stretches([shown(1.0)], 4.0) == [[0]]


@dataclass(frozen=True)
class Said:
    text: str
    score: float

    @property
    def scores(self) -> tuple[float, ...]:
        return tuple(self.score for _ in self.text)

    @property
    def steps(self) -> Steps:
        return packed([{letter: self.score} for letter in self.text])


class Book:
    """Answers by (sign, showing, part), and what was asked."""

    def __init__(self, answers: dict[Wanted, Said], default: Said) -> None:
        self.answers, self.default = answers, default
        self.asked: list[Wanted] = []

    def reader(self) -> ReadCrops:
        def read(wanted: Sequence[Wanted]) -> list[Said]:
            self.asked += wanted
            return [self.answers.get(w, self.default if w[2] == WHOLE else Said("", 0)) for w in wanted]

        return read


def test_two_sure_quick_readings_settle_a_sign() -> None:
    quick, strong = Book({}, Said("HANKOOK", 0.99)), Book({}, Said("", 0))
    (sign,) = read_signs([[shown(t / 2) for t in range(6)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "HANKOOK" and len(quick.asked) == 2
    assert [w for w in strong.asked if w[2] == WHOLE] == []
    assert sign.passed_on == tuple(range(6))


def test_an_unsure_sign_is_read_by_the_strong_reader_until_two_agree() -> None:
    quick, strong = Book({}, Said("HAN0OK", 0.6)), Book({}, Said("HANKOOK", 0.95))
    (sign,) = read_signs([[shown(t / 2) for t in range(6)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "HANKOOK"
    assert len([w for w in strong.asked if w[2] == WHOLE]) == 2


def test_two_equal_quick_readings_settle_a_sign_though_they_are_a_little_less_sure() -> None:
    quick, strong = Book({}, Said("HANKOOK", 0.88)), Book({}, Said("", 0))
    (sign,) = read_signs([[shown(t / 2) for t in range(6)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "HANKOOK" and [w for w in strong.asked if w[2] == WHOLE] == []
    unlike = Book({(0, 1, WHOLE): Said("HANK0OK", 0.88)}, Said("HANKOOK", 0.88))
    read_signs([[shown(t / 2) for t in range(6)]], unlike.reader(), strong.reader(), RULES)
    assert [w for w in strong.asked if w[2] == WHOLE]


def test_of_signs_that_seem_to_say_the_same_one_is_read_and_bears_out_the_others() -> None:
    signs = [[shown(0)], [shown(0)], [shown(0)]]
    said = {(0, 0, WHOLE): Said("HANKOOK", 0.8), (1, 0, WHOLE): Said("HANKOOK", 0.9)}
    quick = Book({**said, (2, 0, WHOLE): Said("HANK00K", 0.8)}, Said("", 0))
    strong = Book({}, Said("HANKOOK", 0.97))
    texts = [s.voted.text for s in read_signs(signs, quick.reader(), strong.reader(), RULES)]
    assert texts == ["HANKOOK"] * 3
    assert {n for n, _, part in strong.asked if part == WHOLE} == {1, 2}


def test_signs_that_seem_to_say_the_same_are_all_read_where_the_first_says_something_else() -> None:
    signs = [[shown(0)], [shown(0)]]
    quick = Book({(1, 0, WHOLE): Said("HANKOOK", 0.8)}, Said("HANKOOK", 0.9))
    strong = Book({(1, 0, WHOLE): Said("HANKOOK", 0.97)}, Said("HAWK OAK", 0.97))
    texts = [s.voted.text for s in read_signs(signs, quick.reader(), strong.reader(), RULES)]
    assert {n for n, _, part in strong.asked if part == WHOLE} == {0, 1}
    assert texts[1] == "HANKOOK"


def test_what_reads_as_nothing_is_not_read_again() -> None:
    quick, strong = Book({}, Said("", 0.0)), Book({}, Said("X", 0.9))
    (sign,) = read_signs([[shown(0)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "" and strong.asked == [] and sign.passed_on == ()


def test_a_text_is_not_passed_on_to_where_it_can_no_longer_be_read() -> None:
    showings = [shown(t / 2, height=30 - t) for t in range(17)]
    far = {(0, i, WHOLE): Said("~.", 0.3) for i in range(8, 17)}
    quick, strong = Book(far, Said("HANKOOK", 0.99)), Book({}, Said("", 0))
    (sign,) = read_signs([showings], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "HANKOOK" and sign.passed_on == tuple(range(8))


def test_two_lines_in_one_region_are_told_apart() -> None:
    halves = {(0, 0, UPPER): Said("Dubai", 0.9), (0, 0, LOWER): Said("Duty Free", 0.9)}
    strong = Book(halves, Said("Dubal", 0.9))
    (sign,) = read_signs([[shown(0, height=40)]], None, strong.reader(), RULES)
    assert [line.text for line in sign.lines] == ["Dubai", "Duty Free"]
    plain = Book({}, Said("Dubai", 0.9))
    (sign,) = read_signs([[shown(0, height=40)]], None, plain.reader(), RULES)
    assert sign.lines == ()


def test_letters_beyond_a_sure_region_are_read_as_well() -> None:
    quick = Book({}, Said("PPO", 0.99))
    strong = Book({(0, 0, BEYOND): Said("OPPO", 0.97)}, Said("", 0))
    (sign,) = read_signs([[shown(t / 2) for t in range(4)]], quick.reader(), strong.reader(), RULES)
    assert "OPPO" in (sign.voted.text, *(text for text, _, _ in sign.voted.others))
    assert [w for w in strong.asked if w[2] in (AROUND, BEYOND)] == [(0, 0, BEYOND)]


def test_an_unsure_region_is_read_once_more_with_room_at_its_ends() -> None:
    views = {
        (0, 0, WHOLE): Said("EKO", 0.7),
        (0, 1, WHOLE): Said("PEKC", 0.65),
        (0, 2, WHOLE): Said("BFK0", 0.61),
        (0, 0, AROUND): Said("BEKO", 0.96),
    }
    quick, strong = Book({}, Said("EK", 0.5)), Book(views, Said("", 0))
    (sign,) = read_signs([[shown(t / 2) for t in range(4)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "BEKO"
    assert [w for w in strong.asked if w[2] in (WHOLE, AROUND)] == list(views)
    assert BEYOND not in {part for _, _, part in strong.asked}


def test_what_reads_as_nothing_gets_no_more_room() -> None:
    quick, strong = Book({}, Said("", 0.0)), Book({}, Said("X", 0.9))
    read_signs([[shown(0)]], quick.reader(), strong.reader(), RULES)
    assert strong.asked == []


def test_only_an_unsure_sign_keeps_the_letters_that_were_possible() -> None:
    quick, strong = Book({}, Said("HAN0OK", 0.6)), Book({}, Said("HANKOOK", 0.92))
    (sign,) = read_signs([[shown(t / 2) for t in range(6)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.score < 0.97 and len(sign.possible) == 3
    assert sign.possible[0] == Said("HANKOOK", 0.92).steps
    sure = Book({}, Said("HANKOOK", 0.99))
    (sign,) = read_signs([[shown(t / 2) for t in range(6)]], sure.reader(), strong.reader(), RULES)
    assert sign.possible == ()


def test_what_the_quick_reader_hardly_makes_out_the_strong_one_still_reads() -> None:
    quick, strong = Book({}, Said("l><BF", 0.3)), Book({}, Said("1XBET", 0.93))
    (sign,) = read_signs([[shown(t / 2) for t in range(3)]], quick.reader(), strong.reader(), RULES)
    assert sign.voted.text == "1XBET"
    noise, unasked = Book({}, Said("l><BF", 0.2)), Book({}, Said("1XBET", 0.93))
    (sign,) = read_signs([[shown(0)]], noise.reader(), unasked.reader(), RULES)
    assert sign.voted.text == "" and unasked.asked == []
