"""Criteria for regression and for pairs: squared and absolute errors, margins, embeddings."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.criteria.criterion import Criterion, by_rows, matching, reduced
from graphnet.nn.layers.distance import cosine
from graphnet.ops import absolute, maximum, where

__all__ = [
    "AbsCriterion",
    "CosineEmbeddingCriterion",
    "HingeEmbeddingCriterion",
    "L1Cost",
    "L1HingeEmbeddingCriterion",
    "MSECriterion",
    "MarginCriterion",
    "MarginRankingCriterion",
    "SmoothL1Criterion",
]


class MSECriterion(Criterion):
    """Mean squared error: the mean of ``(x - t)²`` over all entries.

    Input and target have one shape, any; the loss is (). Without ``size_average`` it is the sum.
    Torch's nn/MSECriterion.lua. Raises ShapeError if the shapes differ (a number as target fits
    all), GraphError for tables.
    """

    symbol = "MSE"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        error = input - matching(input, target)
        return reduced(error * error, self.size_average)


class AbsCriterion(Criterion):
    """Mean absolute error: the mean of ``|x - t|`` over all entries.

    Shapes, ``size_average`` and errors are those of MSECriterion. Torch's nn/AbsCriterion.lua.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        return reduced(absolute(input - matching(input, target)), self.size_average)


class SmoothL1Criterion(Criterion):
    """The mean of ``z²/(2 beta)`` where ``z = |x - t| < beta``, else ``z - beta/2``.

    Shapes, ``size_average`` and errors are those of MSECriterion, and ValueError unless ``beta`` is
    positive. Torch's nn/SmoothL1Criterion.lua (Girshick 2015), where beta is 1; PyTorch's beta.
    """

    def __init__(self, size_average: bool = True, beta: float = 1.0) -> None:
        if not beta > 0:
            raise ValueError(f"beta is {beta}, expected a positive number")
        self.size_average = size_average
        self.beta = beta

    def loss(self, input: Any, target: Any) -> Any:
        z = absolute(input - matching(input, target))
        return reduced(
            where(z < self.beta, z * z * (0.5 / self.beta), z - 0.5 * self.beta), self.size_average
        )


class L1Cost(Criterion):
    """The sum of ``|x|``, whatever the target: [(…), target] to ().

    Torch's nn/L1Cost.lua. Raises GraphError if the input is no pair, or of a table.
    """

    def loss(self, input: Any, target: Any) -> Any:
        if is_table(input):
            raise GraphError(f"expects an array, received {describe(input)}")
        return absolute(input).sum()


class MarginCriterion(Criterion):
    """The mean of ``max(0, margin - t x)`` for targets t = 1 and -1.

    Shapes, ``size_average`` and errors are those of MSECriterion. Torch's nn/MarginCriterion.lua.
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        losses = maximum(0.0, self.margin - input * matching(input, target))
        return reduced(losses, self.size_average)


class HingeEmbeddingCriterion(Criterion):
    """The mean of x where t = 1 and ``max(0, margin - x)`` where t = -1, for distances x.

    Shapes, ``size_average`` and errors are those of MSECriterion. Torch's
    nn/HingeEmbeddingCriterion.lua.
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        near = matching(input, target) > 0
        losses = where(near, input, maximum(0.0, self.margin - input))
        return reduced(losses, self.size_average)


class MarginRankingCriterion(Criterion):
    """The mean of ``max(0, margin - t (a - b))``: t = 1 ranks a above b, t = -1 below.

    Takes [[a, b], t], all of one shape, any; the loss is (), the sum without ``size_average``. Of
    matrices, the mean is that of the sums of rows: the sum is divided by the length of the first
    axis, as in Torch's nn/MarginRankingCriterion.lua. Raises ShapeError if the shapes differ,
    GraphError if the input is no pair.
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        a, b = like_pair(input)
        losses = maximum(0.0, self.margin - (a - b) * matching(a, target))
        return by_rows(losses, self.size_average)


class L1HingeEmbeddingCriterion(Criterion):
    """d where t = 1 and ``max(0, margin - d)`` where t = -1, for the L1 distance d of a pair.

    Takes [[a, b], t]: a and b of one shape, any, and t a single number; d, ``sum(|a - b|)``, and
    the loss are (). Torch's nn/L1HingeEmbeddingCriterion.lua. Raises ShapeError if t is not one
    number, GraphError if the input is no pair.
    """

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def loss(self, input: Any, target: Any) -> Any:
        a, b = like_pair(input)
        distance = absolute(a - b).sum()
        near = matching(distance, target) > 0
        return where(near, distance, maximum(0.0, self.margin - distance))


class CosineEmbeddingCriterion(Criterion):
    """The mean of ``1 - cos(a, b)`` where t = 1 and ``max(0, cos(a, b) - margin)`` where t = -1.

    Takes [[a, b], t] of shapes (…, n), (…, n) and (…); the loss is (), the sum without
    ``size_average``. Torch's nn/CosineEmbeddingCriterion.lua. Raises ShapeError if the shapes do
    not fit, GraphError if the input is no pair.
    """

    def __init__(self, margin: float = 0.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        similarity = cosine(*like_pair(input))
        near = matching(similarity, target) > 0
        losses = where(near, 1.0 - similarity, maximum(0.0, similarity - self.margin))
        return reduced(losses, self.size_average)


def like_pair(input: Any) -> list[Any]:
    """Two arrays of one shape; raises GraphError for anything else, ShapeError if they differ."""
    a, b = require_pair(input)
    if is_table(a) or is_table(b):
        raise GraphError(f"expects a pair of arrays as its input, received {describe(input)}")
    if a.shape != b.shape:
        raise ShapeError(
            f"compares {a.shape} with {b.shape}", "The arrays of a pair must have the same shape."
        )
    return [a, b]
