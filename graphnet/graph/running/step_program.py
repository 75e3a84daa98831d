"""The program of a training step: forward and backward in one, on parameters in one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values import table
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.sources import Source
from graphnet.ir.core.interpreter import Interpreter, interpreter
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Program, Var, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.gc_disabled import gc_disabled
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.shaping import broadcast, concatenate, reshape
from graphnet.native import compiled, is_available


@dataclass(frozen=True, eq=False, slots=True)
class Vector:
    """The vector that all parameters of a net lie in, as a source: it stands for all of them."""

    type: ArrayType
    starts: Mapping[Parameter, int]


@dataclass(frozen=True, slots=True)
class StepProgram:
    """A program, what fills its inputs, and where among its outputs gradients are."""

    program: Program
    sources: Sequence[Source]
    gradients: Mapping[Parameter, int] = field(default_factory=dict)
    by_inputs: Mapping[int, int] = field(default_factory=dict)
    """By leaves of the input."""
    by_vector: int | None = None

    def is_native(self) -> bool:
        """Whether all of it becomes machine code."""
        if not is_available():
            return False
        from graphnet.native.scheduling.support import reason_not_native

        return not any(reason_not_native(equation) for equation in self.program.equations)

    def prepared(self) -> Interpreter:
        """Ready to run: compiled, where that can be done."""
        with gc_disabled():
            return interpreter(compiled(self.program) if is_available() else self.program)


def forward_program(traced: Traced) -> StepProgram:
    return StepProgram(traced.program, traced.sources)


def step_program(traced: Traced, loss_scale: float, by_inputs: bool) -> StepProgram:
    """Forward and backward, from the gradient ``loss_scale`` of the loss, the first output."""
    program = traced.program
    leaves = leaves_of_input(traced.input_structure) if by_inputs else 0
    wanted: dict[Var, Source] = {
        var: source
        for var, source in zip(program.inputs, traced.sources, strict=True)
        if isinstance(source, Parameter) or (isinstance(source, int) and source < leaves)
        if var.type.is_float
    }
    with gc_disabled():
        derivative = differentiate(program, list(wanted), seeded=traced.output_count)
        whole = joined(derivative, traced, loss_scale)
    first = len(program.outputs)
    found = [
        (source, first + slot)
        for source, slot in zip(wanted.values(), derivative.slots, strict=True)
        if slot is not None
    ]
    return StepProgram(
        whole,
        traced.sources,
        {source: at for source, at in found if isinstance(source, Parameter)},
        {source: at for source, at in found if isinstance(source, int)},
    )


def leaves_of_input(structure: table.Structure) -> int:
    """How many of the leaves of (input, target) are the net's input."""
    assert isinstance(structure, tuple)
    return table.count(structure[0])


def joined(derivative: Derivative, traced: Traced, loss_scale: float) -> Program:
    equations: list[Equation] = []
    seeds: list[Atom] = []
    for i, atom in enumerate(traced.program.outputs[: traced.output_count]):
        if atom.type.is_float:
            value = literal(loss_scale if i == 0 else 0.0, atom.type.dtype)
            seeds.append(filled_with(value, atom.type, equations))
    program = derivative.joined(seeds)
    return Program(program.inputs, [*equations, *program.equations], program.outputs)


def filled_with(value: Atom, type: ArrayType, equations: list[Equation]) -> Atom:
    """An array of one value; takes up no memory."""
    if not type.shape:
        return value
    return emit(equations, broadcast, (value,), {"shape": type.shape}, Var(type))


def emit(
    equations: list[Equation],
    primitive: Primitive,
    inputs: tuple[Atom, ...],
    settings: Mapping[str, Any],
    output: Var,
) -> Var:
    equations.append(Equation(primitive, inputs, settings, (output,), None))
    return output


def on_vector(step: StepProgram, vector: Vector) -> StepProgram:
    """The same on the one vector of the parameters: it is one input, and its gradient one output.

    Each array that goes in or out costs a call about a microsecond, and each gradient another to
    be added. Slices of the vector cost nothing.
    """
    whole = Var(vector.type)
    equations: list[Equation] = []
    apart: list[tuple[Var, Source]] = []
    for var, source in zip(step.program.inputs, step.sources, strict=True):
        if isinstance(source, Parameter) and source in vector.starts:
            take_out(var, whole, vector.starts[source], equations)
        else:
            apart.append((var, source))
    equations += step.program.equations
    inside = {at for parameter, at in step.gradients.items() if parameter in vector.starts}
    kept = [i for i in range(len(step.program.outputs)) if i not in inside]
    moved = {old: new for new, old in enumerate(kept)}
    outputs = [step.program.outputs[i] for i in kept]
    if inside:
        outputs.append(put_together(step, vector, equations))
    return StepProgram(
        Program((*(var for var, _ in apart), whole), equations, tuple(outputs)),
        [*(source for _, source in apart), vector],
        {parameter: moved[at] for parameter, at in step.gradients.items() if at not in inside},
        {leaf: moved[at] for leaf, at in step.by_inputs.items()},
        len(kept) if inside else None,
    )


def take_out(var: Var, whole: Var, start: int, equations: list[Equation]) -> None:
    """Let a parameter's input be a part of the vector."""
    part = Var(ArrayType((var.type.size,), var.type.dtype))
    window = ((start, start + var.type.size, 1),)
    emit(equations, slice_, (whole,), {"window": window}, part)
    emit(equations, reshape, (part,), {"shape": var.type.shape}, var)


def put_together(step: StepProgram, vector: Vector, equations: list[Equation]) -> Var:
    """The gradients one after the other, zeros for parameters that have none."""
    parts: list[Atom] = []
    for parameter in vector.starts:
        flat = Var(ArrayType((parameter.size,), vector.type.dtype))
        if parameter in step.gradients:
            gradient = step.program.outputs[step.gradients[parameter]]
            emit(equations, reshape, (gradient,), {"shape": flat.type.shape}, flat)
            parts.append(flat)
        else:
            parts.append(filled_with(literal(0.0, flat.type.dtype), flat.type, equations))
    return emit(equations, concatenate, tuple(parts), {"axis": 0}, Var(vector.type))
