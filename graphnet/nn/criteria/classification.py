"""Criteria for classification by margins, of several classes, and of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.classes import chosen, class_weights, flat_classes, require_integers
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.nn.criteria.of_probabilities import CriterionOfProbabilities
from graphnet.nn.layers.activation import softplus
from graphnet.ops import cast, equal, less, log, maximum, minimum, not_equal, take, where

__all__ = [
    "BCECriterion",
    "DistKLDivCriterion",
    "MultiLabelMarginCriterion",
    "MultiLabelSoftMarginCriterion",
    "MultiMarginCriterion",
    "SoftMarginCriterion",
]


class MultiMarginCriterion(Criterion):
    """The mean over rows of the margin loss of one class against all others.

    A row's loss is ``sum max(0, margin - x[target] + x[j])^p / C`` over all j but the target.

    [(…, C), (…)] to (), the target of integers from 0. ``weight`` (C,) scales a row's loss by its
    class; without ``size_average`` the rows are summed. Torch's nn/MultiMarginCriterion.lua. Raises
    ShapeError if target or weights do not fit the input, DtypeError if the target holds no
    integers, IndexRangeError for a class out of range.
    """

    def __init__(
        self,
        p: int = 1,
        weight: Sequence[float] | NDArray | None = None,
        margin: float = 1.0,
        size_average: bool = True,
    ) -> None:
        self.p = p
        self.weight = weight
        self.margin = margin
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        scores, classes = flat_classes(input, target)
        count = scores.shape[1]
        right = chosen(scores, classes)[:, None]
        excess = maximum(0.0, scores - right + self.margin) ** self.p
        others = cast(not_equal(classes[:, None], np.arange(count)), input.dtype)
        losses = (excess * others).sum(1) * (1 / count)
        weights = class_weights(self.weight, count)
        if weights is not None:
            losses = losses * take(weights.astype(input.dtype), classes)
        return reduced(losses, self.size_average)


class MultiLabelMarginCriterion(Criterion):
    """The mean over rows of the margin loss of several classes against all others.

    A row's loss is ``sum max(0, 1 - x[i] + x[j]) / C`` over all i in the target and all j not in
    it.

    [(…, C), (…, C)] to (): a row of the target lists its classes as integers from 0, then -1.
    Torch's nn/MultiLabelMarginCriterion.lua, where the list ends with 0. Raises ShapeError if the
    shapes differ, DtypeError if the target holds no integers, IndexRangeError for a class out of
    range.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        require_integers(target)
        matching(input, target)
        count = input.shape[-1]
        ended = cast(less(target, 0), dtype=input.dtype) @ np.triu(np.ones((count, count)))
        classes = take(np.arange(count), maximum(target, 0))  # names a class out of range
        listed = cast(equal(classes[..., None], np.arange(count)), dtype=input.dtype)
        open_ = cast(equal(ended, 0), input.dtype)
        right = minimum((listed * open_[..., None]).sum(-2), 1.0)
        excess = maximum(0.0, 1.0 - input[..., None] + input[..., None, :])
        pairs = right[..., None] * (1.0 - right[..., None, :])
        return reduced((excess * pairs).sum((-2, -1)) * (1 / count), self.size_average)


class BCECriterion(CriterionOfProbabilities):
    """Binary cross-entropy, in nats: the mean of ``-(t log(x) + (1 - t) log(1 - x))``.

    Input (probabilities) and target have one shape, any; the loss is (). ``forward`` warns of an
    input of 0 and 1 alone with a target between them: of the wrong order. 1e-12 is added inside the
    logarithms. ``weight`` has a shape that broadcasts to the input. Without ``size_average`` the
    entries are summed. Torch's nn/BCECriterion.lua. Raises ShapeError if the shapes differ or the
    weights do not broadcast, DtypeError for an input of integers, NumericsError for one below 0 or
    above 1 whose loss is no number.
    """

    symbol = "BCE"

    def __init__(
        self,
        weight: float | Sequence[float] | Sequence[Sequence[float]] | NDArray | None = None,
        size_average: bool = True,
    ) -> None:
        self.weight = weight
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        losses = -(t * log(input + 1e-12) + (1.0 - t) * log(1.0 - input + 1e-12))
        return reduced(weighted(losses, self.weight), self.size_average)


def weighted(losses: Any, weights: Any) -> Any:
    return losses if weights is None else losses * np.asarray(weights, dtype=float)


class MultiLabelSoftMarginCriterion(Criterion):
    """Binary cross-entropy of ``sigmoid(x)``, for any number of right classes, in nats.

    Input and target (0 or 1) have one shape, any; the loss is (), the mean, or the sum without
    ``size_average``. ``weight`` has a shape that broadcasts to the input. Torch's
    nn/MultiLabelSoftMarginCriterion.lua. Errors are those of BCECriterion.
    """

    def __init__(
        self,
        weight: float | Sequence[float] | Sequence[Sequence[float]] | NDArray | None = None,
        size_average: bool = True,
    ) -> None:
        self.weight = weight
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        losses = softplus(input, 40.0) - input * matching(input, target)
        return reduced(weighted(losses, self.weight), self.size_average)


class SoftMarginCriterion(Criterion):
    """The mean of ``log(1 + exp(-t x))`` for targets 1 and -1, in nats.

    Input and target have one shape, any; the loss is (). Without ``size_average`` it is the sum.
    Torch's nn/SoftMarginCriterion.lua. Raises ShapeError if the shapes differ.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        return reduced(softplus(-input * matching(input, target), 40.0), self.size_average)


class DistKLDivCriterion(Criterion):
    """Kullback-Leibler divergence: the mean of ``t (log(t) - x)`` for log-probabilities x, in nats.

    Input and target have one shape, any; the loss is (). Entries with t = 0 give 0; the mean is
    over all entries, or the sum without ``size_average``. Torch's nn/DistKLDivCriterion.lua. Raises
    ShapeError if the shapes differ.
    """

    symbol = "KL"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        positive = t > 0
        losses = where(positive, t * (log(where(positive, t, 1.0)) - input), 0.0)
        return reduced(losses, self.size_average)
