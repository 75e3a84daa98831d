"""Building programs: builders collect the equations of programs under construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from graphnet.errors import ProgramError
from graphnet.ir.core.array import Array, Scope
from graphnet.ir.core.operands import compute_now, constant, resolve
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Literal, Origin, Program, Var, literal
from graphnet.ir.core.types import ArrayType

P = ParamSpec("P")
T = TypeVar("T")

current_origin: ContextVar[Origin | None] = ContextVar("current_origin", default=None)
"""The node being traced: every equation emitted meanwhile carries it."""

current_builder: ContextVar[Builder | None] = ContextVar("current_builder", default=None)
"""The innermost program being built."""


@dataclass(eq=False, slots=True)
class LateCarry:
    """A value that a scan carries since its body asked for it: before the first step, as it enters
    a step (a ``variable``) and as it leaves it (None where no step changes it); ``receive`` gets
    the last one."""

    before: Array
    variable: Var
    enters: Array
    receive: Callable[[Array], None]
    leaves: Array | None = None


class Builder:
    """Collects the equations of one program while a function is traced.

    Builders nest: the body of a scan, or a backward program, may read arrays of enclosing builders.
    Each such array becomes a *capture*: an input of the inner program, bound to the outer array. An
    operation on outer arrays alone is emitted outside, so that loop-invariant values are computed
    once. A ``barrier`` stops that: a backward program computes from residuals itself, and adds
    nothing to the forward program.
    """

    def __init__(self, outer: Builder | None = None, barrier: bool = False) -> None:
        self.outer = outer
        self.level: int = outer.level + 1 if outer else 0
        self.barrier: Builder = self if barrier or outer is None else outer.barrier
        self.steps: int | None = None  # of a scan body
        self.late: list[Array] = []  # sequences that the body asked for while it was traced
        self.late_results: list[tuple[Array, Callable[[Array], None]]] = []
        self.late_carries: list[LateCarry] = []
        self.inputs: list[Var] = []
        self.captures: dict[Atom, Var] = {}
        self.equations: list[Equation] = []

    def input(self, type: ArrayType) -> Array:
        """A new input of the program."""
        var = Var(type)
        self.inputs.append(var)
        return Array(self, var)

    def late_sequence(self, outer: Array) -> Array:
        """In the body of a scan: one slice of an outer array of shape (steps, …)."""
        self.late.append(outer)
        return self.input(ArrayType(outer.shape[1:], outer.dtype))

    def late_result(self, array: Array, receive: Callable[[Array], None]) -> None:
        """In the body of a scan: stack this value over the steps; ``receive`` gets the stack."""
        self.late_results.append((array, receive))

    def late_carry(self, before: Array, receive: Callable[[Array], None]) -> LateCarry:
        """In the body of a scan: carry an outer array, which a step may change.

        If one does, ``receive`` gets the value after the last step, outside.
        """
        variable = Var(before.type)
        carry = LateCarry(before, variable, Array(self, variable), receive)
        self.late_carries.append(carry)
        return carry

    def all_steps(self) -> tuple[int, ...]:
        """The lengths of the enclosing scans, the outermost first."""
        outer = self.outer.all_steps() if self.outer else ()
        return outer if self.steps is None else (*outer, self.steps)

    def atom(self, array: Array) -> Atom:
        """The array as an operand here, captured from an outer builder if it lives there."""
        if array.builder is self or isinstance(array.atom, Literal):
            return array.atom
        if self.outer is None:
            raise ProgramError(
                f"uses an array {array.type} of another trace",
                "Arrays seen inside compute() must not be kept for later calls.",
            )
        outer_atom = self.outer.atom(array)
        if outer_atom not in self.captures:
            self.captures[outer_atom] = Var(outer_atom.type)
        return self.captures[outer_atom]

    def emit(
        self, primitive: Primitive, inputs: tuple[Atom, ...], settings: Mapping[str, Any]
    ) -> Any:
        """Append one equation; returns its result, or a tuple if the primitive has many."""
        types = primitive.output_types(inputs, settings)
        outputs = tuple(Var(type) for type in types)
        self.equations.append(Equation(primitive, inputs, settings, outputs, current_origin.get()))
        arrays = tuple(Array(self, var) for var in outputs)
        return arrays if primitive.many else arrays[0]

    def apply(
        self, primitive: Primitive, operands: Sequence[Any], settings: Mapping[str, Any]
    ) -> Any:
        """The implementation of the operators of its arrays: see ``apply``."""
        return apply(primitive, operands, settings)

    def captured(self) -> list[Array]:
        """The outer arrays captured so far, in the order of the captured inputs."""
        assert self.outer is not None
        return [Array(self.outer, atom) for atom in self.captures]

    def late_constants(self) -> list[LateCarry]:
        """What was carried late and no step changes."""
        return [carry for carry in self.late_carries if carry.leaves is None]

    def late_states(self) -> list[LateCarry]:
        """What was carried late and a step changes."""
        return [carry for carry in self.late_carries if carry.leaves is not None]

    def body(self, carried: int, outputs: Sequence[Atom]) -> Program:
        """Close the body of a scan, whose first inputs are so many carried values."""
        constants = [*self.captures.values(), *(c.variable for c in self.late_constants())]
        states = [*self.inputs[:carried], *(c.variable for c in self.late_states())]
        inputs = (*constants, *states, *self.inputs[carried:])
        return Program(inputs, list(self.equations), tuple(outputs))

    def program(self, outputs: Sequence[Atom]) -> Program:
        """Close: captured inputs come first, then the declared ones."""
        inputs = (*self.captures.values(), *self.inputs)
        return Program(inputs, list(self.equations), tuple(outputs))


def apply(primitive: Primitive, operands: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """Emit for traced operands (in the innermost of their builders), compute for NumPy ones."""
    values = [resolve(operand) for operand in operands]
    traced = [value for value in values if isinstance(value, Array)]
    if not traced:
        return compute_now(primitive, values, settings)
    builder = home(traced)
    atoms = tuple(
        builder.atom(value)
        if isinstance(value, Array)
        else constant(primitive, value, leading_dtype(traced))
        for value in values
    )
    literals = [atom.value for atom in atoms if isinstance(atom, Literal)]
    if len(literals) == len(atoms) and not primitive.many:
        return Array(builder, literal(compute_now(primitive, literals, settings)))
    return builder.emit(primitive, atoms, settings)


def leading_dtype(traced: Sequence[Array]) -> np.dtype[Any]:
    """The dtype that constants among these operands take: a floating one, if there is one."""
    return min((array.dtype for array in traced), key=lambda dtype: "fiub".index(dtype.kind))


def home(traced: Sequence[Array]) -> Scope:
    """The builder for an operation on these arrays: the innermost of theirs."""
    builder = traced[0].builder
    for array in traced[1:]:
        if array.builder.level > builder.level:
            builder = array.builder
    running = current_builder.get()
    if running is not None and builder.level < running.barrier.level:
        return running.barrier
    return builder


def apart(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function in a copy of the context: its changes end with it, even by Ctrl-C."""

    @wraps(function)
    def run(*args: P.args, **settings: P.kwargs) -> T:
        return copy_context().run(function, *args, **settings)

    return run


class Having(Generic[T]):
    """A context variable with a value in a block; final. Beginning a trace is ``apart``.

    No generator: Ctrl-C at its end would restore an old value at some later time.
    """

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self.variable, self.value = variable, value

    def __enter__(self) -> None:
        self.before = self.variable.get()
        self.variable.set(self.value)

    def __exit__(self, *_: object) -> None:
        self.variable.set(self.before)


def building(builder: Builder) -> AbstractContextManager[None]:
    """Make this the innermost program under construction."""
    return Having(current_builder, builder)


def origin(place: Origin | None) -> AbstractContextManager[None]:
    """Equations emitted in this block come from this node."""
    return Having(current_origin, place)
