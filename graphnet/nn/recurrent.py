"""Recurrent: any cell that is a graph, run over a sequence by ``scan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import GModule, Module, table
from graphnet.ir.scan import scan


class Recurrent(Module):
    """A cell over a sequence: ``[xs, states…]`` to ``[outputs, final states…]``.

    The cell maps ``(x, states…)`` to ``(next states…)``, as many as it takes, and any further
    results. ``xs`` is (steps, batch, …); the states are those before the first step. ``outputs``
    are the further results of all steps, or where there are none the last state's: (steps, batch,
    hidden).
    Raises ShapeError for an empty sequence, and where a state changes its shape from step to step.

    >>> import numpy as np
    >>> from graphnet.nn.cells import lstm_cell
    >>> lstm = Recurrent(lstm_cell(3, 4))
    >>> state = np.zeros((2, 4))
    >>> hs, c, h = lstm.forward([np.ones((5, 2, 3)), state, state])
    >>> hs.shape, bool((hs[-1] == h).all())
    ((5, 2, 4), True)
    """

    def __init__(self, cell: GModule) -> None:
        require_cell(cell)
        if len(cell.outputs) < len(cell.inputs) - 1:
            raise GraphError(
                f"Recurrent received a cell with {len(cell.inputs) - 1} states "
                f"and {len(cell.outputs)} outputs",
                "The first outputs are the next states, one for each state.",
            )
        self.cell = cell

    def compute(self, input: Any) -> Any:
        names = [self.cell.name_of(node) for node in self.cell.inputs[1:]]
        if not table.is_table(input) or len(input) != 1 + len(names):
            raise GraphError(
                f"expects the table [xs, {', '.join(names)}], received {table.describe(input)}",
                "The states before the first step follow the sequence.",
            )
        xs, *states = input
        sequences, structure = table.flatten(xs)
        steps = steps_of(sequences)

        def step(carry: list[Any], slices: list[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
            x = table.unflatten(structure, slices)
            results = self.cell.call([x, *carry])
            results = results if table.is_table(results) else [results]
            self._check_states(names, carry, results)
            return results[: len(carry)], results[len(carry) :] or results[-1:]

        finals, outputs = scan(step, states, sequences, length=steps)
        return [outputs[0] if len(outputs) == 1 else outputs, *finals]

    def _check_states(self, names: Sequence[str], carry: Sequence[Any], results: Any) -> None:
        for name, before, node, after in zip(
            names, carry, self.cell.outputs, results, strict=False
        ):
            if table.is_table(after) or before.type != after.type:
                received = table.describe(after) if table.is_table(after) else str(after.type)
                raise ShapeError(
                    f"carries the state {name} into a step as {before.type}, "
                    f"and {self.cell.name_of(node)} out of it as {received}",
                    "Is the initial state of the right size, in the cell's order of states?",
                )


def require_cell(cell: object) -> None:
    if not isinstance(cell, GModule) or len(cell.inputs) < 2:
        raise GraphError(
            f"Recurrent received {type(cell).__name__}, expected a cell that is a graph",
            "A cell is a GModule with the inputs x and at least one state.",
        )


def steps_of(sequences: Sequence[Any]) -> int:
    """The number of steps, the first axis of every sequence."""
    lengths = {sequence.shape[:1] for sequence in sequences}
    if len(lengths) != 1 or not (first := lengths.pop()):
        shapes = " and ".join(str(sequence.shape) for sequence in sequences)
        raise ShapeError(f"runs over {shapes}, expected sequences (steps, batch, …) of one length")
    if first[0] == 0:
        raise ShapeError(
            f"received an empty sequence {sequences[0].shape}", "There must be at least one step."
        )
    return int(first[0])
