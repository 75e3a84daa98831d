"""Unrolling: the explicit graph of a cell over a fixed number of steps."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import understanding
from graphnet.graph.wiring.table_modules import Pack
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.tables import SplitTable, StackTable
from graphnet.nn.recurrent.cell_checks import require_cell, state_names
from graphnet.nn.recurrent.cell_outputs import chosen, output_position, warn_of_inner_output
from graphnet.nn.recurrent.cell_step import cell_inputs

__all__ = ["unroll"]


@understanding
def unroll(
    cell: GModule,
    steps: int,
    *,
    reverse: bool = False,
    output: str | None = None,
    constants: Sequence[str] = (),
) -> GModule:
    """A graph with one node for each step, all of the same cell: parameters are shared.

    Inputs ``[xs, constants…, states…]`` and outputs ``[outputs, final states…]`` are those of
    ``nn.Recurrent(cell, output=output, constants=constants)`` for sequences (steps, batch, …); all
    of them are required, the initial states (batch, size) too. The nodes are ``step1``, ``step2``,
    … Its size is linear in ``steps``: it serves drawing and comparison; use ``nn.Recurrent`` to
    run. Raises GraphError for an invalid cell or ``output``, ValueError for ``steps`` below 1.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = unroll(nn.rnn_cell(3, 4), steps=5)
    >>> outputs, last = net.forward([np.ones((5, 2, 3)), np.zeros((2, 4))])
    >>> outputs.shape, net["step3"].module is net["step1"].module
    ((5, 2, 4), True)
    """
    require_cell(cell, "unroll", constants)
    position = output_position(cell, output, "unroll", constants)
    if output is None:
        warn_of_inner_output(cell, "unroll", constants)
    positive("unroll: steps", steps)
    xs = input("xs")
    slices = SplitTable(0)(xs).annotate(name="slices").split(steps)
    fixed = {name: input(name) for name in constants}
    initial = [input(name) for name in state_names(cell, constants)]
    states, rows = initial, []
    for step in reversed(range(steps)) if reverse else range(steps):
        x = slices[step].annotate(name=f"x{step + 1}")
        node: Node = cell(cell_inputs(cell, x, states, fixed)).annotate(name=f"step{step + 1}")
        results = list(node.split(len(cell.outputs))) if len(cell.outputs) > 1 else [node]
        states = results[: len(initial)]
        rows.append(chosen(results, len(initial), position))
    rows = rows[::-1] if reverse else rows
    stacked = [StackTable(0)(list(column)) for column in zip(*rows, strict=True)]
    outputs = stacked[0] if len(stacked) == 1 else Pack(len(stacked))(stacked)
    for made, state in zip(cell.outputs, states, strict=False):
        if len(cell.outputs) > 1:
            state.annotate(name=cell.name_of(made))
    return GModule([xs, *fixed.values(), *initial], [outputs.annotate(name="outputs"), *states])
