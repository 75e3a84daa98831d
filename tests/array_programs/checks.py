"""What tests of compiler passes share: programs to try them on, and what a pass must not change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.ir import Equation, Program, run_program
from graphnet.ir.core.program import is_var

INPUTS, HIDDEN, STEPS, BATCH = 3, 4, 5, 2


def assert_same_meaning(
    program: Program,
    rewrite: Callable[[Program], Program],
    arrays: Sequence[np.ndarray],
    tolerance: float = 1e-12,
) -> Program:
    """Rewrite a program; the new one is returned if it is well formed, has the same inputs and types
    of outputs, and gives the same on these arrays but for rounding, relative to each output."""
    before = str(program)
    changed = rewrite(program)
    changed.check()
    assert str(program) == before, "a pass changes no program, it makes a new one"
    assert changed.inputs == program.inputs
    assert [atom.type for atom in changed.outputs] == [atom.type for atom in program.outputs]
    pairs = zip(run_program(program, arrays), run_program(changed, arrays), strict=True)
    for expected, found in pairs:
        finite = np.abs(expected[np.isfinite(expected)]) if expected.size else expected
        slack = tolerance * max(float(finite.max(initial=0)), 1.0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=slack)
    return changed


def arrays_for(program: Program, seed: int = 0) -> list[np.ndarray]:
    """Random arrays for the inputs of a program: whole numbers are below ``STEPS``."""
    rng = np.random.default_rng(seed)
    arrays: list[np.ndarray] = []
    for var in program.inputs:
        kind, shape = var.type.dtype.kind, var.type.shape
        if kind == "f":
            arrays.append(rng.normal(size=shape).astype(var.type.dtype))
        else:
            arrays.append(
                rng.integers(0, 2 if kind == "b" else STEPS, shape).astype(var.type.dtype)
            )
    return arrays


def recurrent_programs(
    name: str, lengths: bool = False, hidden: int = HIDDEN, batch: int = BATCH, **options: Any
) -> list[Program]:
    """Of ``nn.Recurrent`` over a cell of ``nn.CELLS``: the program, forward with what backward
    reads, and backward."""
    net = nn.Recurrent(nn.CELLS[name](INPUTS, hidden), **options)
    more: dict[str, Any] = {"lengths": np.arange(batch) + 1} if lengths else {}
    traced = executed(net.run(np.ones((STEPS, batch, INPUTS)), keep=False, **more)).traced
    derivative = traced.differentiated()
    return [traced.program, derivative.forward, derivative.backward]


def equations_of(program: Program) -> list[Equation]:
    """The equations of a program and of all bodies inside."""
    found = list(program.equations)
    for equation in program.equations:
        for body in equation.bodies():
            found += equations_of(body)
    return found


def body_of(program: Program) -> Program:
    """The body of the only scan of a program."""
    (body,) = [body for equation in program.equations for body in equation.bodies()]
    return body


def count(program: Program, name: str) -> int:
    """How many equations of a primitive stand in this program itself, outside of bodies."""
    return sum(equation.primitive.name == name for equation in program.equations)


def unread(program: Program) -> list[Equation]:
    """The equations of which no result is read."""
    read = {atom for e in program.equations for atom in e.inputs} | set(program.outputs)
    return [e for e in program.equations if not any(is_var(v) and v in read for v in e.outputs)]
