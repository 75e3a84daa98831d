"""Indexed primitives: slices, gather and scatter-add of rows."""

from __future__ import annotations

import numpy as np

from graphnet.errors import DtypeError, IndexRangeError, ShapeError
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Extent, Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.subscripts import Window
from graphnet.ir.core.types import ArrayType, NDArray, Shape


def window_shape(window: Window) -> Shape:
    return tuple(len(range(*bounds)) for bounds in window)


def slices(window: Window) -> tuple[slice, ...]:
    return tuple(slice(*bounds) for bounds in window)


def slice_type(x: ArrayType, *, window: Window) -> ArrayType:
    if len(window) != len(x.shape) or any(
        not 0 <= start <= stop <= n or step < 1
        for (start, stop, step), n in zip(window, x.shape, strict=False)
    ):
        raise ShapeError(f"takes the window {window} of {x.shape}")
    return ArrayType(window_shape(window), x.dtype)


def unslice_type(x: ArrayType, *, window: Window, shape: Shape) -> ArrayType:
    slice_type(ArrayType(shape, x.dtype), window=window)
    if window_shape(window) != x.shape:
        raise ShapeError(f"writes {x.shape} into the window {window}")
    return ArrayType(shape, x.dtype)


def unslice_numpy(x: NDArray, *, window: Window, shape: Shape) -> NDArray:
    result = np.zeros(shape, x.dtype)
    result[slices(window)] = x
    return result


slice_ = primitive(
    "slice",
    PrimitiveKind.VIEW,
    type=slice_type,
    numpy=lambda x, *, window: x[slices(window)],
    vjp=lambda g, y, x, *, window: (unslice(g, window=window, shape=x.shape),),
    linear=Linearity.JOINTLY,
    extent=Extent.PART,
    selects=True,
)
unslice: Primitive = primitive(
    "unslice",
    PrimitiveKind.MOVEMENT,
    type=unslice_type,
    numpy=unslice_numpy,
    vjp=lambda g, y, x, *, window, shape: (slice_(g, window=window),),
    linear=Linearity.JOINTLY,
    extent=Extent.MORE,
)


# ---- rows by index


def take_type(x: ArrayType, indices: ArrayType) -> ArrayType:
    require_integers(indices)
    if not x.shape:
        raise ShapeError("takes rows of an array without axes")
    return ArrayType((*indices.shape, *x.shape[1:]), x.dtype)


def scatter_add_type(g: ArrayType, indices: ArrayType, *, rows: int) -> ArrayType:
    require_integers(indices)
    if g.shape[: len(indices.shape)] != indices.shape:
        raise ShapeError(f"adds rows {g.shape} at indices {indices.shape}")
    return ArrayType((rows, *g.shape[len(indices.shape) :]), g.dtype)


def require_integers(indices: ArrayType) -> None:
    if indices.dtype.kind not in "iu":
        raise DtypeError(
            f"takes rows by {indices}, expected integer indices",
            "Convert the indices with x.astype(int).",
        )


def check_range(indices: NDArray, rows: int) -> None:
    if indices.size and not ((low := indices.min()) >= 0 and (high := indices.max()) < rows):
        bad = low if low < 0 else high
        raise IndexRangeError(
            f"received index {bad}, expected 0 to {rows - 1}", "Indices are counted from 0."
        )


def take_numpy(x: NDArray, indices: NDArray) -> NDArray:
    check_range(indices, x.shape[0])
    return x[indices]


def scatter_add_numpy(g: NDArray, indices: NDArray, *, rows: int) -> NDArray:
    """Sorted sums of equal indices: several times faster than ``np.add.at`` on rows."""
    check_range(indices, rows)
    result = np.zeros((rows, *g.shape[indices.ndim :]), g.dtype)
    if indices.size:
        flat = indices.reshape(-1)
        order = np.argsort(flat, kind="stable")
        sorted_indices = flat[order]
        starts = np.flatnonzero(np.diff(sorted_indices, prepend=-1))
        by_row = g.reshape(flat.size, *result.shape[1:])[order]
        result[sorted_indices[starts]] = np.add.reduceat(by_row, starts, axis=0)
    return result


take = primitive(
    "take",
    PrimitiveKind.INDEXED,
    type=take_type,
    numpy=take_numpy,
    vjp=lambda g, y, x, indices: (scatter_add(g, indices, rows=x.shape[0]), None),
    linear=Linearity.FIRST,
    selects=True,
)
scatter_add: Primitive = primitive(
    "scatter_add",
    PrimitiveKind.INDEXED,
    type=scatter_add_type,
    numpy=scatter_add_numpy,
    vjp=lambda gg, y, g, indices, *, rows: (take(gg, indices), None),
    linear=Linearity.FIRST,
)


# ---- lengths of sequences


def lengths_type(lengths: ArrayType, *, steps: int) -> ArrayType:
    if lengths.dtype.kind not in "iu" or len(lengths.shape) != 1:
        raise DtypeError(
            f"receives lengths {lengths}, expected one whole number for each sequence",
            "lengths=np.array([5, 3, 0])",
        )
    return lengths


def lengths_numpy(lengths: NDArray, *, steps: int) -> NDArray:
    wrong = np.flatnonzero((lengths < 0) | (lengths > steps))
    if wrong.size:
        raise IndexRangeError(
            f"received the length {lengths[wrong[0]]} for sequence {wrong[0]}, "
            f"expected 0 to {steps}",
            f"The sequences have {steps} steps.",
        )
    return lengths


checked_lengths = primitive(
    "checked_lengths",
    PrimitiveKind.CHECK,
    type=lengths_type,
    numpy=lengths_numpy,
    vjp=None,
    effect=True,
)
"""Lengths of sequences as they are; IndexRangeError names one below 0 or above ``steps``."""
