"""Indices as values: one-hot rows, the place of the maximum, the entries under a mask."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.tracing.tracing import floating_dtype
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.layers.linear import positive, require_indices
from graphnet.nn.layers.reduction import at_least_vector, own_axis
from graphnet.ops import (
    cast,
    concatenate,
    equal,
    not_equal,
    scatter_add,
    stop_gradient,
    take,
    where,
    zeros,
)

__all__ = ["ArgMax", "MaskedSelect", "OneHot"]


class OneHot(Module):
    """Whole numbers as rows with a single 1: (…) to (…, size), in the dtype of the net.

    Indices are counted from 0. Torch's nn/OneHot.lua. Raises ValueError for a size below 1,
    IndexRangeError for an index out of range, DtypeError if the indices are no integers.
    """

    def __init__(self, size: int) -> None:
        self.size = positive("OneHot: size", size)

    def compute(self, indices: Any) -> Any:
        dtype = floating_dtype()
        rows = zeros((self.size, self.size), dtype) + np.eye(self.size, dtype=dtype)
        return take(rows, require_indices(indices))


class ArgMax(Module):
    """The position of the maximum along ``axis``, a whole number: (…, n, …) to (…, …).

    Positions are counted from 0; of equal maxima the first counts, of NaN the first. A vector gives
    (1,). ``input_dims`` as in Sum. With ``as_long=False`` the positions are numbers of the dtype of
    x. No gradient flows back. Element-Research dpnn's ArgMax.lua. Raises ShapeError if there is no
    such axis or it is empty, DtypeError for truth values, GraphError for a table.
    """

    symbol = "argmax"

    def __init__(self, axis: int = 0, input_dims: int | None = None, as_long: bool = True) -> None:
        self.axis = axis
        self.input_dims = input_dims
        self.as_long = as_long

    def compute(self, x: Any) -> Any:
        axis = own_axis(self.axis, x, self.input_dims)
        if x.dtype.kind == "b":
            raise DtypeError("takes the maximum of numbers, received truth values")
        x = stop_gradient(x)
        count = x.shape[axis]
        places = np.arange(count).reshape(-1, *[1] * (x.ndim - axis - 1))
        is_top = equal(x, x.max(axis, keepdims=True))
        if x.type.is_float:
            is_top = cast(is_top, np.int64) + cast(not_equal(x, x), np.int64) > 0
        first = -(where(is_top, -places, -count).max(axis))
        return at_least_vector(first if self.as_long else cast(first, x.dtype))


class MaskedSelect(Module):
    """The entries of an array where a mask is not 0, in order: [x, mask], both (…), to (size,).

    A program has fixed shapes, so the number of entries cannot follow the mask: the output has
    ``size`` entries, by default as many as x, and those behind the selected ones are 0. Torch's
    nn/MaskedSelect.lua, whose output is as long as the mask says. No gradient reaches the mask.
    Raises ValueError for a size below 1, ShapeError if the shapes differ, IndexRangeError if more
    than ``size`` are selected, GraphError if the input is no pair.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = None if size is None else positive("MaskedSelect: size", size)

    def compute(self, table: Any) -> Any:
        x, mask = require_pair(table)
        if x.shape != mask.shape:
            raise ShapeError(f"selects of {x.shape} by a mask {mask.shape}", "They must be alike.")
        count = prod(x.shape)
        size = count if self.size is None else self.size
        chosen = mask.reshape(count)
        chosen = chosen if chosen.dtype.kind == "b" else not_equal(chosen, 0)
        before = running_count(cast(chosen, np.int64)) - 1
        kept = where(chosen, x.reshape(count), 0)
        return scatter_add(kept, where(chosen, before, 0), rows=size)


def running_count(counts: Any) -> Any:
    """The sum of each entry and all before it, (n,), by sums over 1, 2, 4, … entries."""
    reach = 1
    while reach < counts.shape[0]:
        shifted = concatenate([zeros((reach,), counts.dtype), counts[:-reach]])
        counts = counts + shifted
        reach *= 2
    return counts
