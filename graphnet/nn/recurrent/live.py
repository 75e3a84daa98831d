"""Live: a cell run step by step on a sequence as it arrives, without allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
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
from graphnet.nn.recurrent.cell_step import cell_inputs
from graphnet.nn.recurrent.initial_states import dtype_of, state_types_for
from graphnet.tracebacks import public, shorten

__all__ = ["Live"]


class Live:
    """A cell run step by step on inputs as they arrive, without allocation.

    The cell maps ``(x, states…)`` to ``(next states…)``, as many as it takes, and any further
    results; ``x`` is an example of the inputs: (features,), or (batch, features). ``state =
    live.step(state, x)`` returns the cell's results in memory of its own: a result is valid until
    the step after the next, so copy what must be kept. ``live.start()`` are the initial states,
    zeros. ``constants`` gives the inputs of the cell that are the same at each step, by name (see
    ``Recurrent``): ``nn.Live(cell, x, constants={"memory": m})``.

    The cell is in evaluation mode here. Its weights and buffers are packed once, and what follows
    from these and constants alone is computed once; call ``refresh`` after they changed. Without
    llvmlite, or for a cell with a primitive that has no native rule, the interpreter does the same.
    Raises GraphError for an invalid cell, or one that draws random numbers, remembers or writes a
    buffer, ShapeError for an input or a state of another shape.

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
    def __init__(self, cell: GModule, x: Any, constants: Mapping[str, Any] | None = None) -> None:
        constants = constants or {}
        require_cell(cell, "Live", constants)
        if isinstance(x, tuple):
            raise ShapeError(
                f"Live received the tuple {x} as its first input, expected an array",
                f"np.zeros({x}) is an array of this shape.",
            )
        is_available(notify=True)  # from here, the notice names the caller's line
        dtype = dtype_of(cell)
        first = np.zeros_like(as_example(x, dtype))
        self._constants = {name: own_copy(value, dtype) for name, value in constants.items()}
        fixed = {name: types_of(value) for name, value in self._constants.items()}
        types = state_types_for(cell, type_of(first), None, fixed)
        self.cell = cell
        self._given = [first, *(np.zeros(type.shape, type.dtype) for type in types)]
        given = cell_inputs(cell, first, self._given[1:], self._constants)
        with evaluating(cell):
            executable, _ = executable_for(cell, given, NOTHING)
        require_no_state(executable)
        self._prepared = executable.prepared
        self._parameters = [*executable.parameters, *executable.buffers()]
        self._count = executable.traced.output_count
        leaves = table.flatten(given, absent=True)[0]
        place = {id(leaves[leaf]): position for position, leaf in executable.leaves}
        self._positions = [place[id(array)] for array in self._given]
        self._weights = {i: np.array(p.data) for i, p in self._parameters}
        for array in table.flatten(list(self._constants.values()), absent=True)[0]:
            self._weights[place[id(array)]] = array
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

    @public
    def refresh(self, constants: Mapping[str, Any] | None = None) -> None:
        """Take over the present values of the weights, and these constants.

        Raises GraphError for a name that is none of the constants, ShapeError for another shape.
        """
        for name, value in (constants or {}).items():
            if name not in self._constants:
                known = ", ".join(self._constants) or "none"
                raise GraphError(f"Live has no constant {name}", f"Its constants: {known}.")
            self._replace(name, value)
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

    def _replace(self, name: str, value: Any) -> None:
        """Copy in another value of a constant."""
        targets, structure = table.flatten(self._constants[name])
        leaves, received = table.flatten(value)
        arrays = [np.asarray(leaf) for leaf in leaves]
        if received != structure or [a.shape for a in arrays] != [t.shape for t in targets]:
            found, wanted = table.describe(value), table.describe(self._constants[name])
            raise self._misfit(f"the constant {name} {found}", wanted)
        for target, array in zip(targets, arrays, strict=True):
            np.copyto(target, array)

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


def as_example(x: Any, dtype: Any) -> NDArray:
    """An array of its own; floating numbers in the dtype of the weights."""
    array = np.asarray(x)
    return np.array(array, dtype if array.dtype.kind == "f" else array.dtype)


def own_copy(value: Any, dtype: Any) -> Any:
    """A constant as arrays that nobody else writes to; None stays None."""
    return None if value is None else table.map_table(partial(as_example, dtype=dtype), value)


def types_of(value: Any) -> Any:
    return None if value is None else table.map_table(type_of, value)


def require_no_state(executable: Executable) -> None:
    """Raise GraphError for a program that writes, or reads more than its input, parameters and
    buffers."""
    if len(executable.drawn) > len(executable.buffers()) or executable.traced.updates:
        raise GraphError(
            "A live cell draws random numbers, remembers or writes a buffer",
            "It computes from its input and its states alone.",
        )
