"""Measuring a run: its programs run several times, with the time of each equation, by node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.inspection.profile import Profile, ProfileRow
from graphnet.graph.inspection.stages import Stage, nodes_of, stages_of
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.executable import Executable
from graphnet.graph.tracing.traced import Traced
from graphnet.ir.core.program import Equation, Program
from graphnet.ir.core.types import NDArray
from graphnet.ir.stopwatch import Special, Stopwatch


@contextmanager
def generator_restored(module: BaseModule) -> Iterator[None]:
    """Restore the state of the net's random generator afterwards."""
    generator = module.generator.bit_generator
    before = generator.state
    try:
        yield
    finally:
        generator.state = before


def profile_of(
    executable: Executable, leaves: Sequence[NDArray], native: bool, repeats: int
) -> Profile:
    """All programs of an executable, backward from gradients of ones; no state is written.

    Raises GraphError for less than 1 of ``repeats``.
    """
    traced = executable.traced
    with generator_restored(executable.module):
        filled = executable.inputs(executable.cast(leaves))
    stages = stages_of(executable)
    programs = [stage.prepared.compiled_if(native) for stage in stages]

    def run(watches: Sequence[Stopwatch]) -> None:
        results = watches[0].run(programs[0], filled)
        for watch, program in zip(watches[1:], programs[1:], strict=True):
            watch.run(program, [*results[len(traced.program.outputs) :], *seeds_of(traced)])

    is_compiled = programs[0] is not stages[0].program
    return measured(executable.module, stages, programs, run, is_compiled, repeats)


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
