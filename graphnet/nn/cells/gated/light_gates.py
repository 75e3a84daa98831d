"""Cells with one gate whose candidate reads the input alone."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import (
    Pointwise,
    activated,
    gated,
    interpolated,
    linear,
    products,
    updated,
)
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import Linear

__all__ = ["lightru_cell", "minimalrnn_cell", "sgrn_cell", "star_cell"]


@checked
def lightru_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The light recurrent unit.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        f = σ(W_f x + U_f h)    h' = (1 - f) h + f tanh(W_g x)

    Ye et al. 2024, "Light recurrent unit: towards an interpretable recurrent neural network for
    modeling long-range dependency". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    forget_gate = gated("forget_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h)
    next_h = updated(forget_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])


@checked
def star_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The stackable recurrent cell (STAR), which squashes the whole of its state.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        k = σ(W_k x + U_k h)    h' = tanh((1 - k) h + k tanh(W_g x))

    Turkoglu et al. 2019, "Gating revisited: deep multi-layer RNNs that can be trained". Raises
    ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_gate = gated("input_gate", gate, i2h, h2h)
    candidate = gated("candidate", squash, i2h)
    proposed = updated(input_gate, prev_h, candidate)
    next_h = activated(squash, proposed)
    return GModule([x, prev_h], [next_h])


@checked
def sgrn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The simple gated recurrent network: one product of the input, in the gate and beside it.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        p = W x    f = σ(p + U h)    h' = tanh(f h + (1 - f) p)

    The paper is doi:10.1049/gtd2.12056, of 2021. Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    i2h = Linear(input_size, hidden_size, bias)(x)
    h2h = Linear(hidden_size, hidden_size, bias)(prev_h)
    total = CAddTable()([i2h, h2h])
    forget_gate = activated(gate, total)
    proposed = interpolated(forget_gate, prev_h, i2h)
    next_h = activated(squash, proposed)
    return GModule([x, prev_h], [next_h])


@checked
def minimalrnn_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The MinimalRNN cell, whose gate reads the squashed input.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        z = tanh(W x)    u = σ(U_h h + U_z z)    h' = u h + (1 - u) z

    U_z has no bias of its own. Chen 2017, "MinimalRNN: toward more interpretable and trainable
    recurrent neural networks". Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    candidate = gated("candidate", squash, linear("i2h", x, input_size, hidden_size, bias))
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    z2h = linear("z2h", candidate, hidden_size, hidden_size, bias=False)
    update_gate = gated("update_gate", gate, h2h, z2h)
    next_h = interpolated(update_gate, prev_h, candidate)
    return GModule([x, prev_h], [next_h])
