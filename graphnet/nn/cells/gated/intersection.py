"""The intersection RNN: gates in depth and in time."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, interpolated, products
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import Linear
from graphnet.nn.layers.rectifiers import ReLU

__all__ = ["intersection_rnn_cell"]


@checked
def intersection_rnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
    rectify: Pointwise = ReLU,
) -> GModule:
    """The intersection RNN (+RNN): a highway over the input beside a gated state.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); outputs ``(next_h,
    output)``, both (…, hidden_size), of which the output is no state::

        y = relu(W_y x + U_y h)    g = tanh(W_g x + U_g h)
        d = σ(W_d x + U_d h)    z = σ(W_z x + U_z h)
        h' = z h + (1 - z) g    output = d x + (1 - d) y

    If the sizes differ, x goes through a Linear without bias, ``skip``. Collins et al. 2016,
    "Capacity and trainability in recurrent neural networks". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    depth_candidate = gated("depth_candidate", rectify, i2h, h2h)
    candidate = gated("candidate", squash, i2h, h2h)
    depth_gate = gated("depth_gate", gate, i2h, h2h)
    update_gate = gated("update_gate", gate, i2h, h2h)
    next_h = interpolated(update_gate, prev_h, candidate)
    skip = x if input_size == hidden_size else Linear(input_size, hidden_size, bias=False)(x)
    passed = CMulTable()([depth_gate, skip])
    closed = 1 - depth_gate
    computed = CMulTable()([closed, depth_candidate])
    output = CAddTable()([passed, computed])
    return GModule([x, prev_h], [next_h, output])
