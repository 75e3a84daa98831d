"""The first maximum of each window: what lies there, and what is put there."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, Shape, same_dtype
from graphnet.ir.primitives.windows import places_of, windows_numpy, windows_type


def take_at_maxima_type(values: ArrayType, x: ArrayType, **settings: Any) -> ArrayType:
    if values.shape != x.shape:
        raise ShapeError(f"takes from {values.shape} where {x.shape} is largest")
    whole = windows_type(x, **settings)
    same_dtype("takes at maxima", values, x)
    return ArrayType(whole.shape[: len(x.shape)], x.dtype)


def put_at_maxima_type(g: ArrayType, x: ArrayType, **settings: Any) -> ArrayType:
    made = take_at_maxima_type(x, x, **settings)
    if g.shape != made.shape:
        raise ShapeError(f"puts {g.shape} at the maxima of {made.shape} windows")
    same_dtype("puts at maxima", g, x)
    return x


def first_maxima(x: NDArray, settings: dict[str, Any]) -> NDArray:
    """The number of the first maximum in each window, of NaN the first."""
    found = windows_numpy(x, **settings)
    count = prod(settings["sizes"])
    chosen: NDArray = found.reshape(*found.shape[: x.ndim], count).argmax(-1)
    return chosen


def take_at_maxima_numpy(values: NDArray, x: NDArray, **settings: Any) -> NDArray:
    chosen = first_maxima(x, settings)
    found = windows_numpy(values, **settings)
    flat = found.reshape(*chosen.shape, prod(settings["sizes"]))
    result: NDArray = np.take_along_axis(flat, chosen[..., None], -1)[..., 0]
    return result


def put_at_maxima_numpy(
    g: NDArray, x: NDArray, *, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape
) -> NDArray:
    settings = {"axes": axes, "sizes": sizes, "strides": strides, "dilations": dilations}
    chosen = first_maxima(x, settings)
    result = np.zeros(x.shape, g.dtype)
    places = places_of(x.shape, g.shape, sizes, axes, strides, dilations)
    for number, (_, bounds) in enumerate(places):
        result[tuple(slice(*b) for b in bounds)] += np.where(chosen == number, g, 0)
    return result


take_at_maxima: Primitive = primitive(
    "take_at_maxima",
    PrimitiveKind.INDEXED,
    type=take_at_maxima_type,
    numpy=take_at_maxima_numpy,
    vjp=lambda g, y, values, x, **settings: (put_at_maxima(g, x, **settings), None),
    linear=Linearity.FIRST,
    selects=True,
)
put_at_maxima: Primitive = primitive(
    "put_at_maxima",
    PrimitiveKind.INDEXED,
    type=put_at_maxima_type,
    numpy=put_at_maxima_numpy,
    vjp=lambda g, y, values, x, **settings: (take_at_maxima(g, x, **settings), None),
    linear=Linearity.FIRST,
)
