"""Data movement primitives: reshape, transpose, broadcast, concatenate."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import current_builder
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Extent, Linearity, PrimitiveKind
from graphnet.ir.core.program import literal
from graphnet.ir.core.types import (
    ArrayType,
    NDArray,
    Shape,
    broadcast_shapes,
    normalise_axis,
    same_dtype,
)
from graphnet.ir.primitives.pointwise import fit


def reshape_type(x: ArrayType, *, shape: Shape) -> ArrayType:
    unknown = [i for i, n in enumerate(shape) if n == -1]
    known = prod(n for n in shape if n != -1)
    if len(unknown) == 1 and known and x.size % known == 0:
        shape = tuple(x.size // known if n == -1 else n for n in shape)
    if min(shape, default=0) < 0 or prod(shape) != x.size:
        raise ShapeError(
            f"reshapes {x.shape} to {shape}", f"{x.size} elements do not fill that shape."
        )
    return ArrayType(shape, x.dtype)


def transpose_type(x: ArrayType, *, axes: Shape) -> ArrayType:
    if sorted(axes) != list(range(len(x.shape))):
        raise ShapeError(f"transposes {x.shape} by axes {axes}", "Name each axis once, from 0.")
    return ArrayType(tuple(x.shape[axis] for axis in axes), x.dtype)


def broadcast_type(x: ArrayType, *, shape: Shape) -> ArrayType:
    if broadcast_shapes("broadcasts", x.shape, shape) != shape:
        raise ShapeError(f"broadcasts {x.shape} to {shape}")
    return ArrayType(shape, x.dtype)


def concatenate_type(*parts: ArrayType, axis: int) -> ArrayType:
    first = parts[0].shape
    at = normalise_axis(axis, len(first))
    for part in parts[1:]:
        if len(part.shape) != len(first) or any(
            n != m for i, (n, m) in enumerate(zip(part.shape, first, strict=True)) if i != at
        ):
            listed = " and ".join(str(p.shape) for p in parts)
            raise ShapeError(
                f"joins {listed} along axis {at}", f"They must agree on every axis but {at}."
            )
    shape = (*first[:at], sum(part.shape[at] for part in parts), *first[at + 1 :])
    return ArrayType(shape, same_dtype("joins", *parts))


def concatenate_vjp(g: Array, y: Array, *parts: Array, axis: int) -> tuple[Array, ...]:
    axis = normalise_axis(axis, g.ndim)
    gradients, start = [], 0
    for part in parts:
        stop = start + part.shape[axis]
        gradients.append(g[(slice(None),) * axis + (slice(start, stop),)])
        start = stop
    return tuple(gradients)


def concatenate_numpy(*parts: NDArray, axis: int) -> NDArray:
    return np.concatenate(parts, axis=axis)


reshape = primitive(
    "reshape",
    PrimitiveKind.VIEW,
    type=reshape_type,
    numpy=lambda x, *, shape: x.reshape(shape),
    vjp=lambda g, y, x, *, shape: (g.reshape(x.shape),),
    linear=Linearity.JOINTLY,
    extent=Extent.ONCE,
    selects=True,
)
transpose = primitive(
    "transpose",
    PrimitiveKind.VIEW,
    type=transpose_type,
    numpy=lambda x, *, axes: x.transpose(axes),
    vjp=lambda g, y, x, *, axes: (g.transpose(*(int(i) for i in np.argsort(axes))),),
    linear=Linearity.JOINTLY,
    extent=Extent.ONCE,
    selects=True,
)
broadcast = primitive(
    "broadcast",
    PrimitiveKind.VIEW,
    type=broadcast_type,
    numpy=lambda x, *, shape: np.broadcast_to(x, shape),
    vjp=lambda g, y, x, *, shape: (fit(g, x),),
    linear=Linearity.JOINTLY,
    extent=Extent.MORE,
    selects=True,
)
concatenate = primitive(
    "concatenate",
    PrimitiveKind.MOVEMENT,
    type=concatenate_type,
    numpy=concatenate_numpy,
    vjp=concatenate_vjp,
    linear=Linearity.JOINTLY,
    extent=Extent.ONCE,
    selects=True,
)


def stack(parts: Any, axis: int = 0) -> Any:
    """Stack n arrays of one shape along a new axis: (…, …) each to (…, n, …).

    Raises ShapeError if the shapes differ or the axis is out of range, DtypeError if the dtypes
    differ.
    """
    ndim = len(parts[0].shape) + 1
    axis = normalise_axis(axis, ndim)
    shaped = [reshape(p, shape=(*p.shape[:axis], 1, *p.shape[axis:])) for p in parts]
    return concatenate(*shaped, axis=axis)


def zeros(type: ArrayType) -> Array:
    """Zeros of a type in the program under construction; they take no memory."""
    builder = current_builder.get()
    assert builder is not None
    zero = literal(0, dtype=type.dtype)
    if not type.shape:
        return Array(builder, zero)
    result: Array = builder.emit(broadcast, (zero,), {"shape": type.shape})
    return result
