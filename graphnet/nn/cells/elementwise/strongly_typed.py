"""Strongly typed cells, whose products read inputs alone, of this step and of the last."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, interpolated, linear, mixed
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["tgru_cell", "tlstm_cell", "trnn_cell"]


@checked
def trnn_cell(
    input_size: int, hidden_size: int, bias: bool = True, gate: Pointwise = Sigmoid
) -> GModule:
    """The strongly typed simple cell (T-RNN).

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        f = σ(W_f x)    h' = f h + (1 - f) W_g x

    Balduzzi & Ghifary 2016, "Strongly-typed recurrent neural networks". Raises ValueError for a
    size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h)
    candidate = i2h("candidate")
    next_h = interpolated(forget_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def tgru_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The strongly typed GRU cell (T-GRU).

    Inputs ``(x, prev_x, prev_h)`` of shapes (…, input_size), (…, input_size), (…, hidden_size);
    outputs ``(next_x, next_h)`` of the shapes of the states. With p for prev_x, the input of the
    last step::

        z = W_z x + V_z p    f = σ(W_f x + V_f p)    g = tanh(W_g x + V_g p)
        h' = f h + z g    p' = x

    Balduzzi & Ghifary 2016, "Strongly-typed recurrent neural networks". Raises ValueError for a
    size below 1.
    """
    x, prev_x, prev_h = input(), State(input_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    p2h = linear("p2h", prev_x, input_size, hidden_size, bias)
    update = CAddTable()([i2h("update"), p2h("update")])
    forget_gate = gated("forget_gate", gate, i2h, p2h)
    candidate = gated("candidate", squash, i2h, p2h)
    next_h = mixed(forget_gate, prev_h, update, candidate)
    next_x = Identity()(x)
    return GModule([x, prev_x, prev_h], [next_x, next_h])


@checked
def tlstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The strongly typed LSTM cell (T-LSTM).

    Inputs ``(x, prev_x, prev_c)`` of shapes (…, input_size), (…, input_size), (…, hidden_size);
    outputs ``(next_x, next_c, next_h)``, of which next_h, (…, hidden_size), is no state. With p for
    prev_x, the input of the last step::

        z = W_z x + V_z p    f = σ(W_f x + V_f p)    o = tanh(W_o x + V_o p)
        c' = f c + (1 - f) z    h' = c' o    p' = x

    Balduzzi & Ghifary 2016, "Strongly-typed recurrent neural networks". Raises ValueError for a
    size below 1.
    """
    x, prev_x, prev_c = input(), State(input_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    p2h = linear("p2h", prev_x, input_size, hidden_size, bias)
    candidate = CAddTable()([i2h("candidate"), p2h("candidate")])
    forget_gate = gated("forget_gate", gate, i2h, p2h)
    output_gate = gated("output_gate", squash, i2h, p2h)
    next_c = interpolated(forget_gate, prev_c, candidate)
    next_h = CMulTable()([next_c, output_gate])
    next_x = Identity()(x)
    return GModule([x, prev_x, prev_c], [next_x, next_c, next_h])
