"""Which times a ruler labels at a zoom."""

from __future__ import annotations

_STEPS = (
    40_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 15_000_000, 30_000_000,
    60_000_000, 120_000_000, 300_000_000, 600_000_000, 900_000_000, 1_800_000_000, 3_600_000_000,
)  # fmt: skip


def ticks(start: int, end: int, width: float, room: float = 84.0) -> tuple[int, list[int]]:
    """(step, times) of the labels between two times (microseconds) on `width` pixels, each with `room`."""
    most = max(1.0, width / room)
    step = next((s for s in _STEPS if (end - start) / s <= most), _STEPS[-1])
    first = -(-start // step) * step
    return step, list(range(first, end + 1, step))


def tick_text(time: int, step: int) -> str:
    """A label: whole seconds, finer where the step is."""
    seconds, rest = divmod(time, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    if step < 1_000_000:
        digits = 1 if step >= 100_000 else 2
        text += f".{rest // 10 ** (6 - digits):0{digits}}"
    return text
