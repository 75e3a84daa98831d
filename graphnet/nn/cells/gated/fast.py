"""FastRNN and FastGRNN: cells with few parameters, for small devices."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.learned_gate import LearnedGate
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import Add
from graphnet.nn.layers.linear import Linear

__all__ = ["fastgrnn_cell", "fastrnn_cell"]


@checked
def fastrnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The simple recurrent cell with a weighted residual connection.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        h' = σ(α) tanh(W x + U h) + σ(β) h

    α and β are learned numbers, which start at 3 and -3. Kusupati et al. 2018, "FastGRNN: a fast,
    accurate, stable and tiny kilobyte sized gated recurrent neural network". Raises ValueError for
    a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, h2h)
    written = LearnedGate(1, 3.0, gate())(candidate)
    kept = LearnedGate(1, -3.0, gate())(prev_h)
    next_h = CAddTable()([written, kept])
    return GModule([x, prev_h], [next_h])


@checked
def fastgrnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The FastGRNN cell: one pair of products for gate and candidate.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        a = W x + U h    z = σ(a + b_z)    g = tanh(a + b_g)
        h' = (σ(ζ) (1 - z) + σ(ν)) g + z h

    W and U have no bias; ζ and ν are learned numbers, which start at 3 and -3. Kusupati et al.
    2018, "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural
    network". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias=False)(x)
    h2h = Linear(hidden_size, hidden_size, bias=False)(prev_h)
    total = CAddTable()([i2h, h2h])
    part = term("biased", total, lambda: Add(hidden_size)) if bias else lambda _: total
    update_gate = gated("update_gate", gate, part)
    candidate = gated("candidate", squash, part)
    fresh = 1 - update_gate
    open_part = CMulTable()([fresh, candidate])
    gated_part = LearnedGate(1, 3.0, gate())(open_part)
    constant_part = LearnedGate(1, -3.0, gate())(candidate)
    kept = CMulTable()([update_gate, prev_h])
    next_h = CAddTable()([gated_part, constant_part, kept])
    return GModule([x, prev_h], [next_h])
