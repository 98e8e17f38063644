"""The question before all sources are run: how many, which, how each goes on, and with which profile."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from app.run_all import Due
from engine.domain.jobs import JobStatus
from ui.dialogs.base import Dialog
from ui.elided import ElidedLabel
from ui.fields import ChoiceField
from ui.text import clock, percent, plural, tr

MOST_SHOWN = 8


class RunAllDialog(Dialog):
    """Nothing is started until the person says so."""

    agreed = Signal(str)
    """The profile of the new runs."""

    def __init__(
        self,
        parent: QWidget,
        due: Sequence[Due],
        missing: Sequence[Due],
        profiles: Sequence[str],
        chosen: str,
        stop_key: str,
    ) -> None:
        title = plural(len(due), tr("Run {n} source?"), tr("Run {n} sources?"))
        words = tr(
            "They run one after the other, and finished ones can be reviewed meanwhile. {key} stops them."
        )
        if len(due) == 1:
            words = tr("{key} stops it; what is finished by then is kept.")
        super().__init__(parent, title, words.format(key=stop_key), width=600)
        self.resize(600, 260)
        self.body.addLayout(_rows(due))
        if missing:
            self.body.addWidget(_left_out(missing))
        self.profile = ChoiceField(self)
        self.profile.setAccessibleName(tr("Profile of the new runs"))
        self.profile.addItems(list(profiles))
        self.profile.setCurrentText(chosen)
        if any(one.how == "new" for one in due):
            self.body.addLayout(self._profile_row())
        else:
            self.profile.hide()
        self.body.addStretch()
        self.close_button(tr("Cancel"))
        self.start = self.button(plural(len(due), tr("Run {n} source"), tr("Run {n} sources")), primary=True)
        self.start.clicked.connect(self._agree)
        self.start.setFocus()

    def _profile_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        label = QLabel(tr("Profile of the new runs"))
        label.setBuddy(self.profile)
        row.addWidget(label)
        row.addWidget(self.profile)
        row.addStretch()
        return row

    @Slot()
    def _agree(self) -> None:
        profile = self.profile.currentText()
        self.accept()
        self.agreed.emit(profile)


def _rows(due: Sequence[Due]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    shown = due if len(due) <= MOST_SHOWN else due[: MOST_SHOWN - 1]
    for number, one in enumerate(shown):
        name = ElidedLabel(one.source.name, mode=Qt.TextElideMode.ElideMiddle)
        name.setProperty("look", "strong")
        length, how = QLabel(clock(one.source.duration)), QLabel(how_in_words(one))
        for label in (length, how):
            label.setProperty("look", "muted")
        grid.addWidget(name, number, 0)
        grid.addWidget(length, number, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(how, number, 2)
    if len(shown) < len(due):
        more = QLabel(tr("… and {n} more.").format(n=len(due) - len(shown)))
        grid.addWidget(more, len(shown), 0, 1, 3)
    return grid


def how_in_words(due: Due) -> str:
    """What became of the source's last run, and what is done about it."""
    job = due.job
    if job is None:
        return tr("not run yet")
    if job.status is JobStatus.PENDING:
        return tr("has not begun yet")
    if job.status is JobStatus.PAUSED:
        return tr("stopped at {share}: goes on").format(share=percent(job.progress))
    if job.status is JobStatus.FAILED:
        return tr("failed: is tried again")
    return tr("was stopped: goes on")


def _left_out(missing: Sequence[Due]) -> QLabel:
    names = ", ".join(one.source.name for one in missing[:MOST_SHOWN])
    if len(missing) > MOST_SHOWN:
        names += tr(" and {n} more").format(n=len(missing) - MOST_SHOWN)
    label = QLabel(tr("Left out, because the video is not where it was: {names}.").format(names=names))
    label.setWordWrap(True)
    label.setProperty("look", "muted")
    return label
