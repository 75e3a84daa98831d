"""One axis as several, and several as one: Unflatten and Flatten."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.layers.tables import require_array

__all__ = ["Flatten", "Unflatten"]


class Unflatten(Module):
    """One axis divided into several: (…, a b, …) to (…, a, b, …) (PyTorch's Unflatten).

    ``sizes`` are those of the new axes, of which one may be -1 (inferred). Raises ValueError for
    other sizes, ShapeError if they do not fill the axis or there is none, GraphError for a table.
    """

    def __init__(self, axis: int, sizes: Sequence[int]) -> None:
        self.axis = axis
        self.sizes = sizes if isinstance(sizes, list) else list(sizes)
        known = [n for n in self.sizes if n != -1]
        if not self.sizes or len(self.sizes) > len(known) + 1 or any(n < 1 for n in known):
            raise ValueError(f"Unflatten: sizes are {sizes}, expected sizes from 1, one may be -1")

    def compute(self, x: Any) -> Any:
        axis = normalise_axis(self.axis, require_array(x).ndim)
        known = prod(n for n in self.sizes if n != -1)
        count = x.shape[axis]
        if count % known or (-1 not in self.sizes and count != known):
            raise ShapeError(f"divides axis {axis} of {x.shape} into {tuple(self.sizes)}")
        sizes = [count // known if n == -1 else n for n in self.sizes]
        return x.reshape((*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))


class Flatten(Module):
    """The axes from ``start_axis`` to ``end_axis`` folded into one: (…, a, b, …) to (…, a b, …).

    PyTorch's Flatten, which keeps the first axis, the batch, by default. Raises ShapeError if there
    is no such axis or the first comes behind the last, GraphError for a table.
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis = start_axis
        self.end_axis = end_axis

    def compute(self, x: Any) -> Any:
        first = normalise_axis(self.start_axis, require_array(x).ndim)
        last = normalise_axis(self.end_axis, x.ndim)
        if first > last:
            raise ShapeError(f"folds axes {first} to {last} of {x.shape}", "The first comes first.")
        return x.reshape((*x.shape[:first], prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))
