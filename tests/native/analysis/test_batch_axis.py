"""Rows: in the scans of every cell they do not mix, so that code fits any batch; the pass for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.ir import ArrayType, Equation, Program, run_program, scan, trace, type_of
from graphnet.ir.core.program import Atom, Var, is_var
from graphnet.ir.primitives.pointwise import tanh
from graphnet.ir.primitives.shaping import broadcast, concatenate
from graphnet.native import optimised
from graphnet.native.analysis.batch_axis import ROWS, for_any_rows
from graphnet.native.passes.loops.batch_sums import rowwise
from tests.array_programs.checks import arrays_for, assert_same_meaning, equations_of
from tests.support.cells import OF_EACH_KIND

SIZES = [(4, 4, 4, 4), (4, 4, 4, 3), (5, 3, 7, 6), (3, 2, 8, 5), (2, 7, 7, 7)]
"""Steps, rows, hidden, input: they may coincide, and it must not matter."""


# ---- every cell


def scans_of(program: Program) -> Iterator[Equation]:
    return (e for e in equations_of(program) if e.primitive.name == "scan")


def widened(equation: Equation) -> tuple[Program, int] | None:
    settings = equation.settings
    return for_any_rows(settings["body"], settings["constants"], settings["carried"])


def one_row(body: Program) -> Program:
    """A body for any rows as the body for a single one."""
    known: dict[Atom, Var] = {}

    def atom(old: Atom) -> Any:
        shape = tuple(1 if n == ROWS else n for n in old.type.shape)
        return known.setdefault(old, Var(ArrayType(shape, old.type.dtype))) if is_var(old) else old

    equations = []
    for equation in body.equations:
        inputs, outputs = (tuple(map(atom, part)) for part in (equation.inputs, equation.outputs))
        settings = dict(equation.settings)
        if "shape" in settings:
            settings["shape"] = outputs[0].type.shape
        if "window" in settings:
            pieces = (tuple(1 if n == ROWS else n for n in b) for b in settings["window"])
            settings["window"] = tuple(pieces)
        equations.append(Equation(equation.primitive, inputs, settings, outputs, None))
    return Program(tuple(map(atom, body.inputs)), equations, tuple(map(atom, body.outputs)))


def assert_rows_stay_apart(equation: Equation) -> None:
    """Each row of a step is what the step gives for this row alone."""
    found = widened(equation)
    assert found is not None, f"rows mix in\n{equation.settings['body']}"
    general, rows = found
    body, single = equation.settings["body"], one_row(general)
    single.check()
    arrays = arrays_for(body)
    whole = run_program(body, arrays)
    for row in range(rows):
        own = [
            array[row : row + 1] if var.type.shape[:1] == (ROWS,) else array
            for array, var in zip(arrays, general.inputs, strict=True)
        ]
        pairs = zip(whole, run_program(single, own), general.outputs, strict=True)
        for expected, given, out in pairs:
            part = expected[row : row + 1] if out.type.shape[:1] == (ROWS,) else expected
            np.testing.assert_allclose(given, part, rtol=0, atol=1e-9 * max(1, abs(part).max()))


def programs_of(
    net: Any, sizes: tuple[int, int, int, int], lengths: bool = False, **options: Any
) -> list[Program]:
    """Forward, forward with what backward reads, and backward."""
    steps, rows, _, features = sizes
    more: dict[str, Any] = {"lengths": np.arange(rows) % steps + 1} if lengths else {}
    traced = executed(
        net.run(np.ones((steps, rows, features)), **{"keep": False, **options}, **more)
    ).traced
    derivative = traced.differentiated()
    return [traced.program, derivative.forward, derivative.backward]


def assert_fits_any_batch(programs: list[Program], steps: int) -> None:
    for program in programs:
        arrays = [a % steps + 1 if a.dtype.kind == "i" else a for a in arrays_for(program)]
        changed = assert_same_meaning(program, optimised, arrays, tolerance=1e-10)
        for equation in scans_of(changed):
            assert_rows_stay_apart(equation)


TRACED: dict[str, Any] = {"keep": True, "trace": True}
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # options of Recurrent and of a run
    "plain": ({}, {}),
    "lengths": ({}, {"lengths": True}),
    "reverse": ({"reverse": True}, {}),
    "reverse, lengths": ({"reverse": True}, {"lengths": True}),
    "traces": ({}, TRACED),
    "learned": ({"initial": "learned"}, {}),
    "truncated": ({"truncate": 2}, {}),
    "all": (
        {"reverse": True, "initial": "learned", "truncate": 2},
        {"lengths": True, **TRACED},
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_rows_of_cells_stay_apart(name: str, variant: str) -> None:
    options, given = VARIANTS[variant]
    for sizes in SIZES:
        net = nn.Recurrent(nn.CELLS[name](sizes[3], sizes[2]), **options)
        assert_fits_any_batch(programs_of(net, sizes, **given), sizes[0])


NETS: dict[str, Callable[[int, int], Any]] = {
    "two layers": lambda i, h: nn.LSTM(i, h, num_layers=2),
    "bidirectional": lambda i, h: nn.LSTM(i, h, bidirectional=True),
    "projection": lambda i, h: nn.LSTM(i, h, proj_size=3),
    "dropout": lambda i, h: nn.LSTM(i, h, num_layers=2, dropout=0.5),
    "all of an LSTM": lambda i, h: nn.LSTM(
        i, h, num_layers=2, dropout=0.5, bidirectional=True, proj_size=3
    ),
    "GRU": lambda i, h: nn.GRU(i, h, num_layers=2, dropout=0.5, bidirectional=True),
    "RNN": lambda i, h: nn.RNN(i, h, num_layers=2, bidirectional=True),
}


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("name", NETS)
def test_rows_of_layers_stay_apart(name: str, lengths: bool) -> None:
    for sizes in SIZES:
        net = NETS[name](sizes[3], sizes[2])
        assert_fits_any_batch(programs_of(net, sizes, lengths), sizes[0])


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_traced_weights_mix_rows_backward_alone(name: str) -> None:
    """The gradient of a weight at each step is a sum over the rows that each step shows."""
    net = nn.Recurrent(nn.CELLS[name](3, 4))
    programs = programs_of(net, (5, 3, 4, 3), keep=True, trace=True, trace_weights=True)
    assert_fits_any_batch(programs[:2], 5)
    changed = assert_same_meaning(programs[2], optimised, arrays_for(programs[2]), 1e-10)
    assert any(widened(equation) is None for equation in scans_of(changed))


# ---- the pass on small programs

SUMS: dict[str, tuple[Callable[..., Any], tuple[int, ...], int]] = {
    # what is added to the carried sum, its shape, and how many arrays are carried in its place
    "rows": (lambda h: (h * h).sum(0), (3,), 1),
    "rows, kept": (lambda h: (h * h).sum(0, keepdims=True), (1, 3), 1),
    "everything": (lambda h: (h * h).sum(), (), 1),
    "several axes": (lambda h: (h.reshape(2, 1, 3) * np.ones((4, 1))).sum((0, 2)), (4,), 1),
    "reshaped": (lambda h: (h * h).sum(0).reshape(3, 1), (3, 1), 1),
    "a part": (lambda h: (h * h).sum(0)[1:], (2,), 1),
    "joined": (lambda h: concatenate((h * h).sum(0), (2.0 - h).sum(0), axis=0), (6,), 2),
    "the same twice": (lambda h: (y := (h * h).sum(0)) - (-y), (3,), 1),
    "repeated": (lambda h: broadcast((h * h).sum(0), shape=(4, 3)), (4, 3), 1),
}


def scanned(step: Callable[..., Any]) -> Callable[..., Any]:
    def function(total: Any, h: Any, xs: Any) -> Any:
        finals, results = scan(step, [total, h], [xs], length=5)
        return [*finals, *results]

    return function


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.mark.parametrize("name", SUMS)
def test_sums_over_rows_are_taken_after_the_scan(name: str) -> None:
    added, shape, count = SUMS[name]

    def step(carry: Any, slices: Any) -> Any:
        new = tanh(carry[1] + slices[0])
        return [carry[0] + added(new), new], []

    arrays = [normal(*shape), normal(2, 3), normal(5, 2, 3)]
    program = trace(scanned(step), *map(type_of, arrays))
    changed = assert_same_meaning(program, rowwise, arrays)
    (equation,) = scans_of(changed)
    assert_rows_stay_apart(equation)
    assert equation.settings["carried"] == 1 + count
    assert rowwise(changed) is changed


MIXED: dict[str, Callable[..., Any]] = {
    "rows mix elsewhere": lambda total, h, x: ([total + h.sum(0), h + h.sum(0)], []),
    "the sum is read": lambda total, h, x: ([total + h.sum(0), h + x], [total]),
    "of something else too": lambda total, h, x: ([total + (h.sum(0) + total * 2.0), h + x], []),
    "not linear": lambda total, h, x: ([total + tanh(h.sum(0)), h + x], []),
    "nothing to do": lambda total, h, x: ([total, h + x], [x]),
}


@pytest.mark.parametrize("name", MIXED)
def test_other_scans_stay(name: str) -> None:
    program = trace(
        scanned(lambda carry, slices: MIXED[name](*carry, *slices)),
        *map(type_of, (normal(3), normal(2, 3), normal(5, 2, 3))),
    )
    assert rowwise(program) is program


def test_a_carried_value_without_rows_comes_first() -> None:
    """Which carried value has the rows is found out; a counter has none."""

    def step(carry: Any, slices: Any) -> Any:
        return [carry[0] * 2.0, carry[1] + slices[0] * carry[0]], []

    program = trace(scanned(step), *map(type_of, (normal(3), normal(2, 3), normal(5, 2, 3))))
    (equation,) = scans_of(program)
    found = widened(equation)
    assert found is not None
    assert found[1] == 2
