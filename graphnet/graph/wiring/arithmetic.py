"""The modules that operators on nodes make: ``a + b``, ``1 - a``, ``2 / a``, ``a ** 2``, …"""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.module import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray


def require_table(value: Any, least: int = 1) -> list[Any]:
    """The entries of a table; raises GraphError for anything else."""
    if not is_table(value) or len(value) < least:
        raise GraphError(
            f"expects a table of at least {least}, received {describe(value)}",
            "Give the module several parents: module([a, b]).",
        )
    return list(value)


def require_arrays(value: Any) -> list[Any]:
    """The entries of a table of arrays; raises GraphError for anything else."""
    entries = require_table(value)
    if any(map(is_table, entries)):
        raise GraphError(f"expects a table of arrays, received {describe(value)}")
    return entries


class CAddTable(Module):
    """Element-wise sum of a table of arrays, whose shapes broadcast (Torch's nn/CAddTable.lua).

    Raises GraphError for an array, ShapeError if the shapes do not broadcast.
    """

    symbol = "+"

    def compute(self, table: Any) -> Any:
        return reduce(operator.add, require_arrays(table))


class CSubTable(Module):
    """Element-wise difference of a pair of arrays, whose shapes broadcast.

    Torch's nn/CSubTable.lua. Raises GraphError if the input is no pair, ShapeError if the shapes do
    not broadcast.
    """

    symbol = "−"

    def compute(self, table: Any) -> Any:
        return reduce(operator.sub, require_pair(table))


class CMulTable(Module):
    """Element-wise product of a table of arrays, whose shapes broadcast (Torch's nn/CMulTable.lua).

    Raises GraphError for an array, ShapeError if the shapes do not broadcast.
    """

    symbol = "×"

    def compute(self, table: Any) -> Any:
        return reduce(operator.mul, require_arrays(table))


class CDivTable(Module):
    """Element-wise quotient of a pair of arrays, whose shapes broadcast.

    Torch's nn/CDivTable.lua. Raises GraphError if the input is no pair, ShapeError if the shapes do
    not broadcast.
    """

    symbol = "÷"

    def compute(self, table: Any) -> Any:
        return reduce(operator.truediv, require_pair(table))


def require_pair(value: Any) -> list[Any]:
    entries = require_table(value)
    if len(entries) != 2:
        raise GraphError(f"expects a table of 2, received {describe(value)}")
    return entries


def numeric(name: str, constant: Any) -> Any:
    """A number, or an array of numbers; raises ValueError for another array."""
    if isinstance(constant, np.ndarray) and constant.dtype.kind not in "iuf":
        raise ValueError(f"{name}: constant is {constant!r:.60}, expected numbers")
    return constant


class AddConstant(Module):
    """``x + constant``, for an input of any shape (Torch's nn/AddConstant.lua).

    The constant is a number, or an array that broadcasts to x. Raises ShapeError for one that does
    not, ValueError for none of numbers.
    """

    def __init__(self, constant: float | NDArray) -> None:
        self.constant = numeric("AddConstant", constant)
        sign = f"{constant:+g}" if np.ndim(constant) == 0 else "+c"
        self.symbol = sign.replace("-", "−")

    def compute(self, x: Any) -> Any:
        return x + self.constant


class MulConstant(Module):
    """``x * constant``, for an input of any shape (Torch's nn/MulConstant.lua).

    The constant is a number, or an array that broadcasts to x. Raises ShapeError for one that does
    not, ValueError for none of numbers.
    """

    def __init__(self, constant: float | NDArray) -> None:
        self.constant = numeric("MulConstant", constant)
        self.symbol = (f"×{constant:g}" if np.ndim(constant) == 0 else "×c").replace("-", "−")

    def compute(self, x: Any) -> Any:
        return x * self.constant


class ConstantOver(Module):
    """``constant / x``, for an input of any shape."""

    def __init__(self, constant: float) -> None:
        self.constant = constant
        self.symbol = f"{constant:g}÷".replace("-", "−")

    def compute(self, x: Any) -> Any:
        return self.constant / x


class Square(Module):
    """``x * x``, for an input of any shape (Torch's nn/Square.lua)."""

    symbol = "x²"

    def compute(self, x: Any) -> Any:
        return x * x


class Power(Module):
    """``x ** exponent``, for an input of any shape (Torch's nn/Power.lua).

    Raises DtypeError for integers.
    """

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    def compute(self, x: Any) -> Any:
        return x**self.exponent
