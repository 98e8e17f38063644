"""What the rewriting of OpenVINO graphs needs: the nodes around a node, their numbers, and putting one in another's
place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PASSING = ("Identity", "Convert")


def source(output: Any) -> Any:
    """The output that this one only passes on; itself where it is computed."""
    while output.get_node().get_type_name() in _PASSING:
        output = output.get_node().input_value(0)
    return output


def going_up(node: Any) -> Iterator[Any]:
    """The nodes that lead to a node's first input, nearest first, without those that only pass things on."""
    while node.get_input_size():
        node = source(node.input_value(0)).get_node()
        yield node


def only_user(node: Any) -> Any | None:
    """The node that takes a node's output, if there is just one and it doesn't only pass it on."""
    while True:
        users = [port.get_node() for port in node.output(0).get_target_inputs()]
        if len(users) != 1:
            return None
        if users[0].get_type_name() not in _PASSING:
            return users[0]
        node = users[0]


def numbers_of(node: Any, place: int) -> NDArray[np.float32] | None:
    """The numbers that enter a node as this input; None where they are not constant."""
    found = source(node.input_value(place)).get_node()
    return found.get_data().astype(np.float32) if found.get_type_name() == "Constant" else None


def replace(old: Any, new: Any) -> None:
    """Let all that takes the output of a node take another one's."""
    for port in old.output(0).get_target_inputs():
        port.replace_source_output(new.output(0))


def constant(values: Any, shape: tuple[int, ...] | None = None) -> Any:
    from openvino import opset13 as ops

    numbers = np.ascontiguousarray(values, np.float32)
    return ops.constant(numbers if shape is None else numbers.reshape(shape))
