"""The application's icon as PNG in the sizes that desktops ask for, rendered from resources/icons/sponsight.svg."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRAWING = ROOT / "resources" / "icons" / "sponsight.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def render_icons(target: Path, name: str = "sponsight") -> list[Path]:
    """Write `target`/WxW/apps/NAME.png for every size, and the drawing itself under scalable; returns all paths."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    running = QGuiApplication.instance() or QGuiApplication([])
    drawing = QSvgRenderer(str(DRAWING))
    if not drawing.isValid():
        raise ValueError(f"{DRAWING} is no drawing that Qt can read")
    written = []
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        drawing.render(painter, QRectF(0, 0, size, size))
        painter.end()
        path = target / f"{size}x{size}" / "apps" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not image.save(str(path)):
            raise OSError(f"{path} could not be written")
        written.append(path)
    scalable = target / "scalable" / "apps" / f"{name}.svg"
    scalable.parent.mkdir(parents=True, exist_ok=True)
    scalable.write_bytes(DRAWING.read_bytes())
    del running
    return [*written, scalable]
