"""The sLSTM cell of xLSTM: exponential gates, a normaliser and a stabiliser."""

from __future__ import annotations

from graphnet.graph import GModule, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import AddConstant, CAddTable, CDivTable, CMulTable
from graphnet.nn.cells.memory.exponential import Forget, require_forget, stabilised
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, mixed, products
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["xlstm_scalar_cell"]

SMALLEST = 1e-30
"""Keeps 0 / 0 away where a first input gate underflows; else it is lost in rounding."""


@checked
def xlstm_scalar_cell(
    input_size: int,
    hidden_size: int,
    forget: Forget = "sigmoid",
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The sLSTM cell of xLSTM, with exponential gates and a scalar memory in each unit.

    Inputs ``(x, prev_c, prev_n, prev_m, prev_h)``, x of shape (…, input_size), each state (…,
    hidden_size); outputs ``(next_c, next_n, next_m, next_h)`` of the shape of the states. With a =
    W_i x + U_i h and b = W_f x + U_f h, log f = log(σ(b)), or b if ``forget`` is "exponential"::

        m' = max(log f + m, a)    i = exp(a - m')    f = exp(log f + m - m')
        o = σ(W_o x + U_o h)    g = tanh(W_g x + U_g h)
        c' = f c + i g    n' = f n + i    h' = o c' / n'

    The normaliser n is positive, or 0 at first. The stabiliser m changes no output, but keeps
    exponents at most 0. U is dense: one head. Beck et al. 2024, "xLSTM: extended long short-term
    memory". Raises ValueError for another ``forget`` or a size below 1.
    """
    require_forget("xlstm_scalar_cell", forget)
    x, prev_c, prev_n = input(), State(hidden_size)(), State(hidden_size)()
    prev_m, prev_h = State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    input_sum = CAddTable()([i2h("input_gate"), h2h("input_gate")])
    forget_sum = CAddTable()([i2h("forget_gate"), h2h("forget_gate")])
    input_gate, forget_gate, next_m = stabilised(input_sum, forget_sum, prev_m, forget)
    candidate = gated("candidate", squash, i2h, h2h)
    output_gate = gated("output_gate", gate, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    kept_n = CMulTable()([forget_gate, prev_n])
    next_n = CAddTable()([kept_n, input_gate])
    divisor = AddConstant(SMALLEST)(next_n)
    quotient = CDivTable()([next_c, divisor])
    next_h = CMulTable()([output_gate, quotient])
    return GModule([x, prev_c, prev_n, prev_m, prev_h], [next_c, next_n, next_m, next_h])
