"""The LSTM cell: the usual form, the first one, with coupled gates, and with a projection."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, lstm_gates, mixed, products, shown
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import Linear

__all__ = ["lstm_cell", "lstm_cell_1997", "lstm_cell_coupled", "lstm_cell_projected"]


@checked
def lstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with a forget gate, as the nngraph tutorial composes it.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size)::

        i = σ(W_i x + U_i h)    f = σ(W_f x + U_f h)    o = σ(W_o x + U_o h)
        g = tanh(W_g x + U_g h)    c' = f c + i g    h' = o tanh(c')

    Each product has a bias of its own. ``gate`` makes the activation written σ, ``squash`` the one
    written tanh. Hochreiter & Schmidhuber 1997; Gers et al. 2000, "Learning to forget". Raises
    ValueError for a size below 1.

    >>> cell = lstm_cell(3, 4)
    >>> cell["forget_gate"].module.description(), cell["forget_gate.i2h"].weight.shape
    ('Sigmoid()', (4, 3))
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    input_gate = gated("input_gate", gate, i2h, h2h)
    forget_gate = gated("forget_gate", gate, i2h, h2h)
    output_gate = gated("output_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_1997(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The first LSTM cell, without a forget gate.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are i, o, g and errors::

        c' = c + i g    h' = o tanh(c')

    Hochreiter & Schmidhuber 1997, "Long short-term memory".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate = gated("input_gate", gate, i2h, h2h)
    output_gate = gated("output_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h, h2h)
    written = CMulTable()([input_gate, candidate])
    next_c = CAddTable()([prev_c, written])
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_coupled(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with coupled input and forget gates.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are i, o, g and errors::

        f = 1 - i    c' = f c + i g    h' = o tanh(c')

    Greff et al. 2015, "LSTM: a search space odyssey" (CIFG).
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate = gated("input_gate", gate, i2h, h2h)
    forget_gate = 1 - input_gate
    output_gate = gated("output_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_projected(
    input_size: int,
    hidden_size: int,
    projection_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with a projected output state (LSTMP).

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…,
    projection_size); outputs ``(next_c, projection)`` of the shapes of the states. Gates, g and c'
    are those of ``lstm_cell``::

        h' = P (o tanh(c'))

    P has no bias. Sak et al. 2014, "Long short-term memory recurrent neural network architectures
    for large scale acoustic modeling". PyTorch's LSTM with proj_size. Raises ValueError for a size
    below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(projection_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, projection_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    output = shown(output_gate, next_c, squash)
    projection = Linear(hidden_size, projection_size, bias=False)(output)
    return GModule([x, prev_c, prev_h], [next_c, projection])
