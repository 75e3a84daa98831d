"""LSTM cells whose gates read another state than the output: a control vector, or the memory."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CMulTable
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import (
    Pointwise,
    Term,
    activated,
    gated,
    linear,
    lstm_gates,
    mixed,
    products,
    shown,
)
from graphnet.nn.layers.activation import Sigmoid, Tanh

__all__ = ["mclstm_cell", "wmclstm_cell"]


@checked
def mclstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with a memory controller, a vector v that is read in place of the output.

    Inputs ``(x, prev_c, prev_v)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_v, next_h)``, all (…, hidden_size), of which next_h is no state::

        i = σ(W_i x + U_i v)    f = σ(W_f x + U_f v)    o = σ(W_o x + U_o v)
        m = σ(W_m x + U_m v)    g = tanh(W_g x + U_g v)
        c' = f c + i g    v' = m tanh(c')    h' = o tanh(c')

    Intel AI 2017, "Sequence modeling", a paper of a workshop. Raises ValueError for a size below 1.
    """
    x, prev_c, prev_v = input(), State(hidden_size)(), State(hidden_size)()
    i2h, v2h = products(x, prev_v, input_size, hidden_size, bias)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, i2h, v2h)
    control_gate = gated("control_gate", gate, i2h, v2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    squashed = activated(squash, next_c)
    next_v = CMulTable()([control_gate, squashed])
    next_h = CMulTable()([output_gate, squashed])
    return GModule([x, prev_c, prev_v], [next_c, next_v, next_h])


@checked
def wmclstm_cell(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with working memory connections: its gates read a product of the cell state.

    Inputs, outputs and shapes are those of ``lstm_cell``, and so are errors::

        i = σ(W_i x + U_i h + tanh(V_i c))    f = σ(W_f x + U_f h + tanh(V_f c))
        g = tanh(W_g x + U_g h)    c' = f c + i g
        o = σ(W_o x + U_o h + tanh(V_o c'))    h' = o tanh(c')

    Landi et al. 2021, "Working memory connections for LSTM".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h, h2h = products(x, prev_h, input_size, hidden_size, bias)
    before = memory_term(prev_c, hidden_size, bias, squash)
    input_gate = gated("input_gate", gate, i2h, h2h, before)
    forget_gate = gated("forget_gate", gate, i2h, h2h, before)
    candidate = gated("candidate", squash, i2h, h2h)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    after = memory_term(next_c, hidden_size, bias, squash)
    output_gate = gated("output_gate", gate, i2h, h2h, after)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


def memory_term(source: Node, size: int, bias: bool, squash: Pointwise) -> Term:
    """``squash(V c)`` for a gate: the nodes ``gate.c2h`` and ``gate.memory``."""
    c2h = linear("c2h", source, size, size, bias)

    def made(gate: str) -> Node:
        node: Node = activated(squash, c2h(gate))
        return node.annotate(name=f"{gate}.memory")

    return made
