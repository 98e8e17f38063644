"""One source as a card: picture, name, length, state of its last run, how much is decided."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.domain.jobs import JobStatus
from ui.elided import ElidedLabel
from ui.icons import paint
from ui.looks import set_look
from ui.session import status_look, status_words
from ui.start.overview import CardFacts
from ui.text import clock, local_time, percent, plural, tr

WIDTH = 272
PICTURE_HEIGHT = 153
ARROWS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class SourceCard(QFrame):
    """Opens its source with a click, Enter or Space."""

    opened = Signal(str)
    locate_wanted = Signal(str)
    menu_wanted = Signal(str, QPoint)
    """The source and where on the screen."""
    chosen = Signal(str)
    """The card has the focus."""
    left = Signal(int)
    """An arrow key: to the next (1) or previous (-1) card. The card takes it: the area around scrolls with it."""

    def __init__(self, facts: CardFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source_id = facts.source.id
        self.setProperty("look", "card")
        self.setFixedWidth(WIDTH)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 12)
        layout.setSpacing(4)
        self._picture = _Picture(facts)
        layout.addWidget(self._picture)
        body = QVBoxLayout()
        body.setContentsMargins(12, 6, 12, 0)
        body.setSpacing(5)
        layout.addLayout(body)
        name = ElidedLabel(facts.source.name, mode=Qt.TextElideMode.ElideMiddle)
        name.setProperty("look", "strong")
        name.setToolTip(facts.source.path)
        body.addWidget(name)
        row = QHBoxLayout()
        row.setSpacing(6)
        self._state = QLabel()
        row.addWidget(self._state)
        self._when = QLabel()
        self._when.setProperty("look", "small")
        row.addWidget(self._when)
        row.addStretch()
        body.addLayout(row)
        self._counts = QLabel()
        self._counts.setProperty("look", "small")
        self._counts.setWordWrap(True)
        body.addWidget(self._counts)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        body.addWidget(self._bar)
        self._locate = QPushButton(tr("File moved: locate it…"))
        self._locate.setProperty("look", "link")
        self._locate.clicked.connect(lambda: self.locate_wanted.emit(self.source_id))
        body.addWidget(self._locate)
        self.show_facts(facts)

    def show_facts(self, facts: CardFacts) -> None:
        """Shows what is new of the same source."""
        job = facts.job
        self._picture.show_facts(facts)
        self._locate.setVisible(facts.missing)
        if job is None:
            self._state.setText(tr("not run yet"))
            set_look(self._state, "badge")
            self._when.setText(local_time(facts.source.imported_at))
        else:
            words = status_words(job.status)
            if job.status in (JobStatus.RUNNING, JobStatus.PAUSED):
                words = f"{words} · {percent(job.progress)}"
            self._state.setText(f"★ {words}" if job.accepted else words)
            set_look(self._state, status_look(job.status))
            self._when.setText(local_time(job.completed_at or job.started_at or job.created_at))
        going = job is not None and job.status in (JobStatus.RUNNING, JobStatus.PAUSED)
        counted = facts.decided is not None and facts.undecided is not None
        self._bar.setVisible(going or counted)
        if counted:
            decided, undecided = facts.decided or 0, facts.undecided or 0
            total = max(1, decided + undecided)
            self._bar.setValue(round(1000 * decided / total))
            left = plural(undecided, tr("{n} undecided"), tr("{n} undecided"))
            self._counts.setText(tr("{decided} decided · {left}").format(decided=f"{decided:,}", left=left))
        elif going and job is not None:
            self._bar.setValue(round(job.progress * 1000))
            self._counts.setText(tr("Finished parts can be reviewed already"))
        elif job is not None and job.status is JobStatus.COMPLETED:
            brands = plural(job.brands_found, tr("{n} brand"), tr("{n} brands"))
            self._counts.setText(brands)
        else:
            self._counts.setText(tr("Open it and press F5 to run") if job is None else job.error_message[:60])
        self._counts.setVisible(bool(self._counts.text()))
        self.setAccessibleName(f"{facts.source.name}, {self._state.text()}, {self._counts.text()}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit(self.source_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.source_id)
        elif (step := ARROWS.get(Qt.Key(event.key()))) is not None:
            self.left.emit(step)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = self.mapToGlobal(self.rect().center()) if by_key else event.globalPos()
        self.menu_wanted.emit(self.source_id, place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.chosen.emit(self.source_id)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._picture.set_hovered(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._picture.set_hovered(False)
        super().leaveEvent(event)


class _Picture(QWidget):
    """The card's picture with the length in its corner."""

    def __init__(self, facts: CardFacts) -> None:
        super().__init__()
        self.setFixedHeight(PICTURE_HEIGHT)
        self._image = QImage()
        self._bytes = b""
        self._length = ""
        self._missing = False
        self._hovered = False
        self.show_facts(facts)

    def show_facts(self, facts: CardFacts) -> None:
        self._length = clock(facts.source.duration)
        self._missing = facts.missing
        if facts.thumbnail and facts.thumbnail != self._bytes:
            self._bytes = facts.thumbnail
            image = QImage.fromData(facts.thumbnail)
            side = QSize(WIDTH * 2, PICTURE_HEIGHT * 2)
            mode = Qt.AspectRatioMode.KeepAspectRatioByExpanding
            self._image = image.scaled(side, mode, Qt.TransformationMode.SmoothTransformation)
        self.update()

    def set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(place.adjusted(0, 0, 0, 12), 9, 9)
        painter.setClipPath(shape)
        painter.fillRect(place, "#0B0D10")
        middle = place.center()
        if self._image.isNull():
            paint(painter, "film", QRectF(middle.x() - 22, middle.y() - 22, 44, 44), "#717C8D")
        else:
            left = (self._image.width() - place.width() * 2) / 2
            top = (self._image.height() - place.height() * 2) / 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, self._image, QRectF(left, top, place.width() * 2, place.height() * 2))
        if self._hovered:
            painter.fillRect(place, Qt.GlobalColor.transparent)
            painter.setOpacity(0.85)
            paint(painter, "run", QRectF(middle.x() - 22, middle.y() - 22, 44, 44), "#FFFFFF")
            painter.setOpacity(1)
        self._corner(painter, place, self._length)
        if self._missing:
            paint(painter, "warning", QRectF(8, 8, 22, 22), "#FFC533")

    def _corner(self, painter: QPainter, place: QRectF, text: str) -> None:
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        chip = QRectF(place.right() - width - 7, place.bottom() - 27, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.setOpacity(0.72)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setOpacity(1)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(chip.translated(QPointF(0, 0)), Qt.AlignmentFlag.AlignCenter, text)
