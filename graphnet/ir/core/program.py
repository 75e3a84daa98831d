"""An array program: single-assignment equations over typed arrays; it checks and prints itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np

from graphnet.errors import ProgramError
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.types import ArrayType, NDArray, type_of


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of an equation: the path of its node, and the user's file and line."""

    path: str
    file: str
    line: int
    module: str = ""

    def __str__(self) -> str:
        place = f"({self.file}:{self.line})" if self.file else ""
        path = f"'{self.path}'" if self.path else ""
        return " ".join(filter(None, (self.module, path, place)))


class Var:
    """A computed value or an input of a program; identity is by object."""

    __slots__ = ("type",)

    def __init__(self, type: ArrayType) -> None:
        self.type = type


class Literal:
    """A constant array in a program."""

    __slots__ = ("type", "value")

    def __init__(self, value: NDArray) -> None:
        self.value = value
        self.type = type_of(value)

    def __str__(self) -> str:
        return f"{self.value.item():g}" if self.value.ndim == 0 else f"constant {self.type}"


Atom = Var | Literal


def is_var(atom: Atom) -> TypeGuard[Var]:
    return isinstance(atom, Var)


class Equation:
    """``outputs = primitive(inputs, **settings)``."""

    __slots__ = ("inputs", "origin", "outputs", "primitive", "settings")

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[Atom, ...],
        settings: Mapping[str, Any],
        outputs: tuple[Var, ...],
        origin: Origin | None,
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.settings = settings
        self.outputs = outputs
        self.origin = origin

    def bodies(self) -> Iterator[Program]:
        """The programs inside the settings (the body of a scan)."""
        return (value for value in self.settings.values() if isinstance(value, Program))

    def multiply_adds(self) -> int:
        """The scalar products of one execution."""
        types = (atom.type for atom in self.inputs)
        return self.primitive.multiply_adds(*types, **self.settings)

    def has_effect(self) -> bool:
        """Whether it must be executed even if nothing reads its results."""
        return self.primitive.effect or any(
            inner.has_effect() for body in self.bodies() for inner in body.equations
        )


@dataclass(slots=True, eq=False)
class Program:
    """Equations in order of execution, from ``inputs`` to ``outputs``.

    ``memo`` caches results that executors derive from the program (it never changes the semantics).
    """

    inputs: tuple[Var, ...]
    equations: list[Equation]
    outputs: tuple[Atom, ...]
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def check(self) -> None:
        """Verify types, single assignment and scoping, in bodies too; raises ProgramError."""
        defined: set[Var] = set()
        for var in self.inputs:
            define(defined, var, "input")
        for equation in self.equations:
            name = equation.primitive.name
            require_defined(defined, equation.inputs, name)
            expected = equation.primitive.output_types(equation.inputs, equation.settings)
            received = tuple(var.type for var in equation.outputs)
            if expected != received:
                raise ProgramError(f"{name} gives {expected}, its outputs are typed {received}")
            for var in equation.outputs:
                define(defined, var, name)
            for body in equation.bodies():
                body.check()
        require_defined(defined, self.outputs, "the list of outputs")

    def pruned(self, narrowed: Callable[[Equation, set[Var]], Equation] | None = None) -> Program:
        """The same program without dead code: equations whose results nobody reads, and that have
        no effect. ``narrowed(equation, needed)`` may leave out results that are not needed."""
        needed = {atom for atom in self.outputs if is_var(atom)}
        kept: list[Equation] = []
        for equation in reversed(self.equations):
            if not needed.isdisjoint(equation.outputs):
                equation = narrowed(equation, needed) if narrowed else equation
            elif not equation.has_effect():
                continue
            kept.append(equation)
            needed.update(atom for atom in equation.inputs if is_var(atom))
        return Program(self.inputs, kept[::-1], self.outputs)

    def __str__(self) -> str:
        return "\n".join(print_program(self))


def define(defined: set[Var], var: Var, by: str) -> None:
    if var in defined:
        raise ProgramError(f"{by} assigns a value that already exists")
    defined.add(var)


def require_defined(defined: set[Var], atoms: Iterable[Atom], user: str) -> None:
    for atom in atoms:
        if is_var(atom) and atom not in defined:
            raise ProgramError(f"{user} reads {atom.type}, which nothing before it defines")


def print_program(program: Program, indent: str = "") -> Iterator[str]:
    """The lines of a readable listing; values are named a, b, … z, a1, b1, … in order."""
    names: dict[Var, str] = {}

    def name(atom: Atom) -> str:
        if not is_var(atom):
            return str(atom)
        if atom not in names:
            number, letter = divmod(len(names), 26)
            names[atom] = chr(97 + letter) + (str(number) if number else "")
        return names[atom]

    yield indent + "inputs  " + ", ".join(f"{name(v)}: {v.type}" for v in program.inputs)
    for equation in program.equations:
        yield indent + equation_line(equation, name)
        for body in equation.bodies():
            yield from print_program(body, indent + "    | ")
    yield indent + "outputs " + ", ".join(map(name, program.outputs))


def equation_line(equation: Equation, name: Any) -> str:
    left = ", ".join(f"{name(v)}: {v.type}" for v in equation.outputs)
    plain = {k: v for k, v in equation.settings.items() if not isinstance(v, Program)}
    terms = [name(atom) for atom in equation.inputs] + [f"{k}={v}" for k, v in plain.items()]
    origin = f"   # {equation.origin.path}" if equation.origin else ""
    return f"  {left} = {equation.primitive.name}({', '.join(terms)}){origin}"


def literal(value: Any, dtype: Any = None) -> Literal:
    """A constant from a copy of a number or an array."""
    array = np.array(value, dtype=dtype)
    array.flags.writeable = False
    return Literal(array)
