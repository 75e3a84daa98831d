"""JANET: an LSTM cell of which the forget gate alone is left."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import AddConstant, CAddTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, mixed, products
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import Add

__all__ = ["janet_cell"]


@checked
def janet_cell(
    input_size: int,
    hidden_size: int,
    beta: float = 1.0,
    is_learned: bool = False,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The cell JANET, with one gate and one state.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        s = W_f x + U_f h    h' = σ(s) h + (1 - σ(s - β)) tanh(W_g x + U_g h)

    β is the constant ``beta``; with ``is_learned`` it is a learned number that starts there, -β
    being the bias of ``shifted``, as in torchrecurrent, where h is a state twice. Van der
    Westhuizen & Lasenby 2018, "The unreasonable effectiveness of the forget gate". Raises
    ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    total = CAddTable()([i2h("forget_gate"), h2h("forget_gate")]).annotate(name="forget_gate.sum")
    forget_gate = activated(gate, total)
    shifted = moved(total, -beta, is_learned)
    ignored = activated(gate, shifted)
    input_gate = 1 - ignored
    candidate = gated("candidate", squash, i2h, h2h)
    next_h = mixed(forget_gate, prev_h, input_gate, candidate)
    return GModule([x, prev_h], [next_h])


def moved(total: Node, offset: float, is_learned: bool) -> Node:
    """The sum and an offset, constant or learned."""
    if not is_learned:
        constant: Node = AddConstant(offset)(total)
        return constant
    added = Add(1, scalar=True)
    added.bias[:] = offset
    learned: Node = added(total)
    return learned
