"""Positions: what tells an attention the order of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn import init
from graphnet.nn.layers.linear import positive

__all__ = ["PositionalEmbedding", "PositionalEncoding"]


class PositionalEncoding(Module):
    """Adds to each position a pattern of sines and cosines: (steps, batch, size) to the same.

    With ``batch_first`` the input is (batch, steps, size); without batch it is (steps, size). Of
    position t and the pair i of features::

        x[t, 2 i] + sin(t / base^(2 i / size))    x[t, 2 i + 1] + cos(t / base^(2 i / size))

    Vaswani et al. 2017, "Attention is all you need". Raises ValueError for a size below 1,
    ShapeError for another size of the last axis or another number of axes.
    """

    def __init__(self, size: int, batch_first: bool = False, base: float = 10_000.0) -> None:
        self.size = positive("PositionalEncoding: size", size)
        self.batch_first = batch_first
        self.base = base

    def compute(self, x: Any) -> Any:
        steps = steps_of(x, self.size, self.batch_first)
        rows = waves(steps, self.size, self.base).astype(x.dtype)
        return x + along_steps(rows, x, self.batch_first)


class PositionalEmbedding(Module):
    """Adds to each position a learned row: (steps, batch, size) to the same.

    ``weight`` is (count, size) and starts normal with deviation 0.02; there may be up to ``count``
    steps. With ``batch_first`` the input is (batch, steps, size); without batch it is (steps,
    size). Gehring et al. 2017, "Convolutional sequence to sequence learning"; the deviation is
    that of BERT (Devlin et al. 2019). Raises ValueError for a count or size below 1, ShapeError for
    more steps, another size of the last axis, or another number of axes.
    """

    def __init__(self, count: int, size: int, batch_first: bool = False) -> None:
        self.count = positive("PositionalEmbedding: count", count)
        self.size = positive("PositionalEmbedding: size", size)
        self.batch_first = batch_first
        self.weight = Parameter((count, size), init.normal(0.0, 0.02))

    def compute(self, x: Any) -> Any:
        steps = steps_of(x, self.size, self.batch_first)
        if steps > self.count:
            raise ShapeError(f"has {self.count} positions, received {steps} steps {describe(x)}")
        return x + along_steps(self.weight[:steps], x, self.batch_first)


def steps_of(x: Any, size: int, batch_first: bool) -> int:
    """The number of positions; raises ShapeError for what is no sequence of this size."""
    if is_table(x) or x.ndim not in (2, 3) or x.shape[-1] != size:
        layout = "batch, steps" if batch_first else "steps, batch"
        raise ShapeError(f"expects ({layout}, {size}) or (steps, {size}), received {describe(x)}")
    return int(x.shape[1 if batch_first and x.ndim == 3 else 0])


def along_steps(rows: Any, x: Any, batch_first: bool) -> Any:
    """Rows (steps, size) that broadcast to a sequence."""
    return rows if x.ndim == 2 or batch_first else rows.reshape(rows.shape[0], 1, rows.shape[1])


def waves(steps: int, size: int, base: float) -> NDArray:
    """Sines in the even columns and cosines in the odd ones, slower from pair to pair."""
    pairs = np.arange(size) // 2
    angles = np.arange(steps)[:, None] / base ** (2 * pairs / size)
    return np.where(np.arange(size) % 2 == 0, np.sin(angles), np.cos(angles))
