"""Pointwise primitives that are a few LLVM instructions on a vector of elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from llvmlite import ir

from graphnet.native.llvm.ir_helpers import LANE, splat

Emit = Callable[..., ir.Value]
"""(builder, operands…) to the result; operands are vectors of one width, truth values are i1."""


def compare(sign: str) -> Emit:
    def emit(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        if is_real(a):
            unordered = sign == "!="  # a NaN differs from everything
            make = builder.fcmp_unordered if unordered else builder.fcmp_ordered
            return make(sign, a, b)
        make = builder.icmp_unsigned if is_truth(a) else builder.icmp_signed
        return make(sign, a, b)

    return emit


def real_or_whole(real: str, whole: str) -> Emit:
    def emit(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        return getattr(builder, real if is_real(a) else whole)(a, b)

    return emit


def extreme(sign: str) -> Emit:
    """The larger or smaller one; NaN where one is NaN, as in NumPy."""

    def emit(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        if not is_real(a):
            return builder.select(compare(sign)(builder, a, b), a, b)
        keep = builder.or_(builder.fcmp_ordered(sign, a, b), builder.fcmp_unordered("uno", a, a))
        return builder.select(keep, a, b)

    return emit


def negative(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    # llvmlite has fneg for scalars alone; -0.0 - x is the same but for the sign of a NaN
    return builder.fsub(constant(x.type, -0.0), x) if is_real(x) else builder.neg(x)


def absolute(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    if not is_real(x):
        below = builder.icmp_signed("<", x, constant(x.type, 0))
        return x if is_truth(x) else builder.select(below, builder.neg(x), x)
    return intrinsic(builder, "fabs", x)


def square_root(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    return intrinsic(builder, "sqrt", x)


def sign(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    if not is_real(x):
        return whole_sign(builder, x)
    zero = constant(x.type, 0.0)
    one = constant(x.type, 1.0)
    signed = builder.select(
        builder.fcmp_ordered(">", x, zero), one,
        builder.select(builder.fcmp_ordered("<", x, zero), constant(x.type, -1.0), zero),
    )  # fmt: skip
    return builder.select(builder.fcmp_unordered("uno", x, x), x, signed)


def whole_sign(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    zero, one = constant(x.type, 0), constant(x.type, 1)
    above, below = (builder.icmp_signed(order, x, zero) for order in "><")
    signed = builder.select(below, constant(x.type, -1), zero)
    return builder.select(above, one, signed)


def where(builder: ir.IRBuilder, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.select(condition, a, b)


def same(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    return x


ELEMENTS: dict[str, Emit] = {
    "add": real_or_whole("fadd", "add"),
    "subtract": real_or_whole("fsub", "sub"),
    "multiply": real_or_whole("fmul", "mul"),
    "divide": lambda builder, a, b: builder.fdiv(a, b),
    "maximum": extreme(">"),
    "minimum": extreme("<"),
    "less": compare("<"),
    "less_equal": compare("<="),
    "greater": compare(">"),
    "greater_equal": compare(">="),
    "equal": compare("=="),
    "not_equal": compare("!="),
    "negative": negative,
    "absolute": absolute,
    "sqrt": square_root,
    "sign": sign,
    "where": where,
    "identity": same,
    "stop_gradient": same,
    "l1_penalty": same,
}


def converted(builder: ir.IRBuilder, x: ir.Value, target: ir.Type) -> ir.Value:
    """``cast`` between truth values, whole numbers and real ones."""
    source, width = element(x.type), lanes(x.type)
    wanted = target if width == 1 else ir.VectorType(target, width)
    if source == target:
        return x
    if isinstance(source, ir.IntType) and isinstance(target, ir.IntType):
        if target.width == 1:
            return builder.icmp_signed("!=", x, constant(x.type, 0))
        if source.width == 1:
            return builder.zext(x, wanted)
        return builder.sext(x, wanted) if source.width < target.width else builder.trunc(x, wanted)
    if isinstance(source, ir.IntType):
        return builder.uitofp(x, wanted) if source.width == 1 else builder.sitofp(x, wanted)
    if isinstance(target, ir.IntType):
        if target.width == 1:
            return builder.fcmp_unordered("!=", x, constant(x.type, 0.0))
        return builder.fptosi(x, wanted)
    narrower = isinstance(source, ir.DoubleType)
    return builder.fptrunc(x, wanted) if narrower else builder.fpext(x, wanted)


# ---- types


def element(kind: ir.Type) -> ir.Type:
    return kind.element if isinstance(kind, ir.VectorType) else kind


def lanes(kind: ir.Type) -> int:
    return int(kind.count) if isinstance(kind, ir.VectorType) else 1


def is_real(value: ir.Value) -> bool:
    return isinstance(element(value.type), ir.FloatType | ir.DoubleType)


def is_truth(value: ir.Value) -> bool:
    kind = element(value.type)
    return isinstance(kind, ir.IntType) and kind.width == 1


def constant(kind: ir.Type, number: Any) -> ir.Constant:
    """A number in every lane."""
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [number] * kind.count)
    return ir.Constant(kind, number)


def intrinsic(builder: ir.IRBuilder, name: str, x: ir.Value) -> ir.Value:
    function = declared(builder, f"llvm.{name}.{mangled(x.type)}", x.type, [x.type])
    return builder.call(function, [x])


def mangled(kind: ir.Type) -> str:
    """A type as names of LLVM's own functions have it: ``v16f32``."""
    inner = element(kind)
    letter = {ir.FloatType: "f32", ir.DoubleType: "f64"}.get(type(inner)) or f"i{inner.width}"
    return f"v{kind.count}{letter}" if isinstance(kind, ir.VectorType) else letter


def declared(builder: ir.IRBuilder, name: str, result: ir.Type, types: list[ir.Type]) -> Any:
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, types), name)


REGISTER: Mapping[str, ir.Type] = {
    "float32": ir.FloatType(),
    "float64": ir.DoubleType(),
    "bool": ir.IntType(1),
    "int8": ir.IntType(8),
    "int32": ir.IntType(32),
    "int64": ir.IntType(64),
}
"""The LLVM type of an element in a register, by NumPy's dtype."""


def memory_type(dtype: np.dtype[Any]) -> ir.Type:
    """The LLVM type of an element in memory: truth values take a byte."""
    kind = REGISTER[dtype.name]
    return ir.IntType(8) if dtype.name == "bool" else kind


def spread(builder: ir.IRBuilder, value: ir.Value, width: int) -> ir.Value:
    return value if width == 1 else splat(builder, value, width)


__all__ = ["ELEMENTS", "LANE", "constant", "converted", "memory_type", "spread"]
