"""LSTM cells with one merged product for all gates."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, Term, lstm_gates, mixed, shown
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.layer_part import LayerPart
from graphnet.nn.layers.linear import Linear
from graphnet.nn.layers.normalization import LayerNorm

__all__ = ["lstm_cell_layernorm", "lstm_cell_merged"]

GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
"""The order of the gates in the rows of a merged parameter: PyTorch's."""


def rows_of(part: str, merged: Node, size: int) -> Term:
    """For each gate its outputs of a merged layer, named ``gate.part``."""

    def made(gate: str) -> Node:
        rows = LayerPart(GATES.index(gate) * size, size, merged.weight, merged.bias)
        node: Node = rows(merged)
        return node.annotate(name=f"{gate}.{part}")

    return made


@checked
def lstm_cell_merged(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The ``lstm_cell`` with one product of x and one of h for all gates, ``i2h`` and ``h2h``.

    Inputs, outputs, shapes, equations, names and errors are those of ``lstm_cell``. The merged
    parameters, (4 hidden_size, …), hold the rows of input gate, forget gate, candidate and output
    gate, as PyTorch's LSTMCell does; the nodes of each gate give views of their rows.

    >>> cell = lstm_cell_merged(3, 4)
    >>> cell["forget_gate.i2h"].bias[:] = 1
    >>> cell["i2h"].bias[4:8], cell["i2h"].weight.shape
    (array([1., 1., 1., 1.]), (16, 3))
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = Linear(input_size, 4 * hidden_size, bias)(x)
    h2h = Linear(hidden_size, 4 * hidden_size, bias)(prev_h)
    terms = rows_of("i2h", i2h, hidden_size), rows_of("h2h", h2h, hidden_size)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, *terms)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    next_h = shown(output_gate, next_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])


@checked
def lstm_cell_layernorm(
    input_size: int,
    hidden_size: int,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The LSTM cell with layer normalisation of both products and of the cell state.

    Inputs, outputs, shapes and errors are those of ``lstm_cell``. With W x and U h the products of
    all gates, each normalised as a whole, and a = norm(W x) + norm(U h)::

        i = σ(a_i)    f = σ(a_f)    o = σ(a_o)    g = tanh(a_g)
        c' = f c + i g    h' = o tanh(norm(c'))

    The biases are those of the norms, ``i2h_norm``, ``h2h_norm`` and ``norm_c``; the nodes
    ``forget_gate.i2h_norm`` give views of a gate's. Ba et al. 2016, "Layer normalization".
    """
    x, prev_c, prev_h = input(), State(hidden_size)(), State(hidden_size)()
    i2h = Linear(input_size, 4 * hidden_size, bias=False)(x)
    h2h = Linear(hidden_size, 4 * hidden_size, bias=False)(prev_h)
    i2h_norm = LayerNorm(4 * hidden_size, bias=bias)(i2h)
    h2h_norm = LayerNorm(4 * hidden_size, bias=bias)(h2h)
    terms = rows_of("i2h_norm", i2h_norm, hidden_size), rows_of("h2h_norm", h2h_norm, hidden_size)
    input_gate, forget_gate, output_gate, candidate = lstm_gates(gate, squash, *terms)
    next_c = mixed(forget_gate, prev_c, input_gate, candidate)
    norm_c = LayerNorm(hidden_size, bias=bias)(next_c)
    next_h = shown(output_gate, norm_c, squash)
    return GModule([x, prev_c, prev_h], [next_c, next_h])
