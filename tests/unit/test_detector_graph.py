"""A detector's other form: what it computes stays the same, and other graphs are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, save_model

from engine.adapters import openvino
from engine.adapters.cv import cv2
from engine.adapters.detection import TextDetector
from engine.adapters.detector_graph import PixelsIn
from engine.adapters.inference import CPU, OPENVINO, open_session
from engine.adapters.model_sets import model_set

pytestmark = pytest.mark.skipif(
    not openvino.works(model_set("ppocr-v6-tiny").reader.path), reason="no OpenVINO for this machine"
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def board(high: int, wide: int) -> np.ndarray:
    """A green picture with white letters in its upper part."""
    image = np.full((high, wide, 3), (40, 120, 40), np.uint8)
    cv2.putText(
        image, "HANKOOK", (20, high // 2), cv2.FONT_HERSHEY_DUPLEX, 1.2, (240, 240, 240), 2, cv2.LINE_AA
    )
    return image


def planes(image: np.ndarray) -> np.ndarray:
    """A picture as a detector's own form takes it."""
    numbers = (image.astype(np.float32) / 255 - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(numbers.transpose(2, 0, 1)[None])


def exact(graph: Any, shape: tuple[int, ...], given: np.ndarray) -> np.ndarray:
    """A graph's answer in 32 bits."""
    import openvino as ov

    graph.reshape({graph.inputs[0]: list(shape)})
    model = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(model([given])[0])


def graph_of(path: Path) -> Any:
    import openvino as ov

    return ov.Core().read_model(str(path))


def joined(graph: Any) -> int:
    """How many times a graph joins planes."""
    return sum(
        node.get_type_name() == "Concat" and node.get_output_partial_shape(0).rank.get_length() == 4
        for node in graph.get_ordered_ops()
    )


@pytest.mark.parametrize("name", ["ppocr-v6-small", "ppocr-v6-tiny"])
def test_the_other_form_computes_the_same_probabilities(name: str) -> None:
    path, image = model_set(name).detector.path, board(96, 256)
    before = graph_of(path)
    joins = joined(before)
    whole = exact(before, (1, 3, 96, 256), planes(image))
    other = PixelsIn(MEAN, STD)(graph_of(path))
    assert other is not None and joined(other) < joins
    halved = exact(other, (1, 96, 256, 3), image[None])
    assert whole.max() > 0.9 and halved.shape == (1, 1, 48, 128)
    assert np.abs(whole[0, 0, 1::2, 1::2] - halved[0, 0]).max() < 1e-3


@pytest.mark.parametrize("name", ["ppocr-v6-small", "ppocr-v6-tiny", "ppocr-v5-mobile", "ppocr-v4"])
def test_maps_are_alike_wherever_they_are_computed(name: str) -> None:
    model, image = model_set(name).detector, board(101, 263)
    here, there = (TextDetector(model, p).probabilities(image) for p in (OPENVINO, CPU))
    assert here.shape == there.shape == (50, 131)
    assert there.max() > 0.8 and np.abs(here - there).mean() < 0.01


def test_pictures_of_another_size_leave_nothing_behind() -> None:
    detector = TextDetector(model_set("ppocr-v6-tiny").detector, OPENVINO)
    first = detector.probabilities(board(96, 256)).copy()
    detector.probabilities(np.full((120, 300, 3), 255, np.uint8))
    assert np.array_equal(detector.probabilities(board(96, 256)), first)


def ends_with(path: Path, second: int, stride: int = 2) -> Path:
    """A detector-like model whose last layer has `second` outputs and this stride."""
    generator = np.random.default_rng(3)

    def number(name: str, *shape: int) -> Any:
        values = generator.normal(size=shape).astype(np.float32)
        return helper.make_tensor(name, TensorProto.FLOAT, shape, values.ravel())

    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "a"], ["planes"], pads=[1, 1, 1, 1], strides=[4, 4]),
            helper.make_node("ConvTranspose", ["planes", "b"], ["wide"], strides=[2, 2]),
            helper.make_node("Add", ["wide", "c"], ["wider"]),
            helper.make_node("Relu", ["wider"], ["kept"]),
            helper.make_node("ConvTranspose", ["kept", "d"], ["whole"], strides=[stride, stride]),
            helper.make_node("Add", ["whole", "e"], ["logits"]),
            helper.make_node("Sigmoid", ["logits"], ["map"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, None, None])],
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, second, None, None])],
        [
            number("a", 4, 3, 3, 3), number("b", 4, 5, 2, 2), number("c", 1, 5, 1, 1),
            number("d", 5, second, 2, 2), number("e", 1, second, 1, 1),
        ],
    )  # fmt: skip
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_a_model_of_a_user_s_that_ends_like_that_is_taken_as_well(tmp_path: Path) -> None:
    path = ends_with(tmp_path / "own.onnx", 1)
    image = board(64, 96)
    whole = exact(graph_of(path), (1, 3, 64, 96), planes(image))
    halved = exact(PixelsIn(MEAN, STD)(graph_of(path)), (1, 64, 96, 3), image[None])
    assert np.abs(whole[0, 0, 1::2, 1::2] - halved[0, 0]).max() < 1e-4


@pytest.mark.parametrize(("second", "stride"), [(2, 2), (1, 1)])
def test_models_that_end_otherwise_are_left_as_they_are(tmp_path: Path, second: int, stride: int) -> None:
    path = ends_with(tmp_path / "own.onnx", second, stride)
    assert PixelsIn(MEAN, STD)(graph_of(path)) is None
    session = open_session(path, OPENVINO, rewrite=PixelsIn(MEAN, STD))
    (answer,) = session.run({"x": np.zeros((1, 3, 64, 96), np.float32)})
    assert answer.shape[:2] == (1, second)


def test_sessions_of_both_forms_live_side_by_side() -> None:
    path = model_set("ppocr-v6-tiny").detector.path
    plain, other = open_session(path, OPENVINO), open_session(path, OPENVINO, rewrite=PixelsIn(MEAN, STD))
    assert plain.inputs[0].shape[1] == 3 and other.inputs[0].shape == (1, None, None, 3)
