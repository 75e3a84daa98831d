"""Initial states of a sequence: their sizes, and zeros, learned or remembered values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError, ShapeError
from graphnet.graph import GModule, Node
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.tracing.tracing import Tracing
from graphnet.graph.values import table
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.builder import Having, apart, building
from graphnet.ir.core.types import ArrayType
from graphnet.nn.cells.state import State
from graphnet.nn.layers.linear import Linear
from graphnet.nn.recurrent.sequences import read_as


def state_sizes(cell: GModule) -> list[int | None]:
    """The size of each state of a cell, from its ``State`` or from a Linear that reads it."""
    readers: dict[Node, int] = {}
    for node in cell.nodes:
        if isinstance(node.module, Linear):
            readers.setdefault(node.parents[0], node.module.in_features)
    return [
        node.module.size if isinstance(node.module, State) else readers.get(node)
        for node in cell.inputs[1:]
    ]


def sizes_with(cell: GModule, states: Sequence[Any]) -> list[int | None]:
    """The size of each state; a given state tells its own if the cell does not."""
    return [
        own_size(state) if size is None else size
        for size, state in zip(state_sizes(cell), states, strict=True)
    ]


def own_size(state: Any) -> int | None:
    """The last axis of a given state; None for a missing one, a number or a table."""
    shape = () if state is None or table.is_table(state) else state.shape
    return shape[-1] if shape else None


def state_types(cell: GModule, x: Any, states: Sequence[Any] | None = None) -> list[ArrayType]:
    """The types of the states for an input of one step (see ``state_types_for``).

    Given ``states`` that are not None tell their sizes.
    """
    types = table.map_table(lambda leaf: leaf.type, x)
    return state_types_for(cell, types, None if states is None else sizes_with(cell, states))


def state_types_for(
    cell: GModule, given: Any, sizes: Sequence[int | None] | None = None
) -> list[ArrayType]:
    """The types of the states for an input of these types.

    ``sizes`` are the known sizes of the states; by default the cell tells them. Unknown ones are
    inferred by shape rules: a step is traced with numbers for states, then with the types that it
    returns, to a fixed point; likewise, if a step has several axes, which of them are the batch.
    Raises GraphError if no fixed point is found.
    """
    first = table.flatten(given)[0][0]
    batch = batch_axes(first)
    sizes = state_sizes(cell) if sizes is None else sizes
    if None not in sizes and len(batch) <= 1:
        return types_for(cell, first, sizes, batch)
    failure: GraphnetError | None = None
    for axes in windows(batch):  # a step may be a sequence itself, with a batch of fewer axes
        guess = types_for(cell, first, sizes, axes)
        try:
            types = settled(cell, given, guess, 1 + len(sizes) if None in sizes else 1)
        except GraphnetError as error:  # the guess is wrong, or the cell
            failure = error
            continue
        if types is not None:
            return types
    if None not in sizes:  # the sizes are right, so the step itself will say what is wrong
        return types_for(cell, first, sizes, batch[:1])
    raise unknown_states(cell, failure) from failure


def settled(cell: GModule, x: Any, types: list[ArrayType], trials: int) -> list[ArrayType] | None:
    """The types of the states that a step preserves, from a guess; None after ``trials`` steps."""
    for _ in range(trials):
        found = next_types(cell, x, types)
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


def check_given(cell: GModule, states: Sequence[Any], x: Any, steps: int) -> None:
    """Raise ShapeError unless given states have the batch of the sequence."""
    first = table.flatten(x)[0][0].type
    batch = batch_axes(first)
    if len(batch) > 1:
        return
    expected = types_for(cell, first, state_sizes(cell), batch)
    for node, state, type in zip(cell.inputs[1:], states, expected, strict=True):
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
def next_types(cell: GModule, x: Any, states: Sequence[ArrayType]) -> list[ArrayType]:
    """The types of the next states, by shape rules in a trace that is discarded.

    Raises what the cell raises if it cannot take these states.
    """
    scratch = Tracing(NOTHING)
    with Having(current_tracing, scratch), building(scratch.builder):
        scratch.module = cell
        inputs = table.map_table(scratch.builder.input, [x, *states])
        results = cell.compute(inputs)
    results = results if table.is_table(results) else [results]
    return [result.type for result in results[: len(states)]]


def unknown_states(cell: GModule, failure: GraphnetError | None = None) -> GraphError:
    """The error for states of unknown size, with the cell's own error from the last trial."""
    tried = f"\n  The last guess failed: {str(failure).splitlines()[0]}" if failure else ""
    names = ", ".join(cell.name_of(node) for node in cell.inputs[1:])
    return GraphError(
        f"cannot tell how wide the states ({names}) are",
        "Make them with nn.State(size)() in the cell, or give the states before the first step."
        + tried,
    )


def dtype_of(cell: GModule) -> Any:
    return parameter_dtype(cell, np.dtype(float))
