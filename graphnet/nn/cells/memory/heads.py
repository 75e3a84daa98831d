"""Operations on heads: parts of equal width of the last axis, of vectors and of flat matrices."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import require_pair


def parts(x: Any, heads: int, columns: int | None = None) -> Any:
    """(…, heads n) as (…, heads, n), (…, heads n columns) as (…, heads, n, columns).

    Raises ShapeError if it does not divide.
    """
    width = heads * (columns or 1)
    if x.ndim < 1 or x.shape[-1] % width:
        raise ShapeError(f"divides the last axis into {width} parts, received {describe(x)}")
    rest = () if columns is None else (columns,)
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // width, *rest)


class HeadScale(Module):
    """Each head of x times its own number: [(…, heads), (…, heads n)] to (…, heads n).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "×"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        scale, x = require_pair(table)
        return (scale[..., None] * parts(x, self.heads)).reshape(x.shape)


class HeadOuter(Module):
    """The outer product of each head: [(…, heads n), (…, heads m)] to (…, heads n m).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "⊗"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        rows, columns = (parts(x, self.heads) for x in require_pair(table))
        outer = rows[..., :, None] * columns[..., None, :]
        return outer.reshape(*outer.shape[:-3], prod(outer.shape[-3:]))


class HeadRead(Module):
    """Each head's matrix times its vector: [(…, heads n m), (…, heads m)] to (…, heads n).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "@"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        matrices, x = require_pair(table)
        vectors = parts(x, self.heads)
        rows = parts(matrices, self.heads, vectors.shape[-1])
        y = (rows * vectors[..., None, :]).sum(-1)
        return y.reshape(*y.shape[:-2], prod(y.shape[-2:]))


class HeadDot(Module):
    """The dot product of each head: [(…, heads n), (…, heads n)] to (…, heads).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "·"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        return parts(a * b, self.heads).sum(-1)
