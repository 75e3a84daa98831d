"""Reductions over axes (sum, max) and their compositions (log-sum-exp, softmax)."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Linearity, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, Shape, normalise_axis
from graphnet.ir.primitives import pointwise
from graphnet.ir.primitives.pointwise import cast, equal, exp, log, stop_gradient
from graphnet.ir.primitives.shaping import broadcast

add: Any = np.add.reduce  # NumPy types these too narrowly
maximum: Any = np.maximum.reduce

Axes = int | tuple[int, ...] | None


def axes_of(axis: Axes, ndim: int) -> tuple[int, ...]:
    """The axes counted from 0, in order; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    chosen = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted({normalise_axis(a, ndim) for a in chosen}))


def kept_shape(shape: Shape, axis: Axes) -> Shape:
    """The shape after a reduction that keeps the reduced axes with size 1."""
    axes = axes_of(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def reduced_type(x: ArrayType, *, axis: Axes, keepdims: bool) -> ArrayType:
    axes = axes_of(axis, len(x.shape))
    if keepdims:
        return ArrayType(kept_shape(x.shape, axis), x.dtype)
    return ArrayType(tuple(n for i, n in enumerate(x.shape) if i not in axes), x.dtype)


def max_type(x: ArrayType, *, axis: Axes, keepdims: bool) -> ArrayType:
    if any(x.shape[a] == 0 for a in axes_of(axis, len(x.shape))):
        raise ShapeError(f"takes the maximum of {x.shape}", "An empty axis has no maximum.")
    return reduced_type(x, axis=axis, keepdims=keepdims)


def sum_vjp(g: Array, y: Array, x: Array, *, axis: Axes, keepdims: bool) -> tuple[Array]:
    return (broadcast(g.reshape(kept_shape(x.shape, axis)), shape=x.shape),)


def max_vjp(g: Array, y: Array, x: Array, *, axis: Axes, keepdims: bool) -> tuple[Array]:
    """Equal maxima share the gradient evenly."""
    shape = kept_shape(x.shape, axis)
    chosen = cast(equal(x, y.reshape(shape)), dtype=x.dtype)
    return (chosen * (g.reshape(shape) / chosen.sum(axis, keepdims=True)),)


def sum_numpy(x: NDArray, *, axis: Axes, keepdims: bool) -> NDArray:
    result: NDArray = add(x, axis=axis, keepdims=keepdims, dtype=x.dtype)
    return result


def max_numpy(x: NDArray, *, axis: Axes, keepdims: bool) -> NDArray:
    result: NDArray = maximum(x, axis=axis, keepdims=keepdims)
    return result


sum = primitive(
    "sum",
    PrimitiveKind.REDUCTION,
    type=reduced_type,
    numpy=sum_numpy,
    vjp=sum_vjp,
    combiner=pointwise.add,
    linear=Linearity.JOINTLY,
)
max = primitive(
    "max",
    PrimitiveKind.REDUCTION,
    type=max_type,
    numpy=max_numpy,
    vjp=max_vjp,
    combiner=pointwise.maximum,
)


def logsumexp(x: Any, axis: int = -1) -> Any:
    """``log(sum(exp(x)))`` along an axis, kept with size 1: (…, n) to (…, 1).

    The maximum is subtracted first, so that nothing overflows. Raises ShapeError if there is no
    such axis, DtypeError for integers.
    """
    top = stop_gradient(max(x, axis=axis, keepdims=True))
    return top + log(sum(exp(x - top), axis=axis, keepdims=True))


def softmax(x: Any, axis: int = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis: any shape to the same.

    Raises ShapeError if there is no such axis, DtypeError for integers.
    """
    e = exp(x - stop_gradient(max(x, axis=axis, keepdims=True)))
    return e / sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """``log(exp(x) / sum(exp(x)))`` along an axis: any shape to the same.

    Raises ShapeError if there is no such axis, DtypeError for integers.
    """
    shifted = x - stop_gradient(max(x, axis=axis, keepdims=True))
    return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))
