"""Matrix products, with NumPy's rules for vectors, matrices and batches of matrices."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnet.errors import ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Linearity, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, broadcast_shapes, same_dtype
from graphnet.ir.primitives.pointwise import fit


def matmul_type(a: ArrayType, b: ArrayType) -> ArrayType:
    if not a.shape or not b.shape or a.shape[-1] != b.shape[max(len(b.shape) - 2, 0)]:
        raise ShapeError(
            f"multiplies matrices {a.shape} @ {b.shape}",
            "The last axis of the left must equal the second last of the right.",
        )
    batch = broadcast_shapes("multiplies batches of matrices", a.shape[:-2], b.shape[:-2])
    rows = a.shape[-2:-1]
    columns = b.shape[-1:] if len(b.shape) > 1 else ()
    return ArrayType((*batch, *rows, *columns), same_dtype("multiplies matrices", a, b))


def matmul_numpy(a: NDArray, b: NDArray) -> NDArray:
    if a.ndim > 2 and b.ndim == 2:  # one large product, where NumPy would loop over the batch
        flat = a.reshape(-1, a.shape[-1]) if a.shape[-1] else a.reshape(prod(a.shape[:-1]), 0)
        rows: NDArray = np.matmul(flat, b)
        return rows.reshape(*a.shape[:-1], b.shape[1])
    result: NDArray = np.matmul(a, b)
    return result


def swapped(x: Array) -> Array:
    return x.transpose(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


def matmul_vjp(g: Array, y: Array, a: Array, b: Array) -> tuple[Array, Array]:
    left = a.reshape(1, *a.shape) if a.ndim == 1 else a
    right = b.reshape(*b.shape, 1) if b.ndim == 1 else b
    if right.ndim == 2:  # rows of every batch entry meet one matrix: fold them into one product
        left = left.reshape(prod(left.shape[:-1]), left.shape[-1])
        g = g.reshape(left.shape[0], right.shape[1])
    else:
        g = g.reshape(*broadcast_shapes("", left.shape[:-2], right.shape[:-2]), *ends(left, right))
    to_left, to_right = g @ swapped(right), swapped(left) @ g
    if right.ndim > 2:
        to_left, to_right = fit(to_left, left), fit(to_right, right)
    return to_left.reshape(a.shape), to_right.reshape(b.shape)


def ends(left: Array, right: Array) -> tuple[int, int]:
    return left.shape[-2], right.shape[-1]


def matmul_count(a: ArrayType, b: ArrayType) -> int:
    return matmul_type(a, b).size * a.shape[-1]


matmul = primitive(
    "matmul",
    PrimitiveKind.PRODUCT,
    type=matmul_type,
    numpy=matmul_numpy,
    vjp=matmul_vjp,
    multiply_adds=matmul_count,
    linear=Linearity.EACH,
)
