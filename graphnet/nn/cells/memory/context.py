"""The structurally constrained cell: a slow context beside a fast state."""

from __future__ import annotations

from typing import Literal, get_args

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CSubTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.arithmetic import Mul

__all__ = ["scrn_cell"]

Feedback = Literal["hidden", "output"]


@checked
def scrn_cell(
    input_size: int,
    hidden_size: int,
    feedback: Feedback = "hidden",
    alpha: float = 0.5,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The structurally constrained recurrent cell (SCRN), whose context c follows x slowly.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h, output)``, all (…, hidden_size), of which the output is no state::

        c' = (1 - α) W_c x + α c    h' = σ(W_h x + U_h h + V_h c')
        output = tanh(U_y h' + V_y c')

    α is a learned number, which starts at ``alpha``. With ``feedback="output"`` the next step reads
    the output in place of h', and the outputs are ``(next_c, next_h)``, as in torchrecurrent.
    Mikolov et al. 2014, "Learning longer memory in recurrent neural networks". Raises ValueError
    for another ``feedback`` or a size below 1.
    """
    if feedback not in get_args(Feedback):
        raise ValueError(f"scrn_cell: feedback is {feedback!r}, expected 'hidden' or 'output'")
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    fresh = i2h("context")
    change = CSubTable()([prev_c, fresh])
    share = Mul()
    share.weight[:] = alpha
    kept = share(change)
    next_c = CAddTable()([fresh, kept])
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    c2h = linear("c2h", next_c, hidden_size, hidden_size, bias)
    hidden = gated("hidden", gate, i2h, h2h, c2h)
    y2h = linear("h2h", hidden, hidden_size, hidden_size, bias)
    output = gated("output", squash, y2h, c2h)
    if feedback == "output":
        return GModule([x, prev_c, prev_h], [next_c, output.annotate(name="next_h")])
    return GModule([x, prev_c, prev_h], [next_c, hidden.annotate(name="next_h"), output])
