"""The simple recurrent cell."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated
from graphnet.nn.layers.activation import Tanh
from graphnet.nn.layers.linear import Linear

__all__ = ["rnn_cell"]


@checked
def rnn_cell(
    input_size: int, hidden_size: int, bias: bool = True, squash: Pointwise = Tanh
) -> GModule:
    """The simple recurrent cell; with ``squash=ReLU`` a rectified one.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        h' = tanh(W x + U h)

    Elman 1990, "Finding structure in time". PyTorch's RNNCell. Raises ValueError for a size below
    1.

    >>> cell = rnn_cell(3, 4)
    >>> cell["i2h"].weight.shape, cell["h2h"].weight.shape
    ((4, 3), (4, 4))
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias)(x)
    h2h = Linear(hidden_size, hidden_size, bias)(prev_h)
    total = CAddTable()([i2h, h2h])
    next_h = activated(squash, total)
    return GModule([x, prev_h], [next_h])
