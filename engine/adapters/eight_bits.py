"""Convolutions in eight bits: a graph's form that OpenVINO runs in two thirds of the time.

A convolution takes the numbers that enter it as 256 steps between two bounds, and its weights as 255 steps for each of
its output channels; sums stay exact, and what lies between convolutions stays in 16 bits (Jacob et al., Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018). Rounded weights shift a
convolution's mean, which is what does most harm; the shift is known from the mean of what enters, and taken back (Nagel
et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019). Where channels differ much,
each gets bounds of its own at no cost: the weights take up most of the difference (Xiao et al., SmoothQuant, ICML
2023). Bounds and means were measured once (`python -m tests.bench.eight_bits`); they lie, by model, in
`eight_bits_measured`.

OpenVINO makes one step of a convolution, its activation and the rounding for the next one, but only where the
activation is one node, and where rounding has no zero point. So activations that a model's file spells out are put
together first, and the middle between a channel's bounds goes into the bias of a convolution that sees one pixel.

Processors without VNNI add two products of bytes in 16 bits, which overflow where both are large. There the steps of a
channel's weights are as wide as keeps each such pair within bounds; they are neighbours among the channels that enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.adapters.graph_nodes import constant, numbers_of, only_user, replace, source

Numbers = NDArray[np.float32]
MEASURED = Path(__file__).with_name("eight_bits_measured")

_LEAST_CHANNELS = 8
_LARGE_WINDOW = 5
_GELU = ("Erf", "Add", "Multiply", "Multiply")
_BYTES = ("AVX2",)
_IN_32_BITS = ("AVX512VNNI", "AVX_VNNI")
_KNOWN_FEATURES = 512
_EVENED = 0.9
"""How much of the difference between channels goes into the weights where each has bounds of its own."""
_NARROWEST = 0.01
"""No channel's bounds are narrower than this share of the widest, so that one at rest while measuring isn't cut off."""


@dataclass(frozen=True, slots=True)
class Entering:
    """What enters a convolution: the least, the largest and the mean number of each channel; each (channels,)."""

    low: Numbers
    high: Numbers
    mean: Numbers


@dataclass(frozen=True, slots=True)
class EightBits:
    """Rewrites the graph of the model with this sha256; the graph stays as it is where that was not measured."""

    digest: str

    def __call__(self, graph: Any) -> Any | None:
        found = measured(self.digest)
        return graph if found is not None and found.rewrite(graph) else None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a model: of each convolution, by name, what enters it. `by_channel`: each channel gets
    bounds of its own; else they share the widest."""

    by_channel: bool
    entering: Mapping[str, Entering]

    def rewrite(self, graph: Any) -> int:
        """Let the convolutions that were measured compute in eight bits; how many there are."""
        join_activations(graph)
        found = [n for n in suited_convolutions(graph) if n.get_friendly_name() in self.entering]
        for node in found:
            in_eight_bits(node, self.entering[node.get_friendly_name()], self.by_channel)
        graph.validate_nodes_and_infer_types()
        return len(found)


def measured(digest: str) -> Measured | None:
    """What was measured of the model with this sha256; None where nobody did, or where this processor gains nothing
    by eight bits."""
    path = _by_digest().get(digest)
    return _read(path) if path is not None and multiplies_bytes() else None


@lru_cache(maxsize=1)
def _by_digest() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(MEASURED.glob("*.npz")):
        with np.load(path) as stored:
            found[str(stored["sha256"])] = path
    return found


@lru_cache(maxsize=8)
def _read(path: Path) -> Measured:
    with np.load(path) as stored:
        names, borders = stored["names"].tolist(), np.cumsum(stored["channels"])[:-1]
        columns = [np.split(stored[k].astype(np.float32), borders) for k in ("low", "high", "mean")]
        return Measured(
            bool(stored["by_channel"]),
            {name: Entering(*three) for name, *three in zip(names, *columns, strict=True)},
        )


def write_measured(path: Path, digest: str, found: Measured) -> None:
    """Store what was measured of the model with this sha256, in 16 bits."""
    several = found.entering.values()
    np.savez_compressed(
        path,
        sha256=np.array(digest),
        by_channel=np.array(found.by_channel),
        names=np.array(list(found.entering)),
        channels=np.array([len(e.low) for e in several]),
        low=np.concatenate([e.low for e in several]).astype(np.float16),
        high=np.concatenate([e.high for e in several]).astype(np.float16),
        mean=np.concatenate([e.mean for e in several]).astype(np.float16),
    )


@lru_cache(maxsize=1)
def multiplies_bytes() -> bool:
    """True where one instruction multiplies bytes; without it they are slow."""
    return _has(_BYTES)


@lru_cache(maxsize=1)
def sums_in_32_bits() -> bool:
    """True where the processor adds up products of bytes in 32 bits; else it adds two of them in 16 first."""
    return _has(_IN_32_BITS)


def _has(features: tuple[str, ...]) -> bool:
    numbers = {cv2.getHardwareFeatureName(n): n for n in range(_KNOWN_FEATURES)}
    return any(name in numbers and cv2.checkHardwareSupport(numbers[name]) for name in features)


def join_activations(graph: Any) -> int:
    """Put each x * (erf(x / a) + 1) * b of a graph into one node (GELU), and fold what is constant; how many."""
    from openvino import opset13 as ops
    from openvino import passes

    count = 0
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "Erf":
            continue
        after: list[Any] = [node]
        while len(after) < len(_GELU) and (user := only_user(after[-1])) is not None:
            after.append(user)
        if tuple(n.get_type_name() for n in after) == _GELU:
            divided = source(node.input_value(0)).get_node()
            replace(after[-1], ops.gelu(source(divided.input_value(0)), "erf"))
            count += 1
    folding = passes.Manager()
    folding.register_pass(passes.ConstantFolding())
    folding.run_passes(graph)
    return count


def suited_convolutions(graph: Any) -> Iterator[Any]:
    """The convolutions that may gain by eight bits, in order: those of pictures with enough channels, and of single
    channels those with a large window."""
    for node in graph.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution") or numbers_of(node, 1) is None:
            continue
        shape, entering = node.input(1).get_shape(), node.input(0).get_partial_shape()
        one_number = shape[-1] == 1 and all(
            side.is_static and side.get_length() == 1 for side in entering[2:]
        )
        if (kind == "Convolution" and shape[1] >= _LEAST_CHANNELS and not one_number) or (
            kind == "GroupConvolution" and min(shape[-2:]) >= _LARGE_WINDOW and shape[1] == shape[2] == 1
        ):
            yield node


def in_eight_bits(node: Any, entering: Entering, by_channel: bool = False) -> None:
    """Let a convolution with constant weights compute in eight bits; what it gives differs by rounding only."""
    from openvino import opset13 as ops

    weights = numbers_of(node, 1)
    assert weights is not None
    grouped = node.get_type_name() == "GroupConvolution"
    one_pixel = not grouped and weights.shape[2:] == (1, 1)
    given, scale, middle = _rounded(
        node.input_value(0), weights, entering, one_pixel, by_channel and one_pixel
    )
    # Of single channels (outputs, 1, 1, high, wide) the first axis stands for what enters, else the second.
    across = (-1, 1, 1, 1, 1) if grouped else (1, -1, 1, 1)
    each = tuple(range(1, weights.ndim))
    scaled = weights * scale.reshape(across)
    sizes = np.abs(scaled)
    if not (grouped or sums_in_32_bits()):
        sizes = _pairs(sizes)
    step = np.maximum(sizes.max(axis=each, keepdims=True), np.float32(1e-9)) / np.float32(127)
    steps = np.clip(np.round(scaled / step), -127, 127)
    lost = weights - steps * step / scale.reshape(across)
    shift = (weights * middle.reshape(across) + lost * (entering.mean - middle).reshape(across)).sum(
        axis=each
    )
    numbers = ops.multiply(ops.convert(ops.constant(steps.astype(np.int8)), np.float32), constant(step))
    how = node.get_attributes()
    make = ops.group_convolution if grouped else ops.convolution
    made = make(
        given, numbers, how["strides"], how["pads_begin"], how["pads_end"], how["dilations"], how["auto_pad"]
    )
    made.set_friendly_name(node.get_friendly_name())
    replace(node, ops.add(made, constant(shift, (1, -1, 1, 1))))


def _pairs(sizes: Numbers) -> Numbers:
    """The sums of every two neighbours along the channels that enter."""
    odd = [(0, 0)] * sizes.ndim
    odd[1] = (0, sizes.shape[1] % 2)
    even = np.pad(sizes, odd)
    return even[:, 0::2] + even[:, 1::2]


def _rounded(
    numbers: Any, weights: Numbers, entering: Entering, one_pixel: bool, by_channel: bool
) -> tuple[Any, Numbers, Numbers]:
    """What enters a convolution as bytes; and of each channel what a step of it stands for, as a share of the common
    one, and which number stands for zero."""
    from openvino import opset13 as ops

    low, high = entering.low, entering.high
    even = np.ones_like(low)
    if not by_channel:
        low, high = even * min(low.min(), 0), even * max(high.max(), 0)
    middle: Numbers = (low + high) / np.float32(2) if one_pixel else 0 * even
    if not one_pixel and low.min() >= 0:
        bounds = (0.0, high[0], 0.0, high[0])
        return ops.fake_quantize(numbers, *map(constant, bounds), 256), even, middle
    half = np.maximum(np.maximum(high - middle, middle - low), np.float32(1e-6))
    scale = even
    if by_channel:
        half = np.maximum(half, _NARROWEST * half.max())
        column = np.abs(weights).max(axis=(0, 2, 3))
        scale = half**_EVENED / np.maximum(column, 1e-4 * column.max()) ** (1 - _EVENED)
    edge = float((half / scale).max())
    least, most = -edge, edge * 127 / 128
    shape = (1, -1, 1, 1) if by_channel else ()
    across = [(m if by_channel else m[0]) for m in (middle + least * scale, middle + most * scale)]
    bounds = (*(constant(b, shape) for b in across), constant(least), constant(most))
    return ops.fake_quantize(numbers, *bounds, 256), scale, middle
