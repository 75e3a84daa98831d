"""Reasons why an equation has no machine code, and which of them a warning names."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.ir import Program, run_program, scan, trace
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.pointwise import cast
from graphnet.source import warn_once

pytest.importorskip("llvmlite")

from graphnet.native import compiled
from graphnet.native.scheduling.support import LARGEST_LITERAL, Reason, reason_not_native

STATE = ArrayType((3,), np.dtype(np.float64))
TABLE = ArrayType((2, 3), np.dtype(np.float64))
Step = Callable[[Any, Any], Any]


def of_bytes(table: Any, h: Any) -> Any:
    """Whole numbers without a sign, which have no rule anywhere."""
    positive = cast(h > 0.0, dtype=np.dtype(np.uint8))
    return h + cast(positive, dtype=np.dtype(np.float64))


def large_constant(table: Any, h: Any) -> Any:
    """A constant that is too large for code."""
    return h + (h[:1] + np.ones(LARGEST_LITERAL + 1)).max(0)


def scanned(step: Step) -> Program:
    def function(table: Any, h: Any) -> Any:
        finals, _ = scan(lambda carry, _: ([step(table, carry[0])], []), [h], [], length=4)
        return finals

    return trace(function, TABLE, STATE)


CASES: dict[str, tuple[Step, Reason]] = {
    "a large constant": (large_constant, Reason(f"a constant float64[{LARGEST_LITERAL + 1}]")),
    "no rule anywhere": (of_bytes, Reason("cast of uint8[3]", is_of_body=True)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reason_of_a_scan_is_that_of_its_body(name: str) -> None:
    step, expected = CASES[name]
    (*_, equation) = scanned(step).equations
    assert equation.primitive.name == "scan"
    assert reason_not_native(equation) == expected


@pytest.mark.parametrize("name", CASES)
def test_a_scan_that_runs_interpreted_is_reported_once(name: str) -> None:
    step, expected = CASES[name]
    program = scanned(step)
    warn_once.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = compiled(program)
    (text,) = [str(warning.message) for warning in caught]
    assert text.endswith(f"runs interpreted: no compiled kernel for {expected.lacking}")
    arrays = [np.arange(6.0).reshape(2, 3), np.array([0.5, -1.0, 2.0])]
    np.testing.assert_allclose(run_program(made, arrays), run_program(program, arrays), rtol=1e-12)


def test_what_has_machine_code_has_no_reason() -> None:
    program = scanned(lambda table, h: h + (table @ h).sum())
    assert not any(map(reason_not_native, program.equations))
