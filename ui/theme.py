"""Light and dark: palette, style sheet and fonts from the tokens; follows the system and switches live."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette, QPen
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.preferences import ThemeChoice
from ui.stylesheet import style_sheet
from ui.tokens import DARK, DATA, LIGHT, SERIES, TYPE, Colours, DataState

_LINES = {
    "solid": [],
    "dash": [4.0, 3.0],
    "dot": [1.0, 2.5],
    "dashdot": [5.0, 2.5, 1.0, 2.5],
    "long": [8.0, 3.0],
}
_HATCHES = {
    "none": Qt.BrushStyle.NoBrush,
    "diagonal": Qt.BrushStyle.BDiagPattern,
    "cross": Qt.BrushStyle.DiagCrossPattern,
    "dots": Qt.BrushStyle.Dense6Pattern,
    "horizontal": Qt.BrushStyle.HorPattern,
}
SERIES_HATCHES = ("none", "diagonal", "cross", "dots")
_BARE_FAMILIES = (
    "",
    "sans",
    "sans serif",
    "sans-serif",
    "dejavu sans",
    "bitstream vera sans",
    "fixed",
    "helvetica",
)


class Theme(QObject):
    """The look in force. `changed` is emitted after palette and style sheet are in place."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: ThemeChoice = "system", text_scale: float = 1.0) -> None:
        super().__init__(app)
        self._app = app
        self._choice: ThemeChoice = choice
        self._scale = text_scale
        self._family = _interface_family()
        self.colours: Colours = LIGHT
        self._hints = QGuiApplication.styleHints()
        self._hints.colorSchemeChanged.connect(self._system_changed)
        app.setStyle(QStyleFactory.create("Fusion"))
        self.choose(choice, text_scale)

    def choose(self, choice: ThemeChoice, text_scale: float | None = None) -> None:
        """Sets the person's choice and text scale and applies them at once."""
        self._choice = choice
        self._scale = text_scale if text_scale is not None else self._scale
        self._apply()

    def close(self) -> None:
        """Stops following the system."""
        self._hints.colorSchemeChanged.disconnect(self._system_changed)

    def toggle(self) -> ThemeChoice:
        """Switches to the other of light and dark; returns which that is."""
        self.choose("light" if self.colours is DARK else "dark")
        return self._choice

    @property
    def is_dark(self) -> bool:
        return self.colours is DARK

    def px(self, size: int) -> int:
        """A font size of the type scale in the person's text scale."""
        return round(size * self._scale)

    def font(self, size: int = TYPE.base, *, bold: bool = False, medium: bool = False) -> QFont:
        font = QFont(self._family)
        font.setPixelSize(self.px(size))
        weight = QFont.Weight.Normal
        if bold:
            weight = QFont.Weight.Bold
        elif medium:
            weight = QFont.Weight.Medium
        font.setWeight(weight)
        return font

    def figures(self, size: int = TYPE.base) -> QFont:
        """A font whose figures are all equally wide, for columns and clocks."""
        font = self.font(size)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def series(self, index: int) -> tuple[QColor, Qt.BrushStyle]:
        """Colour and hatch of the n-th brand of a plot; from the ninth on the hatch tells them apart."""
        on_dark, on_light = SERIES[index % len(SERIES)]
        hatch = SERIES_HATCHES[index // len(SERIES) % len(SERIES_HATCHES)]
        style = Qt.BrushStyle.SolidPattern if hatch == "none" else _HATCHES[hatch]
        return QColor(on_dark if self.is_dark else on_light), style

    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        if self._choice == "system":
            dark = self._hints.colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._choice == "dark"
        self.colours = DARK if dark else LIGHT
        self._app.setPalette(palette(self.colours))
        self._app.setFont(self.font())
        self._app.setStyleSheet(style_sheet(self.colours, self._scale))
        self.changed.emit()


def palette(c: Colours) -> QPalette:
    """Qt's palette in a theme's colours."""
    made = QPalette()
    role = QPalette.ColorRole
    for where, colour in (
        (role.Window, c.base),
        (role.WindowText, c.text),
        (role.Base, c.surface),
        (role.AlternateBase, c.sunken),
        (role.Text, c.text),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.on_accent),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.faint),
        (role.Highlight, c.accent_fill),
        (role.HighlightedText, c.on_accent),
        (role.Link, c.accent),
        (role.LinkVisited, c.accent),
        (role.Light, c.raised),
        (role.Midlight, c.hover),
        (role.Mid, c.border),
        (role.Dark, c.outline),
        (role.Shadow, c.picture),
        (role.Accent, c.accent_fill),
    ):
        made.setColor(where, QColor(colour))
    dim = QColor(c.faint)
    dim.setAlphaF(0.6)
    for where in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, where, dim)
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(c.border))
    return made


@cache
def data_pen(state: DataState, scale: float = 1.0) -> QPen:
    """The outline of a data state; cosmetic, so that zoom does not thicken it. Shared: copy before changing it."""
    style = DATA[state]
    pen = QPen(QColor(style.colour), style.width * scale)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    dashes = _LINES[style.line]
    if dashes:
        pen.setDashPattern(dashes)
    return pen


def data_hatch(state: DataState) -> Qt.BrushStyle:
    """The fill pattern of a data state (NoBrush where it has none)."""
    return _HATCHES[DATA[state].hatch]


def _interface_family() -> str:
    """The system's interface font; our own where the system has none worth the name."""
    family = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if family.lower() not in _BARE_FAMILIES and family in QFontDatabase.families():
        return family
    found = ""
    for style in ("Regular", "Medium", "Bold"):
        data = (files("resources") / "fonts" / "ui" / f"Roboto-{style}.ttf").read_bytes()
        number = QFontDatabase.addApplicationFontFromData(data)
        if number >= 0:
            found = QFontDatabase.applicationFontFamilies(number)[0]
    return "Roboto" if "Roboto" in QFontDatabase.families() else found or family
