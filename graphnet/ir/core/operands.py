"""Conversion of operands: numbers, NumPy arrays and parameters beside traced arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from graphnet.errors import DtypeError, GraphError
from graphnet.ir.core.array import Array
from graphnet.ir.core.interpreter import execute_equation
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Literal, literal
from graphnet.tracebacks import public

F = TypeVar("F", bound=Callable[..., Any])


def resolve(operand: Any) -> Any:
    """The array of a parameter in the running trace; anything else unchanged."""
    stand_in = getattr(type(operand), "__graphnet_array__", None)  # of arrays, asked for often
    return operand if stand_in is None else stand_in(operand)


def of_arrays(function: F) -> F:
    """A function of arrays that says so where it is given a node."""

    @wraps(function)
    def call(*values: Any, **settings: Any) -> Any:
        for value in values:
            refuse_node(function, value)
        return function(*values, **settings)

    return cast(F, public(call))


def refuse_node(operation: Callable[..., Any], value: Any) -> None:
    """Raise the error of a node, also inside a list, to which an operation was applied."""
    for part in value if isinstance(value, list | tuple) else (value,):
        refusal = getattr(type(part), "__graphnet_refusal__", None)
        if refusal is not None:
            raise refusal(part, operation)


def require_operand(primitive: Primitive, value: Any) -> None:
    """Raise GraphError for a node and for a table of traced arrays."""
    refuse_node(primitive, value)
    if isinstance(value, list | tuple) and any(isinstance(part, Array) for part in value):
        shapes = [str(part.shape) if isinstance(part, Array) else "…" for part in value]
        raise GraphError(
            f"computes {primitive.name} of the table [{', '.join(shapes)}], expected an array",
            "nn.MapTable(module) applies a module to each entry, nn.SelectTable(i) gives one, "
            "nn.JoinTable(axis) makes one array of them.",
        )


def constant(primitive: Primitive, value: Any, like: np.dtype[Any]) -> Literal:
    """A literal; numbers and floating arrays take the dtype of the other operands.

    Raises DtypeError or GraphError for what is no operand of the primitive.
    """
    if not isinstance(value, np.ndarray | int | float):
        require_operand(primitive, value)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{value!r} is not an array of numbers")
    is_number = isinstance(value, bool | int | float)
    floats = like.kind == "f" and (array.dtype.kind == "f" or is_number)
    integers = is_number and array.dtype.kind in "iu" and like.kind in "iu"
    return literal(array.astype(like) if floats or integers else array)


def compute_now(primitive: Primitive, values: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """The result of a primitive on NumPy arrays, without a program."""
    for value in values:
        if not isinstance(value, np.ndarray | int | float):
            require_operand(primitive, value)
    arrays = [np.asarray(value) for value in values]
    like = next(
        (a.dtype for a, v in zip(arrays, values, strict=True) if not isinstance(v, int | float)),
        arrays[0].dtype if arrays else np.dtype(float),
    )
    literals = tuple(constant(primitive, value, like) for value in values)
    primitive.output_types(literals, settings)
    results = execute_equation(primitive, settings, [item.value for item in literals])
    return results if primitive.many else results[0]
