"""Icons: our own line drawings, tinted with the theme's colour when painted, sharp at every pixel density."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

FOLDER = files("resources") / "icons"


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Names of all icons."""
    return tuple(sorted(f.name[:-4] for f in FOLDER.iterdir() if f.name.endswith(".svg")))


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=512)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))


def paint(painter: QPainter, name: str, place: QRectF, colour: str | QColor) -> None:
    """Draws an icon into a rectangle in one colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, QColor(colour).name()).render(painter, place)
    painter.restore()


class _TintedEngine(QIconEngine):
    """Takes its colour from the palette at the moment of painting, so that a theme switch needs no reload."""

    def __init__(self, name: str, colour: str = "") -> None:
        super().__init__()
        self._name = name
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        place = QRectF(
            rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side
        )
        paint(painter, self._name, place, self._tint(mode))

    def _tint(self, mode: QIcon.Mode) -> QColor:
        if self._colour and mode != QIcon.Mode.Disabled:
            return QColor(self._colour)
        palette = QApplication.palette()
        group = QPalette.ColorGroup.Normal
        if mode == QIcon.Mode.Disabled:
            group = QPalette.ColorGroup.Disabled
        role = QPalette.ColorRole.WindowText
        return palette.color(group, role)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._name, self._colour)

    def key(self) -> str:
        return f"sponsight-{self._name}"


def icon(name: str, colour: str = "") -> QIcon:
    """The icon of this name in the theme's text colour, or in a colour of its own. KeyError where unknown."""
    if name not in names():
        raise KeyError(f"there is no icon {name!r}")
    return QIcon(_TintedEngine(name, colour))


def app_icon() -> QIcon:
    """The program's own icon, in its colours."""
    made = QIcon()
    renderer = QSvgRenderer(QByteArray(_source("sponsight").encode()))
    for side in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter)
        painter.end()
        made.addPixmap(pixmap)
    return made
