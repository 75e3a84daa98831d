"""minGRU and minLSTM: a GRU and an LSTM cell whose gates read the input alone."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CDivTable
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, mixed, updated
from graphnet.nn.layers.activation import Sigmoid

__all__ = ["mingru_cell", "minlstm_cell"]


@checked
def mingru_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Identity,
) -> GModule:
    """The minimal GRU cell.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        z = σ(W_z x)    h' = (1 - z) h + z W_g x

    ``squash`` is a function of W_g x. Feng et al. 2024, "Were RNNs all we needed?". Raises
    ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h)
    candidate = gated("candidate", squash, i2h)
    next_h = updated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def minlstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Identity,
) -> GModule:
    """The minimal LSTM cell, whose gates are divided by their sum.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        f = σ(W_f x)    i = σ(W_i x)    h' = (f h + i W_g x) / (f + i)

    ``squash`` is a function of W_g x. Feng et al. 2024, "Were RNNs all we needed?". Raises
    ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h)
    input_gate = gated("input_gate", gate, i2h)
    candidate = gated("candidate", squash, i2h)
    total = CAddTable()([forget_gate, input_gate])
    forget_share = CDivTable()([forget_gate, total])
    input_share = CDivTable()([input_gate, total])
    next_h = mixed(forget_share, prev_h, input_share, candidate)
    return GModule([x, prev_h], [next_h])
