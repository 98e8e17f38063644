"""Pixels for the window: decoded frames and stored JPEGs as QImages, made off the main thread."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from engine.domain.geometry import Hull, Polygon, hull


def from_pixels(pixels: Any) -> QImage:
    """A BGR array (height, width, 3) as an image with memory of its own."""
    height, width = pixels.shape[:2]
    view = QImage(pixels.data, width, height, int(pixels.strides[0]), QImage.Format.Format_BGR888)
    return view.convertToFormat(QImage.Format.Format_RGB32)


def from_jpeg(data: bytes, max_edge: int = 0) -> QImage:
    """A stored frame, decoded no larger than `max_edge` (0: as stored); a null image where it can't be."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if max_edge and max(size.width(), size.height()) > max_edge:
        reader.setScaledSize(size.scaled(QSize(max_edge, max_edge), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    del reader
    return image if image.isNull() else image.convertToFormat(QImage.Format.Format_RGB32)


def crop(image: QImage, polygon: Polygon, source: QSize, room: QSize, margin: float) -> QImage:
    """The surroundings of a polygon (source pixels) cut from a stored frame in the shape of `room` and scaled
    to it."""
    scale = image.width() / max(1, source.width())
    box = crop_bounds(hull(polygon), source, room, margin)
    rect = QRect(
        round(box.x0 * scale), round(box.y0 * scale), round(box.width * scale), round(box.height * scale)
    )
    piece = image.copy(rect.intersected(image.rect()))
    mode = Qt.TransformationMode.SmoothTransformation
    return piece.scaled(room, Qt.AspectRatioMode.IgnoreAspectRatio, mode)


def crop_bounds(box: Hull, source: QSize, room: QSize, margin: float) -> Hull:
    """The box with a margin (share of its height) all round, widened to the shape of `room` and moved into the
    source's picture."""
    by = max(box.height, 8.0) * margin
    width, height = box.width + 2 * by, box.height + 2 * by
    shape = room.width() / max(1, room.height())
    width, height = max(width, height * shape), max(height, width / shape)
    shrink = min(1.0, source.width() / width, source.height() / height)
    width, height = width * shrink, height * shrink
    x = min(max(box.centre[0] - width / 2, 0.0), source.width() - width)
    y = min(max(box.centre[1] - height / 2, 0.0), source.height() - height)
    return Hull(x, y, x + width, y + height)
