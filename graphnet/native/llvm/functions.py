"""The rules of pointwise primitives: what each is on a vector of elements, as LLVM instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from llvmlite import ir

from graphnet.native.llvm.elements import (
    ELEMENTS,
    Emit,
    converted,
    declared,
    element,
    lanes,
)
from graphnet.native.llvm.transcendental import MATHEMATICS


class Site(NamedTuple):
    """The context in which an element is emitted."""

    builder: ir.IRBuilder
    result: ir.Type
    """Of one element of the result."""
    has_fma: bool


Element = Callable[..., ir.Value]
"""(site, operands…) to the result; operands are vectors of one width, truth values are i1."""


def simple(emit: Emit) -> Element:
    return lambda site, *operands: emit(site.builder, *operands)


def polynomial(emit: Emit) -> Element:
    return lambda site, x: emit(site.builder, x, site.has_fma)


def cast(site: Site, x: ir.Value) -> ir.Value:
    return converted(site.builder, x, site.result)


def of_library(single: str, double: str) -> Element:
    """A function of the C library, or an LLVM intrinsic that calls it, for each lane."""

    def emit(site: Site, *operands: ir.Value) -> ir.Value:
        builder, kind = site.builder, operands[0].type
        inner = element(kind)
        name = single if isinstance(inner, ir.FloatType) else double
        function = declared(builder, name, inner, [inner] * len(operands))
        if lanes(kind) == 1:
            return builder.call(function, operands)
        result = ir.Constant(kind, ir.Undefined)
        for lane in range(lanes(kind)):
            at = ir.Constant(ir.IntType(32), lane)
            parts = [builder.extract_element(operand, at) for operand in operands]
            result = builder.insert_element(result, builder.call(function, parts), at)
        return result

    return emit


ELEMENT_RULES: Mapping[str, Element] = {
    **{name: simple(emit) for name, emit in ELEMENTS.items()},
    **{name: polynomial(emit) for name, emit in MATHEMATICS.items()},
    "cast": cast,
    "sin": of_library("llvm.sin.f32", "llvm.sin.f64"),
    "cos": of_library("llvm.cos.f32", "llvm.cos.f64"),
    "power": of_library("llvm.pow.f32", "llvm.pow.f64"),
    "erf": of_library("erff", "erf"),
}
"""By the name of the primitive."""
