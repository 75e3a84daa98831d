"""Native pieces: a program divided into what is compiled, and what runs interpreted."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.ir.core.interpreter import interpreter
from graphnet.ir.core.program import Equation, Program, Var, is_var
from graphnet.ir.core.types import NDArray
from graphnet.native.analysis.compiled_piece import compiled
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.execution.call_frame import Frame, Frames, address_of
from graphnet.native.faults import MISTAKES, is_of_user, report_run
from graphnet.native.llvm.target import Processor, host
from graphnet.native.runtime import thread_count, thread_pool
from graphnet.native.runtime.dispatcher import driver
from graphnet.native.scheduling.execution_plan import planned
from graphnet.native.scheduling.rules import scheduled
from graphnet.native.scheduling.support import Reason, reason_not_native
from graphnet.source import warn_once


def lowered(program: Program, processor: Processor | None = None) -> Program:
    """The program with all that has native rules compiled, in as few pieces as may be."""
    processor = processor or host()
    kernels = Kernels(processor, thread_count.threads())
    equations: list[Equation] = []
    for piece, is_native in pieces_of(program):
        if is_native:
            equations.append(native_equation(program, piece, kernels))
        else:
            equations += [with_lowered_bodies(equation, processor) for equation in piece]
    return Program(program.inputs, equations, program.outputs)


def with_lowered_bodies(equation: Equation, processor: Processor) -> Equation:
    """An equation that runs interpreted (a scan around a scan), its body lowered."""
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
        if reason and not reason.is_of_body:
            warn_interpreted(equation, reason)
        if bool(reason) != bool(at % 2):
            at += 1
        level.update((var, at) for var in equation.outputs)
        levels.setdefault(at, []).append(equation)
    pieces = [(levels[at], at % 2 == 0) for at in sorted(levels)]
    return [(p, n and not all(e.primitive.is_view for e in p)) for p, n in pieces]


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
    return Equation(compiled, smaller.inputs, {"code": native}, outputs, piece[0].origin)


class Native:
    """A piece of a program as machine code; final."""

    def __init__(self, program: Program, kernels: Kernels) -> None:
        self.program, self.processor = program, kernels.processor
        scheduler = scheduled(program, kernels)
        kernels.compile()
        self.plan = planned(scheduler, program)
        self.frames = Frames(self.plan)
        self.table = address_of(self.plan.table), len(self.plan.table)
        self.drive = driver()

    def __repr__(self) -> str:
        return f"<machine code of {len(self.program.equations)} equations>"

    def __call__(self, *arrays: NDArray) -> list[NDArray]:
        """The results; the interpreter's where an index is wrong (it raises), or this code is."""
        try:
            frame = self.frames.take(arrays)
            self.execute(frame)
            if not frame.flag[0]:
                return self.frames.finish(frame)
        except MISTAKES as error:
            if type(error) not in MISTAKES or is_of_user(error):
                raise
            report_run(error, self.program.equations)
        return self.interpreted(arrays)  # kernels write into frames, and leave inputs as they were

    def interpreted(self, arrays: Sequence[NDArray]) -> list[NDArray]:
        return interpreter(self.program)(arrays)

    def execute(self, frame: Frame) -> None:
        """Run the calls of the plan, on several threads where that pays."""
        threads = min(self.plan.threads, thread_count.threads()) if self.plan.is_parallel else 1
        if threads > 1:
            thread_pool.wake(threads - 1)
        self.drive(*self.table, frame.address, threads)


def warn_interpreted(equation: Equation, reason: Reason) -> None:
    what = equation.origin or "an equation"
    warn_once(f"{what} runs interpreted: no compiled kernel for {reason.lacking}")
