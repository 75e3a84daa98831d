"""Reverse-mode differentiation: a program in, (forward with residuals, backward) out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphnet.errors import GraphnetError
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder, apart, building, origin
from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.core.types import ArrayType


@dataclass(frozen=True, slots=True)
class Derivative:
    """The derivative of a program: a forward and a backward program.

    ``forward`` has the inputs and outputs of the original, followed by ``residuals``: the values
    read by ``backward``. ``backward`` takes the residuals and then one gradient (a seed) for each
    floating output of the original, and returns gradients. ``slots`` has one entry for each
    requested value: the position of its gradient in the outputs of ``backward``, or None for zero.
    """

    forward: Program
    residuals: tuple[Atom, ...]
    backward: Program
    slots: tuple[int | None, ...]

    def joined(self, seeds: Sequence[Atom]) -> Program:
        """Forward and backward as one program without residuals.

        Its outputs are those of the original, then those of ``backward`` for these seeds.
        """
        count = len(self.forward.outputs) - len(self.residuals)
        found: dict[Atom, Atom] = dict(
            zip(self.backward.inputs, (*self.residuals, *seeds), strict=True)
        )
        equations = list(self.forward.equations)
        for equation in self.backward.equations:
            inputs = tuple(found.get(atom, atom) for atom in equation.inputs)
            equations.append(
                Equation(
                    equation.primitive, inputs, equation.settings, equation.outputs, equation.origin
                )
            )
        gradients = (found.get(atom, atom) for atom in self.backward.outputs)
        return Program(self.forward.inputs, equations, (*self.forward.outputs[:count], *gradients))


@apart
def differentiate(program: Program, wanted: Sequence[Var], seeded: int | None = None) -> Derivative:
    """Differentiate by any values of the program: inputs or intermediate ones.

    Gradients flow in from the first ``seeded`` outputs (all of them by default). Raises
    GraphnetError if a vjp returns a gradient of the wrong type.
    """
    active = active_values(program, wanted)
    forward, saved = with_residuals(program, active)
    shell = Builder()
    builder = Builder(outer=shell, barrier=True)
    with building(builder):
        gradients: dict[Var, Array] = {}
        for atom in program.outputs[:seeded]:
            if atom.type.is_float:
                accumulate(gradients, atom, builder.input(atom.type), active)
        for equation in reversed(forward):
            if equation.primitive.vjp and not gradients.keys().isdisjoint(equation.outputs):
                pull_back(equation, gradients, active, shell, saved.get(id(equation)))
        results = [gradients.get(var) for var in wanted]
        outputs = [builder.atom(array) for array in results if array is not None]
    positions = iter(range(len(outputs)))
    slots = tuple(None if array is None else next(positions) for array in results)
    pruned = builder.program(outputs).pruned()
    residuals, backward = used_residuals(tuple(builder.captures), pruned)
    return Derivative(
        Program(program.inputs, forward, (*program.outputs, *residuals)),
        residuals,
        backward,
        slots,
    )


def active_values(program: Program, wanted: Sequence[Var]) -> set[Var]:
    """The floating values that depend on a wanted one: only these need gradients."""
    active = {var for var in wanted if var.type.is_float}
    for equation in program.equations:
        if equation.primitive.vjp and any(is_var(a) and a in active for a in equation.inputs):
            active.update(var for var in equation.outputs if var.type.is_float)
    return active


def with_residuals(
    program: Program, active: set[Var]
) -> tuple[list[Equation], dict[int, tuple[Equation, Any]]]:
    """The equations; scans also return their residuals."""
    equations: list[Equation] = []
    saved: dict[int, tuple[Equation, Any]] = {}
    for equation in program.equations:
        rule = equation.primitive.residuals
        if rule and not active.isdisjoint(equation.outputs):
            flags = tuple(is_var(atom) and atom in active for atom in equation.inputs)
            settings, notes = rule(equation, flags)
            types = equation.primitive.output_types(equation.inputs, settings)
            extra = tuple(Var(type) for type in types[len(equation.outputs) :])
            longer = Equation(
                equation.primitive,
                equation.inputs,
                settings,
                (*equation.outputs, *extra),
                equation.origin,
            )
            saved[id(longer)] = (equation, notes)
            equation = longer
        equations.append(equation)
    return equations, saved


def pull_back(
    equation: Equation,
    gradients: dict[Var, Array],
    active: set[Var],
    shell: Builder,
    saved: tuple[Equation, Any] | None,
) -> None:
    """Add the gradients of the inputs of one equation, from those of its outputs."""
    primitive = equation.primitive
    values = [Array(shell, atom) for atom in equation.inputs]
    results = tuple(Array(shell, var) for var in equation.outputs)
    incoming = tuple(gradients.get(var) for var in equation.outputs)
    settings = dict(equation.settings)
    if saved:
        settings["saved"] = saved
    with origin(equation.origin):
        assert primitive.vjp is not None
        if primitive.many:
            back = primitive.vjp(incoming, results, *values, **settings)
        else:
            back = primitive.vjp(incoming[0], results[0], *values, **settings)
        for atom, array in zip(equation.inputs, back, strict=True):
            if array is not None:
                require_type(equation, atom.type, array.type)
                accumulate(gradients, atom, array, active)


def accumulate(gradients: dict[Var, Array], atom: Atom, array: Array, active: set[Var]) -> None:
    if is_var(atom) and atom in active:
        gradients[atom] = gradients[atom] + array if atom in gradients else array


def require_type(equation: Equation, expected: ArrayType, received: ArrayType) -> None:
    if expected != received:
        raise GraphnetError(
            f"returns a gradient of type {received} for an operand of type {expected}",
            subject=f"the vjp of {equation.primitive.name}",
        )


def used_residuals(
    captured: tuple[Atom, ...], backward: Program
) -> tuple[tuple[Atom, ...], Program]:
    """Drop unused residuals."""
    read: set[Atom] = {atom for equation in backward.equations for atom in equation.inputs}
    read.update(backward.outputs)
    kept = [i for i in range(len(captured)) if backward.inputs[i] in read]
    inputs = (*(backward.inputs[i] for i in kept), *backward.inputs[len(captured) :])
    trimmed = Program(inputs, backward.equations, backward.outputs)
    return tuple(captured[i] for i in kept), trimmed
