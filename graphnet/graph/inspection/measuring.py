"""Measuring a run: its programs run several times, with the time of each equation, by node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.inspection.profile import Profile, ProfileRow
from graphnet.graph.inspection.stages import Stage, nodes_of, stage_of_step, stages_of
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.signature import executable_for
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.program import Equation, Program
from graphnet.ir.core.types import NDArray
from graphnet.ir.stopwatch import Special, Stopwatch
from graphnet.native import compiled, is_available


@contextmanager
def generator_restored(module: BaseModule) -> Iterator[None]:
    """Restore the state of the net's random generator afterwards."""
    generator = module.generator.bit_generator
    before = generator.state
    try:
        yield
    finally:
        generator.state = before


def profile_module(module: BaseModule, inputs: Any, repeats: int) -> Profile:
    """Forward, and in training mode backward from gradients of ones."""
    executable, leaves = executable_for(module, inputs, NOTHING)
    traced = executable.traced
    with generator_restored(module):
        filled = executable.inputs(executable.cast(leaves))
    stages = stages_of(traced, module.is_training)
    programs = [compiled(s.program) if module.is_compiled else s.program for s in stages]

    def run(watches: Sequence[Stopwatch]) -> None:
        results = watches[0].run(programs[0], filled)
        for watch, program in zip(watches[1:], programs[1:], strict=True):
            inputs = [*results[len(traced.program.outputs) :], *seeds_of(traced)]
            watch.run(program, inputs)

    return measured(module, stages, programs, run, module.is_compiled, repeats)


def profile_step(executable: Executable, leaves: Sequence[NDArray], repeats: int) -> Profile:
    """A training step, for leaves of its input and target."""
    net = executable.module
    with generator_restored(net):
        filled = executable.inputs(executable.cast(leaves))
    program = compiled(executable.program) if is_available() else executable.program

    def run(watches: Sequence[Stopwatch]) -> None:
        watches[0].run(program, filled)

    stage = stage_of_step(executable.linked)
    return measured(net, [stage], [program], run, program is not executable.program, repeats)


def measured(
    module: BaseModule,
    stages: Sequence[Stage],
    programs: Sequence[Program],
    run: Callable[[Sequence[Stopwatch]], None],
    is_compiled: bool,
    repeats: int,
) -> Profile:
    if repeats < 1:
        raise GraphError(f"A profile of {repeats} runs says nothing", "Let repeats be 1 or more.")
    special: dict[str, Special] = {}
    if is_compiled:
        from graphnet.native.debug.profiling import Profiler

        special["compiled"] = Profiler()
    run([Stopwatch(special) for _ in stages])  # compiles, and warms caches
    rounds = []
    for _ in range(repeats):
        rounds.append([Stopwatch(special) for _ in stages])
        run(rounds[-1])
    modules = nodes_of(stages)
    seconds: dict[str, dict[str, float]] = {path: {} for path in modules}
    for i, (stage, program) in enumerate(zip(stages, programs, strict=True)):
        shares_of = stage.attribution(program).shares
        for equation, time in middle([watches[i].spent for watches in rounds]).items():
            for path, share in shares_of(equation).items():
                own = seconds.setdefault(path, {})
                own[stage.name] = own.get(stage.name, 0.0) + share * time * 1e-9
    rows = tuple(
        ProfileRow(path, modules.get(path, ""), sum(own.values()), own)
        for path, own in seconds.items()
    )
    names = tuple(stage.name for stage in stages)
    return Profile(rows, names, is_compiled, repeats, tuple(seconds), module).sorted()


def middle(rounds: Sequence[Mapping[Equation, float]]) -> dict[Equation, float]:
    """The median time of each equation."""
    return {e: median(spent.get(e, 0.0) for spent in rounds) for e in rounds[0]}


def seeds_of(traced: Traced) -> list[NDArray]:
    types = [atom.type for atom in traced.program.outputs[: traced.output_count]]
    return [np.ones(type.shape, type.dtype) for type in types if type.is_float]
