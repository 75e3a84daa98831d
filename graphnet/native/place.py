"""Places: where the values of a program lie in memory, and what views of them are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from llvmlite import ir

from graphnet.ir.indexing import Window
from graphnet.ir.types import ArrayType, Shape


@dataclass(frozen=True, slots=True)
class Place:
    """An array in memory: a pointer to its first element, and the distance of its elements along
    each axis, in elements (0 along an axis that only repeats them)."""

    pointer: ir.Value
    offset: int
    strides: Shape
    type: ArrayType

    @staticmethod
    def of(pointer: ir.Value, type: ArrayType) -> Place:
        """An array that lies as NumPy lays out a new one."""
        return Place(pointer, 0, row_major(type.shape), type)

    @property
    def is_contiguous(self) -> bool:
        expected = row_major(self.type.shape)
        pairs = zip(self.type.shape, self.strides, expected, strict=True)
        return all(size == 1 or stride == wanted for size, stride, wanted in pairs)

    def window(self, window: Window, type: ArrayType) -> Place:
        """A part of it (the primitive ``slice``)."""
        start = sum(
            begin * stride for (begin, _, _), stride in zip(window, self.strides, strict=True)
        )
        strides = tuple(
            step * stride for (_, _, step), stride in zip(window, self.strides, strict=True)
        )
        return Place(self.pointer, self.offset + start, strides, type)

    def transposed(self, axes: Shape, type: ArrayType) -> Place:
        return replace(self, strides=tuple(self.strides[axis] for axis in axes), type=type)

    def broadcast(self, type: ArrayType) -> Place:
        """Repeated along axes of size 1, and along new ones in front."""
        missing = len(type.shape) - len(self.type.shape)
        own = [
            0 if size == 1 and wanted != 1 else stride
            for size, stride, wanted in zip(
                self.type.shape, self.strides, type.shape[missing:], strict=True
            )
        ]
        return replace(self, strides=(*[0] * missing, *own), type=type)

    def reshaped(self, type: ArrayType) -> Place | None:
        """The same elements in another shape; None where they would have to be moved."""
        if self.is_contiguous:
            return Place(self.pointer, self.offset, row_major(type.shape), type)
        kept = [(n, s) for n, s in zip(self.type.shape, self.strides, strict=True) if n != 1]
        if [n for n, _ in kept] != [n for n in type.shape if n != 1]:
            return None
        remaining = iter(kept)
        strides = tuple(0 if n == 1 else next(remaining)[1] for n in type.shape)
        return replace(self, strides=strides, type=type)


def row_major(shape: Shape) -> Shape:
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
