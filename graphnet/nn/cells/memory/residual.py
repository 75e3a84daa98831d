"""The residual LSTM cell."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, mixed, products, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import CMul
from graphnet.nn.layers.linear import Linear

__all__ = ["reslstm_cell"]


@checked
def reslstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The residual LSTM cell: peepholes, a projection, and a shortcut from the input to the output.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are errors::

        i = σ(W_i x + U_i h + p_i c)    f = σ(W_f x + U_f h + p_f c)
        g = tanh(W_g x + U_g h)    c' = f c + i g
        o = σ(W_o x + U_o h + p_o c')    h' = o (P tanh(c') + R x)

    p is a vector (hidden_size,); P, ``projection``, and R, ``shortcut``, have no bias. Kim et al.
    2017, "Residual LSTM: design of a deep recurrent architecture for distant speech recognition".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    before = term("peephole", prev_c, lambda: CMul(hidden_size))
    input_gate = gated("input_gate", gate, i2h, h2h, before)
    forget_gate = gated("forget_gate", gate, i2h, h2h, before)
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    after = term("peephole", next_c, lambda: CMul(hidden_size))
    output_gate = gated("output_gate", gate, i2h, h2h, after)
    squashed = activated(squash, next_c)
    projection = Linear(hidden_size, hidden_size, bias=False)(squashed)
    shortcut = Linear(input_size, hidden_size, bias=False)(x)
    total = CAddTable()([projection, shortcut])
    next_h = CMulTable()([output_gate, total])
    return GModule([x, prev_c, prev_h], [next_c, next_h])
