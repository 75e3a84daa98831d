"""The tau-GRU, which also reads a state of some steps ago."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, products, updated
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.shape import Narrow
from graphnet.nn.layers.tables import JoinTable

__all__ = ["taugru_cell"]


@checked
def taugru_cell(
    input_size: int,
    hidden_size: int,
    delay: int = 1,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The GRU with weighted time-delay feedback, from the state of ``delay`` steps before h.

    Inputs ``(x, prev_past, prev_h)`` of shapes (…, input_size), (…, delay hidden_size), (…,
    hidden_size); outputs ``(next_past, next_h)`` of the shapes of the states. The past holds the
    states before h, the oldest one, written d, first::

        u = tanh(W_u x + U_u h)    z = tanh(W_z x + U_z d)
        g = σ(W_g x + U_g h)    a = σ(W_a x + U_a h)    h' = (1 - g) h + g (u + a z)

    Erichson et al. 2022, "Gated recurrent neural networks with weighted time-delay feedback".
    Raises ValueError for a size or a delay below 1.
    """
    positive("taugru_cell: delay", delay)
    x, prev_past, prev_h = input(), State(delay * hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    delayed = Narrow(-1, 0, hidden_size)(prev_past) if delay > 1 else prev_past
    d2h = linear("h2h", delayed, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, h2h)
    feedback = gated("feedback", squash, i2h, d2h)
    update_gate = gated("update_gate", gate, i2h, h2h)
    delay_gate = gated("delay_gate", gate, i2h, h2h)
    weighted = CMulTable()([delay_gate, feedback])
    total = CAddTable()([candidate, weighted])
    next_h = updated(update_gate, prev_h, total)
    if delay == 1:
        next_past = Identity()(prev_h)
    else:
        recent = Narrow(-1, hidden_size, -1)(prev_past)
        next_past = JoinTable(-1)([recent, prev_h])
    return GModule([x, prev_past, prev_h], [next_past, next_h])
