"""The type of an array in a program: its shape and its dtype."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphnet.errors import DtypeError, ShapeError

Shape = tuple[int, ...]
NDArray = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """Shape and dtype, printed as ``float32[50, 128]``."""

    shape: Shape
    dtype: np.dtype[Any]

    @property
    def is_float(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


def type_of(array: NDArray) -> ArrayType:
    """The type of a NumPy array."""
    return ArrayType(array.shape, array.dtype)


def same_dtype(verb: str, *types: ArrayType) -> np.dtype[Any]:
    """The common dtype of all operands; raises DtypeError if they differ."""
    first = types[0].dtype
    for other in types[1:]:
        if other.dtype != first:
            raise DtypeError(
                f"{verb} {first} and {other.dtype}",
                "All operands must have one dtype; convert with .astype(…).",
            )
    return first


def require_float(verb: str, *types: ArrayType) -> None:
    """Raise DtypeError unless every operand is floating point."""
    for type_ in types:
        if not type_.is_float:
            raise DtypeError(
                f"{verb} {type_}, expected floating point",
                "Convert the input with x.astype(float).",
            )


def broadcast_shapes(verb: str, *shapes: Shape) -> Shape:
    """NumPy's broadcasting rule; raises ShapeError with the shapes of the operands."""
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ShapeError(f"{verb} {listed}", "The shapes must be the same, or broadcast.") from None


def normalise_axis(axis: int, ndim: int, what: str = "axis") -> int:
    """The axis counted from 0; raises ShapeError outside ``-ndim … ndim - 1``."""
    if not -ndim <= axis < ndim:
        raise ShapeError(
            f"uses {what} {axis} of an array with {ndim} axes", "Axes are counted from 0."
        )
    return axis % ndim
