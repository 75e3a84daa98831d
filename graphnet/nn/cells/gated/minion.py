"""The minion recurrent units: GRUs with numbers in place of gates."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, products
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["miru1_cell", "miru2_cell"]


@checked
def miru1_cell(
    input_size: int,
    hidden_size: int,
    update: float = 0.5,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The first minion unit: a GRU cell whose update gate is the number ``update``, λ.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        r = σ(W_r x + U_r h)    h' = λ h + (1 - λ) tanh(W_g x + U_g (r h))

    The paper is doi:10.1016/j.neucom.2026.132847, of 2026. Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    reset_gate = gated("reset_gate", gate, i2h, h2h)
    reset_h = CMulTable()([reset_gate, prev_h])
    r2h = linear("h2h", reset_h, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, r2h)
    return GModule([x, prev_h], [averaged(update, prev_h, candidate)])


@checked
def miru2_cell(
    input_size: int,
    hidden_size: int,
    update: float = 0.5,
    reset: float = 0.5,
    bias: bool = True,
    squash: Pointwise = Tanh,
) -> GModule:
    """The second minion unit, whose reset gate is the number ``reset``, θ, too.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        h' = λ h + (1 - λ) tanh(W x + U (θ h))

    The paper is doi:10.1016/j.neucom.2026.132847, of 2026. Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    reset_h = prev_h * reset
    i2h, h2h = products(x, reset_h, input_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, h2h)
    return GModule([x, prev_h], [averaged(update, prev_h, candidate)])


def averaged(update: float, prev_h: Node, candidate: Node) -> Node:
    """``update prev_h + (1 - update) candidate``: the node ``next_h``."""
    kept, written = prev_h * update, candidate * (1 - update)
    node: Node = CAddTable()([kept.annotate(name="kept"), written.annotate(name="written")])
    return node.annotate(name="next_h")
