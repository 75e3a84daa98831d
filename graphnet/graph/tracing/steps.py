"""Inputs for each step and stacked outputs, added to a scan while its body is traced."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder
from graphnet.ir.core.types import ArrayType


def per_step_input(
    builder: Builder, type: ArrayType, make: Callable[[ArrayType], Array]
) -> tuple[Array, Array]:
    """A sequence made by ``make`` in the outermost program, and its slice at the current step."""
    if builder.outer is None:
        array = make(type)
        return array, array
    if builder.steps is None:
        return per_step_input(builder.outer, type, make)
    whole = ArrayType((builder.steps, *type.shape), type.dtype)
    top, outer = per_step_input(builder.outer, whole, make)
    return top, builder.late_sequence(outer)


def stack_over_steps(builder: Builder, array: Array, receive: Callable[[Array], None]) -> None:
    """Call ``receive`` with a value of a scan's body, stacked over all steps, outside."""
    if builder.outer is None:
        receive(array)
    elif builder.steps is None:
        stack_over_steps(builder.outer, array, receive)
    else:
        outer = builder.outer
        builder.late_result(array, lambda stacked: stack_over_steps(outer, stacked, receive))
