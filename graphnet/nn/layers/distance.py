"""Distances and cosine similarities, of two arrays or of an array and learned points."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module, Parameter
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn import init
from graphnet.nn.layers.linear import above_zero, positive, require_features
from graphnet.nn.layers.reduction import at_least_vector
from graphnet.ops import absolute, sqrt, stop_gradient

__all__ = ["Cosine", "CosineDistance", "Euclidean", "PairwiseDistance", "WeightedEuclidean"]


def root(total: Any, p: float, eps: float) -> Any:
    """``total^(1/p)``, whose gradient has ``eps`` added to the root in its denominator.

    So it stays finite where the root is 0; Torch does the same in its backward passes alone.
    """
    fixed = stop_gradient(total)
    value = sqrt(fixed) if p == 2 else fixed ** (1 / p)
    slope = 1 / (p * (value + eps) ** (p - 1))
    return value + (total - fixed) * slope  # the second term is 0 but has a slope


class PairwiseDistance(Module):
    """The p-norm of the difference of a pair, along the last axis: [(…, n), (…, n)] to (…).

    Two vectors give (1,). In the gradient 1e-6 is added to the norm (Torch's
    nn/PairwiseDistance.lua). Raises ValueError unless ``p > 0``, GraphError if the input is no
    pair, ShapeError if the two do not broadcast.
    """

    def __init__(self, p: float = 2.0) -> None:
        self.p = above_zero("PairwiseDistance: p", p)

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        difference = absolute(a - b)
        return at_least_vector(root((difference**self.p).sum(-1), self.p, 1e-6))


class CosineDistance(Module):
    """The cosine of the angle between a pair, along the last axis: [(…, n), (…, n)] to (…).

    Two vectors give (1,). Despite the name, which is Torch's, it is 1 for parallel vectors and -1
    for opposite ones (nn/CosineDistance.lua). Raises GraphError if the input is no pair, ShapeError
    if the two do not broadcast.
    """

    def compute(self, table: Any) -> Any:
        return at_least_vector(cosine(*require_pair(table)))


def cosine(a: Any, b: Any) -> Any:
    """``a · b / (|a| |b|)`` along the last axis; 1e-12 is added to the squares of the norms."""
    norms = ((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12)
    return (a * b).sum(-1) / sqrt(norms)


class Cosine(Module):
    """The cosine of the angle between x and each row of ``weight``.

    (…, in_features) to (…, out_features). ``weight`` is (out_features, in_features) and starts
    uniform within ``1 / sqrt(in_features)`` (Torch's nn/Cosine.lua). Raises ValueError for a size
    below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        self.in_features = positive("Cosine: in_features", in_features)
        self.out_features = positive("Cosine: out_features", out_features)
        self.weight = Parameter((out_features, in_features), init.fan_in_uniform(in_features))

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        norm_x = sqrt((x * x).sum(-1, keepdims=True)) + 1e-12
        norm_weight = sqrt((self.weight * self.weight).sum(-1)) + 1e-12
        return x @ self.weight.T / (norm_x * norm_weight)


class Euclidean(Module):
    """The distance of x to each column of ``weight``: (…, in_features) to (…, out_features).

    ``weight`` is (in_features, out_features) and starts uniform within ``1 / sqrt(in_features)``.
    In the gradient 1e-7 is added to the distance (Torch's nn/Euclidean.lua). Raises ValueError for
    a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        self.in_features = positive("Euclidean: in_features", in_features)
        self.out_features = positive("Euclidean: out_features", out_features)
        self.weight = Parameter((in_features, out_features), init.fan_in_uniform(in_features))

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        difference = x[..., None] - self.weight
        return root((difference * difference).sum(-2), 2, 1e-7)


class WeightedEuclidean(Module):
    """Euclidean with each difference multiplied by an entry of ``diagCov``.

    (…, in_features) to (…, out_features); ``weight`` and ``diagCov`` are (in_features,
    out_features), ``diagCov`` starts at 1. Torch's nn/WeightedEuclidean.lua. Raises ValueError for
    a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        self.in_features = positive("WeightedEuclidean: in_features", in_features)
        self.out_features = positive("WeightedEuclidean: out_features", out_features)
        self.weight = Parameter((in_features, out_features), init.fan_in_uniform(in_features))
        self.diagCov = Parameter((in_features, out_features), init.constant(1.0))

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        difference = (x[..., None] - self.weight) * self.diagCov
        return root((difference * difference).sum(-2), 2, 1e-7)
