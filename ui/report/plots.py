"""Plots of the report: seconds per brand, share of voice, timeline, and where on the picture signs stood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.report import positions
from engine.domain.figures import BrandExposure, ExposureFigures
from ui.report.data import ReportData
from ui.text import clock, percent, tr
from ui.theme import Theme

HEAT_CELLS = 96, 54
MOST_BARS = 20
ROW = 26


class _Plot(pg.PlotWidget):
    """A plot in the theme's colours, moved neither by wheel nor by drag."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(False, False)
        self.setFrameShape(self.Shape.NoFrame)
        self.getPlotItem().getViewBox().setDefaultPadding(0.02)
        self.dress()

    def dress(self) -> None:
        c = self.theme.colours
        self.setBackground(c.surface)
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(c.border))
            axis.setTextPen(pg.mkPen(c.muted))
            axis.setStyle(tickFont=self.theme.font(11), tickLength=0)

    def bar(self, x0: float, y: float, width: float, index: int, height: float = 0.62) -> pg.BarGraphItem:
        colour, hatch = self.theme.series(index)
        brush = QBrush(colour, hatch)
        item = pg.BarGraphItem(
            x0=[x0], y=[y], width=[width], height=height, brush=brush, pen=pg.mkPen(colour)
        )
        self.addItem(item)
        return item


class _TimeAxis(pg.AxisItem):
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [clock(round(value * 1_000_000)) for value in values]


class SecondsPlot(_Plot):
    """A bar a brand, most seconds first, with the sampling error as a whisker."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, tr("Seconds of each brand"))

    def show_figures(self, figures: ExposureFigures) -> None:
        self.clear()
        self.dress()
        brands = figures.counted()[:MOST_BARS]
        most = max((b.seconds + b.error for b in brands), default=1.0)
        for row, b in enumerate(brands):
            self.bar(0, row, b.seconds, row)
            pen = pg.mkPen(self.theme.colours.text, width=1.2)
            ends = [max(0.0, b.seconds - b.error), b.seconds + b.error]
            self.plot(ends, [row, row], pen=pen)
            label = pg.TextItem(f"{b.seconds:.1f} s", color=self.theme.colours.text, anchor=(0, 0.5))
            label.setFont(self.theme.font(11))
            label.setPos(b.seconds + b.error + most * 0.012, row)
            self.addItem(label)
        axis = self.getPlotItem().getAxis("left")
        axis.setTicks([[(row, _short(b.brand_name)) for row, b in enumerate(brands)]])
        self.getPlotItem().invertY(True)
        self.setLabel("bottom", tr("seconds on screen"), color=self.theme.colours.muted)
        self.setXRange(0, most * 1.14, padding=0)
        self.setYRange(-0.6, max(len(brands) - 0.4, 3), padding=0)
        self.setMinimumHeight(max(4, len(brands)) * ROW + 54)


class SharePlot(QWidget):
    """Share of voice as one bar with a legend below; hatches tell brands apart from the ninth on."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._brands: tuple[BrandExposure, ...] = ()
        self.setMinimumHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(tr("Share of voice"))

    def show_figures(self, figures: ExposureFigures) -> None:
        self._brands = figures.counted()
        words = ", ".join(f"{b.brand_name} {percent(b.share)}" for b in self._brands[:MOST_BARS])
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        rows = (len(self._brands[:MOST_BARS]) + 2) // 3
        self.setMinimumHeight(58 + rows * 22)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = self._theme.colours
        painter.fillRect(self.rect(), QColor(c.surface))
        width, left = self.width() - 24.0, 12.0
        for index, b in enumerate(self._brands):
            colour, hatch = self._theme.series(index)
            part = QRectF(left, 12, max(1.0, width * b.share), 30)
            painter.setPen(QPen(QColor(c.surface), 1.5))
            painter.setBrush(QColor(c.sunken))
            painter.drawRect(part)
            painter.setBrush(QBrush(colour, hatch))
            painter.drawRect(part)
            left += width * b.share
        painter.setFont(self._theme.font(12))
        for index, b in enumerate(self._brands[:MOST_BARS]):
            colour, hatch = self._theme.series(index)
            x = 12 + (index % 3) * width / 3
            y = 56 + index // 3 * 22
            painter.setPen(QPen(colour, 1))
            painter.setBrush(QBrush(colour, hatch))
            painter.drawRect(QRectF(x, y, 12, 12))
            painter.setPen(QColor(c.text))
            name = painter.fontMetrics().elidedText(
                b.brand_name, Qt.TextElideMode.ElideRight, round(width / 3 - 74)
            )
            painter.drawText(
                QRectF(x + 20, y - 4, width / 3 - 24, 20),
                Qt.AlignmentFlag.AlignVCenter,
                f"{name}  {percent(b.share)}",
            )


class TimelinePlot(_Plot):
    """When each brand was on screen; a click shows that moment."""

    moment_chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        pg.PlotWidget.__init__(self, axisItems={"bottom": _TimeAxis("bottom")})
        self.theme = theme
        self.setAccessibleName(tr("When each brand was on screen"))
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(False, False)
        self.setFrameShape(self.Shape.NoFrame)
        self.dress()
        self.scene().sigMouseClicked.connect(self._clicked)

    def show_figures(self, figures: ExposureFigures, length: float) -> None:
        self.clear()
        self.dress()
        brands = figures.counted()[:MOST_BARS]
        for row, b in enumerate(brands):
            for span in b.exposures:
                self.bar(span.start / 1e6, row, max(span.end - span.start, 200_000) / 1e6, row)
        self.getPlotItem().getAxis("left").setTicks(
            [[(row, _short(b.brand_name)) for row, b in enumerate(brands)]]
        )
        self.getPlotItem().invertY(True)
        self.setXRange(0, max(length, 1.0), padding=0)
        self.setYRange(-0.6, max(len(brands) - 0.4, 3), padding=0)
        self.setMinimumHeight(max(4, len(brands)) * ROW + 40)

    def _clicked(self, event: Any) -> None:
        box = self.getPlotItem().getViewBox()
        if box.sceneBoundingRect().contains(event.scenePos()):
            seconds = box.mapSceneToView(event.scenePos()).x()
            self.moment_chosen.emit(round(max(0.0, seconds) * 1_000_000))


class HeatPlot(QWidget):
    """Where on the picture signs stood, over one of its frames."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._data: ReportData | None = None
        self._heat: NDArray[np.float64] = np.zeros((1, 1))
        self._layer: Any = None
        self.setMinimumSize(320, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Positions on the picture"))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return width * 9 // 16 + 26

    def show_data(self, data: ReportData, machine: bool, brand: BrandExposure | None) -> None:
        self._data = data
        self._heat = positions(data.overlay, brand, *HEAT_CELLS, machine=machine)
        self._layer = _coloured(self._heat)
        name = brand.brand_name if brand is not None else tr("all brands")
        words = tr("{name}: up to {seconds:.1f} s in one place").format(
            name=name, seconds=float(self._heat.max())
        )
        self._words = words
        self.setAccessibleDescription(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = self._theme.colours
        painter.fillRect(self.rect(), QColor(c.surface))
        if self._data is None:
            return
        source = self._data.overlay.run.source
        room = QRectF(0, 0, self.width(), self.height() - 24)
        scale = min(room.width() / source.width, room.height() / source.height)
        size = source.width * scale, source.height * scale
        place = QRectF((room.width() - size[0]) / 2, 0, *size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(place, QColor(c.picture))
        if not self._data.frame.isNull():
            painter.setOpacity(0.55)
            painter.drawImage(place, self._data.frame)
            painter.setOpacity(1)
        if self._layer is not None:
            painter.drawImage(place, self._layer)
        painter.setPen(QColor(c.muted))
        painter.setFont(self._theme.font(11))
        line = QRectF(0, self.height() - 22, self.width(), 20)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._words)


def _coloured(heat: np.ndarray) -> Any:
    """Heat as an image: transparent where nothing was, yellow to red with rising opacity."""
    from PySide6.QtGui import QImage

    top = float(heat.max())
    share = (heat / top) ** 0.8 if top > 0 else heat
    pixels = np.zeros((*heat.shape, 4), np.uint8)
    pixels[..., 0] = 255
    pixels[..., 1] = (230 * (1 - share)).astype(np.uint8)
    pixels[..., 2] = (60 * (1 - share)).astype(np.uint8)
    pixels[..., 3] = np.where(heat > 0, 24 + 190 * share, 0).astype(np.uint8)
    height, width = heat.shape
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"
