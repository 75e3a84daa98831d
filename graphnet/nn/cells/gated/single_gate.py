"""Cells with one gate between the state and a candidate that reads it."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, interpolated, products
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.rectifiers import ReLU

__all__ = ["ligru_cell", "ugrnn_cell"]


@checked
def ugrnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The update-gate RNN: a GRU cell without a reset gate.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        z = σ(W_z x + U_z h)    h' = z h + (1 - z) tanh(W_g x + U_g h)

    Collins et al. 2016, "Capacity and trainability in recurrent neural networks". Raises ValueError
    for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h, h2h)
    next_h = interpolated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def ligru_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = ReLU,
) -> GModule:
    """The light GRU, with a rectified candidate.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        z = σ(W_z x + U_z h)    h' = z h + (1 - z) relu(W_g x + U_g h)

    The paper normalises W x over the batch, which is left out here. Ravanelli et al. 2018, "Light
    gated recurrent units for speech recognition". Raises ValueError for a size below 1.
    """
    return ugrnn_cell(input_size, hidden_size, bias, gate, squash)
