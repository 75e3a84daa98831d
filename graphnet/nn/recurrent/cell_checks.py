"""Requirements of a cell: inputs and outputs for a sequence, states that keep their types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import GModule
from graphnet.graph.modules.optional import RESERVED
from graphnet.graph.values import table
from graphnet.graph.values.hints import kind_of


def state_names(cell: GModule) -> list[str]:
    return [cell.name_of(node) for node in cell.inputs[1:]]


def require_cell(cell: object, name: str = "Recurrent") -> None:
    if not isinstance(cell, GModule) or len(cell.inputs) < 2:
        raise GraphError(
            f"{name} received {kind_of(cell)}, expected a cell that is a graph",
            "A cell is a GModule with the inputs x and at least one state: nn.lstm_cell(3, 4).",
        )
    if "lengths" in cell.optional_inputs():
        raise GraphError(
            f"{name} received a layer that runs over sequences itself, expected a cell",
            "A cell takes one step: nn.lstm_cell(…) is that of nn.LSTM(…).",
        )
    for state in state_names(cell):
        if state in (*RESERVED, "lengths"):
            raise GraphError(
                f"{name} received a cell with a state named {state}",
                "That is the name of another argument; choose another.",
            )
    states, results = state_names(cell), [cell.name_of(node) for node in cell.outputs]
    before = [state.removeprefix("prev_") for state in states]
    after = [result.removeprefix("next_") for result in results[: len(before)]]
    if before != after and set(before) == set(after):
        raise GraphError(
            f"{name} received a cell that takes {', '.join(states)} and gives {', '.join(results)}",
            "The next states come in the order of the states.",
        )
    if len(cell.outputs) < len(cell.inputs) - 1:
        raise GraphError(
            f"{name} received a cell with {len(cell.inputs) - 1} states "
            f"({', '.join(state_names(cell))}) and {len(cell.outputs)} outputs "
            f"({', '.join(map(cell.name_of, cell.outputs))})",
            "The first outputs are the next states, one for each state.",
        )


def check_states(cell: GModule, carry: Sequence[Any], results: Sequence[Any]) -> None:
    """Raise ShapeError, which names the state, unless each next state has the type of the state."""
    nodes = zip(state_names(cell), carry, cell.outputs, results, strict=False)
    for name, before, node, after in nodes:
        if table.is_table(after) or before.type != after.type:
            received = table.describe(after) if table.is_table(after) else str(after.type)
            raise ShapeError(
                f"carries the state {name} into a step as {before.type}, "
                f"and {cell.name_of(node)} out of it as {received}",
                "The outputs of a cell follow the order of its states; "
                "has the state before the first step the right size and batch?",
            )
