"""Contractions: sums of products of two arrays over the axes that they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

from graphnet.errors import ShapeError
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, Shape, same_dtype


@dataclass(frozen=True, slots=True)
class Labels:
    """The axes of a contraction by their letters: of both operands and of the result.

    ``batch`` are those of all three; ``rows`` of the left operand and the result, ``columns`` of
    the right one and the result, in the order of the result; ``summed`` those of the operands
    alone, in the order of the left one.
    """

    left: str
    right: str
    result: str

    @property
    def batch(self) -> str:
        return "".join(a for a in self.result if a in self.left and a in self.right)

    @property
    def rows(self) -> str:
        return "".join(a for a in self.result if a in self.left and a not in self.right)

    @property
    def columns(self) -> str:
        return "".join(a for a in self.result if a in self.right and a not in self.left)

    @property
    def summed(self) -> str:
        return "".join(a for a in self.left if a not in self.result)


@lru_cache(maxsize=1024)
def labels_of(subscripts: str) -> Labels:
    """The axes that ``"ij,jk->ik"`` names; raises ShapeError for what is no contraction of two."""
    operands, arrow, result = subscripts.replace(" ", "").partition("->")
    left, comma, right = operands.partition(",")
    labels = Labels(left, right, result)
    each = [*left, *right, *result]
    if (
        not (arrow and comma)
        or not "".join(each).isalpha()
        or any(len(set(part)) != len(part) for part in (left, right, result))
        or any(each.count(letter) < 2 for letter in each)
    ):
        raise ShapeError(
            f"has the subscripts {subscripts!r}",
            "Two operands and a result, as 'ij,jk->ik': each letter once in an array, and in two "
            "of the three.",
        )
    return labels


def einsum_type(a: ArrayType, b: ArrayType, *, subscripts: str) -> ArrayType:
    labels = labels_of(subscripts)
    sizes = sizes_of(labels, a.shape, b.shape)
    shape = tuple(sizes[letter] for letter in labels.result)
    return ArrayType(shape, same_dtype("multiplies", a, b))


def sizes_of(labels: Labels, a: Shape, b: Shape) -> dict[str, int]:
    """The size of each axis; raises ShapeError where the operands do not fit."""
    sizes: dict[str, int] = {}
    fits = len(a) == len(labels.left) and len(b) == len(labels.right)
    for letter, size in zip(labels.left + labels.right, a + b, strict=False):
        fits = fits and sizes.setdefault(letter, size) == size
    if not fits:
        raise ShapeError(
            f"multiplies {labels.left} {a} by {labels.right} {b}",
            "There is a letter for each axis; axes of one letter have one size.",
        )
    return sizes


def einsum_numpy(a: NDArray, b: NDArray, *, subscripts: str) -> NDArray:
    """One matrix product for each entry of the batch."""
    labels = labels_of(subscripts)
    sizes = sizes_of(labels, a.shape, b.shape)
    batch, rows, columns, summed = (
        prod(sizes[letter] for letter in part)
        for part in (labels.batch, labels.rows, labels.columns, labels.summed)
    )
    left = ordered(a, labels.left, labels.batch + labels.rows + labels.summed)
    right = ordered(b, labels.right, labels.batch + labels.summed + labels.columns)
    made = left.reshape(batch, rows, summed) @ right.reshape(batch, summed, columns)
    order = labels.batch + labels.rows + labels.columns
    result: NDArray = ordered(made.reshape([sizes[x] for x in order]), order, labels.result)
    return result


def ordered(x: NDArray, axes: str, wanted: str) -> NDArray:
    return x.transpose([axes.index(letter) for letter in wanted])


def einsum_vjp(g: Any, y: Any, a: Any, b: Any, *, subscripts: str) -> tuple[Any, Any]:
    labels = labels_of(subscripts)
    left, right, result = labels.left, labels.right, labels.result
    return (
        einsum(g, b, subscripts=f"{result},{right}->{left}"),
        einsum(a, g, subscripts=f"{left},{result}->{right}"),
    )


def einsum_count(a: ArrayType, b: ArrayType, *, subscripts: str) -> int:
    return prod(sizes_of(labels_of(subscripts), a.shape, b.shape).values())


einsum: Primitive = primitive(
    "einsum",
    PrimitiveKind.CONTRACTION,
    type=einsum_type,
    numpy=einsum_numpy,
    vjp=einsum_vjp,
    multiply_adds=einsum_count,
    linear=Linearity.EACH,
)
