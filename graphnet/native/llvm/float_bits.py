"""Arithmetic and bits of real numbers in LLVM: one number, or a vector of them, is one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir


@dataclass(frozen=True)
class Layout:
    """The bit layout of a floating type."""

    size: int
    mantissa: int
    bias: int

    @property
    def shifter(self) -> float:
        """Added to a number, it leaves the nearest whole number in the lowest bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def shifter_bits(self) -> int:
        return ((self.bias + self.mantissa) << self.mantissa) + (1 << self.mantissa - 1)

    @property
    def one(self) -> int:
        """The bits of 1."""
        return self.bias << self.mantissa

    @property
    def tiny(self) -> float:
        """A number below it is too small for the second term of its series to be seen."""
        return 2.0 ** -(self.mantissa + 2)


SINGLE = Layout(size=32, mantissa=23, bias=127)
DOUBLE = Layout(size=64, mantissa=52, bias=1023)

Real: TypeAlias = ir.Value | float
"""A value, or a number meant in every lane."""

Whole: TypeAlias = ir.Value | int


class Lanes:
    """A builder for values of one type."""

    def __init__(self, builder: ir.IRBuilder, type: ir.Type, has_fma: bool) -> None:
        self.builder = builder
        self.has_fma = has_fma
        self.type = type
        vector = isinstance(type, ir.VectorType)
        element = type.element if vector else type
        assert isinstance(element, ir.FloatType | ir.DoubleType)
        self.layout = SINGLE if isinstance(element, ir.FloatType) else DOUBLE
        whole = ir.IntType(self.layout.size)
        self.whole = ir.VectorType(whole, type.count) if vector else whole
        self.fma_name = f"llvm.fma.{f'v{type.count}' if vector else ''}f{self.layout.size}"

    def constant(self, type: ir.Type, value: float) -> ir.Value:
        if not isinstance(type, ir.VectorType):
            return ir.Constant(type, value)
        lane = ir.Constant(type.element, value)
        vector = ir.FormattedConstant(type, "")
        vector.constant = f"splat ({type.element} {lane.get_reference()})"  # short; not in a tuple
        return vector

    def real(self, value: Real) -> ir.Value:
        return self.constant(self.type, value) if isinstance(value, float) else value

    def integer(self, value: Whole) -> ir.Value:
        return self.constant(self.whole, value) if isinstance(value, int) else value

    # ---- arithmetic

    @property
    def fma(self) -> ir.Value:
        """The module's declaration; llvmlite's own knows no vectors."""
        module = self.builder.module
        if self.fma_name not in module.globals:
            ir.Function(module, ir.FunctionType(self.type, [self.type] * 3), self.fma_name)
        return module.globals[self.fma_name]

    def add(self, a: Real, b: Real) -> ir.Value:
        return self.builder.fadd(self.real(a), self.real(b))

    def subtract(self, a: Real, b: Real) -> ir.Value:
        return self.builder.fsub(self.real(a), self.real(b))

    def multiply(self, a: Real, b: Real) -> ir.Value:
        return self.builder.fmul(self.real(a), self.real(b))

    def divide(self, a: Real, b: Real) -> ir.Value:
        return self.builder.fdiv(self.real(a), self.real(b))

    def multiply_add(self, a: Real, b: Real, c: Real) -> ir.Value:
        """a · b + c"""
        if self.has_fma:
            return self.builder.call(self.fma, [self.real(a), self.real(b), self.real(c)])
        return self.add(self.multiply(a, b), c)

    def polynomial(self, x: ir.Value, coefficients: tuple[float, ...]) -> ir.Value:
        """The sum of the coefficients times powers of x, the lowest first."""
        result: Real = coefficients[-1]
        for coefficient in coefficients[-2::-1]:
            result = self.multiply_add(result, x, coefficient)
        return result

    # ---- choice

    def where(self, a: Real, comparison: str, b: Real, then: Real, otherwise: Real) -> ir.Value:
        """``then`` in the lanes where the comparison holds; it does not where a or b is NaN."""
        condition = self.builder.fcmp_ordered(comparison, self.real(a), self.real(b))
        return self.builder.select(condition, self.real(then), self.real(otherwise))

    def at_most(self, x: ir.Value, bound: float) -> ir.Value:
        return self.where(x, ">", bound, bound, x)

    def at_least(self, x: ir.Value, bound: float) -> ir.Value:
        return self.where(x, "<", bound, bound, x)

    # ---- bits

    def bits(self, x: ir.Value) -> ir.Value:
        return self.builder.bitcast(x, self.whole)

    def from_bits(self, bits: ir.Value) -> ir.Value:
        return self.builder.bitcast(bits, self.type)

    def plus(self, a: Whole, b: Whole) -> ir.Value:
        return self.builder.add(self.integer(a), self.integer(b))

    def minus(self, a: Whole, b: Whole) -> ir.Value:
        return self.builder.sub(self.integer(a), self.integer(b))

    def keep(self, bits: ir.Value, mask: int) -> ir.Value:
        return self.builder.and_(bits, self.integer(mask))

    def as_exponent(self, n: ir.Value) -> ir.Value:
        """A whole number where the bits of an exponent are; what is above them falls off."""
        return self.builder.shl(n, self.integer(self.layout.mantissa))

    def exponent(self, bits: ir.Value) -> ir.Value:
        return self.builder.lshr(bits, self.integer(self.layout.mantissa))

    def half(self, n: ir.Value) -> ir.Value:
        return self.builder.lshr(n, self.integer(1))

    # ---- signs

    def magnitude(self, x: ir.Value) -> ir.Value:
        return self.from_bits(self.keep(self.bits(x), (1 << self.layout.size - 1) - 1))

    def with_sign_of(self, magnitude: ir.Value, x: ir.Value) -> ir.Value:
        sign = self.keep(self.bits(x), -(1 << self.layout.size - 1))
        return self.from_bits(self.builder.or_(self.bits(magnitude), sign))
