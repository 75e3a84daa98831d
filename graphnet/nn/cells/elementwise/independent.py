"""The independently recurrent cell."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated
from graphnet.nn.layers.arithmetic import CMul
from graphnet.nn.layers.linear import Linear
from graphnet.nn.layers.rectifiers import ReLU

__all__ = ["indrnn_cell"]


@checked
def indrnn_cell(
    input_size: int, hidden_size: int, bias: bool = True, squash: Pointwise = ReLU
) -> GModule:
    """The independently recurrent cell (IndRNN).

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        h' = relu(W x + w h)

    w is a vector (hidden_size,). Li et al. 2018, "Independently recurrent neural network (IndRNN):
    building a longer and deeper RNN". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias)(x)
    h2h = CMul(hidden_size)(prev_h)
    total = CAddTable()([i2h, h2h])
    next_h = activated(squash, total)
    return GModule([x, prev_h], [next_h])
