"""Planning: the memory plan of a module or a training step, from shapes; nothing is computed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph.inspection.buffer_contents import call_text, contents
from graphnet.graph.inspection.memory_plan import ArenaPlan, BufferRow, MemoryPlan
from graphnet.graph.inspection.stages import Stage, stages_of, values_of
from graphnet.graph.inspection.summary import FLOAT, stand_in, stand_ins
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.optional import arranged
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.linked_program import Vector
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.sources import Draw, Remembered, Source
from graphnet.ir.core.program import Equation, Program, Var
from graphnet.native import is_available
from graphnet.native.analysis.attribution import Attribution
from graphnet.native.analysis.compiled_piece import code_of

if TYPE_CHECKING:
    from graphnet.native.execution.native_pieces import Native


class Given(Enum):
    """What a run is given, in no arena."""

    INPUTS = "inputs"
    PARAMETERS = "parameters"
    DRAWS = "random numbers"
    STATES = "remembered states"
    BUFFERS = "buffers"

    @staticmethod
    def of(source: Source) -> Given:
        """By the source of an input of the program."""
        if isinstance(source, Parameter | Vector):
            return Given.PARAMETERS
        if isinstance(source, Draw):
            return Given.DRAWS
        if isinstance(source, Buffer):
            return Given.BUFFERS
        return Given.STATES if isinstance(source, Remembered) else Given.INPUTS


def module_input(
    module: BaseModule, shapes: Sequence[Any], dtype: Any, named: Mapping[str, Any]
) -> Any:
    """What stands for an input of these shapes; raises ShapeError without shapes."""
    require_compiler()
    if not shapes and not named:
        raise ShapeError("needs the shape of each input", "net.memory_plan((5, 3))", "A plan")
    given = [stand_ins(module, shapes, dtype)] if shapes else []
    dtype = parameter_dtype(module, FLOAT) if dtype is None else dtype
    more = {name: stand_in(shape, dtype) for name, shape in named.items()}
    return arranged(module, given, more)


def plan_of(executable: Executable) -> MemoryPlan:
    """Of all programs of an executable; raises GraphError where there is no compiler."""
    require_compiler()
    sizes = {Given.INPUTS.value: 0, Given.PARAMETERS.value: 0}
    for var, source in zip(
        executable.prepared.program.inputs, executable.linked.sources, strict=True
    ):
        given = Given.of(source).value
        sizes[given] = sizes.get(given, 0) + var.type.size * var.type.dtype.itemsize
    return plan(stages_of(executable), sizes)


def require_compiler() -> None:
    if not is_available():
        raise GraphError(
            "needs llvmlite: the interpreter has no arena to plan",
            "pip install llvmlite",
            "A memory plan",
        )


def plan(stages: Iterable[Stage], sizes: Mapping[str, int]) -> MemoryPlan:
    arenas: list[ArenaPlan] = []
    interpreted: dict[str, None] = {}
    for stage in stages:
        program = stage.prepared.compiled_if(native=True)
        attribution = stage.attribution(program)
        made = values_of(program, stage.values)
        natives, others = pieces(program)
        for number, native in enumerate(natives, start=1):
            name = f"{stage.name} ({number})" if len(natives) > 1 else stage.name
            arenas.append(arena_of(name, native, attribution, made))
        interpreted.update(dict.fromkeys(str(e.origin or e.primitive.name) for e in others))
    return MemoryPlan(tuple(arenas), sizes, tuple(interpreted))


def pieces(program: Program) -> tuple[list[Native], list[Equation]]:
    """The compiled equations of a program, also within bodies, and the interpreted ones."""
    natives: list[Native] = []
    others: list[Equation] = []
    for equation in program.equations:
        if (code := code_of(equation)) is not None:
            natives.append(code)
            continue
        bodies = [pieces(body) for body in equation.bodies()]
        natives += [native for found, _ in bodies for native in found]
        within = [inner for _, found in bodies for inner in found]
        if not equation.primitive.is_view:
            others += within or [equation]
    return natives, others


def arena_of(
    name: str, native: Native, attribution: Attribution, made: Container[Var]
) -> ArenaPlan:
    plan = native.plan
    rows = []
    for lifetime in plan.lifetimes:
        buffer = lifetime.buffer
        nodes, holds = contents(buffer, attribution, made)
        extent = (buffer.nbytes, lifetime.offset, lifetime.first, lifetime.last)
        rows.append(BufferRow(holds, *extent, nodes))
    calls = tuple(call_text(call, attribution) for call in plan.calls)
    return ArenaPlan(name, plan.arena, calls, tuple(rows))
