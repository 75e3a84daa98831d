"""The program of a training step: forward and backward in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.graph.running.linked_program import LinkedProgram
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values import table
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.sources import Source
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Program, Var, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.gc_disabled import gc_disabled
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.primitives.shaping import broadcast


def step_program(traced: Traced, loss_scale: float, by_inputs: bool) -> LinkedProgram:
    """Forward and backward, from the gradient ``loss_scale`` of the loss, the first output.

    Made once for each trace; ``by_inputs`` adds the gradients of the net's input.
    """
    memo, key = traced.program.memo, ("step", loss_scale, by_inputs)
    if key not in memo:
        with gc_disabled():
            memo[key] = differentiated(traced, loss_scale, by_inputs)
    step: LinkedProgram = memo[key]
    return step


def differentiated(traced: Traced, loss_scale: float, by_inputs: bool) -> LinkedProgram:
    program = traced.program
    leaves = leaves_of_input(traced.input_structure) if by_inputs else 0
    chosen: dict[Var, Source] = {
        var: source
        for var, source in zip(program.inputs, traced.sources, strict=True)
        if isinstance(source, Parameter) or (isinstance(source, int) and source < leaves)
        if var.type.is_float
    }
    derivative = differentiate(program, list(chosen), seeded=traced.output_count)
    first = len(program.outputs)
    pairs = zip(chosen.values(), derivative.slots, strict=True)
    gradients = {source: first + slot for source, slot in pairs if slot is not None}
    whole = with_backward(derivative, traced, loss_scale)
    return LinkedProgram(whole, traced.sources, gradients)


def leaves_of_input(structure: table.Structure) -> int:
    """How many of the leaves of (input, target) are the net's input."""
    assert isinstance(structure, tuple)
    return table.count(structure[0])


def with_backward(derivative: Derivative, traced: Traced, loss_scale: float) -> Program:
    """Forward, then backward from constant gradients of the outputs."""
    equations: list[Equation] = []
    seeds: list[Atom] = []
    for i, atom in enumerate(traced.program.outputs[: traced.output_count]):
        if atom.type.is_float:
            value = literal(loss_scale if i == 0 else 0.0, atom.type.dtype)
            seeds.append(filled_with(value, atom.type, equations))
    program = derivative.joined(seeds)
    return Program(program.inputs, [*equations, *program.equations], program.outputs)


def filled_with(value: Atom, type: ArrayType, equations: list[Equation]) -> Atom:
    """An array of one value, by broadcasting."""
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
    """Append an equation; its output."""
    equations.append(Equation(primitive, inputs, settings, (output,), None))
    return output
