"""Words on screen: the one tr() of the window, and how times, durations, money and counts are written."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication

from engine.domain.errors import SponsightError

CONTEXT = "Sponsight"


def tr(text: str, n: int = -1) -> str:
    """`text` in the window's language. Give literals only; names go in with str.format afterwards.

    With `n` given, `%n` in the text becomes the number and the translation may choose its plural.
    """
    shown = QCoreApplication.translate(CONTEXT, text, None, n)
    return shown.replace("%n", f"{n:,}") if n >= 0 else shown


def plural(n: int, one: str, many: str) -> str:
    """`one` or `many` (both already translated, with {n}) filled with the number."""
    return (one if n == 1 else many).format(n=f"{n:,}")


def in_short(error: BaseException) -> str:
    """What happened and what to do, in one line."""
    if isinstance(error, SponsightError):
        return f"{error.message} {error.to_do}".rstrip()
    return str(error)


def clock(micro: int) -> str:
    """Microseconds as m:ss or h:mm:ss, for lists and axes."""
    s = round(micro / 1_000_000)
    m, s = divmod(s, 60)
    h, m = divmod(m, 60)
    return f"{h}:{m:02}:{s:02}" if h else f"{m}:{s:02}"


def duration(seconds: float | None) -> str:
    """An estimate or a length in words that stay short: 0.4 s, 42 s, 3 min 20 s, 2 h 05 min."""
    if seconds is None:
        return "–"
    if 0 < seconds < 0.1:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    m, s = divmod(round(seconds), 60)
    if m < 60:
        return f"{m} min {s:02} s" if m < 10 else f"{m} min"
    h, m = divmod(m, 60)
    return f"{h} h {m:02} min"


def usd(amount: float) -> str:
    """Money to the cent, finer below one cent."""
    return f"{amount:.2f} USD" if amount == 0 or amount >= 0.01 else f"{amount:.4f} USD"


def progress(share: float) -> str:
    """How far something has come: 100 % only when it is done."""
    return percent(share if share >= 1 else min(share, 0.99))


def signed(value: float, digits: int = 0) -> str:
    """A difference: +3, −1.5, with a minus sign as wide as the plus."""
    return f"{value:+,.{digits}f}".replace("-", "−")


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def size(count: float) -> str:
    """Bytes as KB, MB, GB."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def local_time(moment: datetime | None) -> str:
    """A UTC time on the wall clock here: only the time for today, else the date too."""
    if moment is None:
        return "–"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    here = aware.astimezone()
    today = datetime.now().astimezone().date()
    return here.strftime("%H:%M:%S") if here.date() == today else here.strftime("%Y-%m-%d %H:%M")


def short(text: str, length: int) -> str:
    """A name of so many letters at most, shortened in its middle."""
    if len(text) <= length:
        return text
    head = length * 2 // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"
