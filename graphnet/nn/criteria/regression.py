"""Criteria for numbers and for pairs: squared and absolute errors, margins, embeddings."""

from __future__ import annotations

from typing import Any

from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.nn.layers.distance import cosine
from graphnet.ops import absolute, maximum, where


class MSECriterion(Criterion):
    """The mean (or, without ``size_average``, the sum) of (x - t)² over all entries."""

    symbol = "MSE"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        error = input - matching(input, target)
        return reduced(error * error, self.size_average)


class AbsCriterion(Criterion):
    """The mean (or sum) of ``|x - t|`` over all entries."""

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        return reduced(absolute(input - matching(input, target)), self.size_average)


class SmoothL1Criterion(Criterion):
    """The mean (or sum) of z²/2 where ``z = |x - t| < 1``, else z - 1/2 (Girshick 2015)."""

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        z = absolute(input - matching(input, target))
        return reduced(where(z < 1, z * z * 0.5, z - 0.5), self.size_average)


class L1Cost(Criterion):
    """The sum of ``|x|``, whatever the target (Torch's nn/L1Cost.lua)."""

    def loss(self, input: Any, target: Any) -> Any:
        return absolute(input).sum()


class MarginCriterion(Criterion):
    """The mean (or sum) of max(0, margin - t x) for targets t = 1 and -1.

    Torch's nn/MarginCriterion.lua.
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        losses = maximum(0.0, self.margin - input * matching(input, target))
        return reduced(losses, self.size_average)


class HingeEmbeddingCriterion(Criterion):
    """The mean (or sum) of x where t = 1, and max(0, margin - x) where t = -1, for distances x.

    Torch's nn/HingeEmbeddingCriterion.lua.
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        near = matching(input, target) > 0
        losses = where(near, input, maximum(0.0, self.margin - input))
        return reduced(losses, self.size_average)


class MarginRankingCriterion(Criterion):
    """The mean (or sum) of max(0, margin - t (a - b)) for a pair [a, b]: t = 1 wants a above b.

    Takes [[a, b], t] (Torch's nn/MarginRankingCriterion.lua).
    """

    def __init__(self, margin: float = 1.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        a, b = require_pair(input)
        losses = maximum(0.0, self.margin - (a - b) * matching(a, target))
        return reduced(losses, self.size_average)


class L1HingeEmbeddingCriterion(Criterion):
    """d where t = 1, max(0, margin - d) where t = -1; d is the sum of ``|a - b|``.

    Takes [[a, b], t] (Torch's nn/L1HingeEmbeddingCriterion.lua).
    """

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def loss(self, input: Any, target: Any) -> Any:
        a, b = require_pair(input)
        distance = absolute(a - b).sum()
        near = matching(distance, target.reshape(())) > 0
        return where(near, distance, maximum(0.0, self.margin - distance))


class CosineEmbeddingCriterion(Criterion):
    """The mean (or sum) of 1 - cos(a, b) where t = 1, and max(0, cos(a, b) - margin) where t = -1.

    Takes [[a, b], t] with vectors along the last axis (Torch's nn/CosineEmbeddingCriterion.lua).
    """

    def __init__(self, margin: float = 0.0, size_average: bool = True) -> None:
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        similarity = cosine(*require_pair(input))
        t = target.reshape(()) if target.shape == (1,) and not similarity.ndim else target
        near = matching(similarity, t) > 0
        losses = where(near, 1.0 - similarity, maximum(0.0, similarity - self.margin))
        return reduced(losses, self.size_average)
