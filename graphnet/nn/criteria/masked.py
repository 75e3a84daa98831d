"""A criterion that ignores rows of padding: Element-Research's MaskZeroCriterion."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values import table
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.criteria.classes import flat_classes
from graphnet.nn.criteria.criterion import WeightedCriteria
from graphnet.nn.criteria.log_likelihood import (
    ClassNLLCriterion,
    CrossEntropyCriterion,
    SpatialClassNLLCriterion,
    classes_last,
)
from graphnet.nn.criteria.of_pair import CriterionOfPair
from graphnet.nn.criteria.regression import L1Cost
from graphnet.nn.criteria.sequences import SequencerCriterion, steps
from graphnet.nn.recurrent.mask import fitted
from graphnet.ops import absolute, cast, maximum, not_equal, scan, take, where

__all__ = ["MaskZeroCriterion"]


class MaskZeroCriterion(CriterionOfPair):
    """The loss of a criterion on the rows of a batch whose input is not entirely zero, of shape ().

    Takes [input, target], each an array (rows, …) or a table of such arrays; in a table of inputs
    the first array marks the padding. ``input_dims`` is the number of its axes after the rows.
    Means are over the rows that count; if none does, the loss is 0. The criterion must add up or
    average over rows, as all of nn's do except L1HingeEmbeddingCriterion; a criterion of your own
    says which by an attribute ``size_average``. Element-Research rnn's MaskZeroCriterion.lua.

    Raises ShapeError if the input has another number of axes or the target another number of rows,
    GraphError for a criterion without ``size_average``.
    """

    symbol = "loss"

    def __init__(self, criterion: Module, input_dims: int = 1) -> None:
        self.criterion = criterion
        self.input_dims = input_dims

    def compute(self, pair: Any) -> Any:
        input, target = require_pair(pair)
        first = table.flatten(input)[0][0]
        if first.ndim != self.input_dims + 1 or not first.shape[0]:
            raise ShapeError(
                f"has input_dims {self.input_dims} and receives an input {first.shape}",
                f"It takes rows on the first axis, and {self.input_dims} axes behind it.",
            )
        axes = tuple(range(1, first.ndim))
        live = not_equal(absolute(first).max(axes), 0)
        return loss_of_rows(self.criterion, [input, target], live)


def loss_of_rows(criterion: Any, pair: list[Any], live: Any) -> Any:
    """The loss of the live rows, as if the others were not there."""
    if isinstance(criterion, WeightedCriteria):
        parts = zip(criterion.modules, criterion.pairs(pair), strict=True)
        return criterion.weighted_sum([loss_of_rows(part, entry, live) for part, entry in parts])
    if isinstance(criterion, SequencerCriterion) and table.is_table(pair[0]):
        return loss_of_steps(criterion, pair, live)
    if isinstance(criterion, ClassNLLCriterion | CrossEntropyCriterion | SpatialClassNLLCriterion):
        return class_loss(criterion, pair, live)
    if not hasattr(criterion, "size_average") and not isinstance(criterion, L1Cost):
        raise GraphError(
            f"cannot tell whether {type(criterion).__name__} adds up or averages over rows",
            "An attribute size_average of the criterion says so: True or False.",
        )
    losses = losses_by_row(criterion, pair, live)
    total = where(live, losses, 0).sum()
    if not getattr(criterion, "size_average", False):
        return total
    return total / maximum(cast(live, losses.dtype).sum(), 1)


def loss_of_steps(criterion: SequencerCriterion, pair: list[Any], live: Any) -> Any:
    """A table of steps, each of which has the rows."""
    both = zip(*[steps(part) for part in pair], strict=True)
    losses = [loss_of_rows(criterion.criterion, list(step), live) for step in both]
    total = sum(losses[1:], start=losses[0])
    return total / len(losses) if criterion.size_average else total


def class_loss(criterion: Any, pair: list[Any], live: Any) -> Any:
    """Padding gets an ignored class, so that rows keep the weights of their classes."""
    require_rows(pair, live)
    scores, target = pair
    spatial = isinstance(criterion, SpatialClassNLLCriterion)
    flat_classes(classes_last(scores) if spatial else scores, target)  # for its checks
    ignored = criterion.ignore_index
    if ignored is None:
        ignored = np.iinfo(np.int64).min
    classes = where(fitted(live, target), target.astype(np.int64), ignored)
    settings = {**criterion.arguments(), "ignore_index": ignored}
    return type(criterion)(**settings).loss(scores, classes)


def losses_by_row(criterion: Any, pair: list[Any], live: Any) -> Any:
    """The loss of each row alone; a row of padding is replaced by the last live one.

    So the criterion sees neither zeros, where it may have no derivative, nor the targets of
    padding, which may be out of range. If no row is live, it sees zeros only.
    """
    require_rows(pair, live)
    arrays, structure = table.flatten(pair)
    numbers = np.arange(live.shape[0])
    last = where(live, numbers, 0).max(0)
    source, some = where(live, numbers, last), take(live, last)

    def step(carry: Any, slices: Any) -> Any:
        row = [part.reshape((1, *part.shape)) for part in slices]
        return [], [criterion.call(table.unflatten(structure, row)).reshape(())]

    rows = [where(some, take(a, source), np.zeros((), a.dtype)) for a in arrays]
    return scan(step, [], rows, length=live.shape[0])[1][0]


def require_rows(pair: list[Any], live: Any) -> None:
    if any(array.shape[:1] != live.shape for array in table.flatten(pair)[0]):
        raise ShapeError(
            f"has {live.shape[0]} rows and receives {table.describe(pair)}",
            "Inputs and targets must have a row for each.",
        )
