"""Profiling: compiled programs run call by call, with the time of each; scans look inside.

A second build of a scan counts the cycles of each equation of its body. It says how to divide the
time that the usual build takes, which has no clock in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from time import perf_counter_ns

import numpy as np

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import NDArray
from graphnet.native.analysis.compiled_piece import code_of
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.execution.call_frame import Frame, address_of
from graphnet.native.execution.native_pieces import Native
from graphnet.native.runtime.dispatcher import driver
from graphnet.native.scheduling.calls import KernelCall


class Profiler:
    """Runs pieces of machine code on one thread; final."""

    def __init__(self) -> None:
        self.timed: dict[Native, Native] = {}

    def __call__(
        self, equation: Equation, arrays: Sequence[NDArray]
    ) -> tuple[list[NDArray], Mapping[Equation, float]]:
        """The results of a piece, and nanoseconds by equation of its program."""
        native: Native = code_of(equation)
        frame = native.frames.take(arrays)
        times = [run(table, frame) for table in tables(native)]
        inside = self.inside(native, arrays)
        spent: dict[Equation, float] = {}
        for i, (call, time) in enumerate(zip(native.plan.calls, times, strict=True)):
            for inner, share in (inside.get(i) or evenly(call.served)).items():
                spent[inner] = spent.get(inner, 0.0) + time * share
        is_wrong = bool(frame.flag[0])  # an index: the interpreter raises
        results = native.interpreted(arrays) if is_wrong else native.frames.finish(frame)
        return results, spent

    def inside(self, native: Native, arrays: Sequence[NDArray]) -> dict[int, dict[Equation, float]]:
        """Of each call that is a scan: the parts of its time that equations of its body take."""
        if all(call.memory is None for call in native.plan.calls):
            return {}
        if native not in self.timed:
            kernels = Kernels(native.processor, threads=1, is_timed=True)
            self.timed[native] = Native(native.program, kernels)
        timed = self.timed[native]
        frame = timed.frames.take(arrays)
        found = {}
        for i, (call, table) in enumerate(zip(timed.plan.calls, tables(timed), strict=True)):
            counted = counters(call, frame)
            counted[:] = 0
            run(table, frame)
            if counted.any():
                (scan,) = call.equations
                (body,) = scan.bodies()
                shares = (counted / counted.sum()).tolist()
                found[i] = dict(zip(body.equations, shares, strict=True))
        return found


def tables(native: Native) -> list[NDArray]:
    """The table of a plan, call by call."""
    table, found, start = native.plan.table, [], 0
    while start < len(table):
        found.append(table[start : start + int(table[start])])
        start += len(found[-1])
    return found


def run(table: NDArray, frame: Frame) -> float:
    """The nanoseconds that the calls of a table take on one thread."""
    drive, where, length = driver(), address_of(table), len(table)
    start = perf_counter_ns()
    drive(where, length, frame.address, 1)
    return max(perf_counter_ns() - start - starting(), 0)


@cache
def starting() -> int:
    """The nanoseconds that Python takes to call the driver, for no work."""
    drive, times = driver(), []
    for _ in range(200):
        start = perf_counter_ns()
        drive(0, 0, 0, 1)
        times.append(perf_counter_ns() - start)
    return sorted(times)[len(times) // 2]


def counters(call: KernelCall, frame: Frame) -> NDArray:
    """The cycle counters of a call; empty without any."""
    if call.counters is None:
        return np.zeros(0, np.int64)
    start = frame.start + call.counters.position
    return np.ndarray(call.counters.nbytes // 8, np.int64, frame.arena, start)


def evenly(equations: Sequence[Equation]) -> dict[Equation, float]:
    return {equation: 1 / len(equations) for equation in equations}
