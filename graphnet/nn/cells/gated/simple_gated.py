"""The simple gated unit and its deep form: multiplicative gates of input and state."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, linear, products, updated
from graphnet.nn.layers.activation import Sigmoid, SoftPlus, Tanh
from graphnet.nn.layers.linear import Linear
from graphnet.nn.layers.transfer import HardSigmoid

__all__ = ["dsgu_cell", "sgu_cell"]


@checked
def sgu_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = HardSigmoid,
    squash: Pointwise = Tanh,
    output: Pointwise = SoftPlus,
) -> GModule:
    """The simple gated unit.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        s = tanh(U_s (h W_s x))    z = σ(W_z x + U_z h)    h' = (1 - z) h + z softplus(s h)

    σ is here the hard sigmoid, ``min(1, max(0, x / 6 + 1 / 2))``. Gao & Glowacka 2016, "Deep gate
    recurrent neural network". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    product = multiplied(x, prev_h, input_size, hidden_size, bias, squash)
    shown = activated(output, product)
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, h2h)
    next_h = updated(update_gate, prev_h, shown)
    return GModule([x, prev_h], [next_h])


@checked
def dsgu_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = HardSigmoid,
    squash: Pointwise = Tanh,
    output: Pointwise = Sigmoid,
) -> GModule:
    """The deep simple gated unit, with one product more before the output.

    Inputs, output and shapes are those of ``sgu_cell``, and so are errors::

        s = tanh(U_s (h W_s x))    z = σ(W_z x + U_z h)
        h' = (1 - z) h + z sigmoid(V (s h))

    σ is here the hard sigmoid, ``min(1, max(0, x / 6 + 1 / 2))``. V has no bias. Gao & Glowacka
    2016, "Deep gate recurrent neural network".
    """
    x, prev_h = input(), State(hidden_size)()
    product = multiplied(x, prev_h, input_size, hidden_size, bias, squash)
    deeper = Linear(hidden_size, hidden_size, bias=False)(product)
    shown = activated(output, deeper)
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, h2h)
    next_h = updated(update_gate, prev_h, shown)
    return GModule([x, prev_h], [next_h])


def multiplied(
    x: Node, prev_h: Node, input_size: int, hidden_size: int, bias: bool, squash: Pointwise
) -> Node:
    """``squash(U_s (h W_s x)) h``: the node ``product``."""
    i2h = linear("i2h", x, input_size, hidden_size, bias)("input_gate")
    gated_h = CMulTable()([i2h, prev_h]).annotate(name="gated_h")
    input_gate = gated("input_gate", squash, linear("h2h", gated_h, hidden_size, hidden_size, bias))
    product: Node = CMulTable()([input_gate, prev_h])
    return product.annotate(name="product")
