"""Bistable cells, whose units can stay at one of two values."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, Term, gated, interpolated, linear, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import CMul

__all__ = ["br_cell", "nbr_cell"]


@checked
def br_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The bistable recurrent cell (BRC), in which each unit reads no state but its own.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        a = 1 + tanh(W_a x + w_a h)    c = σ(W_c x + w_c h)
        h' = c h + (1 - c) tanh(W_g x + a h)

    w_a and w_c are vectors (hidden_size,). Vecoven et al. 2021, "A bio-inspired bistable recurrent
    cell allows for long-lasting memory". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = term("h2h", prev_h, lambda: CMul(hidden_size))
    return GModule([x, prev_h], [bistable(prev_h, i2h, h2h, gate, squash)])


@checked
def nbr_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The neuromodulated bistable cell (nBRC), whose gates read the whole state.

    Inputs, output and shapes are those of ``br_cell``, and so are errors::

        a = 1 + tanh(W_a x + U_a h)    c = σ(W_c x + U_c h)
        h' = c h + (1 - c) tanh(W_g x + a h)

    Vecoven et al. 2021, "A bio-inspired bistable recurrent cell allows for long-lasting memory".
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    return GModule([x, prev_h], [bistable(prev_h, i2h, h2h, gate, squash)])


def bistable(prev_h: Node, i2h: Term, h2h: Term, gate: Pointwise, squash: Pointwise) -> Node:
    """The next state of both cells, whose gates differ in their term of the state."""
    modulation = gated("modulation", squash, i2h, h2h)
    feedback = (1 + modulation).annotate(name="feedback")
    update_gate = gated("update_gate", gate, i2h, h2h)
    own = CMulTable()([feedback, prev_h]).annotate(name="candidate.own")
    candidate = gated("candidate", squash, i2h, lambda _: own)
    return interpolated(update_gate, prev_h, candidate).annotate(name="next_h")
