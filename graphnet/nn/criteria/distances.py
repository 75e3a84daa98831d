"""Criteria of distances alone, without a target: triplets, and ratios of distances."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_table
from graphnet.nn.criteria.criterion import by_rows, reduced
from graphnet.nn.layers.activation import softplus
from graphnet.ops import absolute, maximum, minimum, sqrt

__all__ = ["DistanceRatioCriterion", "TripletMarginCriterion"]


class DistanceRatioCriterion(Module):
    """The mean of ``-log(exp(-x) / (exp(-x) + exp(-y)))`` for distances x of like, y of unlike.

    Takes [x, y], two arrays of one shape, any, or [[x, y], target], whose target has no effect;
    the loss is (). Without ``size_average`` it is the sum. Torch's nn/DistanceRatioCriterion.lua
    (Hoffer & Ailon 2015), which divides by the length of the first axis. Raises ShapeError if the
    shapes differ, GraphError for another number of arrays.
    """

    symbol = "loss"

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def compute(self, table: Any) -> Any:
        x, y = arrays_of(table, 2)
        losses = softplus(x - y, 40.0)
        return by_rows(losses, self.size_average)


class TripletMarginCriterion(Module):
    """The mean of ``max(0, margin + d(a, b) - d(a, c))``: a is to be nearer to b than to c.

    Takes [a, b, c] of shape (…, n), or [[a, b, c], target], whose target has no effect; the loss is
    (), the sum without ``size_average``. The distance is ``(sum |a - b + eps|^p)^(1/p)`` along the
    last axis. With ``swap``, d(b, c) takes the place of d(a, c) where it is smaller. Balntas et al.
    2016; PyTorch's TripletMarginLoss. Raises ShapeError if the shapes differ, GraphError for
    another number of arrays.
    """

    symbol = "loss"

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool = True,
    ) -> None:
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap
        self.size_average = size_average

    def compute(self, table: Any) -> Any:
        anchor, positive, negative = arrays_of(table, 3)
        far = self._distance(anchor, negative)
        if self.swap:
            far = minimum(far, self._distance(positive, negative))
        losses = maximum(0.0, self._distance(anchor, positive) - far + self.margin)
        return reduced(losses, self.size_average)

    def _distance(self, a: Any, b: Any) -> Any:
        size = absolute(a - b + self.eps)
        if self.p == 1:
            return size.sum(-1)
        if self.p == 2:
            return sqrt((size * size).sum(-1))
        return (size**self.p).sum(-1) ** (1 / self.p)


def arrays_of(table: Any, count: int) -> list[Any]:
    """The arrays of a table, or of the input in [input, target]."""
    entries = require_table(table)
    if entries and is_table(entries[0]):
        entries = require_table(entries[0])
    if len(entries) != count or any(map(is_table, entries)):
        raise GraphError(f"expects a table of {count} arrays, received {describe(table)}")
    if any(entry.shape != entries[0].shape for entry in entries):
        raise ShapeError(f"expects arrays of one shape, received {describe(entries)}")
    return entries
