"""``scan`` against the loop that it stands for: values, gradients, second gradients, both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.errors import NumericsError, ShapeError
from graphnet.ir import Program, differentiate, interpreter, run_program, scan, trace, type_of
from graphnet.ir.core.trace import inline
from graphnet.ir.primitives.pointwise import cast, log, sigmoid, tanh
from graphnet.ir.primitives.shaping import stack
from tests.support.numeric import numeric_gradient, relative_error, weighted_sum

STEPS, BATCH, SIZE = 4, 2, 3
SHAPES = [(SIZE, SIZE), (SIZE,), (BATCH, SIZE), (BATCH, SIZE), (STEPS, BATCH, SIZE)]


def step(weight: Any, bias: Any, carry: Any, slices: Any) -> Any:
    """A cell with everything that a scan must handle: constants, two states, several results."""
    c, h = carry
    gate = sigmoid(h @ weight.T + bias)
    new_c = gate * c + (1.0 - gate) * slices[0]
    new_h = tanh(new_c) * gate + bias
    return [new_c, new_h], [new_h, gate * slices[0]]


def scanned(reverse: bool) -> Any:
    def function(weight: Any, bias: Any, c: Any, h: Any, xs: Any) -> Any:
        finals, results = scan(
            lambda carry, slices: step(weight, bias, carry, slices),
            [c, h], [xs], length=STEPS, reverse=reverse,
        )  # fmt: skip
        return [*finals, *results]

    return function


def looped(reverse: bool) -> Any:
    def function(weight: Any, bias: Any, c: Any, h: Any, xs: Any) -> Any:
        rows: list[Any] = [None] * STEPS
        for t in reversed(range(STEPS)) if reverse else range(STEPS):
            (c, h), rows[t] = step(weight, bias, [c, h], [xs[t]])
        return [c, h, stack([row[0] for row in rows]), stack([row[1] for row in rows])]

    return function


def programs(reverse: bool) -> tuple[Program, Program, list[np.ndarray]]:
    rng = np.random.default_rng(7)
    arrays = [rng.normal(size=shape) for shape in SHAPES]
    types = list(map(type_of, arrays))
    return trace(scanned(reverse), *types), trace(looped(reverse), *types), arrays


def gradients(program: Program, arrays: list[np.ndarray]) -> list[np.ndarray]:
    derivative = differentiate(program, program.inputs)
    derivative.forward.check()
    derivative.backward.check()
    values = run_program(derivative.forward, arrays)
    seeds = [np.sin(np.arange(v.size)).reshape(v.shape) for v in values[: len(program.outputs)]]
    found = run_program(derivative.backward, [*values[len(program.outputs) :], *seeds])
    return [found[slot] for slot in derivative.slots if slot is not None]


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_equals_the_loop(reverse: bool) -> None:
    scan_program, loop_program, arrays = programs(reverse)
    scan_program.check()
    pairs = zip(run_program(scan_program, arrays), run_program(loop_program, arrays), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_equal_those_of_the_loop(reverse: bool) -> None:
    scan_program, loop_program, arrays = programs(reverse)
    pairs = zip(gradients(scan_program, arrays), gradients(loop_program, arrays), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_second_gradients_equal_finite_differences() -> None:
    program, _, arrays = programs(reverse=False)
    first = differentiate(program, program.inputs)
    count = len(program.outputs)

    def composed(*inputs: Any) -> Any:
        values = inline(first.forward, inputs)
        return inline(first.backward, [*values[count:], *[v * 0.5 for v in values[:count]]])

    twice = trace(composed, *map(type_of, arrays))
    twice.check()
    second = differentiate(twice, twice.inputs)
    values = run_program(second.forward, arrays)
    weights = [np.cos(np.arange(v.size)).reshape(v.shape) for v in values[: len(twice.outputs)]]
    found = run_program(second.backward, [*values[len(twice.outputs) :], *weights])
    for slot, array in zip(second.slots, arrays, strict=True):
        assert slot is not None
        expected = numeric_gradient(
            lambda: weighted_sum(run_program(twice, arrays), weights), array
        )
        assert relative_error(found[slot], expected) < 1e-7


Scan = Callable[..., tuple[list[Any], list[Any]]]


def loop(step: Any, carry: Any, sequences: Any, *, length: int, reverse: bool = False) -> Any:
    """What ``scan`` stands for."""
    rows: list[Any] = [None] * length
    for t in reversed(range(length)) if reverse else range(length):
        carry, rows[t] = step(list(carry), [s[t] for s in sequences])
    return list(carry), [stack(list(column)) for column in zip(*rows, strict=True)]


def float_of(x: Any) -> Any:
    return cast(x, dtype=np.dtype(float))


SCANS: dict[str, Callable[..., Any]] = {
    "map": lambda s, x, h, k: s(lambda c, r: ([], [tanh(r[0]) * r[0]]), [], [x], length=4),
    "map with constants": lambda s, x, h, k: s(
        lambda c, r: ([], [tanh(tanh(r[0] * h) * h)]), [], [x], length=4),
    "integer carry": lambda s, x, h, k: s(
        lambda c, r: ([c[0] + 1], [tanh(tanh(r[0]) * float_of(c[0]) * h)]), [k], [x], length=4),
    "mixed carry": lambda s, x, h, k: s(
        lambda c, r: ([c[0] + 1, tanh(c[1] * float_of(c[0]))], [c[1]]), [k, h], [x], length=4),
    "sequence also captured": lambda s, x, h, k: s(
        lambda c, r: ([tanh(c[0] * r[0] + x.sum(0))], [c[0] * x[1]]), [h], [x], length=4),
    "no equations": lambda s, x, h, k: s(
        lambda c, r: ([c[1], r[0]], [c[0], h, r[0]]), [h, x[1]], [x], length=4),
    "unused carry": lambda s, x, h, k: ([], s(
        lambda c, r: ([tanh(c[0] + r[0])], [c[0] * r[0]]), [h], [x], length=4)[1]),
    "reversed": lambda s, x, h, k: s(
        lambda c, r: ([tanh(c[0] * r[0])], [c[0] * h]), [h], [x], length=4, reverse=True),
    "inside a scan": lambda s, x, h, k: s(
        lambda c, r: ([s(lambda d, q: ([tanh(d[0] * q[0] + h * c[0])], []), c, [x], length=4)[0][0]],
                      [s(lambda d, q: ([], [tanh(q[0] * r[0]) * c[0]]), [], [x], length=4)[1][0]]),
        [h], [x], length=4),
}  # fmt: skip


@pytest.mark.parametrize("name", SCANS)
def test_scans_of_every_kind_equal_their_loops(name: str) -> None:
    rng = np.random.default_rng(8)
    arrays = [rng.normal(size=(4, 3)), rng.normal(size=3), np.array(2)]

    def results(kind: Scan) -> tuple[list[Any], list[Any]]:
        program = trace(
            lambda *xs: [*(r := SCANS[name](kind, *xs))[0], *r[1]], *map(type_of, arrays)
        )
        program.check()
        wanted = program.inputs[:2]
        derivative = differentiate(program, wanted)
        values = run_program(derivative.forward, arrays)
        count = len(program.outputs)
        seeds = [
            np.cos(np.arange(v.size)).reshape(v.shape)
            for v, atom in zip(values[:count], program.outputs, strict=False)
            if atom.type.is_float
        ]
        back = run_program(derivative.backward, [*values[count:], *seeds])
        gradients = [
            np.zeros(v.type.shape) if slot is None else back[slot]
            for v, slot in zip(wanted, derivative.slots, strict=True)
        ]
        return values[:count], gradients

    found, expected = results(scan), results(loop)
    for left, right in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


def test_the_body_is_traced_once_whatever_the_length() -> None:
    def size(steps: int) -> int:
        def function(x: Any) -> Any:
            finals, _ = scan(lambda c, s: ([tanh(c[0]) + s[0]], []), [x[0]], [x], length=steps)
            return finals[0]

        program = trace(function, type_of(np.ones((steps, 2))))
        derivative = differentiate(program, program.inputs)
        count = len(derivative.forward.equations) + len(derivative.backward.equations)
        return count + sum(
            len(body.equations)
            for part in (derivative.forward, derivative.backward)
            for equation in part.equations
            for body in equation.bodies()
        )

    assert size(2) == size(500)


def test_what_does_not_change_is_computed_outside() -> None:
    def function(weight: Any, x: Any) -> Any:
        finals, _ = scan(lambda c, s: ([c[0] @ weight.T], []), [x], [], length=3)
        return finals[0]

    program = trace(function, type_of(np.ones((2, 2))), type_of(np.ones((1, 2))))
    assert [e.primitive.name for e in program.equations] == ["transpose", "scan"]


def test_a_scan_of_no_steps_returns_what_it_was_given() -> None:
    program = trace(
        lambda c, xs: [
            v[0] for v in scan(lambda a, s: ([a[0] + s[0]], [a[0]]), [c], [xs], length=0)
        ],
        type_of(np.ones(2)),
        type_of(np.ones((0, 2))),
    )
    final, stacked = run_program(program, [np.ones(2), np.ones((0, 2))])
    np.testing.assert_array_equal(final, np.ones(2))
    assert stacked.shape == (0, 2)


def test_numpy_arrays_are_scanned_at_once() -> None:
    finals, sums = scan(
        lambda c, s: ([c[0] + s[0]], [c[0]]), [np.zeros(())], [np.ones(3)], length=3
    )
    assert float(finals[0]) == 3
    np.testing.assert_array_equal(sums[0], [0, 1, 2])


def test_a_state_that_changes_its_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"value 0 into a step as float64\[2\] and out of it as"):
        trace(lambda x: scan(lambda c, s: ([c[0][:1]], []), [x], [], length=2), type_of(np.ones(2)))


def test_check_finite_names_the_step() -> None:
    program = trace(
        lambda xs: scan(lambda c, s: ([c[0]], [log(s[0])]), [xs[0]], [xs], length=4)[1],
        type_of(np.ones((4, 2))),
    )
    xs = np.ones((4, 2))
    xs[2, 1] = -1
    with pytest.raises(NumericsError, match=r"log.*produces nan at \(1,\).*at time step 2"):
        interpreter(program, check_finite=True)([xs])
