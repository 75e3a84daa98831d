"""The programs of a random net after each pass: well formed, of the same meaning, and scheduled.

No machine code is made, so thousands of nets take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphnet.graph.inspection.executed import executed
from graphnet.graph.running.loss import Loss
from graphnet.graph.running.parameter_vector import step_executable
from graphnet.graph.running.step_program import step_program
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir import Program, run_program
from graphnet.native import PASSES
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.llvm.target import host
from graphnet.native.scheduling.execution_plan import planned
from graphnet.native.scheduling.rules import scheduled
from graphnet.native.scheduling.support import reason_not_native
from tests.random_nets.compare import Made, WeightedSum, anew, difference, made, seeds_for
from tests.support.notices import notices_ignored

Task = tuple[str, Program, Sequence[np.ndarray]]
"""A program by name, and arrays for its inputs."""


def tasks_of(case: Made, is_step: bool | None = None) -> Iterator[Task]:
    """What a run, its ``backward`` and a training step are for the compiler; or only either."""
    anew(case, False)
    if is_step:
        yield step_task(case, seeds_for(case.net.forward(case.inputs, **case.named)))
        return
    run = case.net.run(case.inputs, **case.named, **case.settings)
    weights = seeds_for(run.outputs)
    run.backward(weights)
    derivative = executed(run).traced.differentiated()
    if not case.net.is_training:
        yield "values", executed(run).traced.program, executed(run).arrays
    yield "forward", derivative.forward, executed(run).arrays
    residuals = executed(run).residuals or []
    seeds = [array for array in table.flatten(weights)[0] if array.dtype.kind == "f"]
    yield "backward", derivative.backward, [*residuals, *seeds]
    if is_step is None:
        yield step_task(case, weights)


def step_task(case: Made, weights: Any) -> Task:
    """A training step on the vector of all parameters."""
    leaves, structure = table.flatten([case.input_table, weights], absent=True)
    arrays = [np.asarray(leaf) for leaf in leaves]
    traced = trace_module(Loss(case.net, WeightedSum()), structure, arrays, NOTHING)
    executable = step_executable(case.net, traced, step_program(traced, 1.0, True))
    arrays = executable.inputs(executable.cast(arrays))
    return "step", executable.prepared.program, [np.asarray(array) for array in arrays]


def optimised_with_checks(program: Program) -> Program:
    """After all passes; raises ProgramError after the one that leaves it ill formed."""
    for name, rewrite in PASSES:
        before, program = program, rewrite(program)
        if program is before:
            continue
        try:
            program.check()
        except AssertionError as error:
            raise type(error)(f"after the pass {name!r}: {error}") from error
    return program


def schedule(program: Program) -> None:
    """Schedule and plan a program, if all of it is native, for kernels that nobody makes."""
    if not any(map(reason_not_native, program.equations)):
        planned(scheduled(program, Kernels(host(), threads=2)), program)


def pass_differences(code: str, is_step: bool | None = None) -> list[str]:
    """What the passes do wrong with the programs of a net; ``is_step``: as in ``tasks_of``."""
    wrong = []
    with notices_ignored(), np.errstate(all="ignore"):
        case = made(code)
        for name, program, arrays in tasks_of(case, is_step):
            rewritten = optimised_with_checks(program)
            schedule(rewritten)
            pairs = zip(run_program(rewritten, arrays), run_program(program, arrays), strict=True)
            for i, (found, expected) in enumerate(pairs):
                if text := difference(np.asarray(found), np.asarray(expected)):
                    wrong.append(f"passes: output {i} of {name} {text}")
    return wrong
