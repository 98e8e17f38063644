"""Texts of the broadcast's own graphics: clocks, scores, dates, plain numbers."""

from __future__ import annotations

import re

_LETTER_FOR_DIGIT = str.maketrans("OoQDIl|!SsBZz", "0000111155822")
_MARK = r"[:.;'’]"
_CLOCK = re.compile(
    rf"^(?:(?:1st|2nd|3rd|4th|[1-4](?:st|nd|rd|th|T|H|Q|P)?|Q[1-4]|HT|FT|ET|OT)\s+)?"
    rf"(?:\d{{1,3}}{_MARK}[0-5]\d(?:[:.]\d{{1,2}})?|\d{{1,3}}\s?\+\s?\d{{1,2}}['’]?|\d{{1,3}}\s?['’′](?:\s?\+\s?\d{{1,2}}\s?['’′]?)?)"
    rf"(?:\s?\+\s?\d{{1,2}}(?:{_MARK}[0-5]\d)?['’′]?)?(?:\s+(?:\+\s?\d{{1,2}}['’′]?|1T|2T|1H|2H|ET|HT|FT))?$",
    re.IGNORECASE,
)
_DAY_CLOCK = re.compile(
    r"^(?:[01]?\d|2[0-3])[:.h][0-5]\d(?:[:.][0-5]\d)?(?:\s?(?:am|pm|cet|gmt|bst|utc|uhr|h))?$", re.I
)
_DATE = re.compile(
    r"^(?:(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|gio|ven|sab|dom|mo|di|mi|do|fr|sa|so)\w*[ .,]+)?"
    r"(?:(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|1[0-2])(?:[./-](?:\d{2}|\d{4}))?"
    r"|(?:19|20)\d\d[./-](?:0?[1-9]|1[0-2])[./-](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?\s?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|gen|mag|giu|lug|ago"
    r"|set|ott|dic|mai|okt|dez|ene|abr)\w*\.?,?(?:\s?(?:19|20)\d\d)?"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\.?\s?(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
    r",?(?:\s?(?:19|20)\d\d)?)$",
    re.I,
)
_SCORE = re.compile(r"^\(?\d{1,3}\s?[-–—:/]\s?\d{1,3}\)?(?:\s?\(\d{1,3}\s?[-–—:/]\s?\d{1,3}\))*$")
_SIDE = r"[^\W\d_][\w.'’&]{1,3}"
_TEAM_SCORES = (
    re.compile(rf"^(?P<a>{_SIDE})\s*(?P<x>\d{{1,3}})\s*[-–—:|]?\s*(?P<y>\d{{1,3}})\s*(?P<b>{_SIDE})$"),
    re.compile(rf"^(?P<a>{_SIDE})\s+(?P<x>\d{{1,3}})\s+(?P<b>{_SIDE})\s+(?P<y>\d{{1,3}})$"),
    re.compile(rf"^(?P<a>{_SIDE})\s+(?P<b>{_SIDE})\s+(?P<x>\d{{1,3}})\s*[-–—:]\s*(?P<y>\d{{1,3}})$"),
)
_CRICKET = re.compile(
    r"^(?:[A-Z]{2,4}\s+)?\d{1,3}[-/]\d{1,2}(?:\s+\(?\d{1,3}(?:\.\d)?(?:\s?(?:ov|overs))?\)?)?$", re.I
)
_NUMBER = re.compile(
    r"^[#№+\-–]?\s?\d[\d.,:%/ ]*(?:st|nd|rd|th|km/h|kmh|kph|mph|km|m|%|°|°c|kg|cm|s|€|\$|£)?$", re.I
)


def _tidy(text: str) -> str:
    return " ".join(text.replace("′", "'").replace("：", ":").split()).strip(" |_*")


def _digits_mended(text: str) -> str:
    """`text` with letters that OCR puts for digits replaced where a token holds a digit already."""
    tokens = text.split(" ")
    return " ".join(
        token.translate(_LETTER_FOR_DIGIT)
        if any(char.isdigit() for char in token)
        and sum(char.isdigit() for char in token) * 2 >= _letters(token)
        else token
        for token in tokens
    )


def _letters(token: str) -> int:
    return sum(char.isalnum() for char in token)


def looks_like_clock(text: str) -> bool:
    """True for match clocks (45:12, 90+3', 2T 67:01, Q4 02:13) and times of day (20:45, 8.45 pm)."""
    tidy = _tidy(text)
    return any(bool(_CLOCK.match(form) or _DAY_CLOCK.match(form)) for form in {tidy, _digits_mended(tidy)})


def looks_like_score(text: str) -> bool:
    """True for scores by themselves (1-0, 2 : 1, 6-4) and with short team names (RMA 0 2 SEV, 1-0 (0-0))."""
    tidy = _tidy(text)
    for form in {tidy, _digits_mended(tidy)}:
        if _SCORE.match(form) or _CRICKET.match(form):
            return True
        if any(_is_team_score(pattern.match(form)) for pattern in _TEAM_SCORES):
            return True
    return False


def _is_team_score(match: re.Match[str] | None) -> bool:
    return match is not None and match["a"].isupper() and match["b"].isupper()


def looks_like_date(text: str) -> bool:
    """True for dates: 12.05.2024, 2024-05-12, Sat 12 May, May 12th."""
    return bool(_DATE.match(_tidy(text)))


def looks_like_number(text: str) -> bool:
    """True for plain numbers: shirt numbers, percentages, speeds, places (10, 64%, 112 km/h, 3rd)."""
    return bool(_NUMBER.match(_tidy(text)))


def is_caption_text(text: str) -> bool:
    """True where any of clock, score, date or number fits: text that never names a brand by itself."""
    return (
        looks_like_number(text) or looks_like_clock(text) or looks_like_score(text) or looks_like_date(text)
    )
