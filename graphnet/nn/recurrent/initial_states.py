"""Initial states of a sequence: their sizes, and zeros, learned or remembered values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError, ShapeError
from graphnet.graph import GModule, Node, Parameter
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.tracing.tracing import Tracing
from graphnet.graph.values import table
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.builder import Having, apart, building
from graphnet.ir.core.types import ArrayType
from graphnet.nn.cells.state import State
from graphnet.nn.layers.linear import Linear
from graphnet.nn.recurrent.cell_checks import state_names, state_nodes
from graphnet.nn.recurrent.cell_step import cell_inputs
from graphnet.nn.recurrent.sequences import read_as

NONE: Mapping[str, Any] = MappingProxyType({})
"""No constants."""


def state_sizes(cell: GModule, constants: Collection[str] = ()) -> list[int | None]:
    """The size of each state of a cell, from its ``State`` or from a Linear that reads it."""
    readers: dict[Node, int] = {}
    for node in cell.nodes:
        if isinstance(node.module, Linear):
            readers.setdefault(node.parents[0], node.module.in_features)
    return [
        node.module.size if isinstance(node.module, State) else readers.get(node)
        for node in state_nodes(cell, constants)
    ]


def sizes_with(
    cell: GModule, states: Sequence[Any], constants: Collection[str] = ()
) -> list[int | None]:
    """The size of each state; a given state tells its own if the cell does not."""
    return [
        own_size(state) if size is None else size
        for size, state in zip(state_sizes(cell, constants), states, strict=True)
    ]


def own_size(state: Any) -> int | None:
    """The last axis of a given state; None for a missing one, a number or a table."""
    shape = () if state is None or table.is_table(state) else state.shape
    return shape[-1] if shape else None


def state_types(
    cell: GModule,
    x: Any,
    states: Sequence[Any] | None = None,
    constants: Mapping[str, Any] = NONE,
) -> list[ArrayType]:
    """The types of the states for an input of one step (see ``state_types_for``).

    Given ``states`` that are not None tell their sizes.
    """
    sizes = None if states is None else sizes_with(cell, states, constants)
    fixed = {name: types_of(value) for name, value in constants.items()}
    return state_types_for(cell, types_of(x), sizes, fixed)


def types_of(value: Any) -> Any:
    """The types of the arrays in a value; None for what is not given."""
    return None if value is None else table.map_table(lambda leaf: leaf.type, value)


def state_types_for(
    cell: GModule,
    given: Any,
    sizes: Sequence[int | None] | None = None,
    constants: Mapping[str, Any] = NONE,
) -> list[ArrayType]:
    """The types of the states for an input and constants of these types.

    ``sizes`` are the known sizes of the states; by default the cell tells them. Unknown ones are
    inferred by shape rules: a step is traced with numbers for states, then with the types that it
    returns, to a fixed point; likewise, if a step has several axes, which of them are the batch.
    Raises GraphError if no fixed point is found.
    """
    first = table.flatten(given)[0][0]
    batch = batch_axes(first)
    sizes = state_sizes(cell, constants) if sizes is None else sizes
    if None not in sizes and len(batch) <= 1:
        return types_for(cell, first, sizes, batch)
    failure: GraphnetError | None = None
    for axes in windows(batch):  # a step may be a sequence itself, with a batch of fewer axes
        guess = types_for(cell, first, sizes, axes)
        try:
            trials = 1 + len(sizes) if None in sizes else 1
            types = settled(cell, given, guess, trials, constants)
        except GraphnetError as error:  # the guess is wrong, or the cell
            failure = error
            continue
        if types is not None:
            return types
    if None not in sizes:  # the sizes are right, so the step itself will say what is wrong
        return types_for(cell, first, sizes, batch[:1])
    raise unknown_states(cell, failure, constants) from failure


def settled(
    cell: GModule, x: Any, types: list[ArrayType], trials: int, constants: Mapping[str, Any]
) -> list[ArrayType] | None:
    """The types of the states that a step preserves, from a guess; None after ``trials`` steps."""
    for _ in range(trials):
        found = next_types(cell, x, types, constants)
        if found == types:
            return types
        types = found
    return None


def windows(axes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every run of adjacent axes, the shortest first, and of those the last first."""
    yield ()
    for count in range(1, len(axes) + 1):
        for start in reversed(range(len(axes) - count + 1)):
            yield axes[start : start + count]


def batch_axes(step: ArrayType) -> tuple[int, ...]:
    """The leading axes of one step: all but the features of numbers, all of indices."""
    return step.shape[:-1] if step.is_float else step.shape


def types_for(
    cell: GModule, step: ArrayType, sizes: Sequence[int | None], batch: tuple[int, ...]
) -> list[ArrayType]:
    """States of these sizes with these leading axes; a number where the size is not known."""
    dtype = step.dtype if step.is_float else dtype_of(cell)
    return [ArrayType(() if n is None else (*batch, n), dtype) for n in sizes]


def check_given(
    cell: GModule, states: Sequence[Any], x: Any, steps: int, constants: Collection[str]
) -> None:
    """Raise ShapeError unless given states have the batch of the sequence."""
    first = table.flatten(x)[0][0].type
    batch = batch_axes(first)
    if len(batch) > 1:
        return
    nodes = state_nodes(cell, constants)
    expected = types_for(cell, first, state_sizes(cell, constants), batch)
    for node, state, type in zip(nodes, states, expected, strict=True):
        if table.is_table(state):
            raise ShapeError(
                f"received the state {cell.name_of(node)} {table.describe(state)}, "
                f"expected one array {type.shape}"
            )
        if state is None or not type.shape or state.ndim != len(type.shape):
            continue
        if state.shape[:-1] != type.shape[:-1]:
            raise ShapeError(
                f"received the state {cell.name_of(node)} {state.shape}, expected {type.shape}",
                read_as((steps, *batch), state.shape[:-1])
                or "States before the first step have the batch of the sequence.",
            )


@apart
def next_types(
    cell: GModule, x: Any, states: Sequence[ArrayType], constants: Mapping[str, Any]
) -> list[ArrayType]:
    """The types of the next states, by shape rules in a trace that is discarded.

    Raises what the cell raises if it cannot take these states.
    """
    scratch = Tracing(NOTHING)
    with Having(current_tracing, scratch), building(scratch.builder):
        scratch.module = cell
        enter = partial(table.map_table, scratch.builder.input)
        fixed = {name: None if t is None else enter(t) for name, t in constants.items()}
        results = cell.compute(cell_inputs(cell, enter(x), enter(list(states)), fixed))
    results = results if table.is_table(results) else [results]
    return [result.type for result in results[: len(states)]]


def unknown_states(
    cell: GModule, failure: GraphnetError | None = None, constants: Collection[str] = ()
) -> GraphError:
    """The error for states of unknown size, with the cell's own error from the last trial."""
    tried = f"\n  The last guess failed: {str(failure).splitlines()[0]}" if failure else ""
    names = ", ".join(state_names(cell, constants))
    return GraphError(
        f"cannot tell how wide the states ({names}) are",
        "Make them with nn.State(size)() in the cell, or give the states before the first step."
        + tried,
    )


def dtype_of(cell: GModule) -> Any:
    return parameter_dtype(cell, np.dtype(float))


def learned_states(cell: GModule, constants: Collection[str]) -> Mapping[str, Parameter]:
    """A parameter for each state of known size, zero at first; raises GraphError without any."""
    sizes = state_sizes(cell, constants)
    if not any(sizes):
        raise unknown_states(cell, constants=constants)
    pairs = zip(state_names(cell, constants), sizes, strict=True)
    return {name: Parameter((size,), dtype=dtype_of(cell)) for name, size in pairs if size}
