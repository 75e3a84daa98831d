"""Criteria over the steps of sequences: SequencerCriterion and RepeaterCriterion."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_pair, require_table
from graphnet.nn.criteria.of_pair import CriterionOfPair
from graphnet.ops import scan

__all__ = ["RepeaterCriterion", "SequencerCriterion"]


class SequencerCriterion(CriterionOfPair):
    """The sum of one criterion over the steps of [inputs, targets].

    Both are arrays (steps, …), or tables of steps; the loss has the shape of the criterion's. With
    ``size_average`` it is the mean over the steps. Element-Research rnn's SequencerCriterion.lua.
    Raises ShapeError if two arrays differ in steps or have none, GraphError if two tables do.
    """

    symbol = "Σ loss"

    def __init__(self, criterion: Module, size_average: bool = False) -> None:
        self.criterion = criterion
        self.size_average = size_average

    def compute(self, table: Any) -> Any:
        input, target = require_pair(table)
        if not is_table(input) and not is_table(target):
            return self._scanned(input, target)
        inputs, targets = steps(input), steps(target)
        if len(inputs) != len(targets):
            raise GraphError(f"has {len(inputs)} steps of input and {len(targets)} of targets")
        losses = [self.criterion.call([x, t]) for x, t in zip(inputs, targets, strict=True)]
        total = sum(losses[1:], start=losses[0])
        return total / len(losses) if self.size_average else total

    def _scanned(self, input: Any, target: Any) -> Any:
        """Arrays: one trace of the criterion, whatever the number of steps."""
        if input.shape[:1] != target.shape[:1] or not input.shape[:1] or not input.shape[0]:
            raise ShapeError(
                f"expects arrays of the same number of steps, received {describe([input, target])}"
            )

        def step(carry: Any, pair: Any) -> Any:
            return [], [self.criterion.call(list(pair))]

        _, (losses,) = scan(step, [], [input, target], length=input.shape[0])
        return losses.mean(0) if self.size_average else losses.sum(0)


class RepeaterCriterion(CriterionOfPair):
    """The sum of one criterion over the steps of the inputs, all with the same target.

    [inputs, target]: an array (steps, …) or a table of steps, and the target of each; the loss has
    the shape of the criterion's. Element-Research rnn's RepeaterCriterion.lua. Raises ShapeError
    for an array without steps.
    """

    symbol = "Σ loss"

    def __init__(self, criterion: Module) -> None:
        self.criterion = criterion

    def compute(self, table: Any) -> Any:
        input, target = require_pair(table)
        if is_table(input):
            losses = [self.criterion.call([x, target]) for x in steps(input)]
            return sum(losses[1:], start=losses[0])
        if not input.ndim or not input.shape[0]:
            raise ShapeError(f"expects at least one step, received {input.shape}")

        def step(carry: Any, slices: Any) -> Any:
            return [], [self.criterion.call([slices[0], target])]

        _, (losses,) = scan(step, [], [input], length=input.shape[0])
        return losses.sum(0)


def steps(sequence: Any) -> list[Any]:
    """The time steps of a sequence; raises ShapeError for an array without any."""
    if is_table(sequence):
        return require_table(sequence)
    if not sequence.ndim or not sequence.shape[0]:
        raise ShapeError(f"expects at least one step, received {sequence.shape}")
    return [sequence[step] for step in range(sequence.shape[0])]
