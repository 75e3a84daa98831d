"""Data movement: reshaping, selection of positions, permutation of axes, padding."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.errors import IndexRangeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.ir.core.types import Shape, normalise_axis
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.tables import batched_axis, require_array
from graphnet.ops import broadcast_to, concatenate, take

__all__ = [
    "Collapse",
    "Contiguous",
    "Index",
    "Narrow",
    "Padding",
    "Replicate",
    "Reshape",
    "Select",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
    "View",
]


class Reshape(Module):
    """The same entries in the shape ``sizes``, or in (batch, …) with ``sizes`` after the batch.

    ``batch_mode`` True keeps the first axis as a batch, False never does. With None, the first axis
    is a batch if its size is 1 or if ``sizes`` does not hold as many entries as the input. Torch's
    nn/Reshape.lua. Raises ShapeError if the entries do not fill the shape.
    """

    def __init__(self, *sizes: int, batch_mode: bool | None = None) -> None:
        self.sizes = sizes
        self.batch_mode = batch_mode

    def compute(self, x: Any) -> Any:
        batched = self.batch_mode
        if batched is None:
            batched = require_array(x).size != prod(self.sizes) or x.shape[:1] == (1,)
        return x.reshape((*x.shape[:1], *self.sizes) if batched else self.sizes)


class View(Module):
    """The same entries in the shape ``sizes``, of which one may be -1 (inferred).

    A batch axis is added in front if the input has a multiple of that many entries. With
    ``input_dims`` (Torch's setNumInputDims) all axes before the last ``input_dims`` are the batch.
    Torch's nn/View.lua. A batch of one row loses its batch axis without ``input_dims``, as in
    Torch: ``View(4, 3)`` of (1, 12) is (4, 3), of (2, 12) is (2, 4, 3). ``Reshape`` keeps it.
    Raises ShapeError if the entries do not fill the shape.
    """

    def __init__(self, *sizes: int, input_dims: int | None = None) -> None:
        self.sizes = sizes
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        own = x.ndim if self.input_dims is None else min(self.input_dims, x.ndim)
        leading, inner = prod(x.shape[: x.ndim - own]), prod(x.shape[x.ndim - own :])
        wanted = prod(n for n in self.sizes if n != -1)
        if wanted == 0 or inner % wanted:
            raise ShapeError(
                f"views {x.shape} as {self.sizes}",
                f"{inner} elements are not a multiple of {wanted}.",
            )
        batch = leading * (1 if -1 in self.sizes else inner // wanted)
        return x.reshape(self.sizes if batch == 1 and own == x.ndim else (batch, *self.sizes))


class Collapse(Module):
    """The last ``input_dims`` axes folded into one: (…, a, b) to (…, a b) (rnn's Collapse.lua).

    Raises ValueError for ``input_dims`` below 1, ShapeError for an array of fewer axes, GraphError
    for a table.
    """

    def __init__(self, input_dims: int) -> None:
        self.input_dims = positive("Collapse: input_dims", input_dims)

    def compute(self, x: Any) -> Any:
        if require_array(x).ndim < self.input_dims:
            raise ShapeError(f"collapses {self.input_dims} axes of {x.shape}")
        cut = x.ndim - self.input_dims
        return x.reshape((*x.shape[:cut], prod(x.shape[cut:])))


class Contiguous(Module):
    """The identity, of any shape, for graphs from Torch (nn/Contiguous.lua)."""

    def compute(self, x: Any) -> Any:
        return x


class Narrow(Module):
    """``length`` positions of ``axis`` from ``offset``: (…, n, …) to (…, length, …).

    A negative offset counts from the end. A length of -1 reaches to the end, -2 to one before it.
    Torch's nn/Narrow.lua. Raises IndexRangeError beyond the axis, ShapeError if there is no such
    axis, GraphError for a table.
    """

    def __init__(self, axis: int, offset: int, length: int = 1) -> None:
        self.axis = axis
        self.offset = offset
        self.length = length

    def compute(self, x: Any) -> Any:
        axis = normalise_axis(self.axis, require_array(x).ndim)
        size = x.shape[axis]
        start = self.offset + size if self.offset < 0 else self.offset
        stop = size + self.length + 1 if self.length < 0 else start + self.length
        if not 0 <= start < stop <= size:
            raise IndexRangeError(
                f"reads positions {start} to {stop - 1} of axis {axis} of {x.shape}"
            )
        return along(x, axis, slice(start, stop))


class Select(Module):
    """One position of ``axis``, which is dropped: (…, n, …) to (…, …).

    A negative ``index`` counts from the end. Torch's nn/Select.lua. Raises IndexRangeError beyond
    the axis, ShapeError if there is no such axis, GraphError for a table.
    """

    def __init__(self, axis: int, index: int) -> None:
        self.axis = axis
        self.index = index

    def compute(self, x: Any) -> Any:
        return along(x, normalise_axis(self.axis, require_array(x).ndim), self.index)


class Index(Module):
    """Positions of ``axis`` by an array of indices: [(…, m, …), (n,)] to (…, n, …).

    Torch's nn/Index.lua. Raises ShapeError if the indices have another number of axes,
    IndexRangeError for one out of range, DtypeError if they are no integers, GraphError if the
    input is no pair.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, table: Any) -> Any:
        x, indices = require_pair(table)
        axis = normalise_axis(self.axis, x.ndim)
        if indices.ndim != 1:
            raise ShapeError(f"expects one axis of indices, received {indices.shape}")
        return swapped(take(swapped(x, 0, axis), indices), 0, axis)


class Squeeze(Module):
    """Drops ``axis`` if its size is 1, or all axes of size 1: (…, 1, …) to (…, …).

    With ``input_dims``, an array of one axis more has a batch axis in front, which is kept. Torch's
    nn/Squeeze.lua. Raises ShapeError if there is no such axis.
    """

    def __init__(self, axis: int | None = None, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        kept = 1 if self.input_dims is not None and require_array(x).ndim > self.input_dims else 0
        chosen = range(kept, x.ndim)
        if self.axis is not None:
            axis = batched_axis(self.axis, x.ndim, self.input_dims)
            chosen = range(x.ndim)[normalise_axis(axis, x.ndim) :][:1]
        return x.reshape(tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in chosen))


class Unsqueeze(Module):
    """A new axis of size 1 at ``axis``: (…, …) to (…, 1, …); ``input_dims`` as in JoinTable.

    Torch's nn/Unsqueeze.lua. Raises ShapeError if ``axis`` is out of range, GraphError for a table.
    """

    def __init__(self, axis: int, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        axis = batched_axis(self.axis, require_array(x).ndim, self.input_dims)
        return with_axis(x, axis)


class Replicate(Module):
    """``count`` copies along a new axis at ``axis``: (…, …) to (…, count, …).

    ``input_dims`` as in JoinTable. Torch's nn/Replicate.lua. Raises ValueError for a count
    below 1, ShapeError if ``axis`` is out of range, GraphError for a table.
    """

    def __init__(self, count: int, axis: int = 0, input_dims: int | None = None) -> None:
        self.count = positive("Replicate: count", count)
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        axis = batched_axis(self.axis, require_array(x).ndim, self.input_dims)
        single = with_axis(x, axis)
        axis = normalise_axis(axis, single.ndim)
        return broadcast_to(single, (*x.shape[:axis], self.count, *x.shape[axis:]))


class Transpose(Module):
    """Swaps pairs of axes, one pair after the other: ``Transpose((0, 1), (1, 2))``.

    An array of any shape, (a, b, c) to (b, c, a) here. Torch's nn/Transpose.lua. Raises ShapeError
    if there is no such axis, GraphError for a table.
    """

    def __init__(self, *swaps: tuple[int, int]) -> None:
        self.swaps = swaps

    def compute(self, x: Any) -> Any:
        for first, second in self.swaps:
            x = swapped(x, first, second)
        return x


class Padding(Module):
    """Adds ``|size|`` positions of ``value`` at the end of ``axis``, or at its start if negative.

    (…, n, …) to ``(…, n + |size|, …)``. With ``index``, that many positions stay outside the
    padding. ``input_dims`` as in JoinTable. Torch's nn/Padding.lua. Raises ShapeError if there is
    no such axis, GraphError for a table.
    """

    def __init__(
        self,
        axis: int,
        size: int,
        input_dims: int | None = None,
        value: float = 0.0,
        index: int = 0,
    ) -> None:
        self.axis = axis
        self.size = size
        self.input_dims = input_dims
        self.value = value
        self.index = index

    def compute(self, x: Any) -> Any:
        axis = batched_axis(self.axis, require_array(x).ndim, self.input_dims)
        axis = normalise_axis(axis, x.ndim)
        shape: Shape = (*x.shape[:axis], abs(self.size), *x.shape[axis + 1 :])
        padding = broadcast_to(x.dtype.type(self.value), shape)
        cut = self.index if self.size < 0 else x.shape[axis] - self.index
        parts = [along(x, axis, slice(cut)), padding, along(x, axis, slice(cut, None))]
        return concatenate(parts, axis)


def along(x: Any, axis: int, entry: int | slice) -> Any:
    """``x[:, …, entry]`` with the entry at ``axis``."""
    return x[(*(slice(None),) * axis, entry)]


def swapped(x: Any, first: int, second: int) -> Any:
    """x with two axes exchanged."""
    axes = list(range(require_array(x).ndim))
    first, second = normalise_axis(first, x.ndim), normalise_axis(second, x.ndim)
    axes[first], axes[second] = axes[second], axes[first]
    return x.transpose(*axes)


def with_axis(x: Any, axis: int) -> Any:
    """x with a new axis of size 1."""
    axis = normalise_axis(axis, x.ndim + 1)
    return x.reshape((*x.shape[:axis], 1, *x.shape[axis:]))
