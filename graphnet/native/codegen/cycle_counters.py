"""Cycle counters of timed kernels: the cycles of each equation of a scan's body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import llvmlite.binding as llvm
from llvmlite import ir

from graphnet.ir.core.program import Equation
from graphnet.native.llvm.elements import declared
from graphnet.native.llvm.ir_helpers import INDEX, index


class Emitting(Protocol):
    """An emitter; a loop that it emits leaves it in another block."""

    builder: ir.IRBuilder


class Clock:
    """Adds what passes to counters in memory, one for each equation of a body; final.

    What is computed together is divided evenly among its equations.
    """

    def __init__(self, equations: Sequence[Equation], counters: ir.Value) -> None:
        self.position = {id(equation): i for i, equation in enumerate(equations)}
        self.counters = counters

    @contextmanager
    def timed(self, emitter: Emitting, equations: Sequence[Equation]) -> Iterator[None]:
        before = now(emitter.builder)
        yield
        builder = emitter.builder
        passed = builder.sub(now(builder), before)
        part = builder.udiv(passed, index(len(equations))) if len(equations) > 1 else passed
        for equation in equations:
            place = builder.gep(
                self.counters, [index(self.position[id(equation)])], source_etype=INDEX
            )
            builder.store(builder.add(builder.load(place, typ=INDEX), part), place)


def now(builder: ir.IRBuilder) -> ir.Value:
    """The time in cycles, or in ticks where programs may not read cycles."""
    if llvm.get_process_triple().startswith(("aarch64", "arm64")):
        kind = ir.FunctionType(INDEX, [])
        return builder.asm(kind, "mrs $0, CNTVCT_EL0", "=r", [], side_effect=True)
    return builder.call(declared(builder, "llvm.readcyclecounter", INDEX, []), [])
