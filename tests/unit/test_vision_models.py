"""The real models: the OCR packages' files on rendered signs, user files, and small built object detectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.adapters.cv import cv2
from engine.adapters.detection import TextDetector, regions_of
from engine.adapters.inference import CPU, choose_provider, file_digest, open_session
from engine.adapters.model_sets import CUSTOM, SET_NAMES, detector_model, model_set, reader_model
from engine.adapters.objects import ObjectDetector
from engine.adapters.ocr import TextReader
from engine.alternatives import fit
from engine.crops import clarity, is_askew, line_border, look_hash, rectified, widened
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact


def sign(text: str, wide: int = 640, high: int = 200) -> np.ndarray:
    """A green picture with a white board that bears the text."""
    image = np.full((high, wide, 3), (40, 120, 40), np.uint8)
    cv2.rectangle(image, (60, 70), (wide - 60, 130), (245, 245, 245), -1)
    cv2.putText(image, text, (80, 114), cv2.FONT_HERSHEY_DUPLEX, 1.2, (120, 30, 10), 2, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("name", SET_NAMES)
def test_each_built_in_set_finds_and_reads_a_sign(name: str) -> None:
    found = model_set(name)
    image = sign("HANKOOK TYRES")
    regions = TextDetector(found.detector).find(image)
    assert regions
    best = max(regions, key=lambda r: np.ptp(r.quad[:, 0]))
    assert 70 <= best.quad[:, 1].mean() <= 130
    (text,) = TextReader(found.reader).read([rectified(image, best.quad)])
    assert "HANKOOK" in text.text.replace(" ", "") and text.score > 0.8
    assert len(text.scores) == len(text.text)


def test_a_crop_reads_the_same_whatever_is_read_with_it() -> None:
    reader = TextReader(model_set("ppocr-v6-tiny").reader)
    crops = [sign(t)[70:130, 70:400] for t in ("EMIRATES", "ORANGE BANK")] + [sign("X")[70:130, 60:120]]
    together = [t.text for t in reader.read(crops)]
    assert together == [reader.read([c])[0].text for c in crops]


def test_a_user_s_own_files_make_a_set(tmp_path: Path) -> None:
    source = model_set("ppocr-v6-tiny")
    assert source.reader.dictionary is not None
    model, letters = tmp_path / "mine.onnx", tmp_path / "letters.txt"
    model.write_bytes(source.reader.path.read_bytes())
    letters.write_bytes(source.reader.dictionary.read_bytes())
    own = reader_model(CUSTOM, str(model), str(letters))
    assert TextReader(own).read([sign("PIRELLI")[70:130, 70:300]])[0].text.startswith("PIRELLI")
    assert own.digest != source.reader.digest or own.digest
    letters.write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(UserFixable, match="2 characters"):
        TextReader(reader_model(CUSTOM, str(model), str(letters)))
    with pytest.raises(UserFixable, match="no dictionary"):
        TextReader(reader_model(CUSTOM, str(model)))
    with pytest.raises(UserFixable, match="is no file"):
        detector_model(CUSTOM, str(tmp_path / "none.onnx"))


@pytest.mark.parametrize("provider", [CPU, choose_provider()])
def test_a_user_s_reader_that_takes_one_crop_reads_them_one_by_one(tmp_path: Path, provider: str) -> None:
    source = model_set("ppocr-v6-tiny")
    model = onnx.load(str(source.reader.path))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    path = tmp_path / "single.onnx"
    onnx.save(model, str(path))
    reader = TextReader(reader_model(CUSTOM, str(path), str(source.reader.dictionary)), provider)
    crops = [sign(text)[70:130, 70:330] for text in ("PIRELLI", "HANKOOK", "EMIRATES")]
    assert [t.text[:5] for t in reader.read(crops)] == ["PIREL", "HANKO", "EMIRA"]


def test_files_that_are_no_models_are_told_plainly(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_text("not a model")
    with pytest.raises(UserFixable, match="can't be loaded"):
        open_session(broken)
    with pytest.raises(UserFixable, match="There is no model file"):
        file_digest(tmp_path / "missing.onnx")


def test_regions_grow_back_from_the_probability_map() -> None:
    probability = np.zeros((32, 64), np.float32)
    probability[10:15, 15:45] = 0.9
    (region,) = regions_of(probability, 0.3, 0.5, 1.5)
    assert region.score == pytest.approx(0.9, abs=0.05)
    (x0, y0), (x1, y1) = region.quad.min(axis=0), region.quad.max(axis=0)
    assert x0 < 30 and y0 < 20 and x1 > 90 and y1 > 30
    assert (x0 + x1) / 2 == pytest.approx(60, abs=1) and (y0 + y1) / 2 == pytest.approx(25, abs=1)
    assert regions_of(probability * 0.4, 0.3, 0.5, 1.5) == []


def constant_model(
    path: Path, output: np.ndarray, names: str = "", shape: tuple[int, ...] = (1, 3, 64, 64)
) -> Path:
    """An ONNX model that answers `output` to any picture."""
    value = helper.make_tensor("value", TensorProto.FLOAT, output.shape, output.astype(np.float32).ravel())
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["value", "nothing"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, output.shape)],
        [value, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names:
        helper.set_model_props(model, {"names": names})
    onnx.save(model, str(path))
    return path


def yolo(
    boxes: list[tuple[float, float, float, float]], scores: list[list[float]], count: int = 20
) -> np.ndarray:
    """(1, 4 + classes, N) with centre boxes in input pixels."""
    table = np.zeros((1, 4 + len(scores[0]), count), np.float32)
    for i, (box, score) in enumerate(zip(boxes, scores, strict=True)):
        table[0, :4, i], table[0, 4:, i] = box, score
    return table


def test_yolo_style_objects_come_back_in_picture_pixels_without_doubles(tmp_path: Path) -> None:
    boxes = [(32.0, 32.0, 20.0, 10.0), (33.0, 32.0, 20.0, 10.0), (10.0, 40.0, 8.0, 8.0)]
    scores = [[0.9, 0.1], [0.8, 0.1], [0.1, 0.2]]
    path = constant_model(tmp_path / "yolo.onnx", yolo(boxes, scores), "{0: 'Acme', 1: 'Globex'}")
    found = ObjectDetector(path).find(np.zeros((320, 640, 3), np.uint8), 0.4)
    assert [o.label for o in found] == ["Acme"] and found[0].score == pytest.approx(0.9)
    assert found[0].bounds == pytest.approx((220, 110, 420, 210))


def test_detr_style_objects_are_normalised_and_stretched(tmp_path: Path) -> None:
    table = np.zeros((1, 30, 6), np.float32)
    table = np.concatenate([table, np.zeros((1, 30, 1), np.float32)], axis=2)
    table[0, 0] = (0.5, 0.5, 0.2, 0.1, 0.05, 0.85, 0.0)
    path = constant_model(tmp_path / "detr.onnx", table)
    (only,) = ObjectDetector(path, ("a", "b", "c")).find(np.zeros((320, 640, 3), np.uint8), 0.4)
    assert only.label == "b" and only.bounds == pytest.approx((256, 144, 384, 176))


def test_exports_with_nms_inside_are_understood(tmp_path: Path) -> None:
    table = np.zeros((1, 10, 6), np.float32)
    table[0, 0] = (16, 24, 48, 40, 0.7, 3)
    path = constant_model(tmp_path / "nms.onnx", table)
    (only,) = ObjectDetector(path).find(np.zeros((64, 64, 3), np.uint8), 0.4)
    assert only.label == "class 3" and only.bounds == pytest.approx((16, 24, 48, 40))


def test_another_kind_of_model_is_refused_with_words(tmp_path: Path) -> None:
    path = constant_model(tmp_path / "other.onnx", np.zeros((1, 5), np.float32))
    with pytest.raises(UserFixable, match="no object detector"):
        ObjectDetector(path).find(np.zeros((64, 64, 3), np.uint8), 0.4)


def test_crops_are_rectified_measured_and_split() -> None:
    image = sign("ROTATED BOARD", 640, 240)
    turn = cv2.getRotationMatrix2D((320, 100), 12, 1.0)
    turned = cv2.warpAffine(image, turn, (640, 240), borderMode=cv2.BORDER_REPLICATE)
    corners = np.array([[70, 75], [420, 75], [420, 125], [70, 125]], np.float32)
    moved = (np.c_[corners, np.ones(4)] @ turn.T).astype(np.float32)
    straight, upright = rectified(image, corners), rectified(turned, moved)
    assert straight.shape == upright.shape
    assert cv2.matchTemplate(straight, upright, cv2.TM_CCOEFF_NORMED).max() > 0.9
    assert clarity(image, corners) > clarity(cv2.GaussianBlur(image, (0, 0), 4), corners)
    smears = [clarity(cv2.blur(image, (length, 1)), corners) for length in (3, 9, 25)]
    assert smears[0] > smears[1] > 0, "letters that a movement makes soft are clear to a degree"
    assert smears[2] == 0, "nothing can be read where they are smeared over half of their height"
    assert len(look_hash(image, corners)) == 16
    assert line_border(straight) is None
    two = np.full((80, 260, 3), 250, np.uint8)
    cv2.putText(two, "UPPER LINE", (10, 32), cv2.FONT_HERSHEY_DUPLEX, 1.0, (0, 0, 0), 2)
    cv2.putText(two, "LOWER LINE", (10, 70), cv2.FONT_HERSHEY_DUPLEX, 1.0, (0, 0, 0), 2)
    border = line_border(two)
    assert border is not None and 0.38 < border < 0.6


def test_a_crop_is_widened_farthest_where_letters_go_on() -> None:
    image = sign("HANKOOK")
    whole = np.array([[76, 84], [250, 84], [250, 120], [76, 120]], np.float32)
    moved, beyond = widened(image, whole)
    assert not beyond
    assert np.allclose(moved - whole, [[-10.8, 0], [10.8, 0], [10.8, 0], [-10.8, 0]], atol=0.1)
    cut = whole + np.array([[30, 0], [0, 0], [0, 0], [30, 0]], np.float32)
    moved, beyond = widened(image, cut)
    assert beyond
    assert np.allclose(moved - cut, [[-28.8, 0], [10.8, 0], [10.8, 0], [-28.8, 0]], atol=0.1)


def test_a_crop_of_text_that_runs_upwards_is_widened_along_the_text() -> None:
    image = np.ascontiguousarray(np.rot90(sign("HANKOOK", 640, 200)))
    cut = np.array([[84, 390], [120, 390], [120, 534], [84, 534]], np.float32)
    moved, beyond = widened(image, cut)
    assert beyond and np.allclose(moved[:, 0], cut[:, 0])
    assert moved[0, 1] < cut[0, 1] and moved[2, 1] > cut[2, 1] + 25


@pytest.mark.parametrize(
    ("wide", "high", "degrees", "askew"),
    [(40, 40, 30, True), (40, 48, 20, True), (40, 40, 0, False), (90, 40, 30, False), (20, 60, 30, False)],
)
def test_only_a_tilted_region_about_as_high_as_wide_is_askew(
    wide: int, high: int, degrees: float, askew: bool
) -> None:
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]]) @ matrix.T
    assert is_askew(corners.astype(np.float32)) is askew


@pytest.mark.parametrize("name", ["ppocr-v6-small", "ppocr-v6-tiny"])
def test_a_reader_tells_which_letters_were_possible(name: str) -> None:
    reader, plain = TextReader(model_set(name).reader), sign("HANKOOK")[84:122, 70:256]
    (read,) = reader.read([cv2.resize(plain, (34, 7), interpolation=cv2.INTER_AREA)])
    assert read.score < 0.985 and 0 < len(read.steps) <= 60
    own = fold_compact(read.text)
    assert fit(read.steps, own) > -0.5
    assert fit(read.steps, "hankook") > fit(read.steps, "gatorade")
    assert all(len(letters) == len(costs) and list(costs) == sorted(costs) for letters, costs in read.steps)
