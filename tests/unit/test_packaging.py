"""The bundle's contents, licences, icons and desktop files, without building it."""

from __future__ import annotations

import configparser
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


def load(name: str) -> ModuleType:
    """A module of packaging/, which is no package on purpose."""
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", PACKAGING / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


contents = load("contents")
licences = load("licences")


def desktop_entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(PACKAGING / "desktop" / "sponsight.desktop", "utf-8")
    return parser["Desktop Entry"]


# --- contents ---------------------------------------------------------------------------------------------------


def test_every_built_in_model_set_is_complete_in_the_bundle():
    from engine.adapters.model_sets import SET_NAMES, model_set

    inside = {path.resolve() for path, _ in contents.model_files()}
    for name in SET_NAMES:
        wanted = model_set(name)
        files = [wanted.detector.path, wanted.reader.path, wanted.reader.dictionary]
        assert {path.resolve() for path in files if path is not None} <= inside
    others = [path for path, _ in contents.model_files() if path.suffix not in (".onnx", ".txt")]
    assert not others


def test_data_keeps_its_place():
    places = {f"{folder}/{path.name}": path for path, folder in contents.data_files()}
    for path in (
        "resources/brands/starter.csv",
        "resources/icons/sponsight.svg",
        "resources/fonts/ui/Roboto-Regular.ttf",
        "storage/migrations/env.py",
        "storage/migrations/versions/0001_first_schema.py",
        "engine/lexicon/common.txt",
        "engine/adapters/eight_bits_measured/ppocr-v6-tiny-detector.npz",
    ):
        assert places[path] == ROOT / path
    assert not [place for place in places if "__pycache__" in place or place.startswith("tests/")]


def test_our_modules_are_named_however_they_are_imported():
    names = contents.own_modules()
    assert {"app", "app.cli.demo", "app.self_test", "engine.stages.run_ocr", "ui.self_test"} <= set(names)
    assert not [name for name in names if "migrations" in name or name.endswith("__init__")]
    assert {"alembic.op", "sqlalchemy", "storage.schema"} <= set(contents.migration_imports())


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),
        ("PySide6/plugins/platforms/qwindows.dll", True),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", False),
        ("PySide6/Qt/plugins/imageformats/libqpdf.so", False),
        ("PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so", False),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("PySide6/Qt/lib/libQt6Core.so.6", True),
        ("cv2/qt/plugins/platforms/libqxcb.so", False),
        ("cv2/cv2.abi3.so", True),
        ("resources/icons/sponsight.svg", True),
    ],
)
def test_what_is_kept(place: str, kept: bool):
    assert contents.keeps(place) is kept


def test_libraries_that_nobody_links_to_stay_out():
    links = {"/v/_ssl.so": ["libssl.so"], "/l/libssl.so": ["libcrypto.so"], "/q/xcb.so": ["libQt6Gui.so"]}
    binaries = [
        ("_ssl.so", "/v/_ssl.so", "EXTENSION"),
        ("libssl.so", "/l/libssl.so", "BINARY"),
        ("libcrypto.so", "/l/libcrypto.so", "BINARY"),
        ("libgtk.so", "/l/libgtk.so", "BINARY"),
        ("libpython3.11.so", "/l/libpython3.11.so", "BINARY"),
        ("PySide6/Qt/plugins/platforms/xcb.so", "/q/xcb.so", "BINARY"),
        ("PySide6/Qt/lib/libQt6Gui.so", "/q/libQt6Gui.so", "BINARY"),
        ("PySide6/Qt/lib/libQt6Qml.so", "/q/libQt6Qml.so", "BINARY"),
        ("av.libs/libx264.so", "/v/libx264.so", "BINARY"),
        ("libQt6Gui.so", "PySide6/Qt/lib/libQt6Gui.so", "SYMLINK"),
        ("libQt6Qml.so", "PySide6/Qt/lib/libQt6Qml.so", "SYMLINK"),
    ]
    kept = contents.without_orphans(binaries, lambda file: links.get(file, []))
    left_out = {entry[0] for entry in binaries} - {entry[0] for entry in kept}
    assert left_out == {"libgtk.so", "PySide6/Qt/lib/libQt6Qml.so"}
    alive = contents.without_dead_links(kept, [entry[0] for entry in kept if entry[2] != "SYMLINK"])
    assert {entry[0] for entry in kept} - {entry[0] for entry in alive} == {"libQt6Qml.so"}


# --- licences ---------------------------------------------------------------------------------------------------


def locked() -> list[str]:
    """The distributions that a user's environment holds."""
    lines = (ROOT / "requirements" / "cpu.txt").read_text("utf-8").splitlines()
    names = [found.group(1) for line in lines if (found := re.match(r"([a-z0-9.-]+)==", line))]
    return [name for name in names if installed(name)]


def installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_every_locked_distribution_has_a_licence_text():
    assert len(locked()) > 40
    assert [name for name in locked() if not licences.distribution_texts(name)] == []


def test_copyleft_parts_come_with_their_terms():
    names = {name: {text.name for text in licences.distribution_texts(name)} for name in licences.COVERED_BY}
    assert {"GPL-2.0.txt", "GPL-3.0.txt", "LGPL-3.0.txt"} <= names["av"]
    assert {"LGPL-3.0.txt", "GPL-3.0.txt"} <= names["pyside6-essentials"]
    assert "libx264" in licences.REMARKS["av"]


def test_parts_are_read_off_the_files(tmp_path: Path):
    import rapidfuzz
    import sqlalchemy

    sources = [Path(str(rapidfuzz.__file__)), Path(str(sqlalchemy.__file__)), ROOT / "ui" / "__main__.py"]
    parts = licences.parts_of(sources)
    assert [part.name for part in parts] == ["Python", "RapidFuzz", "SQLAlchemy"]
    folder = licences.write_folder(parts, tmp_path)
    index = (folder / "README.md").read_text("utf-8")
    for part in parts:
        assert f"[{part.name}]({part.folder})" in index and part.licence != "see its text"
    assert [
        path for path in (folder / f"SQLAlchemy-{parts[2].version}").iterdir() if path.stat().st_size > 500
    ]
    assert (folder / "fonts" / "LICENSE-OFL-1.1.txt").exists()


def test_metadata_tells_nothing_of_the_build_machine():
    names = {path.name for path, _ in licences.metadata_files("sponsight")}
    assert {"METADATA", "LICENSE", "NOTICE"} <= names
    assert "direct_url.json" not in names


# --- desktop ----------------------------------------------------------------------------------------------------


def test_desktop_entry_opens_what_the_import_dialog_offers():
    from ui.library_control import VIDEO_SUFFIXES

    types = {
        ".mp4": "video/mp4",
        ".mkv": "video/x-matroska",
        ".mov": "video/quicktime",
        ".m4v": "video/x-m4v",
        ".avi": "video/x-msvideo",
        ".ts": "video/mp2t",
        ".mts": "video/mp2t",
        ".m2ts": "video/mp2t",
        ".mxf": "application/mxf",
        ".webm": "video/webm",
        ".mpg": "video/mpeg",
        ".mpeg": "video/mpeg",
    }
    entry = desktop_entry()
    offered = set(filter(None, entry["MimeType"].split(";")))
    assert {types[suffix] for suffix in VIDEO_SUFFIXES} <= offered
    assert entry["Exec"].split() == ["sponsight", "%F"]
    assert entry["Icon"] == "sponsight"


def test_metainfo_belongs_to_the_entry_and_the_version():
    root = ElementTree.parse(PACKAGING / "desktop" / "sponsight.metainfo.xml").getroot()
    assert root.findtext("launchable") == "sponsight.desktop"
    assert root.findtext("project_license") == "Apache-2.0"
    newest = root.find("releases/release")
    assert newest is not None and newest.get("version") == importlib.metadata.version("sponsight")
    shown = {found.text for found in root.findall("categories/category")}
    assert shown == set(filter(None, desktop_entry()["Categories"].split(";")))


@pytest.mark.skipif(shutil.which("sh") is None, reason="a shell script")
def test_the_menu_entry_comes_and_goes(tmp_path: Path):
    bundle = tmp_path / "a folder & more" / "sponsight"
    for folder, name in (("applications", "sponsight.desktop"), ("metainfo", "sponsight.metainfo.xml")):
        (bundle / "share" / folder).mkdir(parents=True)
        shutil.copyfile(PACKAGING / "desktop" / name, bundle / "share" / folder / name)
    (bundle / "share" / "icons").mkdir()
    (bundle / "sponsight").write_text("#!/bin/sh\n", "utf-8")
    script = bundle / "install-for-me.sh"
    shutil.copyfile(PACKAGING / "desktop" / script.name, script)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", str(script)], check=True, env=environment, capture_output=True)
    entry = (home / ".local/share/applications/sponsight.desktop").read_text("utf-8")
    assert f'Exec="{bundle}/sponsight" %F' in entry
    assert (home / ".local/bin/sponsight").resolve() == (bundle / "sponsight").resolve()
    subprocess.run(["sh", str(script), "--remove"], check=True, env=environment, capture_output=True)
    assert not [path for path in home.rglob("*") if path.name.startswith("sponsight")]


def test_icons_in_all_sizes(qapp, tmp_path: Path):
    from PySide6.QtGui import QImage

    icons = load("icons")
    written = icons.render_icons(tmp_path)
    assert len(written) == len(icons.SIZES) + 1
    for size in icons.SIZES:
        image = QImage(str(tmp_path / f"{size}x{size}" / "apps" / "sponsight.png"))
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(0, 0).alpha() < 128 < image.pixelColor(size // 2, size // 4).alpha()
