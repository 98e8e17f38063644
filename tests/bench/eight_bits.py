"""Measure what enters the text models' convolutions, so that they can compute in eight bits: `engine/adapters/
eight_bits_measured`.

`python -m tests.bench.eight_bits` from the project's folder, a few minutes; needed anew where a model's file changes.
Pictures are the demo's; crops are its signs and lines of text rendered in many ways, so that no footage is fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.demo.render import DemoScene
from engine.adapters.cv import cv2
from engine.adapters.detection import TextDetector
from engine.adapters.detector_graph import PixelsIn
from engine.adapters.eight_bits import (
    MEASURED,
    Entering,
    Measured,
    join_activations,
    suited_convolutions,
    write_measured,
)
from engine.adapters.inference import file_digest
from engine.adapters.model_sets import model_set
from engine.adapters.ocr import as_input
from engine.crops import rectified
from tests.bench.rendered_lines import rendered_lines

Picture = NDArray[np.uint8]

DETECTORS = {"ppocr-v6-tiny": (1920, 1088), "ppocr-v6-small": (1280, 736)}
STEM = ("Conv.1", "Conv.3")
"""A detector's convolutions on the largest maps; in eight bits they change most regions for what they gain."""
READERS = {
    "ppocr-v6-small": ("Conv.1", "Conv.2", "Conv.3", "Conv.4", "Conv.8", "Conv.11", "Conv.14", "Conv.17", "Conv.54",
                       "Conv.55"),
    "ppocr-v6-tiny": ("Conv.1", "Conv.5", "Conv.6", "Conv.8", "Conv.36"),
}  # fmt: skip
"""The readers, each with the convolutions that stay in 16 bits: those that gain least or harm most."""
SEEDS = range(21, 27)
FRAMES = (5, 60, 130, 200)
LINES = 350
BEYOND = 0.0001
"""Share of a picture's numbers that may lie beyond a detector's bounds, on either side; readers' bounds hold all."""
ROOM = 1.2
LOOKED_AT = 200_000


def frames() -> Iterator[Picture]:
    """Pictures of the demo (1280 x 720)."""
    for seed in SEEDS:
        scene = DemoScene(seed, max(FRAMES) + 1, 25, (1280, 720))
        yield from (scene.frame(number) for number in FRAMES)


def lighted(picture: Picture) -> tuple[Picture, ...]:
    """A picture as it is, and as a darker and a harder camera would see it."""
    return (
        picture,
        cv2.convertScaleAbs(picture, alpha=0.55),
        cv2.convertScaleAbs(picture, alpha=1.35, beta=-40),
    )


def entering(
    graph: Any,
    inputs: Iterable[NDArray[Any]],
    bounds: Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> dict[str, Entering]:
    """What enters each suited convolution of a graph in 32 bits, over all inputs; `bounds` gives the least and the
    largest number of each channel from those of one input (channels, places)."""
    import openvino as ov
    from openvino import opset13 as ops

    names = {n.get_friendly_name(): n for n in suited_convolutions(graph)}
    outputs = [ops.result(n.input_value(0)) for n in names.values()]
    looking = ov.Model(outputs, graph.get_parameters(), "looking")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    request = ov.Core().compile_model(looking, "CPU", exact).create_infer_request()
    lows: dict[str, list[Any]] = {}
    highs: dict[str, list[Any]] = {}
    sums: dict[str, list[Any]] = {}
    for given in inputs:
        request.infer([given])
        for place, name in enumerate(names):
            numbers = request.get_output_tensor(place).data[0]
            numbers = numbers.reshape(len(numbers), -1)
            low, high = bounds(numbers)
            lows.setdefault(name, []).append(low)
            highs.setdefault(name, []).append(high)
            sums.setdefault(name, []).append((numbers.sum(axis=1, dtype=np.float64), numbers.shape[1]))
    return {
        name: Entering(
            np.min(lows[name], axis=0),
            np.max(highs[name], axis=0),
            (sum(s for s, _ in sums[name]) / sum(n for _, n in sums[name])).astype(np.float32),
        )
        for name in names
    }


def but_for_outliers(numbers: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same bounds for all channels, without the farthest few numbers."""
    some = numbers.ravel()[:: max(1, numbers.size // LOOKED_AT)]
    low, high = (float(v) * ROOM for v in np.quantile(some, (BEYOND, 1 - BEYOND)))
    each = np.ones(len(numbers), np.float32)
    return each * max(low, float(numbers.min())), each * min(high, float(numbers.max()))


def all_of_them(numbers: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each channel's own bounds."""
    return numbers.min(axis=1), numbers.max(axis=1)


def measure_detector(name: str, pictures: Iterable[Picture]) -> Measured:
    """What enters a built-in detector's convolutions at the size at which it searches."""
    import openvino as ov

    model, size = model_set(name).detector, DETECTORS[name]
    graph = PixelsIn(model.mean, model.std)(ov.Core().read_model(str(model.path)))
    assert graph is not None
    join_activations(graph)
    scaled = (cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in pictures)
    inputs = (seen[None] for picture in scaled for seen in lighted(picture))
    found = entering(graph, inputs, but_for_outliers)
    return Measured(False, {k: v for k, v in found.items() if _in_file(k) not in STEM})


def _in_file(name: str) -> str:
    """What a convolution is called in the model's file ("Conv.3" of "Conv.3/WithoutBiases of 1")."""
    return name.split("/")[0].split(" ")[0]


def measure_reader(name: str, crops: Iterable[Picture]) -> Measured:
    """What enters a built-in reader's convolutions, but for those that stay in 16 bits."""
    import openvino as ov

    graph = ov.Core().read_model(str(model_set(name).reader.path))
    join_activations(graph)
    found = entering(graph, (as_input(crop)[None] for crop in crops), all_of_them)
    return Measured(True, {k: v for k, v in found.items() if k not in READERS[name]})


def signs(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """The demo's signs as a reader gets them."""
    detector = TextDetector(model_set("ppocr-v6-small").detector)
    for picture in pictures:
        for found in detector.find(picture):
            yield rectified(picture, found.quad)


def main() -> None:
    shots = list(frames())
    for name in DETECTORS:
        found = measure_detector(name, shots)
        digest = file_digest(model_set(name).detector.path)
        write_measured(MEASURED / f"{name}-detector.npz", digest, found)
        print(f"{name} detector: {len(found.entering)} convolutions", flush=True)
    crops = [*signs(shots), *rendered_lines(LINES)]
    for name in READERS:
        found = measure_reader(name, crops)
        digest = file_digest(model_set(name).reader.path)
        write_measured(MEASURED / f"{name}-reader.npz", digest, found)
        print(f"{name} reader: {len(found.entering)} convolutions, {len(crops)} crops", flush=True)


if __name__ == "__main__":
    main()
