"""Operations: primitives that can be called, on traced arrays and on NumPy arrays."""

from __future__ import annotations

from typing import Any

from graphnet.ir.core.builder import apply
from graphnet.ir.core.primitive import PRIMITIVES, NumpyRule, Primitive, TypeRule, VjpRule


class Operation(Primitive):
    """A primitive that is called by its name in ``compute``; final."""

    __slots__ = ()

    def __call__(self, *arrays: Any, **settings: Any) -> Any:
        """Apply to arrays: emits an equation for traced ones, computes at once for NumPy ones."""
        return apply(self, arrays, settings)


def primitive(
    name: str, *, type: TypeRule, numpy: NumpyRule, vjp: VjpRule | None, **rules: Any
) -> Operation:
    """Define and register a primitive."""
    if name in PRIMITIVES:
        raise ValueError(f"there is already a primitive named {name}")
    record = Operation(name, type, numpy, vjp, **rules)
    PRIMITIVES[name] = record
    return record
