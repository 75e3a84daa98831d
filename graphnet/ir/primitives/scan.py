"""``scan``: a body program iterated over a sequence; its gradient is a reverse scan.

Operands are ``[constants…, initial carried values…, sequences…]``; the body maps ``[constants…,
carried…, slices…]`` to ``[carried…, results…]``; the outputs are ``[final carried…, stacked
results…]``. The first axis of sequences and stacked results is the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError, ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder, building, current_builder
from graphnet.ir.core.operands import resolve
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program
from graphnet.ir.core.trace import atom_of, inline
from graphnet.ir.core.types import ArrayType, NDArray, type_of
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.primitives.shaping import zeros

Arrays = Sequence[Any]
Step = Callable[[list[Any], list[Any]], tuple[Arrays, Arrays]]


def scan(
    step: Step, carry: Arrays, sequences: Arrays, *, length: int, reverse: bool = False
) -> tuple[list[Any], list[Any]]:
    """Run ``step(carry, slices) -> (carry, results)`` over ``length`` steps.

    Sequences are (length, …), and a step gets their slices (…). Returns the final carried values,
    and the results stacked to (length, …); with ``reverse`` the steps run from the last to the
    first, and results stay at their own positions. Outer arrays in ``step`` become constants of the
    scan. Raises ShapeError if a carried value changes its type, or a sequence has another length.
    """
    carry, sequences = [resolve(v) for v in carry], [resolve(v) for v in sequences]
    inner = Builder(outer=current_builder.get())
    inner.steps = length
    with building(inner):
        enters = [inner.input(value_type(value)) for value in carry]
        slices = [inner.input(slice_of(value_type(value), length)) for value in sequences]
        leaves, results = step(enters, slices)
        fixed, changed = inner.late_constants(), inner.late_states()
        late = [array for array, _ in inner.late_results]
        left = [*leaves, *(c.leaves for c in changed)]
        atoms = [atom_of(inner, value) for value in (*left, *results, *late)]
    check_carry([a.type for a in enters], [atom.type for atom in atoms[: len(leaves)]])
    captured = inner.captured() if inner.captures else []
    outputs = scan_primitive(
        *captured,
        *(c.before for c in fixed),
        *carry,
        *(c.before for c in changed),
        *sequences,
        *inner.late,
        body=inner.body(len(carry), atoms),
        constants=len(captured) + len(fixed),
        carried=len(left),
        length=length,
        reverse=reverse,
    )
    for late_carry, final in zip(changed, outputs[len(carry) :], strict=False):
        late_carry.receive(final)
    first = len(left) + len(results)
    for (_, receive), stacked in zip(inner.late_results, outputs[first:], strict=True):
        receive(stacked)
    return list(outputs[: len(carry)]), list(outputs[len(left) : first])


def value_type(value: Any) -> ArrayType:
    """The type of a traced or a NumPy array, or a number: its shape and dtype."""
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
    return sum(equation.multiply_adds() for equation in program.equations)


# ---- gradient


class ScanRole(Enum):
    """The role of an operand of a scan, or the source of a residual."""

    CONSTANT = "an operand that is the same at each step"
    CARRY = "an operand that each step leaves to the next"
    SEQUENCE = "an operand of which each step reads a slice"
    STACK = "a stacked result, own or extra"


@dataclass(frozen=True, slots=True)
class Saved:
    """The residuals of the backward steps and their sources.

    ``derivative`` is that of the body, by its inputs ``wanted``; ``sources`` names the operand
    (``CONSTANT``, ``SEQUENCE``) or the ``STACK`` of each residual.
    """

    derivative: Derivative
    wanted: tuple[int, ...]
    sources: tuple[tuple[ScanRole, int], ...]

    def slots(self) -> dict[int, int]:
        """Outputs of ``derivative.backward`` by body input, where the gradient is not zero."""
        pairs = zip(self.wanted, self.derivative.slots, strict=True)
        return {i: slot for i, slot in pairs if slot is not None}


def role_of(index: int, constants: int, carried: int) -> ScanRole:
    """The role of an operand of a scan (an input of its body)."""
    if index < constants:
        return ScanRole.CONSTANT
    return ScanRole.CARRY if index < constants + carried else ScanRole.SEQUENCE


def scan_residuals(equation: Equation, active: Sequence[bool]) -> tuple[dict[str, Any], Saved]:
    """A scan that also stacks the residuals of its backward steps, unless operands hold them."""
    settings = dict(equation.settings)
    body: Program = settings["body"]
    roles = [
        role_of(i, settings["constants"], settings["carried"]) for i in range(len(body.inputs))
    ]
    wanted = tuple(
        i
        for i, var in enumerate(body.inputs)
        if var.type.is_float and (active[i] or roles[i] is ScanRole.CARRY)
    )
    derivative = differentiate(body, [body.inputs[i] for i in wanted])
    position: dict[Atom, int] = {var: i for i, var in enumerate(body.inputs)}
    sources: list[tuple[ScanRole, int]] = []
    stacked = list(body.outputs[settings["carried"] :])
    for atom in derivative.residuals:
        if atom in position and roles[position[atom]] is not ScanRole.CARRY:
            sources.append((roles[position[atom]], position[atom]))
            continue
        if atom not in stacked:
            stacked.append(atom)
        sources.append((ScanRole.STACK, stacked.index(atom)))
    outputs = (*body.outputs[: settings["carried"]], *stacked)
    settings["body"] = Program(body.inputs, derivative.forward.equations, outputs)
    return settings, Saved(derivative, wanted, tuple(sources))


def scan_vjp(
    gradients: Sequence[Array | None],
    outputs: Sequence[Array],
    *operands: Array,
    saved: tuple[Equation, Saved],
    length: int,
    reverse: bool,
    constants: int,
    carried: int,
    body: Program,
) -> list[Array | None]:
    """A reverse scan, of the gradients.

    It carries those of the carried values, sums those of the constants, and stacks those of the
    sequences.
    """
    equation, notes = saved
    original: Program = equation.settings["body"]
    count = len(original.outputs)
    wanted: dict[ScanRole, list[int]] = {role: [] for role in ScanRole}
    for i in notes.wanted:
        wanted[role_of(i, constants, carried)].append(i)
    seeds = [
        zeros(y.type) if g is None else g
        for g, y in zip(gradients, outputs[:count], strict=False)
        if y.type.is_float
    ]
    ending = len(wanted[ScanRole.CARRY])
    stepped = {ScanRole.SEQUENCE: operands, ScanRole.STACK: outputs[carried:]}
    finals, results = scan(
        partial(backward_step, notes, operands, original, wanted),
        [*seeds[:ending], *[zeros(operands[i].type) for i in wanted[ScanRole.CONSTANT]]],
        [*seeds[ending:], *[stepped[role][i] for role, i in notes.sources if role in stepped]],
        length=length,
        reverse=not reverse,
    )
    order = [*wanted[ScanRole.CARRY], *wanted[ScanRole.CONSTANT], *wanted[ScanRole.SEQUENCE]]
    found = dict(zip(order, [*finals, *results], strict=True))
    return [found.get(i) for i in range(len(operands))]


def backward_step(
    notes: Saved,
    operands: Sequence[Array],
    original: Program,
    wanted: dict[ScanRole, list[int]],
    carry: Arrays,
    slices: Arrays,
) -> tuple[Arrays, Arrays]:
    """One step back: ``carry`` is [gradients of carried values…, sums for constants…], ``slices``
    is [gradients of results…, residuals that are not constants…]."""
    flowing, sums = carry[: len(wanted[ScanRole.CARRY])], carry[len(wanted[ScanRole.CARRY]) :]
    varying = sum(role is not ScanRole.CONSTANT for role, _ in notes.sources)
    seeds, rest = slices[: len(slices) - varying], iter(slices[len(slices) - varying :])
    residuals = [
        operands[i] if role is ScanRole.CONSTANT else next(rest) for role, i in notes.sources
    ]
    back = inline(notes.derivative.backward, [*residuals, *flowing, *seeds])
    slots = notes.slots()

    def gradient(i: int) -> Array:
        return back[slots[i]] if i in slots else zeros(original.inputs[i].type)

    totals = [
        total + back[slots[i]] if i in slots else total
        for total, i in zip(sums, wanted[ScanRole.CONSTANT], strict=True)
    ]
    backward = [*map(gradient, wanted[ScanRole.CARRY]), *totals]
    return backward, [*map(gradient, wanted[ScanRole.SEQUENCE])]


scan_primitive = primitive(
    "scan",
    PrimitiveKind.CONTROL,
    type=scan_type,
    numpy=scan_numpy,
    vjp=scan_vjp,
    many=True,
    nested=True,
    residuals=scan_residuals,
    multiply_adds=scan_count,
)
