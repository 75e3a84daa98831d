"""Recurrence: any module of [input, output before] as a module of one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.graph import GModule, Module, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.cells.state import State
from graphnet.nn.element_research.recursor import Recursor
from graphnet.nn.layers.linear import positive


@checked
def Recurrence(module: Module, output_size: int | Sequence[Any], input_dims: int = 1) -> Recursor:
    """A module from [x, previous output] to the output as one step of a sequence.

    x is (batch, features), the output (batch, output_size); at the first step the previous output
    is zeros. For a module whose output is a table, ``output_size`` is a table of lists: ``[[3],
    [4]]`` for two arrays of 3 and 4 features, nested as the output is. ``input_dims`` is the number
    of axes of x without the batch, 1 or, for indices, 0. Element-Research rnn's Recurrence.lua.
    Raises ValueError for another size or number of axes.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> step = nn.Sequential(nn.ParallelTable(nn.Linear(3, 4), nn.Linear(4, 4)), nn.CAddTable())
    >>> nn.Sequencer(Recurrence(step, 4)).forward(np.ones((5, 2, 3))).shape
    (5, 2, 4)
    """
    if input_dims not in (0, 1):
        raise ValueError(f"Recurrence: input_dims is {input_dims!r}, expected 1, or 0 for indices")
    x = input("x")
    states: list[Node] = []
    output = module([x, previous(output_size, states)])
    result = Identity()(output)
    return Recursor(GModule([x, *states], [*entries(output, output_size), result]))


def previous(size: Any, states: list[Node]) -> Any:
    """The previous output as nodes of a state each, which are added to ``states``."""
    width = width_of(size)
    if width is None:
        return [previous(part, states) for part in size]
    states.append(State(width)())
    return states[-1]


def entries(output: Node, size: Any) -> list[Node]:
    """The arrays of an output of this size, in order."""
    if width_of(size) is not None:
        return [output]
    parts = output.split(len(size))
    return [node for part, inner in zip(parts, size, strict=True) for node in entries(part, inner)]


def width_of(size: Any) -> int | None:
    """The number of features of one array; None for a table. Raises ValueError for another size."""
    if isinstance(size, list | tuple):
        if len(size) != 1 and size and all(isinstance(part, list | tuple) for part in size):
            return None
        if len(size) != 1:
            raise ValueError(
                f"Recurrence: output_size is {size!r}, expected a number, or lists, [[3], [4]], "
                "for a table: a state has one axis of features"
            )
        size = size[0]
        if isinstance(size, list | tuple):
            return None
    return positive("Recurrence: output_size", size)
