"""NumPy's subscripts: ``x[index]`` as a window and a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.errors import DtypeError, IndexRangeError, ShapeError
from graphnet.ir.core.types import Shape

Window = tuple[tuple[int, int, int], ...]
"""(start, stop, step) for each axis, with 0 <= start <= stop and step > 0."""


def selection(index: Any, shape: Shape) -> tuple[Window, Shape]:
    """The window that integers, slices with positive step, ``...`` and ``None`` select from an
    array, and the shape of the result.

    Raises ShapeError for too many indices or a negative step, DtypeError for anything else than
    these, and IndexRangeError for a position outside the array.
    """
    entries = list(index) if isinstance(index, tuple) else [index]
    window: list[tuple[int, int, int]] = []
    selected: list[int] = []
    for entry in expand_ellipsis(entries, len(shape)):
        if entry is None:
            selected.append(1)
            continue
        bounds = axis_bounds(entry, shape, len(window))
        window.append(bounds)
        if isinstance(entry, slice):
            selected.append(len(range(*bounds)))
    return tuple(window), tuple(selected)


def expand_ellipsis(entries: Sequence[Any], ndim: int) -> list[Any]:
    used = len([e for e in entries if e is not None and e is not Ellipsis])
    if used > ndim:
        raise ShapeError(f"uses {used} indices on an array with {ndim} axes")
    at = next((i for i, e in enumerate(entries) if e is Ellipsis), len(entries))
    return [*entries[:at], *[slice(None)] * (ndim - used), *entries[at + 1 :]]


def axis_bounds(entry: Any, shape: Shape, axis: int) -> tuple[int, int, int]:
    size = shape[axis]
    if isinstance(entry, slice):
        start, stop, step = entry.indices(size)
        if step < 0:
            raise ShapeError(f"slices with step {step}", "Only positive steps are supported.")
        return start, max(start, stop), step
    try:
        position = entry.__index__()
    except (AttributeError, TypeError):
        raise DtypeError(f"is indexed with {entry!r}", "Use integers or slices.") from None
    if not -size <= position < size:
        raise IndexRangeError(f"reads position {position} of axis {axis} of {shape}")
    return position % size, position % size + 1, 1
