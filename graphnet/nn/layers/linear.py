"""Linear, and checks of sizes, features and indices."""

from __future__ import annotations

import operator
from typing import Any

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.values.table_hints import table_hint
from graphnet.nn import init

__all__ = ["Linear"]


def positive(what: str, size: int) -> int:
    """The size, if it is a whole number from 1; raises ValueError."""
    try:
        number = operator.index(size)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{what} is {size!r}, expected a whole number from 1")
    return number


def above_zero(what: str, number: float) -> float:
    """The number, if it is positive; raises ValueError."""
    if not number > 0:
        raise ValueError(f"{what} is {number!r}, expected a positive number")
    return number


def in_order(what: str, low: float, high: float) -> None:
    """Raise ValueError unless the first of two bounds is the lower one."""
    if not low <= high:
        raise ValueError(f"{what} are {low!r} and {high!r}, expected the lower one first")


def require_features(x: Any, count: int) -> None:
    """Raise ShapeError unless a value is an array (…, count)."""
    if is_table(x) or x.shape[-1:] != (count,):
        raise ShapeError(
            f"expects an array (…, {count}), received {describe(x)}",
            table_hint(x) if is_table(x) else "The last axis holds the features.",
        )


class Linear(Module):
    """Affine map ``x @ weight.T + bias``: (…, in_features) to (…, out_features).

    ``weight`` is (out_features, in_features), ``bias`` is (out_features,) or None; both start
    uniform within ``1 / sqrt(in_features)``, as in Torch's nn/Linear.lua. Raises ValueError for a
    size below 1, ShapeError for another size of the last axis, DtypeError for integers.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features = positive("Linear: in_features", in_features)
        self.out_features = positive("Linear: out_features", out_features)
        start = init.fan_in_uniform(in_features)
        self.weight = Parameter((out_features, in_features), start)
        self.bias = Parameter((out_features,), start) if bias else None

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        y = x @ self.weight.T
        return y + self.bias if self.bias else y


def require_indices(value: Any) -> Any:
    """The value, if it is an array of integers; raises DtypeError."""
    if is_table(value):
        raise DtypeError(
            f"expects integer indices, received the table {describe(value)}", table_hint(value)
        )
    if value.dtype.kind not in "iu":
        raise DtypeError(
            f"expects integer indices, received {value.dtype}", "Convert with x.astype(int)."
        )
    return value
