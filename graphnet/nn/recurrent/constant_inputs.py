"""Inputs of a graph of cells that are the same at each step, shared by the cells that read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from graphnet.errors import GraphError
from graphnet.graph import GModule, Node, input
from graphnet.graph.values.hints import did_you_mean
from graphnet.nn.recurrent.cell_checks import require_cell


def constant_inputs(
    cells: Sequence[GModule], constants: Collection[str], owner: str
) -> dict[str, Node]:
    """An input for each constant, optional where it is so in every cell that has it.

    Raises GraphError for a constant that is an input of no cell, and for what is no cell.
    """
    for cell in cells:
        is_graph = isinstance(cell, GModule)
        own = [name for name in constants if is_graph and name in names_after_x(cell)]
        require_cell(cell, owner, own)
    known = {name for cell in cells for name in names_after_x(cell)}
    for name in constants:
        if name not in known:
            raise GraphError(
                f"{owner} received no cell with an input {name} to keep constant",
                f"{did_you_mean(name, known)}Inputs of the cells: {', '.join(sorted(known))}.",
            )
    return {name: input(name, optional=is_optional(cells, name)) for name in constants}


def names_after_x(cell: GModule) -> list[str]:
    return [cell.name_of(node) for node in cell.inputs[1:]]


def is_optional(cells: Sequence[GModule], name: str) -> bool:
    """Whether every cell that has an input of this name can do without."""
    readers = [cell for cell in cells if name in names_after_x(cell)]
    return all(name in cell.optional_inputs() for cell in readers)


def constants_of(cell: GModule, nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Those of the constants that a cell has as inputs."""
    names = names_after_x(cell)
    return {name: node for name, node in nodes.items() if name in names}


def in_order(
    xs: Node, constants: Mapping[str, Node], states: Sequence[Node], lengths: Node
) -> list[Node]:
    """The inputs of a graph of cells: optional constants come after the states."""
    required = [node for node in constants.values() if not node.module.optional_inputs()]
    optional = [node for node in constants.values() if node not in required]
    return [xs, *required, *states, *optional, lengths]
