"""Criteria for classes: one right class, several, or probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.nn.layers.activation import softplus
from graphnet.ops import (
    cast,
    equal,
    less,
    log,
    log_softmax,
    maximum,
    minimum,
    not_equal,
    take,
    where,
)


def flat_classes(input: Any, target: Any) -> tuple[Any, Any]:
    """Scores (…, C) and classes (…) as (n, C) and (n,); raises where they do not fit."""
    if is_table(input) or is_table(target) or not input.ndim:
        raise ShapeError(
            f"expects scores (…, classes) and targets (…), received {describe([input, target])}"
        )
    if target.dtype.kind not in "iu":
        raise DtypeError(
            f"expects classes as integers, received a target of dtype {target.dtype}",
            "Classes are counted from 0; convert with target.astype(int).",
        )
    leading = input.shape[:-1]
    if target.shape != leading and not (target.shape == (1,) and input.ndim == 1):
        raise ShapeError(
            f"has scores {input.shape} and targets {target.shape}",
            f"There is one class for each row of scores: targets of {leading}.",
        )
    return input.reshape((target.size, input.shape[-1])), target.reshape((target.size,))


def chosen(scores: Any, classes: Any) -> Any:
    """(n, C) scores and (n,) classes to the scores (n,) of those classes."""
    n, count = scores.shape
    columns = take(np.arange(count), classes)  # the same, but names a class out of range
    return take(scores.reshape((n * count,)), columns + np.arange(n) * count)


def class_weights(weights: Any, count: int) -> NDArray | None:
    """The weights as an array (C,), or None."""
    if weights is None:
        return None
    array = np.asarray(weights, dtype=float)
    if array.shape != (count,):
        raise ShapeError(f"has weights {array.shape} for {count} classes")
    return array


class ClassNLLCriterion(Criterion):
    """Negative log-likelihood: the mean of -input[target] over all rows of log-probabilities.

    ``input`` is (…, classes), ``target`` holds integers (…) from 0; a vector takes a number. With
    ``weight`` (classes,), each row counts by the weight of its class, and the mean divides by the
    sum of these weights. Rows whose target is ``ignore_index`` (padding) do not count. Without
    ``size_average`` the rows are summed. Torch's nn/ClassNLLCriterion.lua; ``ignore_index`` as in
    PyTorch, but the mean over no rows is 0. Raises IndexRangeError for a class outside.
    """

    symbol = "NLL"

    def __init__(
        self,
        weight: Sequence[float] | NDArray | None = None,
        size_average: bool = True,
        ignore_index: int | None = None,
    ) -> None:
        self.weight = weight
        self.size_average = size_average
        self.ignore_index = ignore_index

    def loss(self, input: Any, target: Any) -> Any:
        return negative_log_likelihood(
            input, target, self.weight, self.size_average, self.ignore_index
        )


def negative_log_likelihood(
    input: Any, target: Any, weights: Any, size_average: bool, ignored: int | None
) -> Any:
    """The mean or sum of -input[target] over the rows, weighed by class."""
    scores, classes = flat_classes(input, target)
    counts = not_equal(classes, ignored) if ignored is not None else None
    if counts is not None:
        classes = where(counts, classes, 0)
    losses = -chosen(scores, classes)
    given = class_weights(weights, scores.shape[1])
    if given is None and counts is None:
        return reduced(losses, size_average)
    factors: Any = take(given.astype(input.dtype), classes) if given is not None else 1.0
    if counts is not None:
        losses = where(counts, losses, 0)
        factors = factors * cast(counts, input.dtype)
    total, sum_of_factors = (losses * factors).sum(), factors.sum()
    if not size_average:
        return total
    if counts is not None:
        sum_of_factors = where(equal(sum_of_factors, 0), 1, sum_of_factors)
    return total / sum_of_factors


class CrossEntropyCriterion(Criterion):
    """ClassNLLCriterion of log_softmax(input): ``input`` holds scores that are not normalised.

    ``weight``, ``size_average`` and ``ignore_index`` as there. Torch's
    nn/CrossEntropyCriterion.lua.
    """

    symbol = "CE"

    def __init__(
        self,
        weight: Sequence[float] | NDArray | None = None,
        size_average: bool = True,
        ignore_index: int | None = None,
    ) -> None:
        self.weight = weight
        self.size_average = size_average
        self.ignore_index = ignore_index

    def loss(self, input: Any, target: Any) -> Any:
        if is_table(input) or not input.ndim:
            raise ShapeError(f"expects scores (…, classes), received {describe(input)}")
        scores = log_softmax(input)
        return negative_log_likelihood(
            scores, target, self.weight, self.size_average, self.ignore_index
        )


class MultiMarginCriterion(Criterion):
    """The mean over rows of sum over j of max(0, margin - x[target] + x[j])^p / C, but j = target.

    ``input`` is (…, C), ``target`` integers (…); ``weight`` (C,) counts by the target's class
    (Torch's nn/MultiMarginCriterion.lua).
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
    """The mean over rows of sum over right i and wrong j of max(0, 1 - x[i] + x[j]) / C.

    ``input`` is (…, C), ``target`` integers (…, C): the right classes of a row, then -1
    (Torch's nn/MultiLabelMarginCriterion.lua, where the list ends with 0).
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        if target.dtype.kind not in "iu":
            raise DtypeError(f"expects classes as integers, received a target of {target.dtype}")
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


class BCECriterion(Criterion):
    """Binary cross-entropy: the mean of -(t log(x) + (1 - t) log(1 - x)) for probabilities x.

    1e-12 is added inside the logarithms. ``weight`` broadcasts against the input. Torch's
    nn/BCECriterion.lua.
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
    """Binary cross-entropy of sigmoid(x), for any number of right classes: ``target`` is 0 or 1.

    ``weight`` broadcasts against the input (Torch's nn/MultiLabelSoftMarginCriterion.lua).
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
    """The mean of log(1 + exp(-t x)) for targets 1 and -1 (Torch's nn/SoftMarginCriterion.lua)."""

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        return reduced(softplus(-input * matching(input, target), 40.0), self.size_average)


class DistKLDivCriterion(Criterion):
    """Kullback-Leibler divergence: the mean of t (log(t) - x) for log-probabilities x.

    Entries with t = 0 give 0; the mean is over all entries (Torch's nn/DistKLDivCriterion.lua).
    """

    symbol = "KL"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        positive = t > 0
        losses = where(positive, t * (log(where(positive, t, 1.0)) - input), 0.0)
        return reduced(losses, self.size_average)
