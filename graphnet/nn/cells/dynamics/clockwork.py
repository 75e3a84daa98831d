"""The clockwork RNN: groups of units that change at periods of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import GModule, Module, Parameter, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import AddConstant, CAddTable, require_table
from graphnet.ir.core.types import NDArray
from graphnet.nn import init
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated
from graphnet.nn.layers.activation import Tanh
from graphnet.nn.layers.linear import Linear, positive, require_features
from graphnet.nn.layers.tables import require_array
from graphnet.ops import cast, stop_gradient, where

__all__ = ["clockwork_rnn_cell"]


def period_of_units(size: int, periods: Sequence[int]) -> NDArray:
    """The period of each unit, in groups of nearly equal size: (size,) of whole numbers."""
    groups = np.arange(size) * len(periods) // size
    return np.array(sorted(periods))[groups]


class ClockworkLinear(Module):
    """A product without bias in which a unit reads those of its own and of longer periods.

    (…, size) to (…, size). The weight (size, size) starts uniform within ``1 / sqrt(size)``; of
    its entries, those between a unit and one of a shorter period count as 0. Raises ValueError for
    a size or period below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int, periods: tuple[int, ...]) -> None:
        self.size = positive("ClockworkLinear: size", size)
        self.periods = tuple(positive("ClockworkLinear: a period", p) for p in periods)
        self.weight = Parameter((size, size), init.fan_in_uniform(size))

    def compute(self, x: Any) -> Any:
        require_features(x, self.size)
        period = period_of_units(self.size, self.periods)
        reads = (period[:, None] <= period[None, :]).astype(x.dtype)
        return x @ (self.weight * reads).T


class Clock(Module):
    """Of [step, previous, next] the next value of units whose period divides the step.

    The step is (…, 1), the others (…, size), and so is the output. Raises ValueError for a size or
    period below 1, GraphError if the input is no table, ShapeError if it is no table of these
    three.
    """

    def __init__(self, size: int, periods: tuple[int, ...]) -> None:
        self.size = positive("Clock: size", size)
        self.periods = tuple(positive("Clock: a period", p) for p in periods)

    def compute(self, table: Any) -> Any:
        entries = require_table(table)
        if [require_array(e).shape[-1:] for e in entries] != [(1,), (self.size,), (self.size,)]:
            raise ShapeError(
                f"expects [(…, 1), (…, {self.size}), (…, {self.size})], received {describe(table)}"
            )
        step, previous, following = entries
        period = period_of_units(self.size, self.periods).astype(step.dtype)
        turns = stop_gradient(step) / period
        remainder = turns - cast(cast(turns, np.int64), step.dtype)
        is_due = remainder * period < 0.5
        return where(is_due, following, previous)


@checked
def clockwork_rnn_cell(
    input_size: int,
    hidden_size: int,
    periods: tuple[int, ...] = (1, 2, 4, 8),
    bias: bool = True,
    squash: Pointwise = Tanh,
) -> GModule:
    """The clockwork cell: a group of units for each of the ``periods``, which count steps.

    Inputs ``(x, prev_t, prev_h)`` of shapes (…, input_size), (…, 1), (…, hidden_size); outputs
    ``(next_t, next_h)`` of the shapes of the states. For a unit of period T::

        t' = t + 1    h' = tanh(W x + U h) if T divides t, else h

    t is the number of the step, from 0. U has no bias, and is 0 from units of shorter to units of
    longer periods. Koutník et al. 2014, "A clockwork RNN". Raises ValueError for a size or period
    below 1.
    """
    x, prev_t, prev_h = input(), State(1)(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias)(x)
    h2h = ClockworkLinear(hidden_size, periods)(prev_h)
    total = CAddTable()([i2h, h2h])
    candidate = activated(squash, total)
    next_t = AddConstant(1.0)(prev_t)
    next_h = Clock(hidden_size, periods)([prev_t, prev_h, candidate])
    return GModule([x, prev_t, prev_h], [next_t, next_h])
