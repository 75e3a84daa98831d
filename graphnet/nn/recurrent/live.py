"""Live: a cell run step by step on a sequence as it arrives, without allocation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import GModule
from graphnet.graph.modules.modes import evaluating
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.executables import executable_for
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.types import NDArray, type_of
from graphnet.native import is_available, live_program
from graphnet.nn.recurrent.cell_checks import require_cell
from graphnet.nn.recurrent.initial_states import dtype_of, state_types_for
from graphnet.tracebacks import public, shorten

__all__ = ["Live"]


class Live:
    """A cell run step by step on inputs as they arrive, without allocation.

    The cell maps ``(x, states…)`` to ``(next states…)``, as many as it takes, and any further
    results; ``x`` is an example of the inputs: (features,), or (batch, features). ``state =
    live.step(state, x)`` returns the cell's results in memory of its own: a result is valid until
    the step after the next, so copy what must be kept. ``live.start()`` are the initial states,
    zeros.

    The cell is in evaluation mode here. Its weights and buffers are packed once; call ``refresh``
    after they changed. Without llvmlite, or for a cell with a primitive that has no native rule,
    the interpreter does the same. Raises GraphError for an invalid cell, or one that draws random
    numbers, remembers or writes a buffer, ShapeError for an input or a state of another shape.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> live = nn.Live(nn.lstm_cell(3, 4), np.zeros(3))
    >>> state = live.start()
    >>> for x in np.eye(3):
    ...     state = live.step(state, x)
    >>> c, h = state
    >>> h.shape
    (4,)
    """

    @public
    def __init__(self, cell: GModule, x: Any) -> None:
        require_cell(cell, "Live")
        if isinstance(x, tuple):
            raise ShapeError(
                f"Live received the tuple {x} as its first input, expected an array",
                f"np.zeros({x}) is an array of this shape.",
            )
        is_available(notify=True)  # from here, the notice names the caller's line
        dtype = dtype_of(cell)
        first = np.asarray(x)
        first = np.zeros(first.shape, dtype if first.dtype.kind == "f" else first.dtype)
        types = state_types_for(cell, type_of(first))
        self.cell = cell
        self._given = [first, *(np.zeros(type.shape, type.dtype) for type in types)]
        with evaluating(cell):
            executable, _ = executable_for(cell, self._given, NOTHING)
        require_no_state(executable)
        self._prepared = executable.prepared
        self._parameters = [*executable.parameters, *executable.buffers()]
        self._count = executable.traced.output_count
        self._positions = [position for position, _ in executable.leaves]
        self._weights = {i: np.array(p.data) for i, p in self._parameters}
        self._native = live_program(self._prepared.program, self._weights, self._positions[1:])
        if self._native is not None:
            self._given = [self._native.inputs[i] for i in self._positions]
            self._results = [tuple(results[: self._count]) for results in self._native.results]

    def start(self) -> list[NDArray]:
        """The initial states: zeros, (size,) or (batch, size)."""
        return [np.zeros_like(array) for array in self._given[1:]]

    @property
    def is_compiled(self) -> bool:
        """Whether steps run as machine code; otherwise they run in the interpreter."""
        return self._native is not None

    def refresh(self) -> None:
        """Take over the present values of the weights."""
        for i, parameter in self._parameters:
            np.copyto(self._weights[i], parameter.data)
        if self._native is not None:
            self._native.refresh()

    def step(self, state: Sequence[NDArray], x: Any) -> tuple[NDArray, ...]:
        """The next states and further results of the cell, for one input of the example's shape.

        ``state`` is what the last step or ``start`` returned. Raises ShapeError for another number
        of states or another shape, and what the cell raises.
        """
        try:
            native, target = self._native, self._given[0]
            if not isinstance(x, np.ndarray) or x.shape != target.shape:
                x = self._fitting(x)
            np.copyto(target, x)
            is_next = native is not None and state is self._results[native.side]
            if not is_next:
                self._take(state)
            if native is None:
                return self._interpreted()
            side = native.run(is_next)
            if native.flag.value:
                native.undo()
                self._take(state)
                return self._interpreted()  # which raises the error
            return self._results[side]
        except Exception as error:
            shorten(error)
            raise

    def _take(self, state: Sequence[NDArray]) -> None:
        """Copy in states other than those that the last step returned."""
        targets = self._given[1:]
        if not (table.is_table(state) or (isinstance(state, np.ndarray) and state.ndim)):
            raise self._misfit(f"{state!r:.40} as its states", f"{len(targets)} arrays")
        if len(state) < len(targets):
            raise self._misfit(f"{len(state)} states", f"{len(targets)}")
        for target, value in zip(targets, state, strict=False):
            if np.shape(value) != target.shape:
                raise self._misfit(f"a state {np.shape(value)}", f"{target.shape}")
            np.copyto(target, value)

    def _fitting(self, x: Any) -> NDArray:
        array = np.asarray(x)
        if array.shape != self._given[0].shape:
            raise self._misfit(f"an input {array.shape}", f"{self._given[0].shape}")
        return array

    def _interpreted(self) -> tuple[NDArray, ...]:
        values = dict(zip(self._positions, self._given, strict=True)) | self._weights
        arrays = [values[i] for i in range(len(values))]
        results = self._prepared.run(arrays, self._given, native=False)
        return tuple(np.array(y) for y in results[: self._count])

    def _misfit(self, found: str, expected: str) -> ShapeError:
        return ShapeError(
            f"A live step received {found}, expected {expected}",
            "live.step(state, x) takes what Live was made for: the states of the last step, "
            "or live.start(), and an input like the first one.",
        )


def require_no_state(executable: Executable) -> None:
    """Raise GraphError for a program that writes, or reads more than its input, parameters and
    buffers."""
    if len(executable.drawn) > len(executable.buffers()) or executable.traced.updates:
        raise GraphError(
            "A live cell draws random numbers, remembers or writes a buffer",
            "It computes from its input and its states alone.",
        )
