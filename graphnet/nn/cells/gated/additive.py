"""Additive cells: gates weigh the input against the state, without a product in the candidate."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CSubTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, linear, mixed, products
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import Linear

__all__ = ["atr_cell", "cfn_cell", "ran_cell"]


@checked
def atr_cell(
    input_size: int, hidden_size: int, bias: bool = True, gate: Pointwise = Sigmoid
) -> GModule:
    """The addition-subtraction twin-gated cell: two gates of one pair of products.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        p = W x    q = U h    i = σ(p + q)    f = σ(p - q)    h' = f h + i p

    Zhang et al. 2018, "Simplifying neural machine translation with addition-subtraction twin-gated
    recurrent networks". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias)(x)
    h2h = Linear(hidden_size, hidden_size, bias)(prev_h)
    total = CAddTable()([i2h, h2h])
    difference = CSubTable()([i2h, h2h])
    input_gate = activated(gate, total)
    forget_gate = activated(gate, difference)
    next_h = mixed(forget_gate, prev_h, input_gate, i2h)
    return GModule([x, prev_h], [next_h])


@checked
def cfn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The chaos-free cell, whose state decays to zero where there is no input.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        f = σ(W_f x + U_f h)    i = σ(W_i x + U_i h)    h' = f tanh(h) + i tanh(W_g x)

    Laurent & von Brecht 2016, "A recurrent neural network without chaos". Raises ValueError for a
    size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h, h2h)
    input_gate = gated("input_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h)
    squashed = activated(squash, prev_h)
    next_h = mixed(forget_gate, squashed, input_gate, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def ran_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The recurrent additive cell: an LSTM cell whose candidate is linear in the input alone.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size)::

        i = σ(W_i x + U_i h)    f = σ(W_f x + U_f h)    c' = f c + i W_g x    h' = tanh(c')

    W_g has no bias. Lee et al. 2017, "Recurrent additive networks". Raises ValueError for a size
    below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate = gated("input_gate", gate, i2h, h2h)
    forget_gate = gated("forget_gate", gate, i2h, h2h)
    candidate = linear("i2h", x, input_size, hidden_size, bias=False)("candidate")
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = activated(squash, next_c)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
