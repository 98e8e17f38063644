"""The style sheet: one text made from a theme's tokens; widgets choose their look by the property `look`."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from ui.tokens import CONTROL_HEIGHT, RADIUS, TYPE, Colours

ICON, ICON_BAR = 16, 18
"""Pixels of an icon beside words, and in the top bar, where the text has its usual size."""

_SHEET = Template("""
* { outline: none; }
QToolTip { background: $raised; color: $text; border: 1px solid $outline; padding: 4px 6px; }
QMainWindow, QDialog { background: $base; }
QMainWindow::separator { background: $base; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: $accent_soft; }

QWidget[look="surface"] { background: $surface; }
QWidget[look="sunken"] { background: $sunken; }
QFrame[look="card"] { background: $surface; border: 1px solid $border; border-radius: 10px; }
QFrame[look="card"]:hover { border-color: $outline; }
QFrame[look="card"]:focus { border: 2px solid $accent; }
QFrame[look="panel"] { background: $surface; border: 1px solid $border; border-radius: ${radius}px; }
QFrame[look="line"] { background: $border; border: none; max-height: 1px; min-height: 1px; }
QWidget#topBar { background: $surface; border-bottom: 1px solid $border; }
QWidget#rail { background: $surface; border-right: 1px solid $border; }
QStatusBar { background: $surface; border-top: 1px solid $border; color: $muted; }
QStatusBar::item { border: none; }

QLabel { background: transparent; }
QLabel[look="display"] { font-size: ${f_display}px; font-weight: 700; }
QLabel[look="title"] { font-size: ${f_title}px; font-weight: 600; }
QLabel[look="heading"] { font-size: ${f_large}px; font-weight: 600; }
QLabel[look="strong"] { font-weight: 600; }
QLabel[look="muted"] { color: $muted; }
QLabel[look="small"] { color: $muted; font-size: ${f_small}px; }
QLabel[look="caps"] { color: $muted; font-size: ${f_small}px; font-weight: 600; }
QLabel[look="error"] { color: $danger; }
QLabel[look="warning"] { color: $warning; }
QLabel[look="success"] { color: $success; }
QLabel[look="badge"] { background: $hover; color: $text; border-radius: 4px; padding: 1px 6px;
    font-size: ${f_small}px; }
QLabel[look="badge-good"] { background: $success_soft; color: $success; border-radius: 4px; padding: 1px 6px;
    font-size: ${f_small}px; font-weight: 600; }
QLabel[look="badge-warn"] { background: $warning_soft; color: $warning; border-radius: 4px; padding: 1px 6px;
    font-size: ${f_small}px; font-weight: 600; }
QLabel[look="badge-bad"] { background: $danger_soft; color: $danger; border-radius: 4px; padding: 1px 6px;
    font-size: ${f_small}px; font-weight: 600; }
QLabel[look="badge-info"] { background: $accent_soft; color: $accent; border-radius: 4px; padding: 1px 6px;
    font-size: ${f_small}px; font-weight: 600; }
QLabel[look="key"] { background: $sunken; color: $text; border: 1px solid $outline; border-radius: 4px;
    padding: 1px 5px; font-size: ${f_small}px; }

QPushButton { background: $raised; color: $text; border: 1px solid $outline; border-radius: ${radius}px;
    padding: 0 12px; min-height: ${inner}px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $accent_soft; border-color: $accent; }
QPushButton:focus { border: 2px solid $accent; padding: 0 11px; min-height: ${inner_focus}px; }
QPushButton:disabled { color: $faint; border-color: $border; background: $base; }
QPushButton[look="primary"] { background: $accent_fill; color: $on_accent; border-color: $accent_fill;
    font-weight: 600; }
QPushButton[look="primary"]:hover { background: $accent_hover; }
QPushButton[look="primary"]:focus { border: 2px solid $text; }
QPushButton[look="primary"]:disabled { background: $hover; color: $faint; border-color: $border; }
QPushButton[look="danger"] { background: $danger_fill; color: $on_danger; border-color: $danger_fill; }
QPushButton[look="danger"]:focus { border: 2px solid $text; }
QPushButton[look="flat"], QToolButton { background: transparent; border: 1px solid transparent;
    color: $text;
    border-radius: ${radius}px; }
QPushButton[look="flat"] { padding: 0 8px; }
QPushButton[look="link"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 0 4px;
    text-align: left; }
QPushButton[look="link"]:hover { text-decoration: underline; }
QPushButton[look="flat"]:hover, QToolButton:hover { background: $hover; }
QPushButton[look="flat"]:focus, QPushButton[look="link"]:focus, QToolButton:focus { border: 2px solid $accent; }
QToolButton { padding: 4px; }
QPushButton, QToolButton { icon-size: ${icon}px; }
QWidget#topBar QToolButton { icon-size: ${icon_bar}px; }
QToolButton:checked { background: $accent_soft; }
QToolButton:pressed { background: $accent_soft; }
QToolButton:disabled { color: $faint; }
QToolButton[popupMode="2"] { padding-right: 14px; }
QToolButton::menu-indicator { image: url($arrow_down); width: 10px; height: 10px; subcontrol-position: right center;
    right: 3px; }
QToolButton[look="bare"]::menu-indicator { image: none; }
QToolButton[look="rail"] { border-radius: 8px; color: $muted; font-size: ${f_small}px; padding: 6px 2px; }
QToolButton[look="rail"]:hover { color: $text; background: $hover; }
QToolButton[look="rail"]:checked { background: $accent_soft; color: $accent; font-weight: 600; }
QToolButton[look="selector"] { border: 1px solid $border; background: $sunken; padding: 3px 20px 3px 10px; }
QToolButton[look="selector"]:hover { border-color: $outline; }
QToolButton[look="selector"]:focus { border: 2px solid $accent; }
QToolButton[look="decide"] { background: $raised; border: 1px solid $outline; padding: 4px 8px; }
QToolButton[look="decide"]:hover { background: $hover; }
QToolButton[look="decide"]:pressed { background: $accent_soft; border-color: $accent; }
QToolButton[look="decide"]:focus { border: 2px solid $accent; padding: 3px 7px; }
QToolButton[look="decide"]:disabled { border-color: $border; }
QToolButton[look="chip"][popupMode="2"] { padding-right: 20px; }
QToolButton[look="chip"] { border: 1px solid $outline; border-radius: 11px; padding: 1px 9px;
    font-size: ${f_small}px; }
QToolButton[look="chip"]:checked { background: $accent_soft; border-color: $accent; color: $accent; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit QLineEdit {
    background: $sunken; color: $text; border: 1px solid $outline; border-radius: ${radius}px; padding: 0 8px;
    min-height: ${inner}px; selection-background-color: $accent_fill; selection-color: $on_accent; }
QPlainTextEdit, QTextEdit { padding: 6px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border: 2px solid $accent; padding: 0 7px; min-height: ${inner_focus}px; }
QPlainTextEdit:focus, QTextEdit:focus { padding: 5px; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: $faint;
    border-color: $border; }
QLineEdit[look="changed"], QSpinBox[look="changed"], QDoubleSpinBox[look="changed"], QComboBox[look="changed"] {
    border-color: $accent; background: $accent_soft; }
QLineEdit[look="wrong"] { border-color: $danger; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit, QAbstractSpinBox QLineEdit:focus, QComboBox QLineEdit:focus {
    border: none; background: transparent; padding: 0; min-height: 0; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    width: 18px; border: none; background: transparent; }
QSpinBox::up-button:hover, QDoubleSpinBox::up-button:hover, QSpinBox::down-button:hover,
QDoubleSpinBox::down-button:hover { background: $hover; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url($arrow_up); width: 9px; height: 9px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url($arrow_down); width: 9px; height: 9px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url($arrow_down); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $outline; padding: 4px;
    selection-background-color: $accent_fill; selection-color: $on_accent; }

QCheckBox, QRadioButton { spacing: 8px; padding: 2px; border: 2px solid transparent; border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $outline;
    background: $sunken; border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked { background: $accent_fill; border-color: $accent_fill; image: url($tick); }
QCheckBox::indicator:disabled { border-color: $border; }
QRadioButton::indicator:checked { background: $on_accent; border: 5px solid $accent_fill; width: 8px; height: 8px; }

QSlider:horizontal { min-height: 22px; border: 2px solid transparent; border-radius: 5px; }
QSlider:focus { border-color: $accent; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent_fill; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -6px 0; border-radius: 8px; background: $raised;
    border: 1px solid $outline; }
QSlider::handle:horizontal:hover { border-color: $accent; }
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled { background: $border; }

QProgressBar { background: $hover; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: $accent_fill; border-radius: 4px; }

QTabBar::tab { background: transparent; color: $muted; padding: 6px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:selected:focus { background: $accent_soft; border-radius: 4px; }
QTabBar { qproperty-drawBase: 0; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }

QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget > QWidget { background: $surface; }

QAbstractItemView { background: $surface; alternate-background-color: $sunken; border: 1px solid transparent;
    color: $text;
    selection-background-color: $accent_soft; selection-color: $text; }
QAbstractItemView:focus { border: 1px solid $accent; }
QAbstractItemView::indicator { width: 14px; height: 14px; border: 1px solid $outline; background: $sunken;
    border-radius: 3px; }
QAbstractItemView::indicator:checked { background: $accent_fill; border-color: $accent_fill; image: url($tick); }
QTableView, QTreeView { gridline-color: $border; }
QTableView::item, QTreeView::item, QListView::item { padding: 3px 6px; border: none; }
QTableView::item:hover, QTreeView::item:hover, QListView::item:hover { background: $hover; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected { background: $accent_soft;
    color: $text; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 5px 8px; font-size: ${f_small}px; font-weight: 600; }
QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; width: 9px; height: 7px; }
QHeaderView::up-arrow { image: url($arrow_up); }
QHeaderView::down-arrow { image: url($arrow_down); }
QTableCornerButton::section { background: $surface; border: none; }

QMenuBar { background: $surface; color: $text; border-bottom: 1px solid $border; padding: 1px 4px; }
QMenuBar::item { padding: 4px 9px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; border: 1px solid $outline; border-radius: 6px; padding: 5px; }
QMenu::item { padding: 5px 28px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: 5px 8px; }
QMenu::icon { padding-left: 8px; }

QScrollArea, QStackedWidget { background: transparent; border: none; }
QScrollArea > QWidget#qt_scrollarea_viewport, QScrollArea > QWidget > QWidget { background: transparent; }
QFrame#stageRow { border: 2px solid transparent; border-radius: 5px; }
QFrame#stageRow:hover { background: $hover; }
QFrame#stageRow[chosen="true"] { background: $accent_soft; }
QFrame#stageRow:focus { border-color: $accent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: 12px; background: transparent; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: 4px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $outline; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $base; }
QSplitter::handle:hover { background: $accent_soft; }
QGroupBox { border: none; margin-top: 22px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }

QFrame#messageBar { border-radius: 0; border-bottom: 1px solid $border; background: $accent_soft; }
QFrame#messageBar[tone="error"] { background: $danger_soft; }
QFrame#messageBar[tone="warning"] { background: $warning_soft; }
QFrame#messageBar[tone="success"] { background: $success_soft; }
QFrame#dropTarget { border: 2px dashed $accent; border-radius: 14px; background: $accent_soft; }
QFrame#emptyState { border: 2px dashed $border; border-radius: 14px; background: $surface; }
""")


def style_sheet(c: Colours, scale: float = 1.0) -> str:
    """The application's style sheet in a theme's colours at a text scale."""
    inner = round(CONTROL_HEIGHT * max(scale, 1.0)) - 2
    arrow = "dark" if c.name == "dark" else "light"
    return _SHEET.substitute(
        {name: getattr(c, name) for name in c.__slots__},
        accent_hover="#2E5CCB" if c.name == "dark" else "#1B49B8",
        scroll="#3A4350" if c.name == "dark" else "#C3C9D3",
        radius=RADIUS,
        inner=inner,
        inner_focus=inner - 2,
        icon=round(ICON * scale),
        icon_bar=round(ICON_BAR * scale),
        f_small=round(TYPE.small * scale),
        f_large=round(TYPE.large * scale),
        f_title=round(TYPE.title * scale),
        f_display=round(TYPE.display * scale),
        arrow_up=_picture(f"arrow-up-{arrow}"),
        arrow_down=_picture(f"arrow-down-{arrow}"),
        tick=_picture("tick"),
    )


def _picture(name: str) -> str:
    """Path of a picture that the style sheet needs by file (Qt takes no other colours there)."""
    return str(files("resources") / "icons" / "controls" / f"{name}.svg").replace("\\", "/")
