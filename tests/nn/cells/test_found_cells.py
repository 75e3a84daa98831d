"""Cells that random ones were made small to: each stopped the compiler, or gave wrong numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.ir import Origin, Program
from graphnet.ir.core.program import Equation

pytest.importorskip("llvmlite")

from graphnet.native import PASSES
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.faults import CompilerError
from graphnet.native.llvm.target import host
from graphnet.native.scheduling.rules import scheduled
from tests.native.equivalence.test_sequences import check


def a_gate_in_three_states() -> gn.GModule:
    """Of the stacked gradients one was a part of a part, which the program cut out first."""
    x, s0, s1, s2 = gn.input(), nn.State(3)(), nn.State(5)(), nn.State(4)()
    g = nn.Sigmoid()(nn.Linear(2, 3)(x))
    n0 = nn.Tanh()(g * g)
    m = nn.Sigmoid()(
        nn.Linear(2, 5)(x) + nn.Linear(3, 5)(s0) + nn.Linear(4, 5)(s2) + nn.Linear(3, 5)(g)
    )
    n1 = 0.5 * s1 + m
    n2 = nn.Tanh()(nn.Linear(3, 4)(g) + nn.Linear(4, 4)(s2))
    return gn.GModule([x, s0, s1, s2], [n0, n1, n2])


CELLS = [a_gate_in_three_states]


@pytest.mark.parametrize("make", CELLS)
def test_a_cell(make: Callable[[], gn.GModule], rng: np.random.Generator) -> None:
    net = nn.Recurrent(make())
    xs = rng.normal(size=(3, 2, 2))
    derivative = executed(net.run(xs)).traced.differentiated()
    for program in (derivative.forward, derivative.backward):
        for _, rewrite in PASSES:
            program = rewrite(program)
            program.check()
    check(net, xs, 1e-12)


@pytest.mark.parametrize("origin", [Origin("gate", "cell.py", 7, "Tanh"), None])
def test_equations_out_of_order_are_named(origin: Origin | None) -> None:
    """Where a pass has a fault, the scheduler says which node's equation is in the wrong place."""
    program = executed(nn.Linear(2, 3, bias=False).run(np.ones((1, 2)), keep=False)).traced.program
    moved = [Equation(*parts_of(e), origin) for e in program.equations[::-1]]
    with pytest.raises(CompilerError, match="scheduling") as raised:
        scheduled(Program(program.inputs, moved, program.outputs), Kernels(host(), threads=1))
    assert raised.value.origin == (str(origin) if origin else "")
    assert "which no equation before it defines" in str(raised.value.__cause__)


def parts_of(equation: Equation) -> tuple[Any, ...]:
    return equation.primitive, equation.inputs, equation.settings, equation.outputs
