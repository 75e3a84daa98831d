"""Bidirectional: a forward and a backward cell over the same sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphnet.errors import GraphError
from graphnet.graph import GModule, Module, Node, input
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable, MulConstant
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn.layers.tables import JoinTable
from graphnet.nn.recurrent.cell_checks import require_cell, state_names
from graphnet.nn.recurrent.constant_inputs import constant_inputs, constants_of, in_order
from graphnet.nn.recurrent.recurrent import Recurrent

__all__ = ["Bidirectional"]

MERGES: dict[str, Callable[[list[Node]], Node]] = {
    "concat": lambda pair: JoinTable(-1)(pair),
    "sum": lambda pair: CAddTable()(pair),
    "mean": lambda pair: MulConstant(0.5)(CAddTable()(pair)),
    "product": lambda pair: CMulTable()(pair),
}


@GModule.register
class Bidirectional(Graph):
    """A forward and a backward cell over the same sequence, as one graph.

    Inputs ``[xs, states…, lengths]``, all but the first optional: ``forward_prev_h``, …,
    ``backward_prev_h``, …, ``lengths``. Outputs ``[output, final states…]``: ``forward_next_h``, …
    after the last step of each sequence, ``backward_next_h``, … after its first. ``xs`` is (steps,
    batch, features), or (batch, steps, features) with ``batch_first``; ``output`` is laid out
    alike. At its last step the backward cell has seen one step only: use the final states, not
    ``output[-1]``.

    ``constants`` names inputs of the cells that are the same at each step, as in ``Recurrent``:
    they follow ``xs``, and each cell that has one reads it.

    ``merge`` is "concat" (along the last axis), "sum", "mean", "product", or a module of the table
    of both outputs. ``initial``, ``truncate`` and ``output`` are those of ``Recurrent``. Schuster &
    Paliwal 1997. Raises GraphError for an invalid cell or another ``merge``; other errors are those
    of ``Recurrent``.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = Bidirectional(nn.gru_cell(3, 4), nn.gru_cell(3, 4))
    >>> output, forward_last, backward_last = net.forward(np.ones((5, 2, 3)))
    >>> output.shape, bool((output[0, :, 4:] == backward_last).all())
    ((5, 2, 8), True)
    """

    def __init__(
        self,
        cell_fw: GModule,
        cell_bw: GModule,
        merge: str | Module = "concat",
        *,
        batch_first: bool = False,
        initial: str = "zeros",
        truncate: int | None = None,
        output: str | None = None,
        constants: Sequence[str] = (),
    ) -> None:
        self.cell_fw, self.cell_bw, self.merge = cell_fw, cell_bw, merge
        self.batch_first, self.initial, self.truncate = batch_first, initial, truncate
        self.output, self.constants = output, tuple(constants)
        xs, lengths = input("xs"), input("lengths", optional=True)
        fixed = constant_inputs([cell_fw, cell_bw], constants, "Bidirectional")
        states: list[Node] = []
        outputs: list[Node] = []
        finals: list[Node] = []
        for name, cell in (("forward", cell_fw), ("backward", cell_bw)):
            own = constants_of(cell, fixed)
            require_cell(cell, "Bidirectional", own)
            given = {s: input(f"{name}_{s}", optional=True) for s in state_names(cell, own)}
            recurrent = Recurrent(
                cell,
                reverse=name == "backward",
                batch_first=batch_first,
                initial=initial,
                truncate=truncate,
                output=output,
                constants=tuple(own),
            )
            node: Node = recurrent(xs, **own, **given, lengths=lengths).annotate(name=name)
            hs, *last = node.split(1 + len(given))
            outputs.append(hs.annotate(name=f"{name}_output"))
            for state, made in zip(last, cell.outputs, strict=False):
                finals.append(state.annotate(name=f"{name}_{cell.name_of(made)}"))
            states += given.values()
        both = merged(outputs, merge).annotate(name="output")
        self._close(in_order(xs, fixed, states, lengths), [both, *finals])


def merged(outputs: list[Node], merge: str | Module) -> Node:
    if isinstance(merge, Module):
        node: Node = merge(outputs)
        return node
    if merge not in MERGES:
        raise GraphError(
            f"Bidirectional merges by {merge!r}, expected one of {', '.join(MERGES)}",
            "Or a module that takes the table of both outputs.",
        )
    return MERGES[merge](outputs)
