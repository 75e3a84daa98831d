"""LookupTable: an embedding, with padding and limited norms."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from graphnet.graph import Module, Parameter
from graphnet.graph.values.parameter import Initialise
from graphnet.ir.core.types import NDArray, Shape
from graphnet.nn import init
from graphnet.nn.layers.linear import above_zero, positive, require_indices
from graphnet.ops import absolute, stop_gradient, take, where

__all__ = ["LookupTable"]


class LookupTable(Module):
    """An embedding: rows of ``weight`` selected by integers, (…) to (…, size).

    ``weight`` is (count, size) and starts standard normal, as in Torch's nn/LookupTable.lua.
    Indices are from 0 to count - 1. No gradient reaches the row ``padding_idx``, which starts at
    zero (Torch's paddingValue, counted from 1). With ``max_norm`` rows of a larger ``norm_type``
    norm are scaled down to it before they are used; their gradient is that of the scaled row, as
    there. ``renormalise()`` writes the scaled rows into ``weight``: Torch does so at each use, here
    it is called after a step of the optimiser. Raises ValueError for a size below 1, a
    ``padding_idx`` out of range, a norm that is not positive, IndexRangeError for an index out of
    range, DtypeError if the indices are no integers.
    """

    def __init__(
        self,
        count: int,
        size: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
    ) -> None:
        self.count = positive("LookupTable: count", count)
        self.size = positive("LookupTable: size", size)
        if padding_idx is not None and not -count <= padding_idx < count:
            raise ValueError(
                f"LookupTable: padding_idx is {padding_idx!r}, expected None or 0 to {count - 1}"
            )
        self.padding_idx = padding_idx
        self.max_norm = None if max_norm is None else above_zero("LookupTable: max_norm", max_norm)
        self.norm_type = above_zero("LookupTable: norm_type", norm_type)
        self.weight = Parameter((count, size), with_zero_row(padding_idx))

    def compute(self, indices: Any) -> Any:
        rows = take(self.weight, require_indices(indices))
        if self.max_norm is not None:
            rows = rows + stop_gradient(self._limited(rows) - rows)
        if self.padding_idx is None:
            return rows
        is_padding = indices == self.padding_idx % self.count
        return where(is_padding.reshape(*indices.shape, 1), stop_gradient(rows), rows)

    def renormalise(self) -> None:
        """Scale the rows of ``weight`` down to ``max_norm``, if there is one."""
        if self.max_norm is not None:
            self.weight[...] = self._limited(self.weight.data)

    def _limited(self, rows: Any) -> Any:
        """Rows (…, size) of a norm of at most ``max_norm``, scaled as Torch's renorm does."""
        if self.norm_type == inf:
            norm = absolute(rows).max(-1, keepdims=True)
        else:
            total = (absolute(rows) ** self.norm_type).sum(-1, keepdims=True)
            norm = total ** (1 / self.norm_type)
        return where(norm > self.max_norm, rows * (self.max_norm / (norm + 1e-7)), rows)


def with_zero_row(row: int | None) -> Initialise:
    """Standard normal values, but for a row of zeros, if any."""
    normal = init.normal()

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        values = normal(shape, generator)
        if row is not None:
            values[row] = 0
        return values

    return draw
