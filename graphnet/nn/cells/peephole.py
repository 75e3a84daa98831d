"""The LSTM cell with peephole connections."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, mixed, shown, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import CMul

__all__ = ["lstm_cell_peephole"]


@checked
def lstm_cell_peephole(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
    hidden_bias: bool = True,
) -> GModule:
    """The LSTM cell with peepholes: element-wise weights from the cell state to the gates.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size)::

        i = σ(W_i x + U_i h + p_i c)    f = σ(W_f x + U_f h + p_f c)
        g = tanh(W_g x + U_g h)    c' = f c + i g
        o = σ(W_o x + U_o h + p_o c')    h' = o tanh(c')

    Gers & Schmidhuber 2000, "Recurrent nets that time and count". With ``hidden_bias=False`` the
    recurrent products have no bias: the LSTM of Element-Research's rnn. Raises ValueError for a
    size below 1.

    >>> lstm_cell_peephole(3, 4)["output_gate.peephole"].weight.shape
    (4,)
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias and hidden_bias)
    before = term("peephole", prev_c, lambda: CMul(hidden_size))
    input_gate = gated("input_gate", gate, i2h, h2h, before)
    forget_gate = gated("forget_gate", gate, i2h, h2h, before)
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    after = term("peephole", next_c, lambda: CMul(hidden_size))
    output_gate = gated("output_gate", gate, i2h, h2h, after)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
