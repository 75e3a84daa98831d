"""State: an input of a cell, carried from step to step."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.nn.layers.linear import positive


class State(Module):
    """The identity on a state (…, size) of a cell: ``prev_h = State(size)()``.

    It declares the size of the state, so that ``Recurrent`` can start from zeros or learned values.
    Raises ValueError for a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int) -> None:
        self.size = positive("State: size", size)

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.shape[-1:] != (self.size,):
            raise ShapeError(
                f"expects a state (…, {self.size}), received {describe(x)}",
                "States come in the cell's order; is it the state of another size of cell, "
                "or h where c should be?",
            )
        return x
