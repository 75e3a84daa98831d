"""Long expressive memory: two states on learned time scales."""

from __future__ import annotations

from typing import Literal, get_args

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, products
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["lem_cell"]

Memory = Literal["next", "previous"]


@checked
def lem_cell(
    input_size: int,
    hidden_size: int,
    dt: float = 1.0,
    memory: Memory = "next",
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The long expressive memory cell (LEM): two coupled states, each with a gate as its time step.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size)::

        d = dt σ(W_d x + U_d h)    e = dt σ(W_e x + U_e h)
        c' = (1 - d) c + d tanh(W_c x + U_c h)    h' = (1 - e) h + e tanh(W_h x + V c')

    With ``memory="previous"`` h' reads c in place of c', as in torchrecurrent. Rusch et al. 2021,
    "Long expressive memory for sequence modeling". Raises ValueError for another ``memory`` or a
    size below 1.
    """
    if memory not in get_args(Memory):
        raise ValueError(f"lem_cell: memory is {memory!r}, expected 'next' or 'previous'")
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    memory_step = gated("memory_gate", gate, i2h, h2h) * dt
    output_step = gated("output_gate", gate, i2h, h2h) * dt
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = stepped("memory", memory_step, prev_c, candidate)
    read = next_c if memory == "next" else prev_c
    c2h = linear("c2h", read, hidden_size, hidden_size, bias)
    shown = gated("shown", squash, i2h, c2h)
    next_h = stepped("shown", output_step, prev_h, shown)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


def stepped(name: str, step: Node, previous: Node, candidate: Node) -> Node:
    """``(1 - step) previous + step candidate``, of the nodes ``name.kept``, ``name.written``."""
    rest = (1 - step).annotate(name=f"{name}.rest")
    kept = CMulTable()([rest, previous]).annotate(name=f"{name}.kept")
    written = CMulTable()([step, candidate]).annotate(name=f"{name}.written")
    node: Node = CAddTable()([kept, written])
    return node
