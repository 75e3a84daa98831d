"""Criteria of weighted, cropped and robust errors, and of embedded classes."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.classes import require_integers, same_but_for_ones
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.ops import absolute, take, where

__all__ = [
    "ClassSimplexCriterion",
    "HuberCriterion",
    "SpatialAutoCropMSECriterion",
    "WeightedMSECriterion",
]


class WeightedMSECriterion(Criterion):
    """The mean of ``(x - w t)²``, for weights w of the targets.

    Input and target have one shape, any; ``weight`` has it too, or lacks the axis of the batch. The
    loss is (), the sum without ``size_average``. Torch's nn/WeightedMSECriterion.lua. Raises
    ShapeError if the shapes differ or the weights do not broadcast, GraphError for tables.
    """

    symbol = "MSE"

    def __init__(
        self,
        weight: float | Sequence[float] | Sequence[Sequence[float]] | NDArray,
        size_average: bool = True,
    ) -> None:
        self.weight = weight
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        weight = np.asarray(self.weight, dtype=float)
        if weight.shape not in ((), input.shape, input.shape[1:]):
            raise ShapeError(f"has weights {weight.shape} and receives an input {input.shape}")
        error = input - matching(input, target) * weight
        return reduced(error * error, self.size_average)


class SpatialAutoCropMSECriterion(Criterion):
    """Mean squared error between images and the middle of larger targets.

    [(…, channels, height, width), (…, channels, larger, wider)] to (), with or without a batch.
    Without ``size_average`` the entries are summed. Torch's nn/SpatialAutoCropMSECriterion.lua.
    Raises ShapeError if a target is smaller, or the other axes differ.
    """

    symbol = "MSE"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        if is_table(input) or is_table(target) or input.ndim not in (3, 4):
            raise ShapeError(
                f"expects images (…, channels, height, width), received {describe([input, target])}"
            )
        spare = [there - here for here, there in zip(input.shape, target.shape, strict=False)]
        if len(target.shape) != input.ndim or any(spare[:-2]) or min(spare[-2:]) < 0:
            raise ShapeError(
                f"has images {input.shape} and targets {target.shape}",
                "Targets are at least as high and wide, and else of the same shape.",
            )
        (top, left), (height, width) = [s // 2 for s in spare[-2:]], input.shape[-2:]
        middle = target[..., top : top + height, left : left + width]
        error = input - matching(input, middle)
        return reduced(error * error, self.size_average)


class HuberCriterion(Criterion):
    """The mean of ``z²/2`` where ``z = |x - t| < delta``, else ``delta (z - delta/2)``.

    Input and target have one shape, any; the loss is (), the sum without ``size_average``. Huber
    1964; PyTorch's HuberLoss. Raises ValueError unless ``delta`` is positive, ShapeError if the
    shapes differ, GraphError for tables.
    """

    def __init__(self, delta: float = 1.0, size_average: bool = True) -> None:
        if not delta > 0:
            raise ValueError(f"delta is {delta}, expected a positive number")
        self.delta = delta
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        z = absolute(input - matching(input, target))
        losses = where(z < self.delta, z * z * 0.5, (z - 0.5 * self.delta) * self.delta)
        return reduced(losses, self.size_average)


class ClassSimplexCriterion(Criterion):
    """Mean squared error between an embedding and the corner of a simplex that is its class.

    [(n, n_classes), (n,)] to (), or [(n_classes,), ()]; classes are integers from 0. The mean is
    over all entries, without ``size_average`` it is the sum. ``simplex`` (n_classes, n_classes)
    has the corners in its rows; ``input @ simplex.T`` scores the classes. Torch's
    nn/ClassSimplexCriterion.lua (Mroueh et al. 2012). Raises ValueError for fewer than two classes,
    ShapeError and DtypeError for other inputs, IndexRangeError for a class out of range.
    """

    symbol = "MSE"

    def __init__(self, n_classes: int, size_average: bool = True) -> None:
        if n_classes < 2:
            raise ValueError(f"n_classes is {n_classes}, expected at least 2")
        self.n_classes = n_classes
        self.size_average = size_average
        self.simplex = simplex(n_classes)

    def loss(self, input: Any, target: Any) -> Any:
        if is_table(input):
            raise ShapeError(f"expects an array of embeddings, received {describe(input)}")
        require_integers(target)
        wanted = (*input.shape[:-1], self.n_classes)
        if input.shape != wanted or not same_but_for_ones(target.shape, input.shape[:-1]):
            raise ShapeError(
                f"expects embeddings (n, {self.n_classes}) and classes (n,), "
                f"received {describe([input, target])}"
            )
        corners = take(self.simplex.astype(input.dtype), target.reshape(input.shape[:-1]))
        error = input - corners
        return reduced(error * error, self.size_average)


def simplex(count: int) -> NDArray:
    """Corners (count, count) of a regular simplex around the origin, at distance 1 from it.

    The last coordinate is 0: it has one axis more than it needs.
    """
    n = count - 1
    corners = np.zeros((count, count))
    for k in range(n):
        corners[k, k] = sqrt(1.0 - float((corners[k, :k] ** 2).sum()))
        corners[k + 1 :, k] = (corners[k, k] ** 2 - 1.0 - 1.0 / n) / corners[k, k]
    return corners
