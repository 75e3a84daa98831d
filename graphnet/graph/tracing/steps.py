"""Values that cross the border of a scan while its body is traced: in, or out as a stack."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder
from graphnet.ir.core.types import ArrayType


def fed(
    builder: Builder, type: ArrayType, make: Callable[[ArrayType], Array]
) -> tuple[Array, Array]:
    """What ``make`` gives at the top for all steps, and its slice in this builder."""
    if builder.outer is None:
        array = make(type)
        return array, array
    if builder.steps is None:
        return fed(builder.outer, type, make)
    whole = ArrayType((builder.steps, *type.shape), type.dtype)
    top, outer = fed(builder.outer, whole, make)
    return top, builder.late_sequence(outer)


def bring_out(builder: Builder, array: Array, receive: Callable[[Array], None]) -> None:
    """Hand a value of a scan's body, stacked over all steps, to the top."""
    if builder.outer is None:
        receive(array)
    elif builder.steps is None:
        bring_out(builder.outer, array, receive)
    else:
        outer = builder.outer
        builder.late_result(array, lambda stacked: bring_out(outer, stacked, receive))
