"""Strided windows: a view of all windows along some axes, its overlap-add, and reversed axes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.errors import ShapeError
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Extent, Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, Shape, normalise_axis


def window_count(n: int, size: int, stride: int, dilation: int) -> int:
    """How many windows of so many elements, ``dilation`` apart, fit into an axis of size n."""
    return (n - dilation * (size - 1) - 1) // stride + 1


def windows_type(
    x: ArrayType, *, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape
) -> ArrayType:
    shape = list(x.shape)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        n = x.shape[normalise_axis(axis, len(x.shape))]
        if min(size, stride, dilation) < 1:
            raise ShapeError(
                f"takes windows of size {size}, stride {stride}, dilation {dilation}",
                "All are whole numbers from 1.",
            )
        if dilation * (size - 1) + 1 > n:
            raise ShapeError(
                f"takes windows of {dilation * (size - 1) + 1} along axis {axis} of {x.shape}",
                f"That axis has {n} elements: a window must fit into it.",
            )
        shape[axis] = window_count(n, size, stride, dilation)
    return ArrayType((*shape, *sizes), x.dtype)


def windows_numpy(
    x: NDArray, *, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape
) -> NDArray:
    settings = {"axes": axes, "sizes": sizes, "strides": strides, "dilations": dilations}
    shape = windows_type(ArrayType(x.shape, x.dtype), **settings).shape
    steps = list(x.strides)
    for axis, stride in zip(axes, strides, strict=True):
        steps[axis] *= stride
    inside = [x.strides[axis] * step for axis, step in zip(axes, dilations, strict=True)]
    return as_strided(x, shape, (*steps, *inside), writeable=False)


def overlap_add_type(
    x: ArrayType, *, axes: Shape, strides: Shape, dilations: Shape, shape: Shape
) -> ArrayType:
    sizes = x.shape[len(shape) :]
    whole = ArrayType(shape, x.dtype)
    made = windows_type(whole, axes=axes, sizes=sizes, strides=strides, dilations=dilations)
    if made.shape != x.shape:
        raise ShapeError(f"adds up windows {x.shape} to {shape}, whose windows are {made.shape}")
    return whole


def places_of(
    shape: Shape, counts: Shape, sizes: Shape, axes: Shape, strides: Shape, dilations: Shape
) -> list[tuple[Shape, tuple[tuple[int, int, int], ...]]]:
    """Each place in a window, with the part of the whole that all windows have there."""
    found = []
    for place in product(*map(range, sizes)):
        bounds = [(0, n, 1) for n in shape]
        for axis, at, stride, dilation in zip(axes, place, strides, dilations, strict=True):
            start = at * dilation
            bounds[axis] = (start, start + (counts[axis] - 1) * stride + 1, stride)
        found.append((place, tuple(bounds)))
    return found


def overlap_add_numpy(
    x: NDArray, *, axes: Shape, strides: Shape, dilations: Shape, shape: Shape
) -> NDArray:
    result = np.zeros(shape, x.dtype)
    rank = len(shape)
    for place, bounds in places_of(shape, x.shape, x.shape[rank:], axes, strides, dilations):
        entry: Any = (*(slice(None),) * rank, *place)
        result[tuple(slice(*b) for b in bounds)] += x[entry]
    return result


def flip_type(x: ArrayType, *, axes: Shape) -> ArrayType:
    for axis in axes:
        normalise_axis(axis, len(x.shape))
    return x


def overlap_add_vjp(g: Any, y: Any, x: Any, *, shape: Shape, **settings: Any) -> tuple[Any]:
    return (windows(g, sizes=x.shape[len(shape) :], **settings),)


windows: Primitive = primitive(
    "windows",
    PrimitiveKind.VIEW,
    type=windows_type,
    numpy=windows_numpy,
    vjp=lambda g, y, x, *, sizes, **settings: (overlap_add(g, shape=x.shape, **settings),),
    linear=Linearity.JOINTLY,
    extent=Extent.MORE,
    selects=True,
)
overlap_add: Primitive = primitive(
    "overlap_add",
    PrimitiveKind.MOVEMENT,
    type=overlap_add_type,
    numpy=overlap_add_numpy,
    vjp=overlap_add_vjp,
    linear=Linearity.JOINTLY,
    extent=Extent.MORE,
)
flip: Primitive = primitive(
    "flip",
    PrimitiveKind.VIEW,
    type=flip_type,
    numpy=lambda x, *, axes: np.flip(x, axes),
    vjp=lambda g, y, x, *, axes: (flip(g, axes=axes),),
    linear=Linearity.JOINTLY,
    extent=Extent.ONCE,
    selects=True,
)
