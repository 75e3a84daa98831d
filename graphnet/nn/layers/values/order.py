"""Order: tables and axes reversed, one entry paired with each of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.graph import Module
from graphnet.graph.wiring.arithmetic import require_pair, require_table
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.layers.shape import swapped
from graphnet.nn.layers.tables import require_array
from graphnet.ops import take

__all__ = ["ReverseTable", "SeqReverseSequence", "ZipTableOneToMany"]


class ReverseTable(Module):
    """A table in reverse order: [a, b, c] to [c, b, a], of any shapes.

    Element-Research dpnn's ReverseTable.lua. Raises GraphError for an array.
    """

    def compute(self, table: Any) -> Any:
        return require_table(table)[::-1]


class SeqReverseSequence(Module):
    """An array in reverse order along ``axis``: any shape with that axis to the same.

    Element-Research rnn's SeqReverseSequence.lua. Raises ShapeError if there is no such axis,
    GraphError for a table.
    """

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        axis = normalise_axis(self.axis, require_array(x).ndim)
        first = swapped(x, 0, axis)
        return swapped(take(first, np.arange(x.shape[axis])[::-1].copy()), 0, axis)


class ZipTableOneToMany(Module):
    """One value with each of a table: [x, [a, b, …]] to [[x, a], [x, b], …], of any shapes.

    Element-Research dpnn's ZipTableOneToMany.lua. Raises GraphError for another table.
    """

    def compute(self, table: Any) -> Any:
        one, many = require_pair(table)
        return [[one, entry] for entry in require_table(many)]
