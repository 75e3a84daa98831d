"""The multiplicative LSTM cell."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, linear, lstm_gates, mixed, products, shown
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["mlstm_cell"]


@checked
def mlstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The multiplicative LSTM cell, whose recurrent transition depends on the input.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size)::

        m = (V x) (R h)
        i = σ(W_i x + U_i m)    f = σ(W_f x + U_f m)    o = σ(W_o x + U_o m)
        g = tanh(W_g x + U_g m)    c' = f c + i g    h' = o tanh(c')

    V and R, ``product.i2h`` and ``product.h2h``, have no bias. Krause et al. 2016, "Multiplicative
    LSTM for sequence modelling". Raises ValueError for a size below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    factors = [
        linear("i2h", x, input_size, hidden_size, bias=False)("product"),
        linear("h2h", prev_h, hidden_size, hidden_size, bias=False)("product"),
    ]
    product = CMulTable()(factors)
    i2h, h2h = products(x, product, input_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
