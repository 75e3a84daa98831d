"""Programs: their checks find faults, their print is readable, pruning keeps the meaning."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.errors import ProgramError
from graphnet.ir import Builder, Program, run_program, trace, type_of
from graphnet.ir.core.program import Equation, Var
from graphnet.ir.primitives.pointwise import add, exp, tanh

X = np.linspace(0, 1, 3)


def simple() -> Program:
    return trace(lambda x: tanh(x) + 2.0, type_of(X))


def test_a_program_prints_as_text() -> None:
    assert str(simple()).splitlines() == [
        "inputs  a: float64[3]",
        "  b: float64[3] = tanh(a)",
        "  c: float64[3] = add(b, 2)",
        "outputs c",
    ]


def test_names_go_on_after_z() -> None:
    def function(x):  # type: ignore[no-untyped-def]
        for _ in range(30):
            x = exp(x)
        return x

    assert "a1: float64[3] = exp(z)" in str(trace(function, type_of(X)))


def test_a_value_used_before_it_exists_is_found() -> None:
    program = simple()
    program.equations.reverse()
    with pytest.raises(ProgramError, match="nothing before it defines"):
        program.check()


def test_a_value_assigned_twice_is_found() -> None:
    program = simple()
    program.equations.append(program.equations[0])
    with pytest.raises(ProgramError, match="assigns a value that already exists"):
        program.check()


def test_a_wrong_type_is_found() -> None:
    program = simple()
    wrong = Var(type_of(np.ones(4)))
    first = program.inputs[0]
    program.equations.append(Equation(add, (first, first), {}, (wrong,), None))
    with pytest.raises(ProgramError, match="its outputs are typed"):
        program.check()


def test_pruning_drops_what_nobody_reads() -> None:
    def function(x):  # type: ignore[no-untyped-def]
        exp(x)
        return tanh(x)

    program = trace(function, type_of(X))
    assert len(program.equations) == 2
    pruned = program.pruned()
    assert [e.primitive.name for e in pruned.equations] == ["tanh"]
    np.testing.assert_array_equal(run_program(pruned, [X])[0], np.tanh(X))


def test_constants_are_folded_and_copied() -> None:
    values = np.ones(3)
    program = trace(lambda x: x + values, type_of(X))
    values[:] = 7
    np.testing.assert_array_equal(run_program(program, [X])[0], X + 1)


def test_an_array_of_another_trace_is_refused() -> None:
    stray = Builder().input(type_of(X))
    with pytest.raises(ProgramError, match="of another trace"):
        trace(lambda x: x + stray, type_of(X))


def test_numpy_functions_work_on_traced_arrays() -> None:
    program = trace(lambda x: np.maximum(np.tanh(x), 1.0 / (2.0 + np.exp(-x))), type_of(X))
    expected = np.maximum(np.tanh(X), 1 / (2 + np.exp(-X)))
    np.testing.assert_allclose(run_program(program, [X])[0], expected, rtol=1e-15)
