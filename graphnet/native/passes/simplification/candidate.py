"""An equation whose results have no names yet, as the identities look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Var, is_var, literal
from graphnet.ir.core.types import ArrayType, NDArray
from graphnet.ir.primitives import shaping
from graphnet.native.analysis.rewrite import uniform_value


@dataclass(slots=True, eq=False)
class Candidate:
    """A primitive applied to operands: an equation whose results have no names yet."""

    primitive: Primitive
    inputs: tuple[Atom, ...]
    settings: Mapping[str, Any]
    type: ArrayType
    producer: Mapping[Var, Equation]

    def on(self, *inputs: Atom) -> Candidate:
        return Candidate(self.primitive, inputs, self.settings, self.type, self.producer)

    def to(self, primitive: Primitive, *inputs: Atom, **settings: Any) -> Candidate:
        """An equivalent with another primitive."""
        return Candidate(primitive, inputs, settings, self.type, self.producer)

    def made_by(self, atom: Atom, primitive: Primitive) -> Equation | None:
        """The equation that made this operand, if it is of this primitive."""
        equation = self.producer.get(atom) if is_var(atom) else None
        return equation if equation is not None and equation.primitive is primitive else None

    def uniform(self, atom: Atom) -> NDArray | None:
        return uniform_value(atom, self.producer)

    def is_all(self, atom: Atom, number: float) -> bool:
        value = self.uniform(atom)
        return value is not None and bool(value == number)

    def operand(self, atom: Atom) -> Atom | Candidate:
        """One operand as the result, repeated where it has been broadcast."""
        if atom.type == self.type:
            return atom
        return self.to(shaping.broadcast, atom, shape=self.type.shape)

    def filled(self, value: NDArray) -> Atom | Candidate:
        """This number everywhere."""
        return self.operand(literal(value, dtype=self.type.dtype))


def same_bits(a: NDArray, b: NDArray) -> bool:
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()
