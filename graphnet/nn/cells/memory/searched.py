"""The cell found by neural architecture search."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, products
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.rectifiers import ReLU

__all__ = ["nas_cell"]


@checked
def nas_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
    rectify: Pointwise = ReLU,
) -> GModule:
    """The NAS cell: a tree of eight products, which a controller net found.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are errors. With a_k = W_k x +
    U_k h, k from 0 to 7::

        p = tanh(σ(a_0) relu(a_1))    q = tanh(σ(a_2) + relu(a_3))
        r = tanh(tanh(a_4) σ(a_5))    s = σ(tanh(a_6) + σ(a_7))
        c' = tanh(p + c) q    h' = tanh(c' tanh(r + s))

    Zoph & Le 2016, "Neural architecture search with reinforcement learning".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    kinds = (gate, rectify, gate, rectify, squash, gate, squash, gate)
    leaves = [gated(f"leaf{k}", kind, i2h, h2h) for k, kind in enumerate(kinds)]
    pairs = CMulTable(), CAddTable(), CMulTable(), CAddTable()
    joined = [pair(leaves[2 * k : 2 * k + 2]) for k, pair in enumerate(pairs)]
    p, q, r = (activated(squash, node) for node in joined[:3])
    s = activated(gate, joined[3])
    memory_sum = CAddTable()([p, prev_c])
    memory = activated(squash, memory_sum)
    next_c = CMulTable()([memory, q])
    output_sum = CAddTable()([r, s])
    output_gate = activated(squash, output_sum)
    product = CMulTable()([next_c, output_gate])
    next_h = activated(squash, product)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
