"""Recurrent cells: graphs of ordinary modules that map ``(x, states…)`` to ``(next states…)``."""

from __future__ import annotations

from graphnet.graph import GModule, Module, Node, input
from graphnet.graph.arithmetic import CAddTable, CMulTable
from graphnet.nn.activation import Sigmoid, Tanh
from graphnet.nn.linear import Linear


def lstm_cell(input_size: int, hidden_size: int) -> GModule:
    """The LSTM cell with a forget gate, as the nngraph tutorial composes it.

    Inputs ``(x, prev_c, prev_h)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_c, next_h)``::

        i = σ(W_i x + U_i h)    f = σ(W_f x + U_f h)    o = σ(W_o x + U_o h)
        g = tanh(W_g x + U_g h)    c' = f c + i g    h' = o tanh(c')

    Each product has a bias of its own. Hochreiter & Schmidhuber 1997, Gers et al. 2000.

    >>> cell = lstm_cell(3, 4)
    >>> cell["forget_gate"].module.description(), cell["forget_gate.i2h"].weight.shape
    ('Sigmoid()', (4, 3))
    """
    x, prev_c, prev_h = input("x"), input("prev_c"), input("prev_h")

    def gate(name: str, squash: Module) -> Node:
        i2h = Linear(input_size, hidden_size)(x).annotate(name=f"{name}.i2h")
        h2h = Linear(hidden_size, hidden_size)(prev_h).annotate(name=f"{name}.h2h")
        total: Node = CAddTable()([i2h, h2h]).annotate(name=f"{name}.sum")
        gated: Node = squash(total)
        return gated.annotate(name=name)

    input_gate = gate("input_gate", Sigmoid())
    forget_gate = gate("forget_gate", Sigmoid())
    output_gate = gate("output_gate", Sigmoid())
    candidate = gate("candidate", Tanh())

    kept = CMulTable()([forget_gate, prev_c])
    written = CMulTable()([input_gate, candidate])
    next_c = CAddTable()([kept, written])
    squashed = Tanh()(next_c)
    next_h = CMulTable()([output_gate, squashed])
    return GModule([x, prev_c, prev_h], [next_c, next_h])
