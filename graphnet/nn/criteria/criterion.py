"""The base of criteria, checks of targets, the mean or sum, and combinations of criteria."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_pair, require_table
from graphnet.nn.criteria.classes import same_but_for_ones
from graphnet.nn.criteria.of_pair import CriterionOfPair
from graphnet.nn.layers.containers import Container, require_modules

__all__ = [
    "Criterion",
    "MultiCriterion",
    "ParallelCriterion",
]

Self = TypeVar("Self", bound="WeightedCriteria")


class Criterion(CriterionOfPair):
    """A loss: a module of the table [input, target] whose output is one number, of shape ().

    ``criterion.forward(input, target)`` is the loss, and ``criterion.backward(input, target)`` the
    gradient of the input, as in Torch; the table [input, target] serves as well, and ``backward``
    of it gives the gradients of both. In a graph it is a node like any other: gradients flow into
    its input, and into a floating target. Raises GraphError if the input is no pair. Authors define
    ``loss``.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> criterion = nn.MSECriterion()
    >>> float(criterion(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    >>> criterion.backward(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    array([0., 2.])
    """

    symbol = "loss"

    def compute(self, table: Any) -> Any:
        return self.loss(*require_pair(table))

    @abstractmethod
    def loss(self, input: Any, target: Any) -> Any:
        """The loss, an array of shape (), in array operations."""


def reduced(losses: Any, size_average: bool) -> Any:
    """The mean or the sum of all entries."""
    return losses.mean() if size_average else losses.sum()


def by_rows(losses: Any, size_average: bool) -> Any:
    """The sum of all entries; with ``size_average``, divided by the length of the first axis."""
    total = losses.sum()
    return total / losses.shape[0] if size_average and losses.ndim else total


def matching(input: Any, target: Any) -> Any:
    """The target in the input's dtype: a number, or in the input's shape but for ones at the end.

    Raises ShapeError for another shape: to broadcast (n, 1) and (n,) would pair all with all.
    """
    if is_table(input) or is_table(target):
        raise GraphError(f"expects two arrays, received {describe([input, target])}")
    if target.ndim and target.shape != input.shape:
        if not same_but_for_ones(target.shape, input.shape):
            raise ShapeError(
                f"compares an input {input.shape} with a target {target.shape}",
                "Both must have the same shape.",
            )
        target = target.reshape(input.shape)
    return target.astype(input.dtype)


class WeightedCriteria(CriterionOfPair, Container):
    """The base of criteria made of others, each with a weight; both lists have one entry for each.

    ``add(criterion, weight)`` appends one, as in Torch.
    """

    weights: list[float]

    def add(self: Self, module: Module, weight: float = 1.0) -> Self:
        super().add(module)
        self.weights.append(weight)
        return self

    @abstractmethod
    def pairs(self, table: Any) -> list[Any]:
        """The [input, target] of each criterion."""

    def compute(self, table: Any) -> Any:
        parts = zip(self.modules, self.pairs(table), strict=True)
        return self.weighted_sum([module.call(pair) for module, pair in parts])

    def weighted_sum(self, losses: Sequence[Any]) -> Any:
        """The sum of the losses of all criteria, each times its weight."""
        require_modules(self)
        terms = [loss * factor for loss, factor in zip(losses, self.weights, strict=True)]
        return sum(terms[1:], start=terms[0])


def filled_with(container: Self, modules: tuple[Module, ...], weights: Sequence[float]) -> None:
    factors = list(weights) or [1.0] * len(modules)
    if len(factors) != len(modules):
        raise GraphError(
            f"has {len(modules)} criteria and {len(factors)} weights",
            subject=type(container).__name__,
        )
    container.modules, container.weights = [], []
    for module, factor in zip(modules, factors, strict=True):
        container.add(module, factor)


class MultiCriterion(WeightedCriteria):
    """The sum of several criteria of one input and target, each times its weight.

    [input, target] of the shapes that all of them take, tables too, to (). Torch's
    nn/MultiCriterion.lua. Raises GraphError if there are not as many ``weights`` as criteria or
    none at all, or the input is no pair.
    """

    symbol = "Σ loss"

    def __init__(self, *modules: Module, weights: Sequence[float] = ()) -> None:
        filled_with(self, modules, weights)

    def pairs(self, table: Any) -> list[Any]:
        return [require_pair(table)] * len(self)


class ParallelCriterion(WeightedCriteria):
    """The sum over i of criterion i of input i and target i, each times its weight.

    [[inputs…], [targets…]] of the shapes that the criteria take, tables too, to (); with
    ``repeat_target`` one target serves all. Torch's nn/ParallelCriterion.lua. Raises GraphError if
    there are not as many inputs, targets or ``weights`` as criteria.
    """

    symbol = "Σ loss"

    def __init__(
        self, *modules: Module, weights: Sequence[float] = (), repeat_target: bool = False
    ) -> None:
        self.repeat_target = repeat_target
        filled_with(self, modules, weights)

    def pairs(self, table: Any) -> list[Any]:
        inputs, targets = require_pair(table)
        entries = require_table(inputs)
        wanted = [targets] * len(entries) if self.repeat_target else require_table(targets)
        if not len(entries) == len(wanted) == len(self):
            raise GraphError(
                f"has {len(self)} criteria and receives {describe(table)}",
                "Each criterion takes one input and one target.",
            )
        return [list(pair) for pair in zip(entries, wanted, strict=True)]
