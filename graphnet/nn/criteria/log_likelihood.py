"""Criteria for one class of several: negative log-likelihood and cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.classes import check_order, chosen, class_weights, flat_classes
from graphnet.nn.criteria.criterion import Criterion
from graphnet.ops import cast, equal, log_softmax, not_equal, take, where

__all__ = ["ClassNLLCriterion", "CrossEntropyCriterion", "SpatialClassNLLCriterion"]


class ClassNLLCriterion(Criterion):
    """Negative log-likelihood, in nats: the mean of ``-input[target]`` over the rows.

    [(…, classes), (…)] to (): the input holds log-probabilities, the target integers from 0; a
    vector (classes,) takes a single class, and a target may have a last axis of one. With
    ``weight`` (classes,), each row counts by the weight of its class, and the mean divides by the
    sum of these weights. Rows with the target ``ignore_index`` (padding) do not count. Without
    ``size_average`` the rows are summed.

    Torch's nn/ClassNLLCriterion.lua; ``ignore_index`` as in PyTorch, but the mean over no rows is
    0. Raises ShapeError if target or weights do not fit the input, DtypeError if the target holds
    no integers, IndexRangeError for a class out of range.
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
    input: Any,
    target: Any,
    weights: Any,
    size_average: bool,
    ignored: int | None,
    smoothing: float = 0.0,
) -> Any:
    """The mean or sum of ``-input[target]`` over the rows, weighted by class.

    With ``smoothing``, this share of each row's loss is the mean over all classes.
    """
    scores, classes = flat_classes(input, target)
    counts = not_equal(classes, ignored) if ignored is not None else None
    if counts is not None:
        classes = where(counts, classes, 0)
    weight = class_weights(weights, scores.shape[1])
    factors: Any = None if weight is None else take(weight.astype(input.dtype), classes)
    losses = -chosen(scores, classes)
    losses = losses if factors is None else losses * factors
    if smoothing:
        over_all = -(scores if weight is None else scores * weight.astype(input.dtype)).mean(1)
        losses = losses * (1.0 - smoothing) + over_all * smoothing
    if counts is not None:
        losses = where(counts, losses, 0)
        one_by_one = cast(counts, input.dtype)
        factors = one_by_one if factors is None else factors * one_by_one
    if not size_average:
        return losses.sum()
    if factors is None:
        return losses.mean()
    divisor = factors.sum()
    return losses.sum() / (divisor if counts is None else where(equal(divisor, 0), 1, divisor))


class CrossEntropyCriterion(Criterion):
    """Cross-entropy: ClassNLLCriterion of ``log_softmax(input)``, in nats.

    [(…, classes), (…)] to (): the input holds unnormalised scores (logits). ``weight``,
    ``size_average`` and ``ignore_index`` are those of ClassNLLCriterion. With ``label_smoothing``
    s, the right class counts ``1 - s``, and s is shared by all classes (Szegedy et al. 2016), in
    the form of PyTorch. Torch's nn/CrossEntropyCriterion.lua. Raises ValueError for a smoothing
    outside [0, 1], ShapeError, DtypeError and IndexRangeError as ClassNLLCriterion does.
    """

    symbol = "CE"

    def __init__(
        self,
        weight: Sequence[float] | NDArray | None = None,
        size_average: bool = True,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing is {label_smoothing}, expected a number from 0 to 1")
        self.weight = weight
        self.size_average = size_average
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def loss(self, input: Any, target: Any) -> Any:
        if is_table(input) or not input.ndim:
            raise ShapeError(f"expects scores (…, classes), received {describe(input)}")
        check_order(input, target)
        return negative_log_likelihood(
            log_softmax(input),
            target,
            self.weight,
            self.size_average,
            self.ignore_index,
            self.label_smoothing,
        )


class SpatialClassNLLCriterion(Criterion):
    """ClassNLLCriterion at each place of an image: classes are on the axis after the batch.

    [(n, classes, …), (n, …)] to (), for any number of axes of places: (n, classes, height, width)
    and (n, height, width) for images. Arguments and errors are those of ClassNLLCriterion, and
    ShapeError for an input of fewer than three axes. Torch's nn/SpatialClassNLLCriterion.lua.
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
        if is_table(input) or input.ndim < 3:
            raise ShapeError(
                f"expects log-probabilities (n, classes, …) and classes (n, …), "
                f"received {describe([input, target])}"
            )
        return negative_log_likelihood(
            classes_last(input), target, self.weight, self.size_average, self.ignore_index
        )


def classes_last(input: Any) -> Any:
    """(n, classes, …) as (n, …, classes)."""
    return input.transpose(0, *range(2, input.ndim), 1)
