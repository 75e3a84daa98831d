"""Transcendental functions (exp, log, tanh, …) as LLVM instructions, for any number of lanes.

Each function takes a builder and a value (float, double, or a vector of them), emits instructions
at the builder's place and returns the result. None branches or calls: exceptional lanes are chosen
by selects, so a loop over vectors stays a straight line. Results lie within 4 units in the last
place, denormal numbers, infinities, NaN and signed zeros included
(``tests/native/llvm/test_transcendental.py`` measures it).

``has_fma`` says whether the processor has fused multiply-add (``Processor.has_fma``). Without it
LLVM would call the C library for each lane, so a product and a sum are emitted instead; every
product that must be exact has short factors and needs no fusion.

Operations must mean what IEEE says: fast-math flags would break the reductions.
``tools/polynomials.py`` finds the coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.llvm.float_bits import DOUBLE, SINGLE, Lanes, Layout


@dataclass(frozen=True)
class Coefficients:
    """Constants and coefficients of one floating type, the lowest power first."""

    log_2: tuple[float, float]
    """The first part has so few bits that its product with any exponent is exact."""
    lowest: float
    """exp is 0 from here down."""
    highest: float
    """exp is infinite from here up; the exponents of larger results would not fit their bits."""
    saturated: float
    """1 + exp(-x) is 1 from here up."""
    exp_tail: tuple[float, ...]
    """(expm1(r) - r) / r²"""
    log_tail: tuple[float, ...]
    """(log1p(f) - f) / f²; for double (2 atanh(s) / s - 2) / z by z = s²"""


NUMBERS: dict[Layout, Coefficients] = {
    SINGLE: Coefficients(
        log_2=(0.693145751953125, 1.4286068e-06),
        lowest=-104.0,
        highest=89.0,
        saturated=18.0,
        exp_tail=(0.49999997, 0.16666543, 0.0416672, 0.00836658, 0.0013882511),
        log_tail=(
            *(-0.49999988, 0.33333325, -0.25001585, 0.20001984, -0.16609),
            *(0.14181581, -0.13243473, 0.12906322, -0.07622932),
        ),
    ),
    DOUBLE: Coefficients(
        log_2=(0.693147180559663, 2.8235290563031577e-13),
        lowest=-746.0,
        highest=710.0,
        saturated=38.0,
        exp_tail=(
            *(0.5000000000000006, 0.16666666666666588, 0.04166666666657611, 0.008333333333389956),
            *(0.0013888888931794996, 0.00019841269718346295, 2.4801504978878474e-05),
            *(2.755740786105616e-06, 2.762616142490504e-07, 2.505377773685103e-08),
        ),
        log_tail=(
            *(0.6666666666666735, 0.39999999999413244, 0.2857142874273718, 0.22222198534344917),
            *(0.18183566490048286, 0.1531399165397565, 0.14796572839753663),
        ),
    ),
}


def lanes_and_numbers(
    builder: ir.IRBuilder, x: ir.Value, has_fma: bool
) -> tuple[Lanes, Coefficients]:
    lanes = Lanes(builder, x.type, has_fma)
    return lanes, NUMBERS[lanes.layout]


# ---- exponential functions


def reduced(lanes: Lanes, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """n and expm1(r) where x = n log(2) + r and |r| ≤ log(2) / 2.

    Above the low bits of n stand those of ``shifter``; who uses n as an exponent need not remove
    them. x lies between ``lowest`` and ``highest``, or is NaN.
    """
    shifter = lanes.layout.shifter
    numbers = NUMBERS[lanes.layout]
    shifted = lanes.multiply_add(x, 1 / math.log(2), shifter)
    n = lanes.subtract(shifted, shifter)
    high, low = numbers.log_2
    r = lanes.multiply_add(n, -low, lanes.multiply_add(n, -high, x))
    tail = lanes.polynomial(r, numbers.exp_tail)
    return lanes.bits(shifted), lanes.multiply_add(lanes.multiply(r, r), tail, r)


def bounded_exp(lanes: Lanes, x: ir.Value) -> ir.Value:
    """exp where ``reduced`` allows x.

    2ⁿ is applied as two factors of half the exponent. Each is a normal number though the result may
    be denormal, so that only the last product rounds.
    """
    n, tail = reduced(lanes, x)
    half = lanes.half(n)
    rest = lanes.as_exponent(lanes.minus(n, half))
    first = lanes.plus(lanes.bits(lanes.add(tail, 1.0)), lanes.as_exponent(half))
    second = lanes.plus(rest, lanes.layout.one)
    return lanes.multiply(lanes.from_bits(first), lanes.from_bits(second))


def bounded_expm1(lanes: Lanes, x: ir.Value) -> ir.Value:
    """expm1 where ``reduced`` allows x and exp is a normal number.

    It is 2ⁿ expm1(r) + (2ⁿ - 1), all halved until the last step: 2ⁿ may be just beyond the range.
    """
    n, tail = reduced(lanes, x)
    layout = lanes.layout
    scale = lanes.from_bits(lanes.plus(lanes.as_exponent(n), layout.one - (1 << layout.mantissa)))
    half = lanes.multiply_add(scale, tail, lanes.subtract(scale, 0.5))
    return lanes.add(half, half)


def exp(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    lanes, numbers = lanes_and_numbers(builder, x, has_fma)
    return bounded_exp(lanes, lanes.at_least(lanes.at_most(x, numbers.highest), numbers.lowest))


def expm1(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    lanes, numbers = lanes_and_numbers(builder, x, has_fma)
    bounded = lanes.at_least(lanes.at_most(x, numbers.highest), -2 * numbers.saturated)
    result = bounded_expm1(lanes, bounded)
    return lanes.where(lanes.magnitude(x), "<", lanes.layout.tiny, x, result)


def sigmoid(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    """With e = exp(-|x|) it is 1 / (1 + e), or e / (1 + e) where x < 0: small results keep all
    their bits."""
    lanes, numbers = lanes_and_numbers(builder, x, has_fma)
    negative = builder.fneg(lanes.magnitude(x))
    e = bounded_exp(lanes, lanes.at_least(negative, numbers.lowest))
    return lanes.divide(lanes.where(x, "<", 0.0, e, 1.0), lanes.add(e, 1.0))


def tanh(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    """e / (e + 2) with e = expm1(2 |x|), which is accurate near 0 as well."""
    lanes, numbers = lanes_and_numbers(builder, x, has_fma)
    size = lanes.at_most(lanes.magnitude(x), numbers.saturated)
    e = bounded_expm1(lanes, lanes.add(size, size))
    return lanes.with_sign_of(lanes.divide(e, lanes.add(e, 2.0)), x)


# ---- logarithms


def split(lanes: Lanes, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2: k + bias as bits, k as a number, f. x is normal."""
    layout = lanes.layout
    lowest = int(math.sqrt(2.0) * 2**layout.mantissa) - (2 << layout.mantissa)
    root = layout.one + lowest  # the bits of √½, whose exponent is that of 1 less 1
    moved = lanes.plus(lanes.bits(x), layout.one - root)
    biased = lanes.exponent(moved)
    k = lanes.subtract(
        lanes.from_bits(lanes.plus(biased, layout.shifter_bits - layout.bias)), layout.shifter
    )
    mantissa = lanes.plus(lanes.keep(moved, (1 << layout.mantissa) - 1), root)
    return biased, k, lanes.subtract(lanes.from_bits(mantissa), 1.0)


def combined(lanes: Lanes, k: ir.Value, f: ir.Value) -> ir.Value:
    """k log(2) + log1p(f)

    float32 takes a polynomial in f. For float64 that would need some twenty terms; with
    s = f / (2 + f), log1p(f) = 2 atanh(s) = 2 s + s z p(z) by z = s², and 2 s = f - s f.
    """
    high, low = NUMBERS[lanes.layout].log_2
    terms = NUMBERS[lanes.layout].log_tail
    rest = lanes.multiply(k, low)
    if lanes.layout == SINGLE:
        tail = lanes.multiply_add(lanes.multiply(f, f), lanes.polynomial(f, terms), rest)
    else:
        s = lanes.divide(f, lanes.add(f, 2.0))
        z = lanes.multiply(s, s)
        inner = lanes.subtract(lanes.multiply(z, lanes.polynomial(z, terms)), f)
        tail = lanes.multiply_add(s, inner, rest)
    return lanes.multiply_add(k, high, lanes.add(f, tail))


def with_ends(lanes: Lanes, x: ir.Value, zero: float, result: ir.Value) -> ir.Value:
    """The logarithm of x, which vanishes at ``zero`` of the function's argument: -∞ there, NaN
    below, ∞ and NaN as they are."""
    below = lanes.where(x, "==", zero, -math.inf, math.nan)
    finite = lanes.where(x, ">", zero, result, below)
    return lanes.where(x, "<", math.inf, finite, x)


def log(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    lanes, _ = lanes_and_numbers(builder, x, has_fma)
    layout = lanes.layout
    least, shift = 2.0 ** (1 - layout.bias), float(layout.mantissa)
    normal = lanes.where(x, "<", least, lanes.multiply(x, 2.0**shift), x)
    _, k, f = split(lanes, normal)
    k = lanes.subtract(k, lanes.where(x, "<", least, shift, 0.0))
    return with_ends(lanes, x, 0.0, combined(lanes, k, f))


def log1p(builder: ir.IRBuilder, x: ir.Value, has_fma: bool = True) -> ir.Value:
    """1 + x loses bits of x, so it only says what k is; f = (2⁻ᵏ x) + (2⁻ᵏ - 1) rounds once.

    2⁻ᵏ may be denormal, so x is divided by 4 and the factor is four times as large.
    """
    lanes, _ = lanes_and_numbers(builder, x, has_fma)
    layout = lanes.layout
    biased, k, _ = split(lanes, lanes.add(x, 1.0))
    factor = lanes.from_bits(lanes.as_exponent(lanes.minus(2 * layout.bias + 2, biased)))
    offset = lanes.subtract(lanes.multiply(factor, 0.25), 1.0)
    f = lanes.multiply_add(factor, lanes.multiply(x, 0.25), offset)
    result = with_ends(lanes, x, -1.0, combined(lanes, k, f))
    return lanes.where(lanes.magnitude(x), "<", layout.tiny, x, result)


MATHEMATICS: dict[str, Callable[[ir.IRBuilder, ir.Value, bool], ir.Value]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sigmoid": sigmoid,
    "tanh": tanh,
}
"""(builder, x, has_fma) → the function of x, by the name of the primitive."""
