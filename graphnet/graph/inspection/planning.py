"""Planning: the memory plan of a module or a training step, from shapes; nothing is computed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph.inspection.memory_plan import ArenaPlan, BufferRow, MemoryPlan
from graphnet.graph.inspection.stages import Stage, stage_of_step, stages_of, values_of
from graphnet.graph.inspection.summary import FLOAT, stand_in
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.optional import arranged
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.running.signature import executable_for
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.selection import NOTHING
from graphnet.graph.values.sources import Draw, Remembered, Source
from graphnet.ir.core.primitive import Kind
from graphnet.ir.core.program import Equation, Program, Var
from graphnet.native import compiled, is_available
from graphnet.native.analysis.attribution import Attribution, common_prefix
from graphnet.native.analysis.compiled_piece import code_of
from graphnet.native.scheduling.buffers import Buffer, Role

if TYPE_CHECKING:
    from graphnet.native.execution.partition import Native
    from graphnet.native.scheduling.calls import Call

NAMED = 3
"""Of more nodes than these, only the common prefix or the number is shown."""


def module_plan(
    module: BaseModule, shapes: Sequence[Any], dtype: Any, named: Mapping[str, Any]
) -> MemoryPlan:
    """Of forward, and in training mode of backward."""
    require_compiler()
    if not shapes:
        raise ShapeError("needs the shape of each input", "net.memory_plan((5, 3))", "A plan")
    dtype = parameter_dtype(module, FLOAT) if dtype is None else dtype
    values = [stand_in(shape, dtype) for shape in shapes]
    more = {name: stand_in(shape, dtype) for name, shape in named.items()}
    value = arranged(module, [values[0] if len(values) == 1 else values], more)
    traced = executable_for(module, value, NOTHING)[0].traced
    stages = stages_of(traced, module.is_training)
    sizes = input_bytes(zip(traced.program.inputs, traced.sources, strict=True))
    return plan([(stage, compiled(stage.program)) for stage in stages], sizes)


def step_plan(linked: LinkedProgram) -> MemoryPlan:
    """Of a training step; raises GraphError where there is no compiler."""
    require_compiler()
    sizes = input_bytes(zip(linked.program.inputs, linked.sources, strict=True))
    return plan([(stage_of_step(linked), compiled(linked.program))], sizes)


def require_compiler() -> None:
    if not is_available():
        raise GraphError(
            "needs llvmlite: the interpreter has no arena to plan",
            "pip install llvmlite",
            "A memory plan",
        )


def plan(programs: Iterable[tuple[Stage, Program]], sizes: Mapping[str, int]) -> MemoryPlan:
    arenas: list[ArenaPlan] = []
    interpreted: dict[str, None] = {}
    for stage, program in programs:
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


def contents(
    buffer: Buffer, attribution: Attribution, made: Container[Var]
) -> tuple[tuple[str, ...], str]:
    """The nodes that a buffer belongs to, and a description; ``made`` are the values of forward."""
    if buffer.role in (Role.VALUES, Role.STEPS) and buffer.var is not None:
        kind = "values" if buffer.var in made else "gradients"
        nodes, holds = held(buffer.var, kind, attribution)
        return nodes, holds + " at each step" * (buffer.role is Role.STEPS)
    shares: dict[str, float] = {}
    for equation in buffer.equations:
        shares.update(attribution.shares(equation))
    nodes = tuple(shares)
    if buffer.role is Role.PANELS:
        products = [e.inputs[1] for e in buffer.equations if e.primitive.kind is Kind.PRODUCT]
        owners = attribution.owners(products[0]) if products else None
        what = "packed operand" if owners is None else "packed weights"
        return tuple(owners or nodes), f"{what} of {names(owners or nodes)}"
    if buffer.role is Role.WORKING_MEMORY:
        return nodes, f"working memory of the scan {names(nodes)}".rstrip()
    return nodes, f"copy for {names(nodes)}"


def held(var: Var, kind: str, attribution: Attribution) -> tuple[tuple[str, ...], str]:
    owners = attribution.owners(var)
    nodes = tuple(owners or attribution.of_value(var))
    return nodes, f"{'joined weights' if owners else kind} of {names(nodes)}"


def names(paths: Iterable[str]) -> str:
    """Names of nodes, abbreviated: ``layer1.*.i2h`` or ``layer1 (8 nodes)``."""
    paths = [path or "the whole net" for path in paths]
    if len(paths) <= NAMED:
        return ", ".join(paths)
    around = common_prefix(paths)
    ends = {path.rpartition(".")[2] for path in paths}
    if len(ends) == 1:
        return ".".join(filter(None, (around, "*", *ends)))
    return f"{around} ({len(paths)} nodes)" if around else f"{len(paths)} nodes"


def call_text(call: Call, attribution: Attribution) -> str:
    """``product for layer1.forget_gate.i2h``."""
    shares: dict[str, float] = {}
    for equation in call.served:
        shares.update(attribution.shares(equation))
    return f"{call.code.kind.value} for {names(shares)}"


def input_bytes(inputs: Iterable[tuple[Var, Source]]) -> dict[str, int]:
    """Bytes of the inputs of a program, by kind of source."""
    found = {"inputs": 0, "parameters": 0}
    for var, source in inputs:
        kind = "inputs"
        if isinstance(source, Parameter | Vector):
            kind = "parameters"
        elif isinstance(source, Draw):
            kind = "random numbers"
        elif isinstance(source, Remembered):
            kind = "remembered states"
        found[kind] = found.get(kind, 0) + var.type.size * var.type.dtype.itemsize
    return found
