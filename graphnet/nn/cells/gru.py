"""Cells with a single gated state: the GRU and the minimal gated unit."""

from __future__ import annotations

from typing import Literal, get_args

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, mixed, products
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["gru_cell", "minimal_gated_cell"]

Reset = Literal["after", "before"]


@checked
def gru_cell(
    input_size: int,
    hidden_size: int,
    reset: Reset = "after",
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
    hidden_bias: bool = True,
) -> GModule:
    """The gated recurrent unit, which resets its state after or before the recurrent product.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        r = σ(W_r x + U_r h)    z = σ(W_z x + U_z h)
        g = tanh(W_g x + r (U_g h))  ("after"),  tanh(W_g x + U_g (r h))  ("before")
        h' = (1 - z) g + z h

    "before" is that of Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder"
    and, with ``hidden_bias=False``, of Element-Research's rnn; "after" is that of cuDNN and
    PyTorch. Raises ValueError for another ``reset`` or a size below 1.

    >>> cell = gru_cell(3, 4)
    >>> cell["update_gate"].module.description(), cell["update_gate.i2h"].weight.shape
    ('Sigmoid()', (4, 3))
    """
    if reset not in get_args(Reset):
        raise ValueError(f"gru_cell: reset is {reset!r}, expected 'after' or 'before'")
    x, prev_h = input(), State(hidden_size)()
    hidden_bias = bias and hidden_bias
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, hidden_bias)
    reset_gate = gated("reset_gate", gate, i2h, h2h)
    update_gate = gated("update_gate", gate, i2h, h2h)
    if reset == "after":
        product = h2h("candidate")
        reset_h = CMulTable()([reset_gate, product])
        candidate = gated("candidate", squash, i2h, lambda _: reset_h)
    else:
        reset_h = CMulTable()([reset_gate, prev_h])
        h2h = linear("h2h", reset_h, hidden_size, hidden_size, hidden_bias)
        candidate = gated("candidate", squash, i2h, h2h)
    fresh = 1 - update_gate
    next_h = mixed(update_gate, prev_h, fresh, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def minimal_gated_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The minimal gated unit: one gate both resets and updates.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        f = σ(W_f x + U_f h)    g = tanh(W_g x + U_g (f h))    h' = (1 - f) h + f g

    Zhou et al. 2016, "Minimal gated unit for recurrent neural networks". Raises ValueError for a
    size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h, h2h)
    reset_h = CMulTable()([forget_gate, prev_h])
    r2h = linear("h2h", reset_h, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, r2h)
    stale = 1 - forget_gate
    next_h = mixed(stale, prev_h, forget_gate, candidate)
    return GModule([x, prev_h], [next_h])
