"""Convolutions in eight bits: near what they give in 32, for the models that were measured and for them alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.adapters import eight_bits, openvino
from engine.adapters.detection import TextDetector
from engine.adapters.detector_graph import BORDERED, PixelsIn
from engine.adapters.eight_bits import (
    EightBits,
    Entering,
    Measured,
    in_eight_bits,
    join_activations,
    measured,
    suited_convolutions,
    write_measured,
)
from engine.adapters.inference import CPU, OPENVINO, file_digest
from engine.adapters.model_sets import model_set
from engine.adapters.ocr import TextReader
from tests.bench.rendered_lines import rendered_lines
from tests.unit.test_detector_graph import board

READER = model_set("ppocr-v6-tiny").reader
pytestmark = pytest.mark.skipif(not openvino.works(READER.path), reason="no OpenVINO for this machine")
with_bytes = pytest.mark.skipif(
    not eight_bits.multiplies_bytes(), reason="a processor that doesn't multiply bytes"
)

DEFAULTS = [(name, part) for name in ("ppocr-v6-tiny", "ppocr-v6-small") for part in ("detector", "reader")]


def graph_of(path: Path) -> Any:
    import openvino as ov

    return ov.Core().read_model(str(path))


def answers(graph: Any, given: np.ndarray) -> np.ndarray:
    import openvino as ov

    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled([given])[0])


def one_convolution(kind: str, weights: np.ndarray, pads: int) -> tuple[Any, Any]:
    """A graph of one convolution, and the convolution in it."""
    import openvino as ov
    from openvino import opset13 as ops

    channels = weights.shape[0] if kind == "group_convolution" else weights.shape[1]
    entering = ops.parameter(ov.PartialShape([1, channels, 12, 16]), np.float32)
    node = getattr(ops, kind)(entering, ops.constant(weights), [1, 1], [pads, pads], [pads, pads], [1, 1])
    return ov.Model([ops.result(node)], [entering], "one"), node


@pytest.mark.parametrize("by_channel", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1.5])
@pytest.mark.parametrize(
    ("kind", "shape", "pads"),
    [
        ("convolution", (24, 16, 1, 1), 0),
        ("convolution", (24, 16, 3, 3), 1),
        ("group_convolution", (16, 1, 1, 5, 5), 2),
    ],
)
def test_a_convolution_gives_nearly_the_same(
    kind: str, shape: tuple[int, ...], pads: int, offset: float, by_channel: bool
) -> None:
    generator = np.random.default_rng(4)
    weights = generator.normal(size=shape).astype(np.float32)
    spread = np.geomspace(0.2, 3.0, 16, dtype=np.float32).reshape(1, -1, 1, 1)
    given = (generator.normal(size=(1, 16, 12, 16)).astype(np.float32) + np.float32(offset)) * spread
    if pads and offset:
        given = np.maximum(given, 0)
    graph, _ = one_convolution(kind, weights, pads)
    exact = answers(graph, given)
    other, node = one_convolution(kind, weights, pads)
    numbers = given[0].reshape(16, -1)
    in_eight_bits(node, Entering(numbers.min(1), numbers.max(1), numbers.mean(1)), by_channel)
    other.validate_nodes_and_infer_types()
    kinds = Counter(n.get_type_name() for n in other.get_ordered_ops())
    assert kinds["FakeQuantize"] == 1
    rounded = answers(other, given)
    error = rounded - exact
    assert 0 < np.abs(error).mean() < 0.02 * exact.std()
    inner = error[:, :, 2:-2, 2:-2] if pads else error
    assert np.abs(inner.mean(axis=(0, 2, 3))).max() < 0.01 * exact.std()


@pytest.mark.parametrize("shape", [(24, 16, 1, 1), (24, 15, 3, 3)])
def test_pairs_of_products_fit_into_16_bits_where_the_processor_adds_them_there(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eight_bits, "sums_in_32_bits", lambda: False)
    weights = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    graph, node = one_convolution("convolution", weights, 0)
    even = np.ones(shape[1], np.float32)
    in_eight_bits(node, Entering(0 * even, even, np.float32(0.5) * even))
    (steps,) = (
        n.get_data()
        for n in graph.get_ordered_ops()
        if n.get_type_name() == "Constant" and n.get_data().dtype == np.int8
    )
    sizes = np.abs(steps.astype(int))
    pairs = sizes[:, 0::2][:, : shape[1] // 2] + sizes[:, 1::2]
    assert 255 * pairs.max() < 2**15 and pairs.max() >= 126 and sizes.max() > 63


@with_bytes
def test_large_numbers_meet_large_weights_without_overflow() -> None:
    weights = np.ones((16, 16, 1, 1), np.float32)
    given = np.full((1, 16, 12, 16), 4.0, np.float32)
    graph, node = one_convolution("convolution", weights, 0)
    even = np.ones(16, np.float32)
    in_eight_bits(node, Entering(-4 * even, 4 * even, 0 * even))
    assert np.abs(answers(graph, given) - 64).max() < 1.5


@pytest.mark.parametrize(("name", "part"), DEFAULTS)
def test_the_default_models_were_measured(name: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, a package brought another model: `python -m tests.bench.eight_bits` measures it."""
    monkeypatch.setattr(eight_bits, "multiplies_bytes", lambda: True)
    model = getattr(model_set(name), part)
    found = measured(file_digest(model.path))
    assert found is not None
    graph = graph_of(model.path)
    if part == "detector":
        graph = PixelsIn(model.mean, model.std)(graph)
    join_activations(graph)
    known = {n.get_friendly_name() for n in suited_convolutions(graph)}
    names = set(found.entering)
    assert len(names) >= 15 and names <= known


@with_bytes
@pytest.mark.parametrize(("name", "part"), DEFAULTS)
def test_the_default_models_compute_in_bytes_with_their_activations(name: str, part: str) -> None:
    model = getattr(model_set(name), part)
    session = (
        TextDetector(model, OPENVINO)._session if part == "detector" else TextReader(model, OPENVINO)._session
    )
    assert isinstance(session, openvino.OpenVinoSession)
    shape = (1, 97, 161, 3) if part == "detector" else (1, 3, 48, 160)
    assert part == "reader" or session.inputs[0].name == BORDERED
    compiled = session._model.for_sizes((shape,))
    kinds = Counter(
        str(n.get_rt_info()["primitiveType"].value)
        for n in compiled.get_runtime_model().get_ordered_ops()
        if n.get_rt_info()["layerType"].value == "Convolution"
    )
    found = measured(file_digest(model.path))
    assert found is not None
    assert sum(count for kind, count in kinds.items() if kind.endswith("I8")) >= len(found.entering) - 1
    alone = [
        n
        for n in compiled.get_runtime_model().get_ordered_ops()
        if "gelu" in n.get_rt_info()["originalLayersNames"].value.lower()
        and n.get_rt_info()["layerType"].value != "Convolution"
    ]
    assert not alone


@with_bytes
@pytest.mark.parametrize("name", ["ppocr-v6-tiny", "ppocr-v6-small"])
def test_readers_read_the_same_in_bytes(name: str) -> None:
    lines = [line for line in rendered_lines(60, seed=11) if line.shape[0] >= 16]
    exact, rounded = (TextReader(model_set(name).reader, where).read(lines) for where in (CPU, OPENVINO))
    sure = [(a, b) for a, b in zip(exact, rounded, strict=True) if a.score > 0.9 and len(a.text) > 2]
    assert len(sure) >= 10
    alike = sum(a.text.casefold() == b.text.casefold() for a, b in sure)
    assert alike >= 0.85 * len(sure)
    assert abs(np.mean([a.score for a, _ in sure]) - np.mean([b.score for _, b in sure])) < 0.03


@with_bytes
@pytest.mark.parametrize("name", ["ppocr-v6-tiny", "ppocr-v6-small"])
def test_a_crop_is_read_the_same_alone_and_among_others(name: str) -> None:
    lines = list(rendered_lines(24, seed=3))
    reader = TextReader(model_set(name).reader, OPENVINO)
    together = reader.read(lines)
    assert together == [reader.read([line])[0] for line in lines]


@with_bytes
@pytest.mark.parametrize("name", ["ppocr-v6-tiny", "ppocr-v6-small"])
def test_detectors_see_nearly_the_same_in_bytes(name: str) -> None:
    exact, rounded = (
        TextDetector(model_set(name).detector, p).probabilities(board(192, 512)) for p in (CPU, OPENVINO)
    )
    assert exact.max() > 0.8 and np.abs(exact - rounded).mean() < 0.005


def test_other_models_stay_as_they_are() -> None:
    path = model_set("ppocr-v4").reader.path
    graph = graph_of(path)
    before = [n.get_type_name() for n in graph.get_ordered_ops()]
    assert EightBits("0" * 64)(graph) is None
    assert [n.get_type_name() for n in graph.get_ordered_ops()] == before


def test_processors_without_products_of_bytes_keep_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_set("ppocr-v6-tiny").detector
    monkeypatch.setattr(eight_bits, "multiplies_bytes", lambda: True)
    assert measured(model.digest) is not None
    monkeypatch.setattr(eight_bits, "multiplies_bytes", lambda: False)
    assert measured(model.digest) is None
    detector = TextDetector(model, OPENVINO)
    assert detector._session.inputs[0].name != BORDERED
    assert detector.probabilities(board(96, 256)).max() > 0.8


def test_activations_in_one_node_give_the_same() -> None:
    given = np.random.default_rng(1).normal(size=(1, 3, 48, 160)).astype(np.float32)
    exact = answers(graph_of(READER.path), given)
    graph = graph_of(READER.path)
    assert join_activations(graph) > 5
    assert not [n for n in graph.get_ordered_ops() if n.get_type_name() == "Erf"]
    assert np.abs(answers(graph, given) - exact).max() < 1e-3


def test_what_was_measured_is_stored_in_16_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    numbers = [np.sort(generator.normal(size=(3, n)).astype(np.float32), axis=0) for n in (5, 8)]
    found = Measured(True, {f"Conv.{i}": Entering(a[0], a[2], a[1]) for i, a in enumerate(numbers)})
    write_measured(tmp_path / "some.npz", "ab" * 32, found)
    monkeypatch.setattr(eight_bits, "MEASURED", tmp_path)
    monkeypatch.setattr(eight_bits, "multiplies_bytes", lambda: True)
    eight_bits._by_digest.cache_clear()
    try:
        back = measured("ab" * 32)
        assert measured("cd" * 32) is None
    finally:
        eight_bits._by_digest.cache_clear()
    assert back is not None and back.by_channel and list(back.entering) == list(found.entering)
    for name, entering in found.entering.items():
        for column in ("low", "high", "mean"):
            assert np.allclose(getattr(back.entering[name], column), getattr(entering, column), rtol=1e-3)
