"""The memory sanitizer: guard bytes and dead buffers are poisoned, and checked after each call.

Calls run one after the other, each on all threads. What a kernel reads outside of its arrays, or
after their lifetime, is NaN and spoils the results; what it writes there, or into an input or a
constant, raises StrayWriteError.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from graphnet.ir.core.program import Program
from graphnet.ir.core.types import NDArray
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.execution.call_frame import Frame, exporter
from graphnet.native.llvm.target import Processor, host
from graphnet.native.runtime.dispatcher import driver
from graphnet.native.scheduling.buffers import Base, Buffer
from graphnet.native.scheduling.calls import KernelCall
from graphnet.native.scheduling.execution_plan import ExecutionPlan, planned, table_of
from graphnet.native.scheduling.rules import scheduled

GUARD = 256
"""Guard bytes around each array."""
POISON = 0xFF
"""A byte of which NaN are made, in both types."""


class StrayWriteError(AssertionError):
    """A kernel wrote where it has nothing to write."""


def checked_run(
    program: Program,
    arrays: Sequence[NDArray],
    processor: Processor | None = None,
    threads: int = 1,
) -> list[NDArray]:
    """The outputs of a program, all of which is native; raises StrayWriteError."""
    kernels = Kernels(processor or host(), threads)
    scheduler = scheduled(program, kernels)
    kernels.compile()
    plan = planned(scheduler, program, guard=GUARD)
    return Checked(plan, arrays, threads).run()


class Checked:
    """One run of a plan; final."""

    def __init__(self, plan: ExecutionPlan, arrays: Sequence[NDArray], threads: int) -> None:
        self.plan, self.threads = plan, threads
        self.arena = np.full(plan.arena + 2 * GUARD, POISON, np.uint8)
        self.inputs = [guarded(array) for array in (*arrays, *plan.constants)]
        self.given = [whole(array).tobytes() for array in self.inputs]
        self.flag = np.zeros(1, np.int64)
        addresses = [array.ctypes.data for array in (*self.inputs, self.arena, self.flag)]
        addresses[-2] += GUARD
        self.bases = (ctypes.c_void_p * (len(addresses) + 1))(*addresses)

    def run(self) -> list[NDArray]:
        for number, call in enumerate(self.plan.calls):
            before = self.arena.copy()
            self.execute(call)
            self.require_untouched(before, call, number)
            for lifetime in self.plan.lifetimes:
                if lifetime.last == number:
                    self.arena[self.span(lifetime.buffer)] = POISON
        frame = Frame(self.flag, self.bases, 0, self.inputs, self.arena, GUARD)
        return [np.array(exporter(place, self.plan)(frame)) for place in self.plan.results]

    def execute(self, call: KernelCall) -> None:
        table = table_of(self.plan.bases, [call])
        table[2] = call.sharing  # however small it is
        bases = ctypes.addressof(self.bases)
        driver()(table.ctypes.data, len(table), bases, self.threads)

    def require_untouched(self, before: NDArray, call: KernelCall, number: int) -> None:
        """All bytes but those of the buffers that the call was given."""
        own = np.zeros(len(before), bool)
        for buffer, _ in call.pointers:
            if buffer is not None and buffer.base is Base.ARENA:
                own[self.span(buffer)] = True
        stray = np.flatnonzero((before != self.arena) & ~own)
        now = [whole(array).tobytes() for array in self.inputs]
        if len(stray) or now != self.given:
            raise StrayWriteError(
                f"call {number} ({call.code.key[:80]}) at {stray[:1]} {call.arguments}"
            )

    def span(self, buffer: Buffer) -> slice:
        start = GUARD + buffer.position
        return slice(start, start + buffer.nbytes)


def guarded(array: NDArray) -> NDArray:
    """A contiguous copy of an array between guards."""
    memory = np.full(array.nbytes + 2 * GUARD, POISON, np.uint8)
    inner = memory[GUARD : GUARD + array.nbytes].view(array.dtype).reshape(array.shape)
    inner[...] = array
    return inner


def whole(array: NDArray) -> NDArray:
    """An array of ``guarded`` with its guards."""
    while array.base is not None:
        array = array.base
    return array
