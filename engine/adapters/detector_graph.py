"""A text detector's graph in a form that OpenVINO runs up to a fifth faster: bytes go in, and every second row and
column of its map comes out. What it computes stays the same but for rounding to 16 bits, or to eight where bounds for
that were measured (`eight_bits`).

Three things cost a detector time that have nothing to do with what it sees. Its pixels are turned into 32-bit numbers,
channel by channel, and back into 16 bits. Its two last layers, transposed convolutions, run in 32 bits; each is one
product for each pixel, so both are computed at a quarter of the picture's size, where they are plain convolutions
with more channels, and only as far as the map is looked at. And layers put one behind the other are copied only to be
read once by a convolution; each may as well be convolved by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np

from engine.adapters.eight_bits import Entering, in_eight_bits, measured
from engine.adapters.graph_nodes import constant, going_up, numbers_of, only_user, replace

BORDERED = "bordered pixels"
"""Name of an input that takes a picture with a row above and a column left of it, in the colour of `mean`."""
_ONE_PIXEL: tuple[list[int], ...] = ([1, 1], [0, 0], [0, 0], [1, 1])
"""Strides, padding before and behind, dilations of a convolution that sees one pixel at a time."""


@dataclass(frozen=True, slots=True)
class PixelsIn:
    """Turns a detector of (value / 255 - mean) / std, `mean` and `std` by channel in the pictures' order, into one
    that takes uint8 (1, height, width, 3) and gives the probabilities at every second pixel, beginning with the second
    of the second row (1, 1, height / 2, width / 2); both sides are multiples of 32.

    A model whose file has the sha256 `digest` computes in eight bits if that was measured; its input may then be
    BORDERED, one row and one column larger."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    digest: str = ""

    def __call__(self, graph: Any) -> Any | None:
        """The graph in the other form; it must not be used any more itself. None, and the graph left as it was, where
        it does not end as PP-OCR's later detectors do."""
        import openvino as ov
        from openvino import opset13 as ops

        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            return None
        halved = _halved_end(graph)
        if halved is None:
            return None
        pixels = ops.parameter(ov.PartialShape([1, -1, -1, 3]), np.uint8)
        whole = graph.get_parameters()[0]
        bounds = measured(self.digest)
        first = only_user(whole) if bounds is not None else None
        if first is not None and _sees_a_border(first):
            pixels.set_friendly_name(BORDERED)
            self._take_bytes(first, pixels)
        else:
            pixels.set_friendly_name("pixels")
            replace(whole, self._numbers(pixels))
        pixels.output(0).set_names({pixels.get_friendly_name()})
        made = ov.Model([ops.result(halved)], [pixels], graph.get_friendly_name())
        for node in made.get_ordered_ops():
            if node.get_type_name() == "Concat":
                _convolve_apart(node)
        made.validate_nodes_and_infer_types()
        if bounds is not None:
            bounds.rewrite(made)
        return made

    def _numbers(self, pixels: Any) -> Any:
        """What the detector's own form takes, computed from pixels."""
        from openvino import opset13 as ops

        scale = [1.0 / (255.0 * s) for s in self.std]
        shift = [-m / s for m, s in zip(self.mean, self.std, strict=True)]
        numbers = ops.multiply(ops.convert(pixels, np.float32), constant(scale, (1, 1, 1, 3)))
        return _planes(ops.add(numbers, constant(shift, (1, 1, 1, 3))))

    def _take_bytes(self, first: Any, pixels: Any) -> None:
        """Let the first convolution take bytes: what makes numbers of them goes into its weights and a bias."""
        from openvino import opset13 as ops

        weights = numbers_of(first, 1)
        assert weights is not None
        std, mean = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (self.std, self.mean))
        how = first.get_attributes()
        planes = _planes(ops.convert(pixels, np.float32))
        made = ops.convolution(
            planes, constant(weights / (255 * std)), how["strides"], [0, 0], [0, 0], how["dilations"]
        )
        replace(first, ops.add(made, constant(-(weights * mean / std).sum(axis=(1, 2, 3)), (1, -1, 1, 1))))
        in_eight_bits(
            made, Entering(np.zeros(3, np.float32), np.full(3, 255, np.float32), mean.ravel() * 255)
        )


def _planes(numbers: Any) -> Any:
    from openvino import opset13 as ops

    return ops.transpose(numbers, ops.constant(np.array([0, 3, 1, 2], np.int64)))


def _sees_a_border(node: Any) -> bool:
    """True for a convolution at every second pixel that looks one row and column beyond the picture."""
    if node.get_type_name() != "Convolution" or numbers_of(node, 1) is None:
        return False
    how, window = node.get_attributes(), tuple(node.input(1).get_shape()[2:])
    return list(how["pads_begin"]) == [1, 1] and list(how["strides"]) == [2, 2] and window == (3, 3)


def _halved_end(graph: Any) -> Any | None:
    """The probabilities at every second pixel, computed from what enters the last two transposed convolutions.

    Both double the picture without overlap, so what they make of a pixel depends on that pixel alone: the first one's
    four outputs become channels, and of the second one's four for each of those only the last is computed."""
    from openvino import opset13 as ops

    found = list(islice(going_up(graph.get_results()[0]), 6))
    doubling = "ConvolutionBackpropData"
    if [node.get_type_name() for node in found] != ["Sigmoid", "Add", doubling, "Relu", "Add", doubling]:
        return None
    _, second_add, second, _, first_add, first = found
    first_weights, second_weights = numbers_of(first, 1), numbers_of(second, 1)
    first_bias, second_bias = numbers_of(first_add, 1), numbers_of(second_add, 1)
    if first_weights is None or second_weights is None or first_bias is None or second_bias is None:
        return None
    inner = first_weights.shape[1]
    if (
        first_weights.shape[2:] != (2, 2)
        or second_weights.shape != (inner, 1, 2, 2)
        or first_bias.size not in (1, inner)
        or second_bias.size != 1
        or not (_doubles(first) and _doubles(second))
    ):
        return None
    by_place = first_weights.transpose(2, 3, 1, 0).reshape(4 * inner, -1, 1, 1)
    bias = np.tile(np.broadcast_to(first_bias.ravel(), inner), 4)
    opened = ops.convolution(first.input_value(0), constant(by_place), *_ONE_PIXEL)
    opened.set_friendly_name("opened")
    opened = ops.relu(ops.add(opened, constant(bias, (1, -1, 1, 1))))
    last = np.kron(np.eye(4, dtype=np.float32), second_weights[:, 0, 1, 1])
    logits = ops.convolution(opened, constant(last, (4, 4 * inner, 1, 1)), *_ONE_PIXEL)
    logits.set_friendly_name("logits")
    likely = ops.sigmoid(ops.add(logits, constant(second_bias, (1, 1, 1, 1))))
    return ops.depth_to_space(likely, "blocks_first", 2)


def _convolve_apart(joined: Any) -> None:
    """Replace a convolution of joined channels, if that is all they are joined for, by the sum of convolutions."""
    from openvino import opset13 as ops

    user = only_user(joined)
    if (
        user is None
        or user.get_type_name() != "Convolution"
        or joined.get_attributes()["axis"] not in (1, -3)
    ):
        return
    weights = numbers_of(user, 1)
    counts = [joined.input_value(i).get_partial_shape()[1] for i in range(joined.get_input_size())]
    if weights is None or any(count.is_dynamic for count in counts):
        return
    how = user.get_attributes()
    borders = np.cumsum([0, *(count.get_length() for count in counts)])
    total: Any = None
    for number, (start, stop) in enumerate(pairwise(borders)):
        part = ops.convolution(
            joined.input_value(number),
            constant(weights[:, start:stop]),
            how["strides"],
            how["pads_begin"],
            how["pads_end"],
            how["dilations"],
            how["auto_pad"],
        )
        part.set_friendly_name(f"{user.get_friendly_name()} of {number}")
        total = part if total is None else ops.add(total, part)
    replace(user, total)


def _doubles(node: Any) -> bool:
    how = node.get_attributes()
    return (
        list(how["strides"]) == [2, 2]
        and not any((*how["pads_begin"], *how["pads_end"], *how["output_padding"]))
        and list(how["dilations"]) == [1, 1]
    )
