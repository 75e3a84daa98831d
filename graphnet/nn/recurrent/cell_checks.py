"""Requirements of a cell: inputs and outputs for a sequence, states that keep their types."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import GModule, Node
from graphnet.graph.modules.optional import RESERVED
from graphnet.graph.values import table
from graphnet.graph.values.hints import did_you_mean, kind_of


def state_nodes(cell: GModule, constants: Collection[str] = ()) -> list[Node]:
    """The inputs of a cell after x that are neither optional nor among the constants."""
    others = (*constants, *cell.optional_inputs())
    return [node for node in cell.inputs[1:] if cell.name_of(node) not in others]


def state_names(cell: GModule, constants: Collection[str] = ()) -> list[str]:
    return [cell.name_of(node) for node in state_nodes(cell, constants)]


def require_cell(cell: object, name: str = "Recurrent", constants: Collection[str] = ()) -> None:
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
    require_constants(cell, name, constants)
    for state in state_names(cell, constants):
        if state in (*RESERVED, "lengths"):
            raise GraphError(
                f"{name} received a cell with a state named {state}",
                "That is the name of another argument; choose another.",
            )
    require_states(cell, name, constants)


def require_constants(cell: GModule, name: str, constants: Collection[str]) -> None:
    """Raise GraphError unless these are inputs of a cell after x, each named once, with a state."""
    known = [cell.name_of(node) for node in cell.inputs[1:]]
    for constant in constants:
        if constant not in known:
            raise GraphError(
                f"{name} received a cell without an input {constant} to keep constant",
                f"{did_you_mean(constant, known)}Its inputs after "
                f"{cell.name_of(cell.inputs[0])}: {', '.join(known)}.",
            )
        if constant in (*RESERVED, "lengths") or list(constants).count(constant) > 1:
            raise GraphError(
                f"{name} received the constants {', '.join(constants)}",
                f"{constant} is the name of another argument or given twice; choose another.",
            )
    if constants and "xs" in known:
        raise GraphError(
            f"{name} received constants for a cell with an input named xs",
            "That is the name of the sequence; choose another.",
        )
    if not state_nodes(cell, constants):
        raise GraphError(
            f"{name} received a cell whose inputs after the first are all constants",
            "A cell has at least one state, which can neither be constant nor optional.",
        )


def require_states(cell: GModule, name: str, constants: Collection[str]) -> None:
    """Raise GraphError unless the first outputs are the next states, in the order of the states."""
    states = state_names(cell, constants)
    results = [cell.name_of(node) for node in cell.outputs]
    before = [state.removeprefix("prev_") for state in states]
    after = [result.removeprefix("next_") for result in results[: len(before)]]
    if before != after and set(before) == set(after):
        raise GraphError(
            f"{name} received a cell that takes {', '.join(states)} and gives {', '.join(results)}",
            "The next states come in the order of the states.",
        )
    if len(results) < len(states):
        raise GraphError(
            f"{name} received a cell with {len(states)} states ({', '.join(states)}) and "
            f"{len(results)} outputs ({', '.join(results)})",
            "The first outputs are the next states, one for each state.",
        )


def check_states(
    cell: GModule, carry: Sequence[Any], results: Sequence[Any], constants: Collection[str] = ()
) -> None:
    """Raise ShapeError, which names the state, unless each next state has the type of the state."""
    nodes = zip(state_names(cell, constants), carry, cell.outputs, results, strict=False)
    for name, before, node, after in nodes:
        if table.is_table(after) or before.type != after.type:
            received = table.describe(after) if table.is_table(after) else str(after.type)
            raise ShapeError(
                f"carries the state {name} into a step as {before.type}, "
                f"and {cell.name_of(node)} out of it as {received}",
                "The outputs of a cell follow the order of its states; "
                "has the state before the first step the right size and batch?",
            )
