"""Noise-contrastive estimation: scores of the target and of noise words, and their criterion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.ir.core.types import NDArray
from graphnet.nn import init
from graphnet.nn.criteria.criterion import Criterion
from graphnet.nn.layers.linear import above_zero, positive, require_features, require_indices
from graphnet.ops import (
    cast,
    concatenate,
    exp,
    log,
    log_softmax,
    softmax,
    stop_gradient,
    take,
    uniform,
    where,
)


class NCEModule(Module):
    """A Linear over many classes, trained against a few noise classes instead of a softmax.

    The input is [x, target] of shapes (…, in_features) and (…), classes counted from 0. The output
    is a table of four for ``NCECriterion``: exp(score) / z of the target (…) and of k noise classes
    (…, k), then the probabilities of the same classes as noise. The noise is drawn anew for each
    run by the generator of the net, from ``unigrams`` (out_features,), the relative frequencies.
    With ``normalized`` the output in evaluation is the probabilities of all classes (…,
    out_features), or their logarithms with ``logsoftmax``.

    ``weight`` is (out_features, in_features), ``bias`` (out_features,); both start uniform within
    ``1 / sqrt(in_features)``. Mnih and Teh 2012, "A fast and simple algorithm for training neural
    probabilistic language models"; Element-Research dpnn's NCEModule.lua, where Z = -1
    estimates the constant from the first batch: here it is a number, 1 if the net is to learn it.

    Raises ValueError for a size below 1, for other ``unigrams`` than out_features numbers from 0,
    and unless ``z > 0``; GraphError if the input is no pair, ShapeError for other shapes,
    DtypeError if the targets are no integers, IndexRangeError for a class out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        k: int,
        unigrams: NDArray | Sequence[float],
        z: float = 1.0,
        *,
        normalized: bool = False,
        logsoftmax: bool = False,
    ) -> None:
        self.in_features = positive("NCEModule: in_features", in_features)
        self.out_features = positive("NCEModule: out_features", out_features)
        self.k = positive("NCEModule: k", k)
        self.unigrams = frequencies(unigrams, out_features)
        self.z = above_zero("NCEModule: z", z)
        self.normalized = normalized
        self.logsoftmax = logsoftmax
        start = init.fan_in_uniform(in_features)
        self.weight = Parameter((out_features, in_features), start)
        self.bias = Parameter((out_features,), start)

    def compute(self, table: Any) -> Any:
        x, target = require_pair(table)
        require_features(x, self.in_features)
        if require_indices(target).shape != x.shape[:-1]:
            raise ShapeError(
                f"receives targets {target.shape}, expected {x.shape[:-1]}", "One for each row."
            )
        if self.normalized and not self.training:
            scores = x @ self.weight.T + self.bias
            return log_softmax(scores) if self.logsoftmax else softmax(scores)
        classes = concatenate([target[..., None], self._noise(x, target)], -1)
        rows = take(self.weight, classes)
        scores = (rows * x[..., None, :]).sum(-1) + take(self.bias, classes)
        model = exp(scores) * (1 / self.z)
        share = (self.unigrams / self.unigrams.sum()).astype(x.dtype)
        noise = take(share, classes)
        return [model[..., 0], model[..., 1:], noise[..., 0], noise[..., 1:]]

    def _noise(self, x: Any, target: Any) -> Any:
        """k noise classes for each row (…, k), drawn by Walker's alias method (1977)."""
        threshold, alias = alias_table(self.unigrams)
        shape = (*target.shape, self.k)
        column = cast(uniform(shape, x.dtype) * self.out_features, target.dtype)
        keep = uniform(shape, x.dtype) < take(threshold.astype(x.dtype), column)
        return where(keep, column, take(alias.astype(target.dtype), column))


def frequencies(unigrams: NDArray | Sequence[float], count: int) -> NDArray:
    """The frequencies as an array of floats; raises ValueError for others."""
    try:
        found = np.asarray(unigrams, float)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (count,) or not (found >= 0).all() or not 0 < found.sum() < np.inf:
        raise ValueError(
            f"NCEModule: unigrams are {unigrams!r:.60}, expected {count} numbers from 0"
        )
    return found


def alias_table(weights: NDArray) -> tuple[NDArray, NDArray]:
    """For each column its share of a fair draw, and the class that has the rest of the column."""
    share = weights / weights.sum() * weights.size
    alias = np.arange(weights.size)
    small = list(np.flatnonzero(share < 1))
    large = list(np.flatnonzero(share >= 1))
    while small and large:
        low, high = small.pop(), large.pop()
        alias[low] = high
        share[high] -= 1 - share[low]
        (small if share[high] < 1 else large).append(high)
    share[[*small, *large]] = 1  # what rounding left over
    return share, alias


class NCECriterion(Criterion):
    """The loss of noise-contrastive estimation, of the four outputs of ``NCEModule``: to ().

    With p of the model and q of the noise, ``-log(p(t) / (p(t) + k q(t)))`` of the target t and
    ``-log(k q(n) / (p(n) + k q(n)))`` of each of k noise classes n, added up, and with
    ``size_average`` divided by the number of rows; 1e-7 is added to the denominators. The target of
    the criterion is not read: the table holds its probabilities. Chen et al. 2015, "Recurrent
    neural network language model training with noise contrastive estimation"; Element-Research
    dpnn's NCECriterion.lua. Raises GraphError for another table, ShapeError for other shapes.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        if not is_table(input) or len(input) != 4 or any(map(is_table, input)):
            raise GraphError(
                f"expects the four outputs of an NCEModule, received {describe(input)}"
            )
        of_target, of_noise, noise_target, noise_noise = input
        if (
            not of_noise.ndim
            or of_target.shape != of_noise.shape[:-1]
            or noise_target.shape != of_target.shape
            or noise_noise.shape != of_noise.shape
        ):
            raise ShapeError(f"expects [(…), (…, k), (…), (…, k)], received {describe(input)}")
        k = of_noise.shape[-1]
        q, r = k * stop_gradient(noise_target), k * stop_gradient(noise_noise)
        total = log(of_target / (of_target + q + 1e-7)).sum()
        total = total + log(r / (of_noise + r + 1e-7)).sum()
        return -total * (1 / of_target.size if self.size_average and of_target.size else 1.0)
