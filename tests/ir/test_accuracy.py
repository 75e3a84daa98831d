"""Functions of one operand, interpreted and as machine code, against mpmath: four units at most."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from graphnet.ir import PRIMITIVES, Program, run_program, trace, type_of
from tests.ir.test_primitives import of_one_operand
from tests.random_programs.programs import run_compiled

mpmath = pytest.importorskip("mpmath")

ULPS = 4.0
BY_HAND = {"sigmoid": lambda x: 1 / (1 + mpmath.exp(-x))}
EXACT = {
    name: BY_HAND.get(name) or getattr(mpmath, name)
    for name in of_one_operand()
    if name in BY_HAND or hasattr(mpmath, name)
}
"""The true functions, which mpmath calls by the same names."""


def test_the_functions_are_found_by_name() -> None:
    assert {"exp", "expm1", "log", "log1p", "sigmoid", "sin", "cos", "sqrt", "tanh"} <= set(EXACT)


def executors(program: Program, x: np.ndarray) -> dict[str, np.ndarray]:
    found = {"interpreted": run_program(program, [x])[0]}
    if find_spec("llvmlite"):
        found["compiled"] = run_compiled(program, [x])[0]
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_results_lie_within_four_units(name: str, dtype: Any) -> None:
    sizes = np.exp(np.random.default_rng(2).uniform(-12, 3, 200))
    x = np.concatenate([sizes, -sizes]).astype(dtype)
    with mpmath.workdps(40):
        true = [EXACT[name](mpmath.mpf(at)) for at in x.tolist()]
        is_real = [isinstance(value, mpmath.mpf) for value in true]
        true, x = [value for value in true if isinstance(value, mpmath.mpf)], x[is_real]
        units = np.spacing(np.abs(np.array(true, dtype=float).astype(dtype))).tolist()
        program = trace(PRIMITIVES[name], type_of(x))
        for executor, got in executors(program, x).items():
            assert got.dtype == dtype
            for at, y, value, unit in zip(x.tolist(), got.tolist(), true, units, strict=True):
                assert abs(mpmath.mpf(y) - value) <= ULPS * unit, (executor, at, y)
