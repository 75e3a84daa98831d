"""The execution plan: calls as a table of numbers, and the offsets of buffers and results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from graphnet.ir.core.program import Program
from graphnet.ir.core.types import NDArray
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.scratch import arena_bytes
from graphnet.native.runtime.dispatcher import MOST_POINTERS, WorkSharing
from graphnet.native.scheduling.buffer_assignment import Lifetime, lay_out, lifetimes_of
from graphnet.native.scheduling.buffers import Base, Buffer
from graphnet.native.scheduling.calls import KernelCall
from graphnet.native.scheduling.schedule import Scheduler

WORTH = 1e5
"""Operations from which on threads share a call: to share it takes about half a microsecond."""
WORTH_IN_ALL = 4e6
"""Operations in calls that threads share from which on workers are woken at all, which takes some
20 microseconds."""


MEMORY = (Base.ARENA, Base.FLAG, Base.KEPT)
"""The bases behind inputs and constants, in this order."""


@dataclass(frozen=True, slots=True)
class Bases:
    """The pointers that a table counts from: inputs, constants, and then the arena, the flag, and
    the memory that stays from run to run."""

    inputs: int
    constants: int

    def of(self, buffer: Buffer) -> tuple[int, int]:
        """The position of the pointer that a buffer is counted from, and its distance in bytes."""
        if buffer.base is Base.INPUT:
            return buffer.position, 0
        if buffer.base is Base.CONSTANT:
            return self.inputs + buffer.position, 0
        return self.inputs + self.constants + MEMORY.index(buffer.base), buffer.position


@dataclass(frozen=True, eq=False)
class ExecutionPlan:
    """A program as a table of calls; ``results`` are the views of its outputs.

    ``setup`` holds the calls that read nothing but inputs which stay the same from run to run.
    """

    bases: Bases
    calls: list[KernelCall]
    lifetimes: list[Lifetime]
    constants: list[NDArray]
    results: list[StridedView]
    setup: NDArray
    table: NDArray
    arena: int
    kept: int
    threads: int
    is_parallel: bool


def planned(
    scheduler: Scheduler,
    program: Program,
    fixed: Collection[int] | None = None,
    guard: int = 0,
) -> ExecutionPlan:
    """The plan of a scheduled program whose kernels are compiled.

    ``fixed`` are the inputs that stay the same from run to run; without it nothing does. ``guard``
    bytes after each buffer stay unused.
    """
    calls = scheduler.calls
    for call in calls:
        if call.memory is not None:
            memory = arena_bytes(call.code.pieces, call.rows)
            call.arguments[2] = memory
            is_shared = call.sharing is WorkSharing.SHARED
            shares = min(scheduler.kernels.threads, call.rows) if is_shared else 1
            call.memory.nbytes = memory * shares
    results = [scheduler.at(atom) for atom in program.outputs]
    ending = {id(place.pointer) for place in results}
    lifetimes = lifetimes_of(calls, ending)
    once = set() if fixed is None else settled(calls, fixed, ending)
    touched = {id(b) for i in once for b, _ in calls[i].pointers}
    staying = [lifetime for lifetime in lifetimes if id(lifetime.buffer) in touched]
    others = [lifetime for lifetime in lifetimes if id(lifetime.buffer) not in touched]
    for lifetime in staying:
        lifetime.first, lifetime.last = 0, len(calls)
    arena, kept = (lay_out(part, len(calls), guard) for part in (others, staying))
    for lifetime in lifetimes:
        buffer = lifetime.buffer
        buffer.base = Base.KEPT if id(buffer) in touched else Base.ARENA
        buffer.position = lifetime.offset
    bases = Bases(len(program.inputs), len(scheduler.constants))
    return ExecutionPlan(
        bases,
        calls,
        lifetimes,
        [np.ascontiguousarray(literal.value) for literal in scheduler.constants],
        results,
        table_of(bases, [call for i, call in enumerate(calls) if i in once]),
        table_of(bases, [call for i, call in enumerate(calls) if i not in once]),
        arena,
        kept,
        scheduler.kernels.threads,
        sum(call.cost for call in calls if sharing(call)) >= WORTH_IN_ALL,
    )


def settled(calls: Sequence[KernelCall], fixed: Collection[int], results: set[int]) -> set[int]:
    """The calls that compute from fixed inputs alone, and no results.

    A buffer that any other call touches might be written there, and is not trusted from then on;
    nor is one that a call both reads and writes (a product that begins from what it overwrites).
    """
    once: set[int] = set()
    changing = results | {key for call in calls for key in named_twice(call)}
    for i, call in enumerate(calls):
        buffers = [buffer for buffer, _ in call.pointers if buffer is not None]
        if all(is_settled(buffer, fixed, changing) for buffer in buffers):
            once.add(i)
        else:
            changing.update(map(id, buffers))
    return once


def named_twice(call: KernelCall) -> set[int]:
    """The buffers that several pointers of a call lie in."""
    keys = [id(buffer) for buffer, _ in call.pointers if buffer is not None]
    return {key for key in keys if keys.count(key) > 1}


def is_settled(buffer: Buffer, fixed: Collection[int], changing: set[int]) -> bool:
    if buffer.base is Base.INPUT:
        return buffer.position in fixed
    is_own = buffer.base is Base.ARENA and id(buffer) not in changing
    return buffer.base is Base.CONSTANT or is_own


def table_of(bases: Bases, calls: Sequence[KernelCall]) -> NDArray:
    return np.array([word for call in calls for word in instruction(bases, call)], np.int64)


def sharing(call: KernelCall) -> WorkSharing:
    """The threads of a call."""
    return call.sharing if call.cost >= WORTH else WorkSharing.ALONE


def instruction(bases: Bases, call: KernelCall) -> list[int]:
    """A call as the driver reads it."""
    pointers: list[int] = []
    for buffer, offset in call.pointers:
        base, begin = (-1, 0) if buffer is None else bases.of(buffer)
        pointers += [base, begin + offset]
    counts = [len(call.pointers), len(call.arguments)]
    assert counts[0] <= MOST_POINTERS
    size = 3 + len(counts) + len(pointers) + len(call.arguments)
    return [size, call.code.address, sharing(call), *counts, *pointers, *call.arguments]
