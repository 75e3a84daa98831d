"""``scan``: a body program run over the steps of a sequence; its gradient is a scan backwards.

Operands are ``[constants…, initial carried values…, sequences…]``; the body maps ``[constants…,
carried…, slices…]`` to ``[carried…, results…]``; the outputs are ``[final carried…, stacked
results…]``. Sequences and stacked results have the steps on their first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError, ShapeError
from graphnet.ir.array import Array
from graphnet.ir.builder import Builder, building, current_builder
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.primitive import primitive
from graphnet.ir.program import Atom, Equation, Program, Var, literal
from graphnet.ir.trace import atom_of, inline, resolve
from graphnet.ir.types import ArrayType, NDArray, type_of

Arrays = Sequence[Any]
Step = Callable[[list[Any], list[Any]], tuple[Arrays, Arrays]]


def scan(
    step: Step, carry: Arrays, sequences: Arrays, *, length: int, reverse: bool = False
) -> tuple[list[Any], list[Any]]:
    """Run ``step(carry, slices) -> (carry, results)`` over ``length`` steps.

    Returns the final carried values and the results stacked over the steps; with ``reverse`` the
    steps run from the last to the first, and results stay at their own positions.
    Arrays from outside that ``step`` reads become constants of the scan.
    Raises ShapeError where a carried value changes its type, or a sequence has another length.
    """
    carry, sequences = [resolve(v) for v in carry], [resolve(v) for v in sequences]
    inner = Builder(outer=current_builder.get())
    inner.steps = length
    with building(inner):
        enters = [inner.input(value_type(value)) for value in carry]
        slices = [inner.input(slice_of(value_type(value), length)) for value in sequences]
        leaves, results = step(enters, slices)
        atoms = [atom_of(inner, value) for value in (*leaves, *results)]
    check_carry([a.type for a in enters], [atom.type for atom in atoms[: len(leaves)]])
    body = inner.program(atoms)
    captured = inner.captured() if inner.captures else []
    outputs = scan_primitive(
        *captured,
        *carry,
        *sequences,
        *inner.late,
        body=body,
        constants=len(captured),
        carried=len(carry),
        length=length,
        reverse=reverse,
    )
    return list(outputs[: len(carry)]), list(outputs[len(carry) :])


def value_type(value: Any) -> ArrayType:
    return value.type if isinstance(value, Array) else type_of(np.asarray(value))


def slice_of(sequence: ArrayType, length: int) -> ArrayType:
    if sequence.shape[:1] != (length,):
        raise ShapeError(f"runs over {sequence.shape}, expected {length} steps on the first axis")
    return ArrayType(sequence.shape[1:], sequence.dtype)


def check_carry(enters: Sequence[ArrayType], leaves: Sequence[ArrayType]) -> None:
    if len(enters) != len(leaves):
        raise ShapeError(f"carries {len(enters)} values in and {len(leaves)} out of a step")
    for index, (before, after) in enumerate(zip(enters, leaves, strict=True)):
        if before != after:
            raise ShapeError(
                f"carries value {index} into a step as {before} and out of it as {after}",
                "A carried value must keep its shape and dtype.",
            )


# ---- rules


def scan_type(
    *types: ArrayType, body: Program, constants: int, carried: int, length: int, reverse: bool
) -> tuple[ArrayType, ...]:
    first = constants + carried
    slices = [slice_of(type, length) for type in types[first:]]
    check_carry([var.type for var in body.inputs], [*types[:first], *slices])
    outputs = [atom.type for atom in body.outputs]
    check_carry(types[constants:first], outputs[:carried])
    stacked = [ArrayType((length, *type.shape), type.dtype) for type in outputs[carried:]]
    return (*outputs[:carried], *stacked)


def scan_numpy(
    prepare: Callable[[Program], Callable[[Sequence[NDArray]], list[NDArray]]],
    *arrays: NDArray,
    body: Program,
    constants: int,
    carried: int,
    length: int,
    reverse: bool,
) -> list[NDArray]:
    run = prepare(body)
    fixed, carry = list(arrays[:constants]), list(arrays[constants : constants + carried])
    sequences = arrays[constants + carried :]
    stacked = [
        np.empty((length, *atom.type.shape), atom.type.dtype) for atom in body.outputs[carried:]
    ]
    for t in range(length - 1, -1, -1) if reverse else range(length):
        try:
            outputs = run([*fixed, *carry, *[sequence[t] for sequence in sequences]])
        except GraphnetError as error:
            error.step = t if error.step is None else error.step
            raise
        carry = outputs[:carried]
        for stack, value in zip(stacked, outputs[carried:], strict=True):
            stack[t] = value
    return carry + stacked


def scan_count(*types: ArrayType, body: Program, length: int, **settings: Any) -> int:
    return length * program_count(body)


def program_count(program: Program) -> int:
    """Multiply-adds of one execution of a program."""
    return sum(
        equation.primitive.multiply_adds(*[a.type for a in equation.inputs], **equation.settings)
        for equation in program.equations
    )


# ---- gradient


@dataclass(frozen=True, slots=True)
class Saved:
    """How the backward step gets what it reads: the derivative of the body, and for each residual
    where it comes from: ``constant i``, ``sequence i`` or ``stack i`` (an extra stacked result)."""

    derivative: Derivative
    wanted: tuple[int, ...]
    sources: tuple[tuple[str, int], ...]


def scan_residuals(equation: Equation, active: Sequence[bool]) -> tuple[dict[str, Any], Saved]:
    """A scan that also stacks what its backward steps read, unless an operand already holds it."""
    settings = dict(equation.settings)
    body: Program = settings["body"]
    constants, carried = settings["constants"], settings["carried"]
    wanted = tuple(
        i
        for i, var in enumerate(body.inputs)
        if var.type.is_float and (active[i] or constants <= i < constants + carried)
    )
    derivative = differentiate(body, [body.inputs[i] for i in wanted])
    position: dict[Atom, int] = {var: i for i, var in enumerate(body.inputs)}
    sources: list[tuple[str, int]] = []
    stacked: list[Atom] = []
    for atom in derivative.residuals:
        i = position.get(atom, constants)
        if i < constants:
            sources.append(("constant", i))
        elif i >= constants + carried:
            sources.append(("sequence", i))
        else:
            sources.append(("stack", len(stacked)))
            stacked.append(atom)
    outputs = (*body.outputs, *stacked)
    settings["body"] = Program(body.inputs, derivative.forward.equations, outputs)
    return settings, Saved(derivative, wanted, tuple(sources))


def scan_vjp(
    gradients: Sequence[Array | None],
    outputs: Sequence[Array],
    *operands: Array,
    saved: tuple[Equation, Saved],
    body: Program,
    constants: int,
    carried: int,
    length: int,
    reverse: bool,
) -> list[Array | None]:
    equation, notes = saved
    original: Program = equation.settings["body"]
    derivative, count = notes.derivative, len(original.outputs)
    by_carry = [i for i in notes.wanted if constants <= i < constants + carried]
    by_constant = [i for i in notes.wanted if i < constants]
    by_sequence = [i for i in notes.wanted if i >= constants + carried]
    slot_of = dict(zip(notes.wanted, derivative.slots, strict=True))

    seeds = [
        zeros(outputs[i].type) if gradients[i] is None else gradients[i]
        for i in range(count)
        if original.outputs[i].type.is_float
    ]
    ending, streamed = seeds[: len(by_carry)], seeds[len(by_carry) :]
    stacks = outputs[count:]
    sequences = [operands[i] if kind == "sequence" else stacks[i]
                 for kind, i in notes.sources if kind != "constant"]  # fmt: skip
    sums = [zeros(operands[i].type) for i in by_constant]

    def step(carry: list[Array], slices: list[Array]) -> tuple[Arrays, Arrays]:
        flowing, totals = carry[: len(by_carry)], carry[len(by_carry) :]
        results, residual_slices = slices[: len(streamed)], iter(slices[len(streamed) :])
        residuals = [
            operands[i] if kind == "constant" else next(residual_slices)
            for kind, i in notes.sources
        ]
        back = inline(derivative.backward, [*residuals, *flowing, *results])

        def gradient(i: int) -> Array | None:
            slot = slot_of[i]
            return None if slot is None else back[slot]

        return (
            [required(gradient(i), original.inputs[i]) for i in by_carry]
            + [added(total, gradient(i)) for total, i in zip(totals, by_constant, strict=True)],
            [required(gradient(i), original.inputs[i]) for i in by_sequence],
        )

    finals, results = scan(
        step,
        [*ending, *sums],
        [*streamed, *sequences],
        length=length,
        reverse=not reverse,
    )
    found = dict(zip([*by_carry, *by_constant, *by_sequence], [*finals, *results], strict=True))
    return [found.get(i) for i in range(len(operands))]


def zeros(type: ArrayType) -> Array:
    """Zeros of a type, as an array of the program being built."""
    builder = current_builder.get()
    assert builder is not None
    return Array(builder, literal(np.zeros(type.shape, type.dtype)))


def required(gradient: Array | None, var: Var) -> Array:
    return zeros(var.type) if gradient is None else gradient


def added(total: Array, gradient: Array | None) -> Array:
    return total if gradient is None else total + gradient


scan_primitive = primitive(
    "scan",
    type=scan_type,
    numpy=scan_numpy,
    vjp=scan_vjp,
    many=True,
    nested=True,
    residuals=scan_residuals,
    multiply_adds=scan_count,
)
