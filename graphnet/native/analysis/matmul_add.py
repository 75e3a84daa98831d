"""Accumulation: ``c + a @ b`` as one operation, which the pass of this name makes of two.

A product that begins from an array costs no more than one that begins from zero; to add the array
afterwards would read and write the result once more.
"""

from __future__ import annotations

from graphnet.errors import ShapeError
from graphnet.ir.core.primitive import Primitive, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, same_dtype
from graphnet.ir.primitives.product import matmul_count, matmul_numpy, matmul_type


def is_row(type: ArrayType, columns: int) -> bool:
    """Whether an array is one row of so many columns, which repeats itself in larger arrays."""
    return type.shape[-1:] == (columns,) and all(size == 1 for size in type.shape[:-1])


def matmul_add_type(a: ArrayType, b: ArrayType, c: ArrayType) -> ArrayType:
    type = matmul_type(a, b)
    same_dtype("adds to a product", a, c)
    repeated = is_row(c, b.shape[-1]) and len(c.shape) <= len(type.shape)
    if len(b.shape) != 2 or not (c.shape == type.shape or repeated):
        raise ShapeError(
            f"begins a product {a.shape} @ {b.shape} from {c.shape}",
            "That must be an array like the result, or one row.",
        )
    return type


def matmul_add_numpy(a: NDArray, b: NDArray, c: NDArray) -> NDArray:
    result: NDArray = c + matmul_numpy(a, b)
    return result


def matmul_add_count(a: ArrayType, b: ArrayType, c: ArrayType) -> int:
    return matmul_count(a, b)


matmul_add = Primitive(
    "matmul_add",
    PrimitiveKind.PRODUCT,
    type=matmul_add_type,
    numpy=matmul_add_numpy,
    vjp=None,
    multiply_adds=matmul_add_count,
)
"""Only passes make it: no program that a user traces has one, and none is differentiated."""
