"""Conversion of operands: numbers, NumPy arrays and parameters beside traced arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError
from graphnet.ir.core.interpreter import execute_equation
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Literal, literal


def resolve(operand: Any) -> Any:
    """The array of a parameter in the running trace; anything else unchanged."""
    stand_in = getattr(operand, "__graphnet_array__", None)
    return operand if stand_in is None else stand_in()


def constant(value: Any, like: np.dtype[Any]) -> Literal:
    """A literal; numbers and floating arrays take the dtype of the other operands."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{value!r} is not an array of numbers")
    is_number = isinstance(value, bool | int | float)
    floats = like.kind == "f" and (array.dtype.kind == "f" or is_number)
    integers = is_number and array.dtype.kind in "iu" and like.kind in "iu"
    return literal(array.astype(like) if floats or integers else array)


def compute_now(primitive: Primitive, values: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """The result of a primitive on NumPy arrays, without a program."""
    arrays = [np.asarray(value) for value in values]
    like = next(
        (a.dtype for a, v in zip(arrays, values, strict=True) if not isinstance(v, int | float)),
        arrays[0].dtype if arrays else np.dtype(float),
    )
    literals = tuple(constant(value, like) for value in values)
    primitive.output_types(literals, settings)
    results = execute_equation(primitive, settings, [item.value for item in literals])
    return results if primitive.many else results[0]
