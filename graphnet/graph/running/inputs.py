"""Inputs of a run and gradients of its outputs, checked and converted to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, GraphError, GraphnetError, ShapeError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values import table
from graphnet.graph.values.hints import kind_of
from graphnet.ir.core.interpreter import require_finite
from graphnet.ir.core.types import ArrayType, NDArray

FROM_CRITERION = (
    "Of a loss, the gradient of the output comes from the criterion: "
    "net.backward(x, criterion.backward(output, target))."
)
SHOWN = 40
"""Characters of a list that an error shows."""


def as_array(module: BaseModule, leaf: Any) -> NDArray:
    if isinstance(leaf, np.ndarray):
        return leaf
    if problem := no_array(leaf):
        error = DtypeError(*problem)
        error.locate(type(module).__name__)
        raise error
    return np.asarray(leaf)


def no_array(leaf: Any) -> tuple[str, str] | None:
    """Problem and hint for what stands in the place of an array; None for numbers."""
    if leaf is None or isinstance(leaf, str | dict):
        hint = "Is a name mistyped, or did a function return nothing?"
        return f"receives {leaf!r}, expected an array or a table of arrays", hint
    if isinstance(leaf, BaseModule | type):
        made = f"{leaf.__name__}(…)" if isinstance(leaf, type) else leaf.description()
        what = kind_of(leaf) if isinstance(leaf, type) else f"the module {made}"
        problem = f"receives {what} among its inputs, expected arrays"
        return problem, f"Apply it to an array, and give what it returns: {made}(x)."
    return None


def list_for_array(error: GraphnetError, module: BaseModule, inputs: Any) -> GraphnetError | None:
    """The error for a list of plain numbers in the place of an array; None without one."""
    if not table.is_table(inputs):
        return None
    required, has_optional = module.required_inputs(), bool(module.optional_inputs())
    entries = inputs[:required] if required > 1 or has_optional else inputs
    if required == 1 and not holds_arrays(inputs):
        entries = [inputs]
    for entry in entries:
        if table.is_table(entry) and len(entry) and not holds_arrays(entry):
            return type(error)(*list_problem(entry), type(module).__name__)
    return None


def holds_arrays(value: Any) -> bool:
    """Whether anything in a table is more than a number."""
    return not all(isinstance(leaf, int | float) for leaf in table.flatten(value)[0])


def list_problem(value: Any) -> tuple[str, str]:
    """Problem and hint; a tuple of whole numbers is taken for a shape."""
    if isinstance(value, tuple) and all(isinstance(n, int) for n in value):
        hint = f"np.zeros({value}) is an array of this shape; a tuple is a table of arrays."
        return f"received the tuple {value}, expected an array", hint
    count = len(table.flatten(value)[0])
    shown = text if len(text := repr(value)) <= SHOWN else "…"
    numbers = f"a list that holds {count} number{'s' * (count > 1)}"
    hint = f"A list is a table of arrays; make an array of it: np.array({shown})."
    return f"received {numbers}, expected an array", hint


def check_inputs(module: BaseModule, inputs: Any) -> None:
    optional = bool(module.optional_inputs()) and table.is_table(inputs)
    extra = table.flatten(inputs[module.required_inputs() :])[0] if optional else []
    # Integer inputs are lengths: padding is not read, so it may hold anything.
    padding = any(leaf is not None and np.asarray(leaf).dtype.kind in "iu" for leaf in extra)
    for path, leaf in () if padding else table.walk(inputs):
        if leaf is None:
            continue
        require_finite(
            np.asarray(leaf), f"{type(module).__name__}: input{table.position_text(path)} holds"
        )
    for name, parameter in module.named_parameters():
        require_finite(parameter.data, f"{type(module).__name__}: parameter {name} holds")


def read_only(value: Any) -> NDArray:
    """A read-only view."""
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


def seed_arrays(
    types: Sequence[ArrayType], expected: table.Structure, outputs: Any, grad_outputs: Any
) -> list[NDArray]:
    """The gradients of outputs of these types, nested as expected, as arrays.

    Raises GraphError, ShapeError or GraphnetError for gradients that do not fit.
    """
    if grad_outputs is None:
        if len(types) != 1 or types[0].size != 1:
            raise GraphError(
                f"backward of {table.describe(outputs)} needs grad_outputs",
                f"Only a single number has an obvious gradient: 1. {FROM_CRITERION}",
            )
        return [np.ones(types[0].shape, types[0].dtype)]
    leaves, structure = table.flatten(with_zeros(grad_outputs, outputs))
    if structure != expected:
        raise GraphError(
            f"backward received the gradients {shapes_and_count(grad_outputs)}, "
            f"expected {shapes_and_count(outputs)}",
            "Give one gradient for each output, nested as the output is."
            if table.is_table(grad_outputs)
            else FROM_CRITERION,
        )
    seeds = []
    for index, (leaf, type) in enumerate(zip(leaves, types, strict=True)):
        if not type.is_float:
            continue
        if leaf is None:
            raise GraphnetError(f"backward received None as gradient {index}")
        array = np.asarray(leaf)
        if array.shape != type.shape:
            raise ShapeError(
                f"backward received {gradient_text(array)} for output {index}, "
                f"expected {type.shape}",
                "" if array.shape else FROM_CRITERION,
            )
        seeds.append(array.astype(type.dtype))
    return seeds


def gradient_text(array: NDArray) -> str:
    """A gradient of the wrong shape, in words."""
    return f"a gradient {array.shape}" if array.shape else f"the number {array}"


def with_zeros(gradients: Any, outputs: Any) -> Any:
    """The gradients, with zeros for None."""
    if gradients is None:
        return table.map_table(np.zeros_like, outputs)
    if table.is_table(gradients) and table.is_table(outputs) and len(gradients) == len(outputs):
        return [with_zeros(g, y) for g, y in zip(gradients, outputs, strict=True)]
    return gradients


def shapes_and_count(value: Any) -> str:
    """The shapes of a value, and its number of entries as a table."""
    count = f" ({len(value)} entries)" if table.is_table(value) else ""
    return table.describe(value) + count


def same_input(kept: Any, value: Any) -> bool:
    """Whether two inputs are the same arrays, or hold equal values."""
    if kept is value:
        return True
    left, left_structure = table.flatten(kept)
    right, right_structure = table.flatten(value)
    return left_structure == right_structure and all(
        a is b or np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
        for a, b in zip(left, right, strict=True)
    )
