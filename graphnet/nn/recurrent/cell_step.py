"""One step of a cell: its input table, and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.graph import GModule
from graphnet.graph.values import table
from graphnet.nn.recurrent.cell_checks import check_states
from graphnet.nn.recurrent.mask import mask_zero


def cell_inputs(
    cell: GModule, x: Any, states: Sequence[Any], constants: Mapping[str, Any]
) -> list[Any]:
    """The input table of a cell: x, its states in order, its constants by name.

    Optional inputs that are no constants are left out.
    """
    others = dict.fromkeys(cell.optional_inputs()) | dict(constants)
    names, rest = [cell.name_of(node) for node in cell.inputs[1:]], iter(states)
    return [x, *[others[name] if name in others else next(rest) for name in names]]


def stepped(
    cell: GModule, x: Any, carry: Sequence[Any], masked: bool, constants: Mapping[str, Any]
) -> list[Any]:
    """The results of one step of a cell, the next states first; ``masked`` as in MaskZero."""

    def step(inputs: list[Any]) -> Any:
        return cell.call(cell_inputs(cell, inputs[0], inputs[1:], constants))

    inputs = [x, *carry]
    results = mask_zero(step, inputs, 1) if masked else step(inputs)
    results = list(results) if table.is_table(results) else [results]
    check_states(cell, carry, results, constants)
    return results
