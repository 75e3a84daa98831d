"""Strided views: base, offset and strides of the values of a program, and of views of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Equation
from graphnet.ir.core.subscripts import Window
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives import indexing, pointwise, shaping, windows


@dataclass(frozen=True, slots=True)
class StridedView:
    """An array in memory: its base (a pointer in emitted code, a buffer of a plan), and in elements
    the offset of its first one and the stride along each axis (0 where it repeats them)."""

    pointer: Any
    offset: int
    strides: Shape
    type: ArrayType

    @staticmethod
    def of(pointer: Any, type: ArrayType) -> StridedView:
        """An array that lies as NumPy lays out a new one."""
        return StridedView(pointer, 0, row_major(type.shape), type)

    @property
    def is_contiguous(self) -> bool:
        expected = row_major(self.type.shape)
        pairs = zip(self.type.shape, self.strides, expected, strict=True)
        return all(size == 1 or stride == wanted for size, stride, wanted in pairs)

    def view(self, equation: Equation) -> StridedView | None:
        """What an equation that only looks differently at an array makes of its place; None where
        elements would have to be moved."""
        return VIEWS[equation.primitive](self, equation.settings, equation.outputs[0].type)

    def window(self, window: Window, type: ArrayType) -> StridedView:
        """A part of it (the primitive ``slice``)."""
        start = sum(
            begin * stride for (begin, _, _), stride in zip(window, self.strides, strict=True)
        )
        strides = tuple(
            step * stride for (_, _, step), stride in zip(window, self.strides, strict=True)
        )
        return StridedView(self.pointer, self.offset + start, strides, type)

    def transposed(self, axes: Shape, type: ArrayType) -> StridedView:
        return replace(self, strides=tuple(self.strides[axis] for axis in axes), type=type)

    def broadcast(self, type: ArrayType) -> StridedView:
        """Repeated along axes of size 1, and along new ones in front."""
        missing = len(type.shape) - len(self.type.shape)
        own = [
            0 if size == 1 and wanted != 1 else stride
            for size, stride, wanted in zip(
                self.type.shape, self.strides, type.shape[missing:], strict=True
            )
        ]
        return replace(self, strides=(*[0] * missing, *own), type=type)

    def reshaped(self, type: ArrayType) -> StridedView | None:
        """The same elements in another shape; None where they would have to be moved.

        Axes are taken together where they lie one within the other, and divided again.
        """
        if type.size == 0:
            return StridedView(self.pointer, self.offset, row_major(type.shape), type)
        sizes, (steps,) = collapsed(self.type.shape, [self])
        strides: list[int] = []
        axis, left, step = len(sizes) - 1, sizes[-1], steps[-1]
        for size in reversed(type.shape):
            if size == 1:
                strides.append(0)
                continue
            if left == 1 and axis > 0:
                axis -= 1
                left, step = sizes[axis], steps[axis]
            if left % size:
                return None
            strides.append(step)
            left, step = left // size, step * size
        return replace(self, strides=tuple(reversed(strides)), type=type)

    def in_windows(
        self, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape, type: ArrayType
    ) -> StridedView:
        """All windows along some axes (the primitive ``windows``)."""
        steps = list(self.strides)
        for axis, stride in zip(axes, strides, strict=True):
            steps[axis] *= stride
        inside = (self.strides[axis] * step for axis, step in zip(axes, dilations, strict=True))
        return replace(self, strides=(*steps, *inside), type=type)

    def flipped(self, axes: Shape) -> StridedView:
        """The same elements in reverse order along some axes."""
        chosen = {axis % len(self.strides) for axis in axes}
        pairs = list(enumerate(zip(self.type.shape, self.strides, strict=True)))
        last = sum((size - 1) * stride for axis, (size, stride) in pairs if axis in chosen)
        strides = tuple(-stride if axis in chosen else stride for axis, (_, stride) in pairs)
        return replace(self, offset=self.offset + max(last, 0), strides=strides)

    def as_rows(self) -> StridedView | None:
        """As rows at one distance, 0 where one row repeats itself; None where elements of a row
        are apart, or rows at several distances."""
        shape = self.type.shape
        made = self.reshaped(ArrayType((prod(shape[:-1]), shape[-1]), self.type.dtype))
        return made if made is not None and (shape[-1] == 1 or made.strides[1] == 1) else None

    def as_matrix(self) -> StridedView:
        """A vector as a matrix of one column."""
        if len(self.type.shape) == 2:
            return self
        type = ArrayType((*self.type.shape, 1), self.type.dtype)
        return replace(self, strides=(*self.strides, 1), type=type)


View = Callable[[StridedView, Mapping[str, Any], ArrayType], StridedView | None]

VIEWS: dict[Primitive, View] = {
    indexing.slice_: lambda place, settings, type: place.window(settings["window"], type),
    shaping.transpose: lambda place, settings, type: place.transposed(settings["axes"], type),
    shaping.broadcast: lambda place, settings, type: place.broadcast(type),
    shaping.reshape: lambda place, settings, type: place.reshaped(type),
    windows.windows: lambda place, settings, type: place.in_windows(type=type, **settings),
    windows.flip: lambda place, settings, type: place.flipped(settings["axes"]),
    pointwise.identity: lambda place, settings, type: place,
    pointwise.stop_gradient: lambda place, settings, type: place,
    pointwise.l1_penalty: lambda place, settings, type: place,
}
"""The strided view that each view primitive makes of another."""


def row_major(shape: Shape) -> Shape:
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def collapsed(shape: Shape, places: Sequence[StridedView]) -> tuple[Shape, list[Shape]]:
    """Neighbouring axes as one wherever every array allows it; at least one axis remains."""
    sizes: list[int] = []
    rows: list[list[int]] = [[] for _ in places]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        strides = [place.strides[axis] for place in places]
        if sizes and all(
            row[-1] == stride * size for row, stride in zip(rows, strides, strict=True)
        ):
            sizes[-1] *= size
            for row, stride in zip(rows, strides, strict=True):
                row[-1] = stride
        else:
            sizes.append(size)
            for row, stride in zip(rows, strides, strict=True):
                row.append(stride)
    if not sizes:
        return (1,), [(1,) for _ in places]
    return tuple(sizes), [tuple(row) for row in rows]
