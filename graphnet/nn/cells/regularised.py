"""LSTM cells with regularisation in training: zoneout and two kinds of dropout."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.nn.cells.recurrent_dropout import VariationalDropout, Zoneout
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, lstm_gates, mixed, products, shown
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.dropout import Dropout

__all__ = ["lstm_cell_recurrent_dropout", "lstm_cell_variational", "lstm_cell_zoneout"]


@checked
def lstm_cell_zoneout(
    input_size: int,
    hidden_size: int,
    p_c: float = 0.5,
    p_h: float = 0.05,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with zoneout of c and h, with probabilities ``p_c`` and ``p_h``.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are the gates and g::

        ĉ = f c + i g    ĥ = o tanh(ĉ)    c' = zoneout(c, ĉ)    h' = zoneout(h, ĥ)

    In evaluation mode c' and h' are the means, p c + (1 - p) ĉ. Krueger et al. 2016. Raises
    ValueError unless ``0 <= p < 1``, or for a size below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, h2h)
    proposed_c = mixed(forget_gate, prev_c, input_gate, candidate)
    proposed_h = shown(output_gate, proposed_c, squash)
    next_c = Zoneout(p_c)([prev_c, proposed_c])
    next_h = Zoneout(p_h)([prev_h, proposed_h])
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_variational(
    input_size: int,
    hidden_size: int,
    p: float = 0.5,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with variational dropout of x and h: the same entries at each step.

    Inputs, outputs, shapes and equations are those of ``lstm_cell``, but all gates read
    ``dropped_x`` and ``dropped_h``. Gal & Ghahramani 2016. Raises ValueError unless ``0 <= p < 1``,
    or for a size below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    dropped_x, dropped_h = VariationalDropout(p)(x), VariationalDropout(p)(prev_h)
    i2h, h2h = products(dropped_x, dropped_h, input_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_recurrent_dropout(
    input_size: int,
    hidden_size: int,
    p: float = 0.5,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with dropout of the candidate, so that the cell state itself is never dropped.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are the gates and g::

        c' = f c + i dropout(g)    h' = o tanh(c')

    Semeniuta et al. 2016, "Recurrent dropout without memory loss". Raises ValueError unless ``0 <=
    p < 1``, or for a size below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, h2h)
    dropped_candidate = Dropout(p)(candidate)
    next_c = mixed(forget_gate, prev_c, input_gate, dropped_candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
