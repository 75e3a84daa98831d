"""The mutated units, found by a search among ten thousand architectures."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, activated, gated, linear, products, updated
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["mut1_cell", "mut2_cell", "mut3_cell"]


@checked
def mut1_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The first mutated unit, whose update gate reads the input alone.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        z = σ(W_z x)    r = σ(W_r x + U_r h)    g = tanh(U_g (r h) + tanh(W_g x))
        h' = (1 - z) h + z g

    tanh(W_g x) stands where the paper has tanh(x), so that the sizes may differ. Jozefowicz et al.
    2015, "An empirical exploration of recurrent network architectures". Raises ValueError for a
    size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h)
    reset_gate = gated("reset_gate", gate, i2h, h2h)
    reset_h = CMulTable()([reset_gate, prev_h])
    r2h = linear("h2h", reset_h, hidden_size, hidden_size, bias)
    squashed = activated(squash, i2h("candidate"))
    candidate = gated("candidate", squash, lambda _: squashed, r2h)
    next_h = updated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def mut2_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The second mutated unit.

    Inputs, output and shapes are those of ``mut1_cell``, and so are errors::

        z = σ(W_z x + U_z h)    r = σ(W_r x + U_r h)    g = tanh(W_g x + U_g (r h))
        h' = (1 - z) h + z g

    W_r x stands where the paper has x, so that the sizes may differ. Jozefowicz et al. 2015, "An
    empirical exploration of recurrent network architectures".
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, h2h)
    reset_gate = gated("reset_gate", gate, i2h, h2h)
    reset_h = CMulTable()([reset_gate, prev_h])
    r2h = linear("h2h", reset_h, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, r2h)
    next_h = updated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def mut3_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The third mutated unit, whose update gate reads the squashed state.

    Inputs, output and shapes are those of ``mut1_cell``, and so are errors::

        z = σ(W_z x + U_z tanh(h))    r = σ(W_r x + U_r h)    g = tanh(W_g x + U_g (r h))
        h' = (1 - z) h + z g

    Jozefowicz et al. 2015, "An empirical exploration of recurrent network architectures".
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    squashed = activated(squash, prev_h)
    s2h = linear("h2h", squashed, hidden_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, s2h)
    reset_gate = gated("reset_gate", gate, i2h, h2h)
    reset_h = CMulTable()([reset_gate, prev_h])
    r2h = linear("h2h", reset_h, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, r2h)
    next_h = updated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])
