"""Definition of callable primitives, for traced and for NumPy arrays."""

from __future__ import annotations

from typing import Any

from graphnet.ir.core.builder import apply
from graphnet.ir.core.primitive import (
    PRIMITIVES,
    NumpyRule,
    Primitive,
    PrimitiveKind,
    TypeRule,
    VjpRule,
)


def primitive(
    name: str,
    kind: PrimitiveKind,
    *,
    type: TypeRule,
    numpy: NumpyRule,
    vjp: VjpRule | None,
    **facts: Any,
) -> Primitive:
    """Define and register a primitive; raises ValueError for a name in use."""
    if name in PRIMITIVES:
        raise ValueError(f"there is already a primitive named {name}")
    record = Primitive(name, kind, type, numpy, vjp, application=apply, **facts)
    PRIMITIVES[name] = record
    return record
