"""Random array programs, each the same for the same seed, compiled and compared with the interpreter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphnet.ir import Program, differentiate, interpreter, run_program
from graphnet.ir.core.builder import building
from graphnet.native import compiled
from tests.random_programs.drafts import Draft
from tests.random_programs.operations import OPERATIONS, doubled, sequence
from tests.random_programs.tolerances import differences, tolerances
from tests.support.notices import notices_ignored


def run_compiled(program: Program, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    with notices_ignored():
        return interpreter(compiled(program))(arrays)


def random_program(seed: int) -> tuple[Program, list[np.ndarray]]:
    """A checked program and arrays for its inputs; the same for the same seed."""
    rng = np.random.default_rng(seed)
    draft = Draft(rng, [*OPERATIONS, sequence, sequence, doubled])
    with building(draft.builder):
        for _ in range(rng.integers(3, 16)):
            draft.grow()
        made = draft.pool[-8:]
        count = int(rng.integers(1, 6))
        outputs = [made[i] for i in rng.integers(len(made), size=count)]
    program = draft.builder.program([known.array.atom for known in outputs])
    program.check()
    return program, draft.arrays


def gradient_program(
    program: Program, arrays: Sequence[np.ndarray], seed: int
) -> tuple[Program, list[np.ndarray]]:
    """The backward program and arrays for its inputs: residuals, and random seeds."""
    wanted = [var for var in program.inputs if var.type.is_float]
    derivative = differentiate(program, wanted)
    values = run_program(derivative.forward, arrays)
    backward = derivative.backward
    residuals = values[len(program.outputs) :]
    rng = np.random.default_rng(seed)
    seeds = [
        np.asarray(rng.normal(size=var.type.shape), var.type.dtype)
        for var in backward.inputs[len(residuals) :]
    ]
    return backward, [np.asarray(residual) for residual in residuals] + seeds


def is_conditioned(program: Program, arrays: Sequence[np.ndarray]) -> bool:
    """Whether rounding leaves the outputs of a program determined, to a part in a hundred."""
    return all(
        np.isfinite(error).all() and (error <= 1e-2 * np.abs(value).max(initial=1)).all()
        for value, error in tolerances(program, arrays)
    )


def faults(seed: int) -> list[str]:
    """What machine code does wrong with the random program of this seed, and with its gradient."""
    program, arrays = random_program(seed)
    found = differences(program, arrays, lambda given: run_compiled(program, given))
    if seed % 3 == 0:
        backward, operands = gradient_program(program, arrays, seed)
        if is_conditioned(backward, operands):
            wrong = differences(backward, operands, lambda given: run_compiled(backward, given))
            found += [f"gradient: {line}" for line in wrong]
    return [f"seed {seed}: {line}" for line in found]
