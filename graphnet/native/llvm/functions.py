"""Functions of elements: our own polynomials, and the C library's for the rest."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from graphnet.native.llvm import transcendental
from graphnet.native.llvm.elements import declared, element, lanes, mangled

Emit = Callable[..., ir.Value]


def of_library(name: str) -> Emit:
    """An LLVM intrinsic that calls the C library for each lane."""

    def emit(builder: ir.IRBuilder, *arguments: ir.Value) -> ir.Value:
        *operands, _ = arguments
        kind = operands[0].type
        inner = element(kind)
        function = declared(
            builder, f"llvm.{name}.{mangled(inner)}", inner, [inner] * len(operands)
        )
        if lanes(kind) == 1:
            return builder.call(function, operands)
        result = ir.Constant(kind, ir.Undefined)
        for lane in range(lanes(kind)):
            at = ir.Constant(ir.IntType(32), lane)
            parts = [builder.extract_element(operand, at) for operand in operands]
            result = builder.insert_element(result, builder.call(function, parts), at)
        return result

    return emit


FUNCTIONS: dict[str, Emit] = {
    **transcendental.MATHEMATICS,
    "sin": of_library("sin"),
    "cos": of_library("cos"),
    "power": of_library("pow"),
}
"""By the name of the primitive: (builder, operands…, has_fma) to the result."""
