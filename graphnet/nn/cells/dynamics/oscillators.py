"""Cells of oscillators: a position h and a velocity c for each unit."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CSubTable
from graphnet.nn.cells.learned_gate import LearnedGate
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear, products, term
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import CMul

__all__ = ["cornn_cell", "unicornn_cell"]


@checked
def cornn_cell(
    input_size: int,
    hidden_size: int,
    dt: float = 0.1,
    gamma: float = 1.0,
    epsilon: float = 1.0,
    bias: bool = True,
    squash: Pointwise = Tanh,
) -> GModule:
    """The coupled oscillatory cell (coRNN), in time steps ``dt``, with frequency and damping.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``, both (…, hidden_size). With γ = ``gamma`` and ε = ``epsilon``::

        c' = c + dt (tanh(W x + U h + V c) - γ h - ε c)    h' = h + dt c'

    Rusch & Mishra 2020, "Coupled oscillatory recurrent neural network (coRNN): an accurate and
    (gradient) stable architecture for learning long time dependencies". Raises ValueError for a
    size below 1.
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    c2h = linear("c2h", prev_c, hidden_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, h2h, c2h)
    spring = prev_h * -gamma
    friction = prev_c * -epsilon
    force = CAddTable()([candidate, spring, friction])
    change = force * dt
    next_c = CAddTable()([prev_c, change])
    step = next_c * dt
    next_h = CAddTable()([prev_h, step])
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def unicornn_cell(
    input_size: int,
    hidden_size: int,
    dt: float = 0.1,
    alpha: float = 0.0,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The undamped independent controlled oscillators (UnICORNN), each with a time step of its own.

    Inputs, outputs and shapes are those of ``cornn_cell``, and so are errors. With α = ``alpha``::

        d = dt σ(w_d)    c' = c - d (tanh(W x + w_h h) + α h)    h' = h + d c'

    w_d, the weight of ``pace``, and w_h are vectors (hidden_size,). Rusch & Mishra 2021, "UnICORNN:
    a recurrent model for learning very long time dependencies".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = term("h2h", prev_h, lambda: CMul(hidden_size))
    force = gated("force", squash, i2h, h2h)
    if alpha:
        spring = prev_h * alpha
        force = CAddTable()([force, spring])
    pace = LearnedGate(hidden_size, 0.0, gate())
    change = pace(force * dt)
    next_c = CSubTable()([prev_c, change])
    step = pace(next_c * dt)
    next_h = CAddTable()([prev_h, step])
    return GModule([x, prev_c, prev_h], [next_c, next_h])
