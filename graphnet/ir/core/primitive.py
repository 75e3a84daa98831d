"""What a primitive is: one record that carries every rule of one array operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphnet.errors import GraphnetError
from graphnet.ir.core.types import ArrayType

TypeRule = Callable[..., Any]
"""Types of the operands (and settings) → type of the result, or a tuple of types when ``many``."""

NumpyRule = Callable[..., Any]
"""Arrays (and settings) → the result, or a sequence of results when ``many``."""

VjpRule = Callable[..., Any]
"""``vjp(g, y, *operands, **settings)`` → a gradient (or None) for each, in array operations."""


class Typed(Protocol):
    """An operand: it has a type."""

    @property
    def type(self) -> ArrayType: ...


def no_products(*types: ArrayType, **settings: Any) -> int:
    return 0


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One array operation. Arrays are positional, settings keyword-only.

    ``vjp`` is None where the gradient is zero everywhere (comparisons, sign, indices).
    ``residuals`` rewrites an equation so that it also returns what its ``vjp`` needs (scan).
    ``multiply_adds`` counts the scalar products of one execution.
    ``nested`` rules receive, as first argument, the function that executes a body program.
    """

    name: str
    type: TypeRule
    numpy: NumpyRule
    vjp: VjpRule | None
    many: bool = False
    nested: bool = False
    residuals: Callable[..., Any] | None = None
    multiply_adds: Callable[..., int] = no_products

    def output_types(
        self, inputs: Sequence[Typed], settings: Mapping[str, Any]
    ) -> tuple[ArrayType, ...]:
        """Types of the results; an error names the primitive unless a node claims it first."""
        try:
            result = self.type(*[atom.type for atom in inputs], **settings)
        except GraphnetError as error:
            error.subject = error.subject or self.name
            raise
        return tuple(result) if self.many else (result,)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


PRIMITIVES: dict[str, Primitive] = {}
"""Every primitive by name, filled by the statements that define them."""
