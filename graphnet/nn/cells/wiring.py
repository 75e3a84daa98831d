"""Wiring shared by the cells: gates with products of their own, and mixtures of two values."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.errors import GraphError
from graphnet.graph import Module, Node
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn.layers.linear import Linear

Pointwise = Callable[[], Module]
"""A factory of an activation: ``Sigmoid``, ``ReLU``, ``lambda: HardTanh(-2, 2)``."""

Term = Callable[[str], Node]
"""One summand of a gate, made for the gate of this name."""


def term(part: str, source: Node, make: Callable[[], Module]) -> Term:
    """A separate module on the same source for each gate, named ``gate.part``."""

    def made(gate: str) -> Node:
        node: Node = make()(source)
        return node.annotate(name=f"{gate}.{part}")

    return made


def linear(part: str, source: Node, input_size: int, size: int, bias: bool) -> Term:
    """A Linear for each gate: ``forget_gate.i2h``, ``forget_gate.h2h``."""
    return term(part, source, lambda: Linear(input_size, size, bias))


def products(
    x: Node, prev_h: Node, input_size: int, hidden_size: int, bias: bool
) -> tuple[Term, Term]:
    """The usual terms of a gate: for each a Linear of x, ``i2h``, and a Linear of h, ``h2h``."""
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    h2h = linear("h2h", prev_h, hidden_size, hidden_size, bias)
    return i2h, h2h


def activated(make: Pointwise, source: Node) -> Node:
    """An activation of a node; raises GraphError for a function that makes no module."""
    module = make()
    if not isinstance(module, Module):
        raise GraphError(
            f"A cell receives a function that returns {module!r:.60}, expected a module",
            "nn.Tanh is such a function, and so is lambda: nn.HardTanh(-2, 2).",
        )
    node: Node = module(source)
    return node


def gated(name: str, squash: Pointwise, *terms: Term) -> Node:
    """``squash(sum of the terms)``: the node ``name``, and ``name.sum`` for several terms."""
    parts = [made(name) for made in terms]
    total = parts[0]
    if len(parts) > 1:
        total = CAddTable()(parts).annotate(name=f"{name}.sum")
    return activated(squash, total).annotate(name=name)


def lstm_gates(gate: Pointwise, squash: Pointwise, *terms: Term) -> tuple[Node, Node, Node, Node]:
    """The gates i, f, o and the candidate g of an LSTM cell, with the same terms."""
    input_gate = gated("input_gate", gate, *terms)
    forget_gate = gated("forget_gate", gate, *terms)
    output_gate = gated("output_gate", gate, *terms)
    candidate = gated("candidate", squash, *terms)
    return input_gate, forget_gate, output_gate, candidate


def mixed(keep: Node, previous: Node, write: Node, candidate: Node) -> Node:
    """``keep previous + write candidate``, of the nodes ``kept`` and ``written``."""
    kept = CMulTable()([keep, previous]).annotate(name="kept")
    written = CMulTable()([write, candidate]).annotate(name="written")
    total: Node = CAddTable()([kept, written])
    return total


def interpolated(keep: Node, previous: Node, candidate: Node) -> Node:
    """``keep previous + (1 - keep) candidate``, of the nodes ``fresh``, ``kept``, ``written``."""
    fresh = (1 - keep).annotate(name="fresh")
    return mixed(keep, previous, fresh, candidate)


def updated(write: Node, previous: Node, candidate: Node) -> Node:
    """``(1 - write) previous + write candidate``, of the nodes ``stale``, ``kept``, ``written``."""
    stale = (1 - write).annotate(name="stale")
    return mixed(stale, previous, write, candidate)


def shown(output_gate: Node, next_c: Node, squash: Pointwise) -> Node:
    """``output_gate squash(next_c)``, of the node ``squashed``."""
    squashed = activated(squash, next_c).annotate(name="squashed")
    product: Node = CMulTable()([output_gate, squashed])
    return product
