"""Sequencer and Repeater: a one-step module at each step of a sequence, by ``scan``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module
from graphnet.graph.tracing.tracing import Tracing, active_tracing
from graphnet.graph.values import table
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.builder import Having, building
from graphnet.ir.core.types import ArrayType
from graphnet.nn.element_research.recursor import Recursor, States, current_states
from graphnet.nn.layers.linear import positive
from graphnet.nn.recurrent.remembering import keep
from graphnet.nn.recurrent.sequences import steps_of
from graphnet.ops import broadcast_to, scan, stack, type_of

Self = TypeVar("Self", bound="AbstractSequencer")


class AbstractSequencer(Module):
    """The base of what iterates a ``module``, carrying the states of the Recursors in it."""

    module: Module

    def remember(self: Self, mode: str = "both") -> Self:
        """Let the Recursors in the module start each run from the final states of the run before.

        In training (``"train"``), in evaluation (``"eval"``), in ``"both"`` or in ``"neither"``;
        raises ValueError for another mode.
        """
        for recursor in recursors(self.module):
            recursor.remember(mode)
        return self

    def forget(self: Self) -> Self:
        """Start the next run from zeros."""
        for recursor in recursors(self.module):
            recursor.forget()
        return self

    def over_steps(
        self,
        make_input: Callable[[list[Any]], Any],
        sequences: Sequence[Any],
        steps: int,
        reverse: bool = False,
    ) -> tuple[list[Any], table.Structure]:
        """The leaves of the outputs, stacked over the steps, and the structure of one output.

        ``make_input`` makes the input of a step of the slices of the sequences.
        """
        slices = [step_of(type_of(sequence)) for sequence in sequences]
        types = self._state_types(make_input, slices)
        structure: table.Structure = None

        def step(carry: list[Any], slices: list[Any]) -> tuple[list[Any], list[Any]]:
            nonlocal structure
            states, remaining = States(), iter(carry)
            states.now = {owner: [next(remaining) for _ in types[owner]] for owner in types}
            output = self._one_step(states, make_input(slices))
            leaves, structure = table.flatten(output)
            return [state for owner in types for state in states.now[owner]], leaves

        first = [state for owner, kinds in types.items() for state in owner.first_states(kinds)]
        finals, outputs = scan(step, first, sequences, length=steps, reverse=reverse)
        remaining = iter(finals)
        for owner, kinds in types.items():
            keep(owner, [next(remaining) for _ in kinds])
        return outputs, structure

    def sequence(
        self,
        sequences: Sequence[Any],
        structure: table.Structure,
        is_array: bool,
        reverse: bool = False,
    ) -> Any:
        """The outputs for the leaves of a step, stacked: as arrays (steps, …), or a table of steps.

        ``structure`` is that of one step.
        """
        steps = steps_of(sequences)
        outputs, made = self.over_steps(
            lambda slices: table.unflatten(structure, slices), sequences, steps, reverse
        )
        return table.unflatten(made, outputs) if is_array else unstacked(outputs, made, steps)

    def _one_step(self, states: States, x: Any) -> Any:
        with Having(current_states, states):
            return self.module.call(x)

    def _state_types(
        self, make_input: Callable[[list[Any]], Any], slices: Sequence[Any]
    ) -> dict[Recursor, Any]:
        """The Recursors that take part in a step, and the types of their states.

        A Recursor deep inside receives the input after the modules before it, so one step is traced
        in the same scope as the real ones, and discarded.
        """
        states, tracing = States(), active_tracing()
        scratch = Tracing(NOTHING)
        if tracing is not None:
            scratch.path, scratch.module = tracing.path, tracing.module
        with Having(current_tracing, scratch), building(scratch.builder):
            self._one_step(states, make_input([scratch.builder.input(s) for s in slices]))
        return states.types


def recursors(module: Module) -> Iterator[Recursor]:
    """The Recursors in a module, without those of a sequence inside it."""
    if isinstance(module, Recursor):
        yield module
    if not isinstance(module, AbstractSequencer):
        for _, child in module.named_children():
            yield from recursors(child)


class Sequencer(AbstractSequencer):
    """A one-step module at each step of a sequence; the output is a sequence of the same kind.

    A sequence is a table of steps, or one array (steps, …). A step is what the module takes:
    (batch, features), or a vector. With ``reverse`` the steps run from the last to the first, and
    outputs stay at their own positions. Element-Research rnn's Sequencer.lua.

    Raises ShapeError for an empty sequence and for steps of different shapes, GraphError for steps
    of different structures.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = Sequencer(nn.Sequential(nn.FastLSTM(3, 4), nn.Linear(4, 2)))
    >>> net.forward(np.ones((5, 2, 3))).shape, len(net.forward([np.ones((2, 3))] * 5))
    ((5, 2, 2), 5)
    """

    inside = "module"

    def __init__(self, module: Module, reverse: bool = False) -> None:
        self.module = module
        self.reverse = reverse

    def takes_steps(self) -> bool:
        return True

    def compute(self, input: Any) -> Any:
        sequences, structure = stacked(input) if table.is_table(input) else ([input], None)
        return self.sequence(sequences, structure, not table.is_table(input), self.reverse)


class StepMerge(AbstractSequencer):
    """A one-step module of the table of two steps, over [sequence, outputs, other outputs].

    The outputs are those of two ``Sequencer`` over the sequence: tables of steps, or for an array
    (steps, …) arrays or tables of such; so is the output. Raises GraphError for another table.
    """

    inside = "module"

    def __init__(self, module: Module) -> None:
        self.module = module

    def compute(self, input: Any) -> Any:
        sequence, *both = input
        if table.is_table(sequence):
            return self.sequence(*stacked(list(zip(*both, strict=True))), is_array=False)
        return self.sequence(*table.flatten(both), is_array=True)


class Repeater(AbstractSequencer):
    """A one-step module, ``steps`` times on the same input: a table of ``steps`` outputs.

    The input is what the module takes, (batch, features) as a rule. Element-Research rnn's
    Repeater.lua. Raises ValueError for ``steps`` below 1.
    """

    inside = "module"

    def __init__(self, module: Module, steps: int) -> None:
        self.module = module
        self.steps = positive("Repeater: steps", steps)

    def compute(self, input: Any) -> Any:
        repeated, structure = table.flatten(input)
        sequences = [broadcast_to(leaf, (self.steps, *leaf.shape)) for leaf in repeated]
        outputs, made = self.over_steps(
            lambda slices: table.unflatten(structure, slices), sequences, self.steps
        )
        return unstacked(outputs, made, self.steps)


def step_of(sequence: ArrayType) -> ArrayType:
    """The type of one step."""
    return ArrayType(sequence.shape[1:], sequence.dtype)


def stacked(steps: Sequence[Any]) -> tuple[list[Any], table.Structure]:
    """The leaves of a table of steps as arrays (steps, …), and the structure of one step.

    Raises ShapeError for an empty table or steps of different shapes, GraphError for steps of
    different structures.
    """
    if not steps:
        raise ShapeError("received an empty table", "There must be at least one step.")
    leaves, structures = zip(*map(table.flatten, steps), strict=True)
    first = [type_of(leaf) for leaf in leaves[0]]
    for number, (found, structure) in enumerate(zip(leaves, structures, strict=True)):
        if structure != structures[0]:
            raise GraphError(
                f"received {table.describe(steps[number])} at step {number} "
                f"and {table.describe(steps[0])} at step 0",
                "Every step has the same structure.",
            )
        if [type_of(leaf) for leaf in found] != first:
            raise ShapeError(
                f"received {table.describe(steps[number])} at step {number} "
                f"and {table.describe(steps[0])} at step 0",
                "Every step has the same shape and dtype; pad sequences with zeros.",
            )
    return [stack(parts) for parts in zip(*leaves, strict=True)], structures[0]


def unstacked(outputs: Sequence[Any], structure: table.Structure, steps: int) -> list[Any]:
    """A table of the steps."""
    return [table.unflatten(structure, [o[step] for o in outputs]) for step in range(steps)]
