"""Cells without a recurrent product: all products can be computed for all steps at once."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, linear, mixed, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import CMul
from graphnet.nn.layers.linear import Linear

__all__ = ["qrnn_cell", "sru_cell"]


@checked
def sru_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Identity,
) -> GModule:
    """The simple recurrent unit: an element-wise recurrence and a highway connection.

    Inputs ``(x, prev_c)`` of shapes (…, input_size), (…, hidden_size); outputs ``(next_c,
    next_h)``, both (…, hidden_size), of which next_h is no state::

        f = σ(W_f x + p_f c)    r = σ(W_r x + p_r c)
        c' = f c + (1 - f) W x    h' = r c' + (1 - r) x

    W has no bias, p is a vector (hidden_size,). If the sizes differ, x goes through a Linear
    without bias, ``skip``. Lei et al. 2018, "Simple recurrent units for highly parallelizable
    recurrence"; with ``squash=Tanh`` on c' it is that of their first version. Raises ValueError for
    a size below 1.
    """
    x, prev_c = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    peephole = term("peephole", prev_c, lambda: CMul(hidden_size))
    forget_gate = gated("forget_gate", gate, i2h, peephole)
    reset_gate = gated("reset_gate", gate, i2h, peephole)
    candidate = Linear(input_size, hidden_size, bias=False)(x)
    fresh = 1 - forget_gate
    next_c = mixed(forget_gate, prev_c, fresh, candidate)
    squashed = activated(squash, next_c)
    skip = x if input_size == hidden_size else Linear(input_size, hidden_size, bias=False)(x)
    passed = 1 - reset_gate
    output = CMulTable()([reset_gate, squashed])
    highway = CMulTable()([passed, skip])
    next_h = output + highway
    return GModule([x, prev_c], [next_c, next_h])


@checked
def qrnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The quasi-recurrent cell: fo-pooling over convolutions of width one.

    Inputs ``(x, prev_c)`` of shapes (…, input_size), (…, hidden_size); outputs ``(next_c,
    next_h)``, both (…, hidden_size), of which next_h is no state::

        f = σ(W_f x)    o = σ(W_o x)    g = tanh(W_g x)
        c' = f c + (1 - f) g    h' = o c'

    Bradbury et al. 2017, "Quasi-recurrent neural networks". Raises ValueError for a size below 1.
    """
    x, prev_c = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h)
    output_gate = gated("output_gate", gate, i2h)
    candidate = gated("candidate", squash, i2h)
    fresh = 1 - forget_gate
    next_c = mixed(forget_gate, prev_c, fresh, candidate)
    next_h = CMulTable()([output_gate, next_c])
    return GModule([x, prev_c], [next_c, next_h])
