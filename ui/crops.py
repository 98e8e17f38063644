"""Crops of stored frames for lists and dialogs, cut off the main thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtGui import QIcon, QImage, QPixmap

from engine.domain.geometry import Polygon, hull

if TYPE_CHECKING:
    from app.results import RunResult

MARGIN = 0.15
"""Room around a sign, as a share of its height."""


def cut(run: RunResult, picture: Callable[[str], bytes], seq: int, polygon: Polygon, height: int) -> QImage:
    """The crop of a sign, at most `height` pixels high (and eight times as wide). Empty where the frame's
    picture is gone. Any thread."""
    frame = run.frames.get(seq)
    if frame is None:
        return QImage()
    image = QImage.fromData(picture(frame.image))
    if image.isNull():
        return image
    scale = image.width() / run.source.width
    box = hull(polygon)
    room = box.height * MARGIN
    place = QRect(
        round((box.x0 - room) * scale),
        round((box.y0 - room) * scale),
        max(2, round((box.width + 2 * room) * scale)),
        max(2, round((box.height + 2 * room) * scale)),
    ).intersected(image.rect())
    from PySide6.QtCore import Qt

    mode = Qt.AspectRatioMode.KeepAspectRatio
    return image.copy(place).scaled(height * 8, height, mode, Qt.TransformationMode.SmoothTransformation)


def picture_icon(image: QImage) -> QIcon:
    """The picture as an icon that keeps its colours in a chosen row too. Main thread."""
    pixmap = QPixmap.fromImage(image)
    made = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
        made.addPixmap(pixmap, mode)
    return made
