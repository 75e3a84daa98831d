"""Recurrent: any cell iterated over a sequence by ``scan``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph import GModule, Module
from graphnet.graph.modules.optional import whole_table
from graphnet.graph.tracing.tracing import active_tracing
from graphnet.graph.values import table
from graphnet.nn.layers.linear import positive
from graphnet.nn.recurrent.cell_checks import require_cell, state_names
from graphnet.nn.recurrent.cell_outputs import chosen, output_position, warn_of_inner_output
from graphnet.nn.recurrent.cell_step import stepped
from graphnet.nn.recurrent.initial_states import (
    check_given,
    learned_states,
    sizes_with,
    state_types,
    unknown_states,
)
from graphnet.nn.recurrent.mask import only_live, zero_rows
from graphnet.nn.recurrent.remembering import (
    forget_own,
    is_remembering,
    keep,
    recalled,
    remembering_mode,
)
from graphnet.nn.recurrent.sequences import (
    filled_padding,
    live_rows,
    require_batch,
    steps_of,
    swapped,
    telling_the_whole,
    whole_lengths,
    without_batch,
)
from graphnet.ops import broadcast_to, maximum, scan, stop_gradient, take, zeros

__all__ = ["Recurrent"]

Self = TypeVar("Self", bound="Recurrent")

INITIAL = ("zeros", "learned")


class Recurrent(Module):
    """A cell iterated over a sequence: ``xs`` to ``[outputs, final states…]``.

    The cell maps ``(x, states…)`` to ``(next states…)``, as many as it takes, and any further
    results. ``xs`` is (steps, batch, …), or (batch, steps, …) with ``batch_first``; ``outputs`` are
    the further results of all steps, or without any the last state's, laid out as ``xs``, or what
    ``output`` names: ``output="h"`` is ``next_h`` or ``h``. States are (batch, size). A sequence
    without batch is (steps, features), with ``batch_first`` too.

    The initial states are zeros, learned parameters (``initial="learned"``), or inputs: ``[xs,
    states…]``; one whose size the cell does not tell is given. ``lengths`` (one whole number for
    each sequence, from 0 to steps, in any order) ends sequences early: padding is never read,
    outputs are zero there, and the final states are those after the last real step. With
    ``reverse`` each sequence runs from its own end to its start. In wiring and running,
    inputs may be named: ``lstm(xs, prev_h=h, lengths=n)``.

    ``constants`` names inputs of the cell that are the same at each step, such as the memory of an
    attention: arrays or tables of any shape, given once, and kept once for all steps. The input is
    then ``[xs, constants…, states…, lengths]``, or ``decoder(xs, memory=m)``; a constant whose
    input in the cell is optional comes after the states, and may be left out. An optional input of
    the cell that is not among the constants is always left out.

    ``truncate=k`` stops gradients after every k steps (truncated backpropagation through time,
    Williams & Peng 1990). ``mask_zero`` treats steps whose features are all zero as padding: output
    zero, states reset (see ``MaskZero``). After ``remember()`` each run starts from the final
    states of the run before, without gradient, until ``forget()``.

    Raises GraphError for an invalid cell, another ``output``, a constant that is no input of the
    cell, some but not all states, and if the size of a state is unknown; ValueError for another
    ``initial``, ``remembers`` or ``truncate``; ShapeError for an empty sequence, and for a state of
    another shape or one that changes it; IndexRangeError for a length below 0 or above steps,
    DtypeError for one that is no integer.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> lstm = Recurrent(nn.lstm_cell(3, 4))
    >>> hs, c, h = lstm.forward(np.ones((5, 2, 3)))
    >>> hs.shape, bool((hs[-1] == h).all())
    ((5, 2, 4), True)
    >>> hs, c, h = lstm.forward(np.ones((5, 2, 3)), lengths=[5, 2])
    >>> bool((hs[1, 1] == h[1]).all()), bool(hs[2:, 1].any())
    (True, False)
    """

    inside = "cell"

    def __init__(
        self,
        cell: GModule,
        *,
        batch_first: bool = False,
        reverse: bool = False,
        initial: str = "zeros",
        truncate: int | None = None,
        mask_zero: bool = False,
        remembers: str = "neither",
        output: str | None = None,
        constants: Sequence[str] = (),
    ) -> None:
        require_cell(cell, "Recurrent", constants)
        self.cell = cell
        self.constants = tuple(constants)
        self.output = output
        if output is None:
            warn_of_inner_output(cell, "Recurrent", constants)
        self.batch_first = batch_first
        self.reverse = reverse
        if initial not in INITIAL:
            raise ValueError(f"Recurrent: initial is {initial!r}, expected 'zeros' or 'learned'")
        self.initial = initial
        self.truncate = truncate
        self.mask_zero = mask_zero
        self.initial_state = learned_states(cell, constants) if initial == "learned" else {}
        self.remember(remembers)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("cell", "initial", "constants") and name in self.__dict__:
            raise GraphError(
                f"cannot change its {name}", "Make a new Recurrent.", type(self).__name__
            )
        if name == "output":
            output_position(self.cell, value, "Recurrent", self.constants)
        if name == "truncate" and value is not None:
            positive("Recurrent: truncate", value)
        super().__setattr__(name, value)

    def __getitem__(self, path: str) -> Any:
        """A node of the cell: ``lstm["forget_gate.i2h"]``."""
        return self.cell[path]

    def __contains__(self, path: object) -> bool:
        return path in self.cell

    def _ipython_key_completions_(self) -> list[str]:
        return self.cell._ipython_key_completions_()

    def state_names(self) -> list[str]:
        """The names of the states of the cell, in order."""
        return state_names(self.cell, self.constants)

    def required_names(self) -> tuple[str, ...]:
        if not self.constants:
            return () if "xs" in self.state_names() else ("xs",)
        optional = self.cell.optional_inputs()
        return ("xs", *[name for name in self.constants if name not in optional])

    def required_inputs(self) -> int:
        return max(1, len(self.required_names())) if self.constants else 1

    def optional_inputs(self) -> tuple[str, ...]:
        if not self.constants:
            return (*self.state_names(), "lengths")
        optional = self.cell.optional_inputs()
        constants = [name for name in self.constants if name in optional]
        return (*self.state_names(), *constants, "lengths")

    def remember(self: Self, mode: str = "both") -> Self:
        """Start each run from the final states of the run before.

        In training (``"train"``), in evaluation (``"eval"``), in ``"both"`` or in ``"neither"``.
        Raises ValueError for another mode, or if the initial states are learned.
        """
        if mode != "neither" and self.initial == "learned":
            raise ValueError("Recurrent: learned initial states cannot be remembered ones too")
        self.remembers = remembering_mode(mode, "Recurrent")
        if mode == "neither":
            forget_own(self)
        return self

    def forget(self: Self) -> Self:
        """Start the next run from the initial states."""
        forget_own(self)
        return self

    # ---- one run

    def compute(self, input: Any) -> Any:
        names, first = self.state_names(), self.required_inputs()
        if table.is_table(input) and first < len(input) < first + len(names):
            raise GraphError(
                f"received {len(input) - first} of its {len(names)} states ({', '.join(names)})",
                "Give all of them, in this order, or some by name.",
            )
        optional = self.optional_inputs()
        entries = whole_table(self, input, first, optional)
        given = dict(zip((*self.required_names()[1:], *optional), entries[1:], strict=True))
        constants = {name: given[name] for name in self.constants}
        with telling_the_whole(entries[0]):
            return self._over(entries[0], [given[n] for n in names], constants, given["lengths"])

    def _over(
        self, xs: Any, states: Sequence[Any], constants: Mapping[str, Any], lengths: Any
    ) -> list[Any]:
        """Outputs and final states for sequences; states and lengths may be None."""
        sequences, structure = table.flatten(xs)
        vectors = [state if getattr(state, "ndim", 0) == 1 else None for state in states]
        no_batch = without_batch(sequences[0], sizes_with(self.cell, vectors, constants))
        if self.batch_first and not no_batch:
            sequences = [swapped(sequence) for sequence in sequences]
        steps = steps_of(sequences)
        live = None
        if lengths is not None:
            require_batch(sequences, no_batch)
            lengths = whole_lengths(lengths, sequences, steps)
            live = live_rows(lengths, steps)
            sequences = [filled_padding(sequence, lengths, live) for sequence in sequences]
        first = table.unflatten(structure, [sequence[0] for sequence in sequences])
        states = self._initial(states, first, steps, constants)
        extra = [v for v in (live, self._cuts(steps, lengths)) if v is not None]

        def step(carry: list[Any], slices: list[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
            given, parts = slices[: len(extra)], slices[len(extra) :]
            now = given[0] if live is not None else None
            if self.truncate:
                carry = [only_live(given[-1], stop_gradient(state), state) for state in carry]
            return self._step(table.unflatten(structure, parts), carry, constants, now)

        finals, outputs = scan(
            step, states, [*extra, *sequences], length=steps, reverse=self.reverse
        )
        keep(self, finals)
        if self.batch_first and not no_batch:
            outputs = [swapped(output) for output in outputs]
        return [outputs[0] if len(outputs) == 1 else outputs, *finals]

    def _step(
        self, x: Any, carry: list[Any], constants: Mapping[str, Any], live: Any
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """One step: the next states and the results; rows of padding keep their states."""
        tracing = active_tracing()
        if tracing is not None and live is not None:
            tracing.mark_padding(live)
        if tracing is not None and self.mask_zero:
            tracing.mark_padding(zero_rows(table.flatten(x)[0][0]) == False)  # noqa: E712
        results = stepped(self.cell, x, carry, self.mask_zero, constants)
        leaves, results = results[: len(carry)], self.shown(results)
        if live is not None:
            leaves = [only_live(live, new, old) for new, old in zip(leaves, carry, strict=True)]
            results = [only_live(live, result) for result in results]
        return leaves, results

    def shown(self, results: Sequence[Any]) -> list[Any]:
        """The outputs of a step, of all that the cell gives."""
        position = output_position(self.cell, self.output, "Recurrent", self.constants)
        return chosen(results, len(self.state_names()), position)

    def _cuts(self, steps: int, lengths: Any) -> Any:
        """The steps at which the gradient to the step before is cut, as a mask.

        (steps,), or (steps, batch) if each sequence runs from its own end.
        """
        if not self.truncate:
            return None
        count = np.arange(steps)
        cuts = (count % self.truncate == 0) & (count > 0)
        if not self.reverse:
            return cuts
        if lengths is None:
            return cuts[::-1]
        done = lengths.reshape((1, -1)) - 1 - count.reshape(-1, 1)
        return take(cuts, maximum(done, 0))

    # ---- states

    def _initial(
        self, states: Sequence[Any], x: Any, steps: int, constants: Mapping[str, Any]
    ) -> list[Any]:
        """The initial states: given, remembered, learned, or zeros."""
        names = self.state_names()
        check_given(self.cell, states, x, steps, constants)
        if all(state is not None for state in states):
            return list(states)
        types = state_types(self.cell, x, states, constants)
        return [
            self._start(i, names[i], types[i]) if state is None else state
            for i, state in enumerate(states)
        ]

    def _start(self, index: int, name: str, type: Any) -> Any:
        if is_remembering(self):
            return recalled(self, index, type)
        if name in self.initial_state:
            return broadcast_to(self.initial_state[name], type.shape)
        if self.initial == "learned":
            raise unknown_states(self.cell, constants=self.constants)
        return zeros(type.shape, type.dtype)
