"""Simplification: what changes nothing goes, what is not finite and what has effects stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.ir import (
    ArrayType,
    Program,
    run_program,
    scan,
    trace,
)
from graphnet.ir.primitives import opaque
from graphnet.ir.primitives.indexing import checked_lengths, unslice
from graphnet.ir.primitives.pointwise import identity, maximum, stop_gradient, tanh, where
from graphnet.ir.primitives.shaping import broadcast, concatenate, zeros
from graphnet.native.passes import PASSES
from graphnet.native.passes.simplification.simplify import simplify
from tests.array_programs.checks import (
    arrays_for,
    assert_same_meaning,
    body_of,
    unread,
)
from tests.array_programs.passes import LONG, SQUARE, names


def simplified(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = trace(function, *types)
    changed = assert_same_meaning(program, simplify, arrays_for(program))
    assert not unread(changed)
    return changed


NOTHING: dict[str, Callable[[Any], Any]] = {
    "add zeros": lambda x: x + zeros(x.type),
    "zeros added to": lambda x: zeros(x.type) + x,
    "subtract zero": lambda x: x - 0.0,
    "times one": lambda x: 1.0 * x * 1.0,
    "divided by one": lambda x: x / 1.0,
    "negative twice": lambda x: (-x).__neg__(),
    "transposed twice": lambda x: x.T.T,
    "transposed by nothing": lambda x: x.transpose(0, 1),
    "reshaped back": lambda x: x.reshape(9).reshape(3, 3),
    "broadcast to itself": lambda x: broadcast(x, shape=(3, 3)),
    "slice of joined": lambda x: concatenate(x + 1.0, x, axis=0)[3:],
    "slice of unsliced": lambda x: unslice(x, window=((1, 4, 1), (0, 3, 1)), shape=(5, 3))[1:4],
    "identity": lambda x: stop_gradient(identity(x)),
    "one array joined": lambda x: concatenate(x, axis=0),
    "selected from the same": lambda x: where(x > 0, x, x),
    "selected always": lambda x: where(zeros(x.type) < 1.0, x, 2.0 * x),
    "the larger of the same": lambda x: maximum(x, x),
    "zeros everywhere": lambda x: x + tanh(-zeros(x.type).T[:, :1]).sum(0),
    "cast back": lambda x: x.astype(float),
    "read by nobody": lambda x: (tanh(x), x)[1],
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_remains_of_what_changes_nothing(name: str) -> None:
    program = simplified(NOTHING[name], SQUARE)
    assert program.equations == []
    assert program.outputs == program.inputs


LESS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "computed twice": (lambda x: tanh(x) * tanh(x), ["tanh", "multiply"]),
    "sums either way": (lambda x: (x + x.T) * (x.T + x), ["transpose", "add", "multiply"]),
    "minus": (lambda x: x + (-tanh(x)), ["tanh", "subtract"]),
    "one minus": (lambda x: x * -1.0 + 1.0, ["subtract"]),
    "minus minus": (lambda x: x - (-x), ["add"]),
    "slices of slices": (lambda x: x[1:][1:, ::2], ["slice"]),
    "an empty slice": (lambda x: x[1::2][1:], ["slice"]),
    "a slice of two parts": (lambda x: concatenate(x, x, axis=0)[2:4], ["concatenate", "slice"]),
    "broadcast twice": (
        lambda x: broadcast(broadcast(x, shape=(1, 3, 3)), shape=(2, 3, 3)),
        ["broadcast"],
    ),
    "broadcasts by itself": (lambda x: x + broadcast(x[0], shape=(3, 3)), ["slice", "reshape", "add"]),
    "a sum along one": (lambda x: x.reshape(1, 9).sum(0), ["reshape"]),
    "times zero": (lambda x: x * zeros(x.type), ["multiply"]),
    "product with zeros": (lambda x: x @ zeros(x.type), ["broadcast", "matmul"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LESS)
def test_less_remains(name: str) -> None:
    function, expected = LESS[name]
    assert names(simplified(function, SQUARE)) == expected


def test_what_is_not_finite_is_kept() -> None:
    """A product with zeros is NaN where the other factor is not finite."""
    program = trace(lambda x: [x * zeros(x.type), x + zeros(x.type), x + (-x)], SQUARE)
    values = np.array([[np.inf, -np.inf, np.nan], [1.0, -0.0, 0.0], [2.0, 3.0, 4.0]])
    assert_same_meaning(program, simplify, [values])


def test_effects_are_kept() -> None:
    """A user's function is called, and wrong lengths are reported, even if no result is read."""
    called: list[int] = []

    def noted(arrays: Any) -> Any:
        called.append(1)
        return arrays

    def function(x: Any, lengths: Any) -> Any:
        for _ in range(2):
            opaque.call(x, function=noted, gradient=None, types=(x.type,), label="noted")
        checked_lengths(lengths, steps=9)
        return x

    program = simplify(trace(function, SQUARE, ArrayType((3,), np.dtype(int))))
    assert names(program) == ["call", "call", "checked_lengths"]
    run_program(program, [np.ones((3, 3)), np.ones(3, int)])
    assert len(called) == 2


def test_a_scan_keeps_only_what_is_read() -> None:
    """A carried value that nobody reads vanishes with what only it needs; one that another carried
    value reads remains."""

    def function(x: Any, unused: Any, xs: Any, ys: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            a, b, c = carry
            x, y = slices
            return [a + b, b * x, c @ y + unused], [tanh(a), c, y]

        finals, results = scan(step, [x, x + 1.0, x], [xs, ys], length=5)
        return [finals[0], results[0]]

    program = simplified(function, SQUARE, SQUARE, LONG, LONG)
    assert names(body_of(program)) == ["add", "multiply", "tanh"]
    (equation,) = [e for e in program.equations if e.primitive.name == "scan"]
    assert [equation.settings[name] for name in ("constants", "carried")] == [0, 2]
    assert len(equation.inputs) == 3


def test_what_no_step_changes_is_no_carried_value() -> None:
    def function(x: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            still, zero, total = carry
            return [still + zero, zeros(x.type), total + still], [
                slices[0],
                still,
                zero,
                total,
                total,
            ]

        finals, results = scan(step, [x, zeros(x.type), x], [xs], length=5)
        return [*finals, *results]

    program = simplified(function, SQUARE, LONG)
    (equation,) = [e for e in program.equations if e.primitive.name == "scan"]
    assert program.outputs[0] is program.inputs[0]
    assert program.outputs[3] is program.inputs[1]
    assert names(body_of(program)) == ["add"]
    assert len(equation.outputs) == 2


def test_zeros_enter_the_body_as_zeros() -> None:
    def function(x: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            return [carry[0] * slices[0] + slices[1] + zero + carry[1], carry[1]], [slices[1]]

        zero = zeros(x.type)
        sequences = [xs, zeros(xs.type)]
        finals, results = scan(step, [x, zeros(x.type)], sequences, length=5, reverse=True)
        return [*finals, *results]

    program = simplified(function, SQUARE, LONG)
    assert names(body_of(program)) == ["multiply"]


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("rewrite", [item[1] for item in PASSES], ids=[item[0] for item in PASSES])
def test_short_scans(rewrite: Callable[[Program], Program], length: int) -> None:
    def function(x: Any, w: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            h, still = carry
            return [tanh(h @ w + slices[0] @ w + h @ w.T), still], [h @ x, still]

        finals, results = scan(step, [x, w], [xs], length=length)
        return [*finals, *results]

    types = SQUARE, SQUARE, ArrayType((length, 3, 3), np.dtype(float))
    program = trace(function, *types)
    assert_same_meaning(program, rewrite, arrays_for(program))
