"""Operations on heads: parts of equal width of the last axis, of vectors and of flat matrices."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import require_pair


def parts(x: Any, heads: int, *sizes: int) -> Any:
    """(…, heads n m) as (…, heads, n, m); raises ShapeError if it does not divide."""
    if x.ndim < 1 or x.shape[-1] % heads:
        raise ShapeError(f"divides the last axis into {heads} heads, received {describe(x)}")
    return x.reshape(*x.shape[:-1], heads, *sizes)


class HeadScale(Module):
    """Each head of x times its own number: [(…, heads), (…, heads n)] to (…, heads n).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "×"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        scale, x = require_pair(table)
        return (scale[..., None] * parts(x, self.heads, -1)).reshape(x.shape)


class HeadOuter(Module):
    """The outer product of each head: [(…, heads n), (…, heads m)] to (…, heads n m).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "⊗"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        rows, columns = (parts(x, self.heads, -1) for x in require_pair(table))
        outer = rows[..., :, None] * columns[..., None, :]
        return outer.reshape(*outer.shape[:-3], -1)


class HeadRead(Module):
    """Each head's matrix times its vector: [(…, heads n m), (…, heads m)] to (…, heads n).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "@"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        matrices, x = require_pair(table)
        vectors = parts(x, self.heads, -1)
        rows = parts(matrices, self.heads, -1, vectors.shape[-1])
        y = (rows * vectors[..., None, :]).sum(-1)
        return y.reshape(*y.shape[:-2], -1)


class HeadDot(Module):
    """The dot product of each head: [(…, heads n), (…, heads n)] to (…, heads).

    Raises GraphError if the input is no pair, ShapeError if the shapes do not fit.
    """

    symbol = "·"

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        return parts(a * b, self.heads, -1).sum(-1)
