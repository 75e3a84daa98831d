"""Scores and their classes: their order, their shapes, and the score of each class."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import DtypeError, GraphError, ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray, Shape
from graphnet.ops import take


def check_order(input: Any, target: Any) -> None:
    """Raise for classes given as scores, and for a target of scores or of one-hot rows."""
    if is_table(input) or is_table(target):
        return
    if input.dtype.kind in "iu" and (target.dtype.kind == "f" or target.ndim > input.ndim):
        raise DtypeError(
            f"received classes, {input.dtype} {input.shape}, as scores, and scores, "
            f"{target.dtype} {target.shape}, as classes",
            "The order is [scores, classes], or (scores, classes).",
        )
    if input.ndim and target.shape == input.shape and target.ndim > 1:
        raise ShapeError(
            f"has scores {input.shape} and a target of the same shape, expected classes "
            f"{input.shape[:-1]}",
            "The target looks one-hot: target.argmax(-1) gives its classes.",
        )


def flat_classes(input: Any, target: Any) -> tuple[Any, Any]:
    """Scores (…, C) and classes (…) or (…, 1) as (n, C) and (n,); raises if they do not fit."""
    if is_table(input) or is_table(target) or not input.ndim:
        raise ShapeError(
            f"expects scores (…, classes) and targets (…), received {describe([input, target])}"
        )
    check_order(input, target)
    require_integers(target)
    leading = input.shape[:-1]
    if not same_but_for_ones(target.shape, leading):
        raise ShapeError(
            f"has scores {input.shape} and targets {target.shape}",
            f"There is one class for each row of scores: targets of {leading}.",
        )
    return input.reshape((target.size, input.shape[-1])), target.reshape((target.size,))


def require_integers(target: Any) -> None:
    """Raise DtypeError for classes that are no integers, GraphError for a table."""
    if is_table(target):
        raise GraphError(f"expects classes, an array of integers, received {describe(target)}")
    if target.dtype.kind not in "iu":
        raise DtypeError(
            f"expects classes as integers, received a target of dtype {target.dtype}",
            "Classes are counted from 0; convert with target.astype(int).",
        )


def same_but_for_ones(shape: Shape, other: Shape) -> bool:
    """Whether two shapes differ at most in axes of one at the end."""
    return shape == other or without_ones(shape) == without_ones(other)


def without_ones(shape: Shape) -> Shape:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def chosen(scores: Any, classes: Any) -> Any:
    """The scores (n,) of the classes (n,), from scores (n, C)."""
    n, count = scores.shape
    columns = take(np.arange(count), classes)  # the same, but names a class out of range
    return take(scores.reshape((n * count,)), columns + np.arange(n) * count)


def class_weights(weights: Any, count: int) -> NDArray | None:
    """The weights as an array (C,), or None; raises ShapeError for another shape."""
    if weights is None:
        return None
    array = np.asarray(weights, dtype=float)
    if array.shape != (count,):
        raise ShapeError(f"has weights {array.shape} for {count} classes")
    return array
