"""Transposes: products are turned round, what is read as it is stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graphnet.ir import (
    trace,
)
from graphnet.ir.primitives.pointwise import tanh
from graphnet.native.passes.algebra.transpose_propagation import orient
from tests.array_programs.checks import (
    arrays_for,
    assert_same_meaning,
)
from tests.array_programs.passes import SQUARE, made_by, names

TURNED: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "a product": (lambda a, b: (a.T @ b).T, ["transpose", "matmul"]),
    "slices of it": (
        lambda a, b: [(y := a.T @ b)[1:, :1].T, y[:1].T], ["transpose", "matmul", "slice", "slice"],
    ),
    "a sum": (lambda a, b: (a.T @ b + b.T @ a).T, ["transpose", "matmul"] * 2 + ["add"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED)
def test_products_are_turned_round(name: str) -> None:
    function, expected = TURNED[name]
    program = trace(function, SQUARE, SQUARE)
    changed = assert_same_meaning(program, orient, arrays_for(program))
    assert sorted(names(changed)) == sorted(expected)
    assert not any(made_by(changed, atom, "transpose") for atom in changed.outputs)


@pytest.mark.parametrize("function", [
    lambda a, b: [(y := a.T @ b).T, y],
    lambda a, b: [(y := a.T @ b).T, tanh(y)],
    lambda a, b: (a.T @ b + a).T,
    lambda a, b: a.T @ b,
])  # fmt: skip
def test_what_is_read_as_it_is_is_not_turned(function: Callable[..., Any]) -> None:
    program = trace(function, SQUARE, SQUARE)
    assert orient(program) is program
