"""A compiled net, and the views of it that ``graphnet compile`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from graphnet.errors import DataError, GraphError
from graphnet.graph import Module
from graphnet.graph.inspection.memory_plan import MemoryPlan, size_text
from graphnet.graph.inspection.planning import pieces
from graphnet.graph.inspection.stages import Stage, stages_of
from graphnet.graph.inspection.summary import FLOAT, stand_in
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.executables import executable_for
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.program import Program
from graphnet.native import PASSES, is_available, optimised
from graphnet.native.analysis.attribution import walk
from graphnet.text_table import aligned

VIEWS_OF_CODE = ("program", "calls", "memory", "profile", "llvm", "assembly")


class CompiledNet:
    """A net, compiled for inputs of these shapes; final."""

    def __init__(self, net: Module, shapes: Sequence[Any]) -> None:
        if not is_available():
            raise GraphError("needs llvmlite", "pip install llvmlite", "graphnet compile")
        from graphnet.native.debug.listing import Count

        self.net, self.shapes = net.compile(), shapes
        values = [stand_in(shape, parameter_dtype(net, FLOAT)) for shape in shapes]
        self.value = values[0] if len(values) == 1 else values
        self.stages = stages_of(executable_for(net, self.value, NOTHING)[0])
        self.count = Count()
        start = perf_counter()
        self.programs = [stage.prepared.compiled_if(native=True) for stage in self.stages]
        self.seconds = perf_counter() - start

    @cached_property
    def plan(self) -> MemoryPlan:
        return self.net.memory_plan(*self.shapes)

    # ---- what was made

    def lines(self) -> list[str]:
        """What was made, in a few lines."""
        return aligned(list(self.facts()))

    def facts(self) -> Iterator[tuple[str, str]]:
        """What was made: a word, and what it is."""
        natives = [native for program in self.programs for native in pieces(program)[0]]
        for stage, program in zip(self.stages, self.programs, strict=True):
            own = pieces(program)[0]
            calls = sum(len(native.plan.calls) for native in own)
            kernels = len({call.code.key for native in own for call in native.plan.calls})
            yield (
                stage.name,
                f"{size_of(stage.program)} equations, "
                f"{size_of(optimised(stage.program))} after the passes: "
                f"{calls} calls of {kernels} kernels",
            )
        yield "kernels", f"{self.count.text(natives)}, in {self.seconds:.2f} s"
        arenas = " + ".join(size_text(arena.bytes) for arena in self.plan.arenas)
        yield "arena", arenas or "none"
        if self.plan.interpreted:
            yield "native", f"all but what runs interpreted: {self.left_out()}"
        else:
            yield "native", "everything runs as machine code"
        if natives:
            processor, threads = natives[0].processor, natives[0].plan.threads
            yield (
                "for",
                f"{processor.name}, vectors of {processor.vector_bytes} bytes, "
                f"{threads} thread{'s' * (threads > 1)}",
            )

    def left_out(self) -> str:
        return ", ".join(self.plan.interpreted)

    # ---- views

    def shown(self, name: str) -> Iterator[str]:
        """The texts of one view, one for each program."""
        if name == "memory":
            yield str(self.plan)
        elif name == "profile":
            yield str(self.net.profile(self.arrays()))
        elif name == "calls":
            yield from self.calls()
        elif name in ("llvm", "assembly"):
            yield from self.code(name)
        else:
            for stage in self.stages:
                program, when = stage.program, "as it was traced"
                if name != "program":
                    program = program_after(stage, pass_of(name))
                    when = f"after {name.removeprefix('after=')}"
                yield f"# {stage.name}, {when}: {size_of(program)} equations\n{program}\n"

    def arrays(self) -> Any:
        """Random inputs; whole numbers are 1, which most tables and lengths allow."""
        random = np.random.default_rng(0)

        def filled(leaf: Any) -> Any:
            if leaf.dtype.kind == "f":
                return random.normal(size=leaf.shape).astype(leaf.dtype)
            return np.ones(leaf.shape, leaf.dtype)

        return table.map_table(filled, self.value)

    def calls(self) -> Iterator[str]:
        from graphnet.native.debug.listing import call_lines

        natives = [native for program in self.programs for native in pieces(program)[0]]
        for native, arena in zip(natives, self.plan.arenas, strict=True):
            yield "\n".join([f"# {arena.name}", *call_lines(native, arena.calls)])

    def code(self, name: str) -> Iterator[str]:
        from graphnet.native.debug.listing import assembly_text, llvm_text

        sign = ";" if name == "llvm" else "#"
        for stage, program in zip(self.stages, self.programs, strict=True):
            for native in pieces(program)[0]:
                text = llvm_text(native) if name == "llvm" else assembly_text(native)
                yield f"{sign} {stage.name}\n{text}"


def require_view(name: str) -> None:
    """Refuse what ``--show`` does not know; ``after=?`` is a way to ask for the passes."""
    if not name.startswith("after="):
        if name not in VIEWS_OF_CODE:
            known = ", ".join(("after=PASS", *VIEWS_OF_CODE))
            raise DataError(f"--show {name} is none of {known}", "--show after=? lists the passes.")
    elif pass_of(name) not in dict(PASSES):
        passes = ", ".join(known.replace(" ", "-") for known, _ in PASSES)
        raise DataError(f"--show {name} names no pass", f"There are, in this order: {passes}")


def pass_of(view: str) -> str:
    """The pass that ``after=join-sums`` names."""
    return view.removeprefix("after=").replace("-", " ")


def program_after(stage: Stage, last: str) -> Program:
    """The program of a stage after this pass and those before it."""
    program = stage.program
    for name, rewrite in PASSES:
        program = rewrite(program)
        if name == last:
            break
    return program


def size_of(program: Program) -> int:
    """Equations, with those of bodies."""
    return sum(1 for _ in walk(program))
