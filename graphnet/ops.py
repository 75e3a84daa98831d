"""Array operations for ``compute``, on traced arrays and on NumPy arrays alike.

Operators (``+``, ``@``, ``x[1:3]``), methods (``x.sum(0)``, ``x.reshape(2, 3)``) and NumPy
functions with a name in this module (``np.tanh(x)``) work on traced arrays too. Shapes broadcast as
in NumPy. All raise ShapeError for shapes that do not fit and DtypeError for dtypes that differ.

>>> import numpy as np
>>> concatenate([np.ones(2), np.zeros(1)])
array([1., 1., 0.])
>>> where(np.array([True, False]), 1.0, 2.0)
array([1., 2.])
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import ShapeError, UnknownNameError
from graphnet.graph.tracing.tracing import uniform
from graphnet.ir.core.builder import current_builder
from graphnet.ir.core.missing import OPERATIONS
from graphnet.ir.core.operands import of_arrays
from graphnet.ir.core.types import ArrayType, normalise_axis
from graphnet.ir.primitives import contraction, indexing, pointwise, reduction, shaping
from graphnet.ir.primitives import window_maxima as maxima
from graphnet.ir.primitives import windows as windows_
from graphnet.ir.primitives.indexing import checked_lengths, scatter_add, take
from graphnet.ir.primitives.opaque import call as call_numpy
from graphnet.ir.primitives.pointwise import *  # noqa: F403
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.scan import scan
from graphnet.ir.primitives.scan import value_type as type_of
from graphnet.tracebacks import public

log_softmax = of_arrays(reduction.log_softmax)
logsumexp = of_arrays(reduction.logsumexp)
softmax = of_arrays(reduction.softmax)
stack = of_arrays(shaping.stack)


@of_arrays
def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Broadcast an array to a shape, by NumPy's rules: (…, 1, …) to (…, n, …).

    Raises ShapeError if the shapes do not fit.
    """
    return shaping.broadcast(x, shape=tuple(shape))


def cast(x: Any, dtype: Any) -> Any:
    """Convert an array of any shape to another dtype; floating types pass the gradient on."""
    return pointwise.cast(x, dtype=dtype)


@of_arrays
def concatenate(arrays: Sequence[Any], axis: int = 0) -> Any:
    """The concatenation of arrays along an axis: (…, n, …) and (…, m, …) to (…, n + m, …).

    Raises ShapeError if the other axes differ or there is no such axis, DtypeError if the dtypes
    do.
    """
    return shaping.concatenate(*arrays, axis=axis)


@of_arrays
def einsum(subscripts: str, a: Any, b: Any) -> Any:
    """Sums of products over common axes: ``einsum("ij,jk->ik", a, b)``, as NumPy's of two arrays.

    Each letter is an axis of two of the three arrays, or of all. Raises ShapeError for other
    subscripts and for axes that do not fit, DtypeError if the dtypes differ.
    """
    return contraction.einsum(a, b, subscripts=subscripts)


@of_arrays
def flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """An array of any shape, reversed along these axes (all of them for None).

    Raises ShapeError if there is no such axis.
    """
    return windows_.flip(x, axes=reduction.axes_of(axis, len(x.shape)))


@of_arrays
def windows(
    x: Any, axes: Sequence[int], sizes: Sequence[int], strides: Any = 1, dilations: Any = 1
) -> Any:
    """All windows along some axes, as a view: (…, n, …) to (…, count, …, size).

    The axes of a window come last, in the order of ``axes``; its elements are ``dilations`` apart,
    its windows ``strides``: numbers, or one for each axis. Raises ShapeError for a window that does
    not fit into its axis, or an axis that there is not.
    """
    settings = window_settings(x, axes, sizes, strides, dilations)
    return windows_.windows(x, **settings)


@of_arrays
def overlap_add(
    x: Any, shape: Sequence[int], axes: Sequence[int], strides: Any = 1, dilations: Any = 1
) -> Any:
    """Windows added up where they overlap: (…, count, …, size) to ``shape``, (…, n, …).

    The gradient of ``windows``, and so are its arguments. Raises ShapeError unless these are the
    windows of an array of that shape.
    """
    sizes = x.shape[len(shape) :]
    settings = window_settings(zeros(shape), axes, sizes, strides, dilations)
    del settings["sizes"]
    return windows_.overlap_add(x, shape=tuple(shape), **settings)


@of_arrays
def window_maxima(
    x: Any, axes: Sequence[int], sizes: Sequence[int], strides: Any = 1, dilations: Any = 1
) -> Any:
    """The maximum of each window: (…, n, …) to (…, count, …).

    The first of equal ones has the gradient. Arguments and errors are those of ``windows``.
    """
    return maxima.take_at_maxima(x, x, **window_settings(x, axes, sizes, strides, dilations))


@of_arrays
def pad(x: Any, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Any:
    """Entries of a value before and after each axis: (…, n, …) to (…, before + n + after, …).

    ``widths`` has a pair (before, after) for each axis. Negative numbers cut entries off. Raises
    ShapeError unless there is a pair for each axis, or where more is cut off than there is.
    """
    if len(widths) != len(x.shape):
        raise ShapeError(f"pads {x.shape} by {len(widths)} pairs", "There is one for each axis.")
    cuts = zip(widths, x.shape, strict=True)
    inner = tuple((max(0, -a), n - max(0, -b), 1) for (a, b), n in cuts)
    if any(n > 0 for pair in widths for n in (-pair[0], -pair[1])):
        x = indexing.slice_(x, window=inner)
    for axis, (before, after) in enumerate(widths) if value else ():
        ends = [(*x.shape[:axis], max(0, n), *x.shape[axis + 1 :]) for n in (before, after)]
        first, last = (broadcast_to(x.dtype.type(value), shape) for shape in ends)
        if max(before, after) > 0:
            x = shaping.concatenate(first, x, last, axis=axis)
    if value or not any(n > 0 for pair in widths for n in pair):
        return x
    grown = [(max(0, a), max(0, b)) for a, b in widths]
    shape = tuple(a + n + b for n, (a, b) in zip(x.shape, grown, strict=True))
    window = tuple((a, a + n, 1) for n, (a, _) in zip(x.shape, grown, strict=True))
    return indexing.unslice(x, window=window, shape=shape)


def window_settings(
    x: Any, axes: Sequence[int], sizes: Sequence[int], strides: Any, dilations: Any
) -> dict[str, Any]:
    """The settings of a primitive of windows, with a number for each axis."""
    count = len(axes)
    each = {"strides": strides, "dilations": dilations}
    return {
        "axes": tuple(normalise_axis(axis, len(x.shape)) for axis in axes),
        "sizes": tuple(sizes),
        **{k: (v,) * count if isinstance(v, int) else tuple(v) for k, v in each.items()},
    }


def zeros(shape: Sequence[int], dtype: Any = float) -> Any:
    """Zeros of a shape; in ``compute`` they take no memory."""
    if current_builder.get() is None:
        return np.zeros(shape, dtype)
    return shaping.zeros(ArrayType(tuple(shape), np.dtype(dtype)))


__all__ = [
    "broadcast_to",
    "call_numpy",
    "cast",
    "checked_lengths",
    "concatenate",
    "einsum",
    "flip",
    "log_softmax",
    "logsumexp",
    "matmul",
    "overlap_add",
    "pad",
    "scan",
    "scatter_add",
    "softmax",
    "stack",
    "take",
    "type_of",
    "uniform",
    "window_maxima",
    "windows",
    "zeros",
]
__all__ += pointwise.__all__


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of NumPy or of another library stands for, or an error that tells it."""
        try:
            return OPERATIONS.attribute(sys.modules[__name__], "compute", name)
        except UnknownNameError as error:
            error.problem = f"uses ops.{name}, which there is not"
            raise
