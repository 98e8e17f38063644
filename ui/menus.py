"""The menu bar, made from the action table."""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow

from ui.action_set import ActionSet
from ui.actions import Menu
from ui.text import tr

_BREAKS = frozenset(
    {
        "file.export",
        "file.preferences",
        "file.quit",
        "edit.search",
        "view.next_pane",
        "view.theme",
        "canvas.fit",
        "canvas.hide_boxes",
        "run.all",
        "run.replay",
        "run.accept",
        "review.confirm_selected",
        "review.candidate_1",
        "review.other_brand",
        "review.new_box",
        "review.next",
        "play.frame_back",
        "play.previous_analysed",
        "brands.rename",
        "brands.import",
        "brands.not_same",
        "brands.level_1",
        "brands.take_off",
        "help.edit_keys",
        "help.about",
    }
)
"""Actions before which a line is drawn."""


def fill_menu_bar(window: QMainWindow, actions: ActionSet) -> None:
    """Puts every action into its menu."""
    titles: list[tuple[Menu, str]] = [
        ("file", tr("&File")),
        ("edit", tr("&Edit")),
        ("view", tr("&View")),
        ("run", tr("&Run")),
        ("review", tr("Re&view")),
        ("playback", tr("&Playback")),
        ("brands", tr("&Brands")),
        ("help", tr("&Help")),
    ]
    bar = window.menuBar()
    for name, title in titles:
        menu = bar.addMenu(title)
        menu.setToolTipsVisible(True)
        candidates = None
        for spec in actions.table:
            if spec.menu != name:
                continue
            if spec.id in _BREAKS:
                menu.addSeparator()
            if spec.id.startswith("review.candidate_"):
                candidates = candidates or menu.addMenu(tr("Candidate"))
                candidates.addAction(actions[spec.id])
            else:
                menu.addAction(actions[spec.id])
