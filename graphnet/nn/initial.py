"""The states before the first step: how wide they are, zeros, learned or remembered values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph import GModule, Node, table
from graphnet.graph.tracing import Tracing, current_tracing
from graphnet.graph.wanted import Wanted
from graphnet.ir.builder import building
from graphnet.ir.types import ArrayType
from graphnet.nn.linear import Linear
from graphnet.nn.state import State


def state_sizes(cell: GModule) -> list[int | None]:
    """How wide each state of a cell is, from its ``State`` or from a Linear that reads it."""
    readers: dict[Node, int] = {}
    for node in cell.nodes:
        if isinstance(node.module, Linear):
            readers.setdefault(node.parents[0], node.module.in_features)
    return [
        node.module.size if isinstance(node.module, State) else readers.get(node)
        for node in cell.inputs[1:]
    ]


def state_types(cell: GModule, x: Any) -> list[ArrayType]:
    """The types of the states for an input of one step.

    What no State and no Linear tells is found by shape rules: a number is tried, and what the cell
    makes of it, until it stays the same. Raises GraphError where that leads nowhere.
    """
    leaves, structure = table.flatten(x)
    first = leaves[0].type
    dtype = first.dtype if first.is_float else dtype_of(cell)
    batch = first.shape[:-1] if first.is_float else first.shape
    sizes = state_sizes(cell)
    types = [ArrayType(() if n is None else (*batch, n), dtype) for n in sizes]
    for _ in range(len(types) + 1):
        if None not in sizes:
            return types
        given = [leaf.type for leaf in leaves]
        found = next_types(cell, table.unflatten(structure, given), types)
        if found == types:
            return types
        types = found
    raise unknown_states(cell)


def next_types(cell: GModule, x: Any, states: Sequence[ArrayType]) -> list[ArrayType]:
    """The types of the next states, by shape rules in a trace that is thrown away."""
    scratch = Tracing(Wanted(False, False, False))
    token = current_tracing.set(scratch)
    try:
        with building(scratch.builder):
            scratch.module = cell
            inputs = table.map_table(scratch.builder.input, [x, *states])
            results = cell.compute(inputs)
    except GraphnetError:
        raise unknown_states(cell) from None
    finally:
        current_tracing.reset(token)
    results = results if table.is_table(results) else [results]
    return [result.type for result in results[: len(states)]]


def unknown_states(cell: GModule) -> GraphError:
    names = ", ".join(cell.name_of(node) for node in cell.inputs[1:])
    return GraphError(
        f"cannot tell how wide the states ({names}) are",
        "Make them with nn.State(size)() in the cell, or give the states before the first step.",
    )


def dtype_of(cell: GModule) -> Any:
    return next((parameter.dtype for _, parameter in cell.named_parameters()), np.dtype(float))
