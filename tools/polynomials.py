"""Finds the polynomials of graphnet/native/llvm/transcendental.py: Remez' exchange at 60 digits.

``python tools/polynomials.py`` prints the coefficients, lowest power first, each rounded to its
type, and the relative error that they leave in the function. It needs mpmath.

Each polynomial is the tail of a series whose first terms are kept exact:

* expm1(r) = r + r² p(r) for |r| ≤ log(2) / 2
* log1p(f) = f + f² p(f) for √½ - 1 ≤ f ≤ √2 - 1 (float32)
* log1p(f) = f - s (f - z p(z)) where s = f / (2 + f) and z = s² (float64: a division, but a
  third of the terms)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

Function = Callable[[Any], Any]
GRID = 4000


def remez(target: Function, weight: Function, low: Any, high: Any, degree: int) -> list[Any]:
    """The polynomial p of least maximal |weight (p - target)| on [low, high]."""
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / GRID) for i in range(GRID)]
    targets = [target(x) for x in grid]
    weights = [weight(x) for x in grid]
    count = degree + 2
    chosen = [int((1 - mp.cos(mp.pi * (i + 0.5) / count)) / 2 * (GRID - 1)) for i in range(count)]
    coefficients: list[Any] = []
    for _ in range(20):
        rows = [
            [grid[i] ** k for k in range(degree + 1)] + [(-1) ** j / weights[i]]
            for j, i in enumerate(chosen)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([targets[i] for i in chosen]))
        coefficients = list(solution[: degree + 1])
        errors = [
            weights[i] * (mp.polyval(coefficients[::-1], grid[i]) - targets[i]) for i in range(GRID)
        ]
        previous, chosen = chosen, extremes(errors, count)
        if chosen == previous:
            break
    return coefficients


def extremes(errors: list[Any], count: int) -> list[int]:
    """Where the error is largest between two changes of its sign, ``count`` places in a row."""
    places: list[int] = []
    for i, error in enumerate(errors):
        if places and (error > 0) == (errors[places[-1]] > 0):
            if abs(error) > abs(errors[places[-1]]):
                places[-1] = i
        else:
            places.append(i)
    while len(places) > count:  # an end with the smaller error goes
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    assert len(places) == count, "the error does not alternate often enough"
    return places


def show(
    name: str, dtype: Any, coefficients: list[Any], error: Function, points: list[Any]
) -> None:
    rounded = [dtype(mp.nstr(c, 25)) for c in coefficients]
    exact = [mp.mpf(float(c)) for c in rounded]
    worst = max(abs(error(x, lambda z: mp.polyval(exact[::-1], z))) for x in points if x)
    print(f"{name}, {dtype.__name__}: relative error 2^{mp.nstr(mp.log(worst, 2), 4)}")
    for c in rounded:
        print(f"        {c!s},")


def main() -> None:
    mp.mp.dps = 60
    half_log = mp.log(2) / 2 * mp.mpf("1.001")  # the rounding of x / log(2) leaves a little more
    low, high = mp.sqrt(0.5) - mp.mpf("1.0001"), mp.sqrt(2) - mp.mpf("0.9999")

    for dtype, degree in ((np.float32, 4), (np.float64, 9)):
        show(
            "expm1",
            dtype,
            remez(
                lambda r: (mp.expm1(r) - r) / r**2,
                lambda r: abs(r**2 / mp.expm1(r)),
                -half_log,
                half_log,
                degree,
            ),
            lambda r, p: (r + r**2 * p(r)) / mp.expm1(r) - 1,
            mp.linspace(-half_log, half_log, 1000),
        )

    show(
        "log1p",
        np.float32,
        remez(
            lambda f: (mp.log1p(f) - f) / f**2,
            lambda f: abs(f**2 / mp.log1p(f)),
            low,
            high,
            8,
        ),
        lambda f, p: (f + f**2 * p(f)) / mp.log1p(f) - 1,
        mp.linspace(low, high, 1000),
    )

    def tail(z: Any) -> Any:
        """(2 atanh(s) / s - 2) / z with s = √z: the series 2/3 + 2/5 z + …"""
        return mp.mpf(2) / 3 if z == 0 else (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z

    largest = (high / (2 + high)) ** 2
    show(
        "log1p by s = f / (2 + f)",
        np.float64,
        remez(tail, lambda z: z, mp.mpf("1e-12"), largest, 6),
        lambda s, p: (2 * s + s**3 * p(s**2)) / (2 * mp.atanh(s)) - 1,
        mp.linspace(-mp.sqrt(largest), mp.sqrt(largest), 1000),
    )

    for dtype, kept in ((np.float32, 15), (np.float64, 41)):
        # So few bits that the product with an exponent is exact, with or without fma.
        log_high = mp.floor(mp.log(2) * 2**kept) / 2**kept
        log_low = dtype(mp.nstr(mp.log(2) - log_high, 25))
        print(f"log(2), {dtype.__name__}: {float(log_high)!r} + {log_low!s}")


if __name__ == "__main__":
    main()
