"""Primitive: a record with the rules and the facts of one array operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from graphnet.errors import GraphnetError
from graphnet.ir.core.types import ArrayType
from graphnet.tracebacks import shorten

TypeRule = Callable[..., Any]
"""Types of the operands (and settings) → type of the result, or a tuple of types when ``many``."""

NumpyRule = Callable[..., Any]
"""Arrays (and settings) → the result, or a sequence of results when ``many``."""

VjpRule = Callable[..., Any]
"""``vjp(g, y, *operands, **settings)`` → a gradient (or None) for each, in array operations."""

Application = Callable[["Primitive", Sequence[Any], Mapping[str, Any]], Any]
"""The effect of a call of a primitive on its operands and settings."""


class PrimitiveKind(Enum):
    """The dependence of the results of a primitive on its operands."""

    POINTWISE = "each element from the same element of the operands, which broadcast"
    IDENTITY = "the operand itself: pointwise and a view"
    VIEW = "the elements of the operand, laid out otherwise"
    MOVEMENT = "elements of the operands, and zeros, put together"
    REDUCTION = "some axes of the operand reduced to one element"
    PRODUCT = "sums of products of rows of the first operand and columns of the second"
    CONTRACTION = "sums of products over axes that two operands have in common"
    INDEXED = "rows that an array of indices chooses"
    CHECK = "the operand itself, or an error"
    CONTROL = "what a program in the settings computes"
    OPAQUE = "what a function of NumPy arrays computes"
    COMPILED = "what machine code in the settings computes"


class Linearity(Enum):
    """The operands in which a primitive is linear."""

    NO = "in none"
    FIRST = "in the first one, the others fixed"
    EACH = "in each one, the others fixed"
    JOINTLY = "in all of them together"


class Extent(Enum):
    """The multiplicity of the elements of an operand in a view or a movement."""

    ONCE = "each one once"
    PART = "each one at most once"
    MORE = "some several times, or zeros beside them"


class Typed(Protocol):
    """An operand: it has a type."""

    @property
    def type(self) -> ArrayType: ...


def no_products(*types: ArrayType, **settings: Any) -> int:
    return 0


def not_callable(primitive: Primitive, arrays: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    raise TypeError(f"{primitive} is made by the compiler alone")


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One array operation. Arrays are positional, settings keyword-only.

    Rules: ``vjp`` is None where the gradient is zero everywhere (comparisons, sign, indices).
    ``residuals`` rewrites an equation so that it also returns what its ``vjp`` needs (scan).
    ``multiply_adds`` counts the scalar products of one execution, which is its cost.
    ``nested`` rules receive, as first argument, the function that executes a body program.
    ``bound(**settings)`` is the NumPy rule with its settings, where there is a shorter way to it.

    Facts, which executors and passes go by: ``kind``; ``linear``; ``extent`` of views and
    movements; ``combiner`` of reductions, the pointwise primitive that makes one element of two;
    ``selects``, where each element of the result is one of an operand; ``commutes``,
    where the two operands may change places; ``effect``, where it does something besides its
    results, so that it stays where nothing reads these. Raises ValueError for a view or a movement
    without ``extent``, and for a reduction without ``combiner``.
    """

    name: str
    kind: PrimitiveKind
    type: TypeRule
    numpy: NumpyRule
    vjp: VjpRule | None
    many: bool = False
    nested: bool = False
    bound: Callable[..., NumpyRule] | None = None
    residuals: Callable[..., Any] | None = None
    multiply_adds: Callable[..., int] = no_products
    linear: Linearity = Linearity.NO
    extent: Extent | None = None
    combiner: Primitive | None = None
    selects: bool = False
    commutes: bool = False
    effect: bool = False
    application: Application = not_callable

    def __post_init__(self) -> None:
        if (self.extent is None) == (self.is_view or self.kind is PrimitiveKind.MOVEMENT):
            raise ValueError(f"{self.name} is {self.kind.name}: extent={self.extent}")
        if (self.combiner is None) == (self.kind is PrimitiveKind.REDUCTION):
            raise ValueError(f"{self.name} is {self.kind.name}: combiner={self.combiner}")

    @property
    def is_pointwise(self) -> bool:
        return self.kind is PrimitiveKind.POINTWISE or self.kind is PrimitiveKind.IDENTITY

    @property
    def is_view(self) -> bool:
        """Whether it only changes the layout of its operand."""
        return self.kind is PrimitiveKind.VIEW or self.kind is PrimitiveKind.IDENTITY

    def __call__(self, *arrays: Any, **settings: Any) -> Any:
        """Apply to arrays: emits an equation for traced ones, computes at once for NumPy ones."""
        try:
            return self.application(self, arrays, settings)
        except Exception as error:
            shorten(error)
            raise

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
