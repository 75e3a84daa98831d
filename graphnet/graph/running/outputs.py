"""Outputs as arrays that belong to the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from graphnet.graph.running.executable import Executable
from graphnet.graph.running.step_program import leaves_of_input
from graphnet.graph.values import table
from graphnet.ir.core.types import NDArray
from graphnet.native import is_of_run

LARGE = 2**16
"""Bytes from which on a result stays a view of the memory of its run. It keeps all of that memory
alive, so states, which stay until the next step, are copied."""


def materialise(values: Iterable[NDArray | None]) -> list[Any]:
    """Arrays that the caller may keep and change; no two share memory."""
    found: list[Any] = []
    for value in values:
        if value is not None:
            shared = value.nbytes < LARGE or not is_of_run(value)
            if shared or any(o is not None and np.may_share_memory(value, o) for o in found):
                value = np.array(value)
        found.append(value)
    return found


def step_outputs(
    executable: Executable, results: Sequence[NDArray], by_inputs: bool
) -> tuple[float, Any, Any]:
    """The loss, the outputs of the net and the gradient of its input, nested as they are.

    The gradient is zero where nothing reads the input, and None for indices.
    """
    traced = executable.traced
    count = traced.output_count
    if not by_inputs:
        loss, outputs = table.unflatten(traced.output_structure, materialise(results[:count]))
        return float(loss), outputs, None
    leaves = range(leaves_of_input(traced.input_structure))
    gradients = [input_gradient(executable, results, leaf) for leaf in leaves]
    found = materialise([*results[:count], *gradients])
    loss, outputs = table.unflatten(traced.output_structure, found[:count])
    assert isinstance(traced.input_structure, tuple)
    return float(loss), outputs, table.unflatten(traced.input_structure[0], found[count:])


def input_gradient(executable: Executable, results: Sequence[NDArray], leaf: int) -> NDArray | None:
    position = executable.linked.gradients.get(leaf)
    if position is not None:
        return results[position]
    traced = executable.traced
    pairs = zip(traced.program.inputs, traced.sources, strict=True)
    type = next(var.type for var, source in pairs if isinstance(source, int) and source == leaf)
    return np.zeros(type.shape, type.dtype) if type.is_float else None
