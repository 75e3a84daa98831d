"""Recursor: a cell as a module of one step, with its states carried from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

from graphnet.errors import GraphError
from graphnet.graph import GModule, Module
from graphnet.ir.core.builder import current_builder
from graphnet.ir.core.types import ArrayType
from graphnet.nn.recurrent.cell_checks import require_cell
from graphnet.nn.recurrent.cell_outputs import output_position, warn_of_inner_output
from graphnet.nn.recurrent.cell_step import stepped
from graphnet.nn.recurrent.initial_states import state_types
from graphnet.nn.recurrent.remembering import (
    forget_own,
    is_remembering,
    keep,
    recalled,
    remembering_mode,
)
from graphnet.ops import zeros

Self = TypeVar("Self", bound="Recursor")


class Recursor(Module):
    """A cell as a module of one step, ``x`` (batch, features) to the cell's last output.

    The cell maps ``(x, states…)`` to ``(next states…)`` and any further results, as for
    ``Recurrent``; ``output`` names another output of the cell. Within a ``Sequencer`` or
    ``Repeater`` the states are carried from step to step, from zeros at first; alone it does one
    step, from zeros. After ``remember()`` each run starts from the final states of the run before,
    without gradient, until ``forget()``. With ``mask_zero``, rows of x that are all zero give zeros
    and reset the states (see ``MaskZero``).

    Raises GraphError for an invalid cell or ``output``, or in a sequence other than a Sequencer's,
    ValueError for another ``remembers``, ShapeError for shapes that the cell does not take.

    Element-Research rnn's Recursor.lua and AbstractRecurrent.lua. Its LSTM and GRU are::

        Recursor(lstm_cell_peephole(input_size, hidden_size, hidden_bias=False))
        Recursor(gru_cell(input_size, hidden_size, reset="before", hidden_bias=False))

    >>> import numpy as np
    >>> from graphnet import nn
    >>> step = nn.Sequential(Recursor(nn.gru_cell(3, 4)), nn.Linear(4, 2))
    >>> nn.Sequencer(step).forward(np.ones((5, 2, 3))).shape
    (5, 2, 2)
    """

    inside = "cell"

    def __init__(
        self,
        cell: GModule,
        *,
        mask_zero: bool = False,
        remembers: str = "neither",
        output: str | None = None,
    ) -> None:
        require_cell(cell, type(self).__name__)
        output_position(cell, output, "Recursor")
        self.cell = cell
        self.output = output
        if output is None:
            warn_of_inner_output(cell, "Recursor")
        self.mask_zero = mask_zero
        self.remembers = remembering_mode(remembers, "Recursor")

    def remember(self: Self, mode: str = "both") -> Self:
        """Start each run from the final states of the run before: see ``Recurrent.remember``."""
        self.remembers = remembering_mode(mode, "Recursor")
        if mode == "neither":
            forget_own(self)
        return self

    def forget(self: Self) -> Self:
        """Start the next run from zeros."""
        forget_own(self)
        return self

    def compute(self, x: Any) -> Any:
        states = current_states.get()
        builder = current_builder.get()
        if (
            builder is not None
            and builder.all_steps()
            and (states is None or states.builder is not builder)
        ):
            raise GraphError(
                "is in a sequence that is no Sequencer",
                "Its states would start anew at each step; nn.Recurrent takes the cell itself.",
            )
        if states is not None and self in states.now:
            states.now[self], output = self._step(x, states.now[self])
            return output
        types = state_types(self.cell, x)
        if states is not None:
            states.types[self] = types
            states.now[self], output = self._step(
                x, [zeros(each.shape, each.dtype) for each in types]
            )
            return output
        finals, output = self._step(x, self.first_states(types))
        keep(self, finals)
        return output

    def _step(self, x: Any, carry: Sequence[Any]) -> tuple[list[Any], Any]:
        """The next states and the output."""
        results = stepped(self.cell, x, carry, self.mask_zero, {})
        position = output_position(self.cell, self.output, "Recursor")
        return results[: len(carry)], results[-1 if position is None else position]

    def first_states(self, types: Sequence[ArrayType]) -> list[Any]:
        """The states before the first step of a run: zeros, or remembered ones."""
        if not is_remembering(self):
            return [zeros(each.shape, each.dtype) for each in types]
        return [recalled(self, index, type) for index, type in enumerate(types)]


class States:
    """The states of the Recursors during one step, and their types at first."""

    def __init__(self) -> None:
        self.builder = current_builder.get()
        self.now: dict[Recursor, list[Any]] = {}
        self.types: dict[Recursor, list[ArrayType]] = {}


current_states: ContextVar[States | None] = ContextVar("current_states", default=None)
"""The states of the step of a sequence being traced, if any."""
