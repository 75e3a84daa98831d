"""Lowering: what of a program has native rules becomes one call of machine code; the rest stays."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Sequence
from functools import cache

import numpy as np

from graphnet.ir.interpreter import interpreter
from graphnet.ir.primitive import Primitive
from graphnet.ir.program import Equation, Program, Var, is_var
from graphnet.ir.types import NDArray
from graphnet.native import pool
from graphnet.native.arenas import Arenas, start_of
from graphnet.native.driver import ABANDONED, SHARED_WORDS, driver
from graphnet.native.kernels import Kernels
from graphnet.native.place import Place
from graphnet.native.plan import Plan, planned
from graphnet.native.rules import VIEWS, reason_not_native
from graphnet.native.schedule_rules import scheduled
from graphnet.native.target import Processor, host

FLAG_WORDS = 8
"""A line of the cache: the flag, before the words in which threads wait for each other."""


def lowered(program: Program, processor: Processor | None = None) -> Program:
    """The program with all that has native rules compiled, in as few pieces as may be."""
    processor = processor or host()
    kernels = Kernels(processor, pool.threads())
    equations: list[Equation] = []
    for piece, is_native in pieces_of(program):
        if is_native:
            equations.append(native_equation(program, piece, kernels))
        else:
            equations += [with_lowered_bodies(equation, processor) for equation in piece]
    return Program(program.inputs, equations, program.outputs)


def with_lowered_bodies(equation: Equation, processor: Processor) -> Equation:
    """An equation that stays with the interpreter (a scan around a scan), its body lowered."""
    if not any(equation.bodies()):
        return equation
    settings = {
        name: lowered(value, processor) if isinstance(value, Program) else value
        for name, value in equation.settings.items()
    }
    return Equation(
        equation.primitive, equation.inputs, settings, equation.outputs, equation.origin
    )


def pieces_of(program: Program) -> list[tuple[list[Equation], bool]]:
    """The equations divided into native pieces and others, in an order of execution.

    What is not native, and what reads it, comes as late as it can: most programs have one native
    piece, or one before and one after.
    """
    level: dict[Var, int] = {}
    levels: dict[int, list[Equation]] = {}
    for equation in program.equations:
        at = max((level.get(a, 0) for a in equation.inputs if is_var(a)), default=0)
        reason = reason_not_native(equation)
        if reason and not tells_itself(reason, equation):
            tell(reason, equation)
        if bool(reason) != bool(at % 2):
            at += 1
        level.update((var, at) for var in equation.outputs)
        levels.setdefault(at, []).append(equation)
    pieces = [(levels[at], at % 2 == 0) for at in sorted(levels)]
    return [(p, n and any(e.primitive.name not in VIEWS for e in p)) for p, n in pieces]


def tells_itself(reason: str, equation: Equation) -> bool:
    """Whether the equation of a body that has no rule will say so when the body is lowered."""
    bodies = [e.primitive.name for body in equation.bodies() for e in body.equations]
    return reason != "scan" and reason in bodies


def native_equation(program: Program, piece: list[Equation], kernels: Kernels) -> Equation:
    """One equation in the place of a piece."""
    made = {var for equation in piece for var in equation.outputs}
    inside = set(map(id, piece))
    read = {a for e in program.equations if id(e) not in inside for a in e.inputs}
    read.update(program.outputs)
    inputs = dict.fromkeys(a for e in piece for a in e.inputs if is_var(a) and a not in made)
    outputs = tuple(var for e in piece for var in e.outputs if var in read)
    smaller = Program(tuple(inputs), piece, outputs)
    native = Native(smaller, kernels)
    types = tuple(var.type for var in outputs)
    primitive = Primitive("native", lambda *_, **__: types, native, None, many=True)
    return Equation(primitive, smaller.inputs, {}, outputs, piece[0].origin)


class Native:
    """A piece of a program as machine code; final."""

    def __init__(self, program: Program, kernels: Kernels) -> None:
        self.program = program
        scheduler = scheduled(program, kernels)
        kernels.compile()
        self.plan = planned(scheduler, program)
        self.arenas = Arenas(self.plan.arena)

    def __call__(self, *arrays: NDArray) -> list[NDArray]:
        plan = self.plan
        held = [np.require(array, requirements=["C", "A"]) for array in arrays]
        arena = self.arenas.take()
        shared = np.zeros(FLAG_WORDS + SHARED_WORDS, np.int64)
        addresses = [array.ctypes.data for array in (*held, *plan.constants, arena, shared)]
        start = start_of(arena)
        addresses[-2] += start  # the arena
        bases = (ctypes.c_void_p * len(addresses))(*addresses)
        execute(plan, ctypes.addressof(bases), shared)
        if shared[0]:
            return interpreter(self.program)(arrays)  # which says what is wrong
        return [exported(place, held, plan, arena, start) for place in plan.results]


def execute(plan: Plan, bases: int, shared: NDArray) -> None:
    """Run the calls of a plan, on all threads where that pays and they are free."""
    table, length = plan.table.ctypes.data, len(plan.table)
    waiting = shared.ctypes.data + FLAG_WORDS * shared.itemsize
    drive = driver()
    threads = min(plan.threads, pool.threads()) if plan.is_parallel else 1

    def part(thread: int) -> None:
        drive(table, length, bases, thread, threads, waiting)

    def abandon() -> None:
        shared[FLAG_WORDS + ABANDONED] = 1

    if threads == 1 or not pool.run(threads, part, abandon):
        drive(table, length, bases, 0, 1, waiting)


def exported(
    place: Place, held: Sequence[NDArray], plan: Plan, arena: NDArray, begin: int
) -> NDArray:
    """An output as an array: a view of what it lies in."""
    type, (kind, i) = place.type, place.pointer.source
    if not type.size:
        return np.empty(type.shape, type.dtype)
    base = {"input": held, "constant": plan.constants}.get(kind)
    start = place.offset * type.dtype.itemsize + (begin + i if base is None else 0)
    strides = [stride * type.dtype.itemsize for stride in place.strides]
    whole = arena if base is None else base[i]
    return np.ndarray(type.shape, type.dtype, whole, start, strides)


@cache
def tell_once(reason: str, place: str) -> None:
    warnings.warn(f"{place} stays with the interpreter: no native rule for {reason}", stacklevel=2)


def tell(reason: str, equation: Equation) -> None:
    """Say once what is not compiled, and why."""
    tell_once(reason, str(equation.origin or "an equation"))
