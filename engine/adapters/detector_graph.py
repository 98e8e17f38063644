"""A text detector's graph in a form that OpenVINO runs up to a fifth faster: bytes go in, and every second row and
column of its map comes out. What it computes stays the same but for rounding to 16 bits.

Three things cost a detector time that have nothing to do with what it sees. Its pixels are turned into 32-bit numbers,
channel by channel, and back into 16 bits. Its two last layers, transposed convolutions, run in 32 bits; each is one
product for each pixel, so both are computed at a quarter of the picture's size, where they are plain convolutions
with more channels, and only as far as the map is looked at. And layers put one behind the other are copied only to be
read once by a convolution; each may as well be convolved by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PASSING = ("Identity", "Convert")
_ONE_PIXEL: tuple[list[int], ...] = ([1, 1], [0, 0], [0, 0], [1, 1])
"""Strides, padding before and behind, dilations of a convolution that sees one pixel at a time."""


@dataclass(frozen=True, slots=True)
class PixelsIn:
    """Turns a detector of (value / 255 - mean) / std, `mean` and `std` by channel in the pictures' order, into one
    that takes uint8 (1, height, width, 3) and gives the probabilities at every second pixel, beginning with the second
    of the second row (1, 1, height / 2, width / 2); both sides are multiples of 32."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

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
        pixels = ops.parameter(ov.PartialShape([1, -1, -1, 3]), np.uint8, name="pixels")
        scale = [1.0 / (255.0 * s) for s in self.std]
        shift = [-m / s for m, s in zip(self.mean, self.std, strict=True)]
        numbers = ops.multiply(ops.convert(pixels, np.float32), _constant(scale, (1, 1, 1, 3)))
        numbers = ops.add(numbers, _constant(shift, (1, 1, 1, 3)))
        planes = ops.transpose(numbers, ops.constant(np.array([0, 3, 1, 2], np.int64)))
        _replace(graph.get_parameters()[0], planes)
        made = ov.Model([ops.result(halved)], [pixels], graph.get_friendly_name())
        for node in made.get_ordered_ops():
            if node.get_type_name() == "Concat":
                _convolve_apart(node)
        made.validate_nodes_and_infer_types()
        return made


def _halved_end(graph: Any) -> Any | None:
    """The probabilities at every second pixel, computed from what enters the last two transposed convolutions.

    Both double the picture without overlap, so what they make of a pixel depends on that pixel alone: the first one's
    four outputs become channels, and of the second one's four for each of those only the last is computed."""
    from openvino import opset13 as ops

    found = list(islice(_going_up(graph.get_results()[0]), 6))
    doubling = "ConvolutionBackpropData"
    if [node.get_type_name() for node in found] != ["Sigmoid", "Add", doubling, "Relu", "Add", doubling]:
        return None
    _, second_add, second, _, first_add, first = found
    first_weights, second_weights = _value(first, 1), _value(second, 1)
    first_bias, second_bias = _value(first_add, 1), _value(second_add, 1)
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
    opened = ops.convolution(first.input_value(0), _constant(by_place), *_ONE_PIXEL)
    opened = ops.relu(ops.add(opened, _constant(bias, (1, -1, 1, 1))))
    last = np.kron(np.eye(4, dtype=np.float32), second_weights[:, 0, 1, 1])
    logits = ops.convolution(opened, _constant(last, (4, 4 * inner, 1, 1)), *_ONE_PIXEL)
    likely = ops.sigmoid(ops.add(logits, _constant(second_bias, (1, 1, 1, 1))))
    return ops.depth_to_space(likely, "blocks_first", 2)


def _convolve_apart(joined: Any) -> None:
    """Replace a convolution of joined channels, if that is all they are joined for, by the sum of convolutions."""
    from openvino import opset13 as ops

    user = _only_user(joined)
    while user is not None and user.get_type_name() in _PASSING:
        user = _only_user(user)
    if (
        user is None
        or user.get_type_name() != "Convolution"
        or joined.get_attributes()["axis"] not in (1, -3)
    ):
        return
    weights = _value(user, 1)
    counts = [joined.input_value(i).get_partial_shape()[1] for i in range(joined.get_input_size())]
    if weights is None or any(count.is_dynamic for count in counts):
        return
    how = user.get_attributes()
    borders = np.cumsum([0, *(count.get_length() for count in counts)])
    total: Any = None
    for number, (start, stop) in enumerate(pairwise(borders)):
        part = ops.convolution(
            joined.input_value(number),
            _constant(weights[:, start:stop]),
            how["strides"],
            how["pads_begin"],
            how["pads_end"],
            how["dilations"],
            how["auto_pad"],
        )
        total = part if total is None else ops.add(total, part)
    _replace(user, total)


def _going_up(node: Any) -> Iterator[Any]:
    """The nodes that lead to a node's first input, nearest first, without those that only pass things on."""
    while node.get_input_size():
        node = node.input_value(0).get_node()
        if node.get_type_name() not in _PASSING:
            yield node


def _value(node: Any, number: int) -> NDArray[np.float32] | None:
    """The numbers that enter a node as this input; None where they are not constant."""
    source = node.input_value(number).get_node()
    while source.get_type_name() in _PASSING:
        source = source.input_value(0).get_node()
    return source.get_data().astype(np.float32) if source.get_type_name() == "Constant" else None


def _doubles(node: Any) -> bool:
    how = node.get_attributes()
    return (
        list(how["strides"]) == [2, 2]
        and not any((*how["pads_begin"], *how["pads_end"], *how["output_padding"]))
        and list(how["dilations"]) == [1, 1]
    )


def _only_user(node: Any) -> Any | None:
    users = [port.get_node() for port in node.output(0).get_target_inputs()]
    return users[0] if len(users) == 1 else None


def _replace(old: Any, new: Any) -> None:
    for port in old.output(0).get_target_inputs():
        port.replace_source_output(new.output(0))


def _constant(values: Any, shape: tuple[int, ...] | None = None) -> Any:
    from openvino import opset13 as ops

    numbers = np.ascontiguousarray(values, np.float32)
    return ops.constant(numbers if shape is None else numbers.reshape(shape))
