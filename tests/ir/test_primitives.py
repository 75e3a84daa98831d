"""Every primitive: a row of cases, run through shapes, values, first and second gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from graphnet.errors import DtypeError, GraphnetError, IndexRangeError, ShapeError
from graphnet.ir import PRIMITIVES, Primitive, differentiate, run_program, scan, trace, type_of
from graphnet.ir.core.operands import compute_now
from graphnet.ir.core.trace import inline
from tests.support.numeric import numeric_gradient, relative_error, weighted_sum


@dataclass
class Case:
    """A primitive applied to arrays drawn from ``low`` to ``high``; int and bool arrays given whole."""

    name: str
    shapes: list[Any]
    settings: dict[str, Any] = field(default_factory=dict)
    low: float = 0.5
    high: float = 1.5

    def arrays(self) -> list[np.ndarray]:
        rng = np.random.default_rng(3)
        return [
            s if isinstance(s, np.ndarray) else rng.uniform(self.low, self.high, s)
            for s in self.shapes
        ]

    def __str__(self) -> str:
        shapes = [s.shape if isinstance(s, np.ndarray) else s for s in self.shapes]
        return f"{self.name}-{shapes}-{list(self.settings.values())}".replace(" ", "")


def unary(*names: str, low: float = 0.5) -> list[Case]:
    return [Case(name, [shape], low=low) for name in names for shape in [(3, 4), (), (0, 2)]]


def binary(*names: str) -> list[Case]:
    pairs = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((), (2, 3)), ((2, 0), (2, 1))]
    return [Case(name, list(pair)) for name in names for pair in pairs]


def of_one_operand() -> list[str]:
    """The pointwise primitives of one floating operand: they need no line of their own here."""
    return [name for name, record in PRIMITIVES.items() if record.is_pointwise and takes(record, 1)]


def takes(record: Primitive, count: int) -> bool:
    """Whether the primitive can be applied to so many floating numbers, without settings."""
    try:
        record.type(*[type_of(np.ones(()))] * count)
    except (TypeError, DtypeError):
        return False
    return True


def around(axes: Any, sizes: Any, strides: Any, dilations: Any) -> dict[str, Any]:
    """The settings of windows; those of ``overlap_add`` are without sizes."""
    settings = {"axes": axes, "sizes": sizes, "strides": strides, "dilations": dilations}
    return {name: value for name, value in settings.items() if value}


BOTH_SIGNS = ("negative", "absolute", "sign", "exp", "tanh", "sigmoid", "sin", "cos")
INDICES = np.array([[0, 2], [2, 1]])
FLAGS = np.array([[True, False, True], [False, False, True]])

CASES = [
    *unary(*BOTH_SIGNS, low=-1.5),
    *unary(*(name for name in of_one_operand() if name not in BOTH_SIGNS)),
    *binary("add", "subtract", "multiply", "divide", "power", "maximum", "minimum"),
    *binary("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    Case("l1_penalty", [(3, 4)], {"weight": 0.0, "keep": True}, low=-1.5),
    Case("where", [FLAGS, (2, 3), (2, 3)]),
    Case("where", [FLAGS, (), (2, 1)]),
    Case("cast", [(2, 3)], {"dtype": np.dtype("float64")}),
    Case("cast", [INDICES], {"dtype": np.dtype("float64")}),
    Case("reshape", [(2, 6)], {"shape": (3, 4)}),
    Case("reshape", [(2, 6)], {"shape": (-1, 3)}),
    Case("transpose", [(2, 3, 4)], {"axes": (2, 0, 1)}),
    Case("broadcast", [(3, 1)], {"shape": (2, 3, 4)}),
    Case("concatenate", [(2, 3), (2, 1), (2, 2)], {"axis": 1}),
    Case("concatenate", [(2, 3), (0, 3)], {"axis": -2}),
    Case("slice", [(5, 4)], {"window": ((1, 4, 2), (0, 3, 1))}),
    Case("unslice", [(2, 3)], {"window": ((1, 4, 2), (0, 3, 1)), "shape": (5, 4)}),
    Case("take", [(3, 4), INDICES]),
    Case("take", [(3,), INDICES]),
    Case("checked_lengths", [np.array([3, 0, 5])], {"steps": 5}),
    Case("scatter_add", [(2, 2, 4), INDICES], {"rows": 3}),
    Case("scatter_add", [(2, 2), INDICES], {"rows": 5}),
    Case("scatter_add", [(0, 2), np.zeros(0, int)], {"rows": 2}),
    Case("sum", [(2, 3, 4)], {"axis": (0, 2), "keepdims": False}),
    Case("sum", [(2, 3)], {"axis": None, "keepdims": False}),
    Case("sum", [(2, 3)], {"axis": -1, "keepdims": True}),
    Case("max", [(2, 3, 4)], {"axis": 1, "keepdims": False}),
    Case("max", [(2, 3)], {"axis": None, "keepdims": True}),
    Case("matmul", [(2, 3), (3, 4)]),
    Case("matmul", [(3,), (3, 4)]),
    Case("matmul", [(2, 3), (3,)]),
    Case("matmul", [(3,), (3,)]),
    Case("matmul", [(5, 2, 3), (3, 4)]),
    Case("matmul", [(2, 3), (5, 3, 4)]),
    Case("matmul", [(5, 1, 2, 3), (6, 3, 4)]),
    Case("matmul", [(5, 2, 3), (3,)]),
    Case("matmul", [(3,), (5, 3, 2)]),
    Case("matmul", [(2, 0), (0, 3)]),
    Case("einsum", [(2, 3), (3, 4)], {"subscripts": "ij,jk->ik"}),
    Case("einsum", [(2, 3), (3, 4)], {"subscripts": "ij,jk->ki"}),
    Case("einsum", [(5, 2, 3), (3, 5, 2, 4)], {"subscripts": "bik,kbil->lbi"}),
    Case("einsum", [(2, 3), (2, 4, 3)], {"subscripts": "ij,ikj->k"}),
    Case("einsum", [(3,), (2,)], {"subscripts": "i,j->ji"}),
    Case("einsum", [(3,), (3,)], {"subscripts": "i,i->"}),
    Case("einsum", [(0, 2), (2, 0)], {"subscripts": "ij,ji->j"}),
    Case("windows", [(2, 6)], around((1,), (3,), (1,), (1,))),
    Case("windows", [(7, 2, 6)], around((0, 2), (2, 3), (3, 1), (2, 2))),
    Case("windows", [(2, 3)], around((1, 0), (3, 1), (2, 1), (1, 4))),
    Case("overlap_add", [(2, 4, 3)], {**around((1,), (), (1,), (1,)), "shape": (2, 6)}),
    Case("overlap_add", [(2, 2, 2, 2, 3)], {**around((0, 2), (), (3, 1), (2, 2)), "shape": (7, 2, 6)}),
    Case("flip", [(2, 3, 4)], {"axes": (0, 2)}),
    Case("flip", [(2, 3)], {"axes": ()}),
    Case("take_at_maxima", [(3, 6), (3, 6)], around((1,), (2,), (2,), (1,))),
    Case("take_at_maxima", [(2, 5, 6), (2, 5, 6)], around((1, 2), (3, 2), (2, 1), (1, 2))),
    Case("put_at_maxima", [(3, 3), (3, 6)], around((1,), (2,), (2,), (1,))),
    Case("put_at_maxima", [(2, 2, 4), (2, 5, 6)], around((1, 2), (3, 2), (2, 1), (1, 2))),
]  # fmt: skip

ELSEWHERE = {
    "scan": "ir/test_scan.py: its operands include a program",
    "call": "nn/layers/test_function.py: its operands include the user's functions",
}


def test_every_primitive_has_a_case() -> None:
    assert {case.name for case in CASES} | set(ELSEWHERE) == set(PRIMITIVES)


def traced(case: Case) -> tuple[Any, list[np.ndarray]]:
    arrays = case.arrays()
    operation = PRIMITIVES[case.name]
    program = trace(lambda *xs: operation(*xs, **case.settings), *map(type_of, arrays))
    program.check()
    return program, arrays


@pytest.mark.parametrize("case", CASES, ids=str)
def test_type_rule_tells_the_type_of_the_result(case: Case) -> None:
    program, arrays = traced(case)
    (result,) = run_program(program, arrays)
    assert type_of(np.asarray(result)) == program.outputs[0].type


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numpy_arrays_are_computed_at_once(case: Case) -> None:
    program, arrays = traced(case)
    direct = compute_now(PRIMITIVES[case.name], arrays, case.settings)
    np.testing.assert_array_equal(direct, run_program(program, arrays)[0])


def gradient_of(program: Any, wanted: list[Any], arrays: list[np.ndarray], seeds: list[Any]) -> Any:
    derivative = differentiate(program, wanted)
    derivative.forward.check()
    derivative.backward.check()
    values = run_program(derivative.forward, arrays)
    results = run_program(derivative.backward, [*values[len(program.outputs) :], *seeds])
    return [
        np.zeros(var.type.shape) if slot is None else results[slot]
        for var, slot in zip(wanted, derivative.slots, strict=True)
    ]


DIFFERENTIABLE = [
    case
    for case in CASES
    if PRIMITIVES[case.name].vjp and any(array.dtype.kind == "f" for array in case.arrays())
]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_gradient_equals_finite_differences(case: Case) -> None:
    program, arrays = traced(case)
    seed = np.random.default_rng(4).uniform(0.5, 1.5, program.outputs[0].type.shape)
    wanted = [var for var in program.inputs if var.type.is_float]
    found = gradient_of(program, wanted, arrays, [seed])
    for gradient, array in zip(found, [a for a in arrays if a.dtype.kind == "f"], strict=True):
        expected = numeric_gradient(
            lambda: weighted_sum(run_program(program, arrays), [seed]), array
        )
        assert gradient.shape == array.shape
        assert relative_error(gradient, expected) < 1e-8


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_second_gradient_equals_finite_differences(case: Case) -> None:
    """Forward and backward inlined into one program, which is differentiated again."""
    program, arrays = traced(case)
    first = differentiate(program, [v for v in program.inputs if v.type.is_float])

    def gradients(*inputs: Any) -> list[Any]:
        values = inline(first.forward, inputs[:-1])
        return inline(first.backward, [*values[len(program.outputs) :], inputs[-1]])

    seed = np.random.default_rng(6).uniform(0.5, 1.5, program.outputs[0].type.shape)
    inputs = [*arrays, seed] if program.outputs[0].type.is_float else arrays
    composed = trace(gradients, *map(type_of, inputs))
    composed.check()
    weights = [np.full(atom.type.shape, 0.7) for atom in composed.outputs]
    assert bool(weights) == any(v.type.is_float for v in program.inputs)
    wanted = [v for v in composed.inputs if v.type.is_float]
    found = gradient_of(composed, wanted, inputs, weights)
    for gradient, array in zip(found, [a for a in inputs if a.dtype.kind == "f"], strict=True):
        expected = numeric_gradient(
            lambda: weighted_sum(run_program(composed, inputs), weights), array
        )
        assert relative_error(gradient, expected) < 1e-7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_holds_at_the_extremes(dtype: str) -> None:
    x = np.array([-1e4, -100, -30, 0, 30, 100, 1e4], dtype)
    y = compute_now(PRIMITIVES["sigmoid"], [x], {})
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-x.astype("float64")))
    np.testing.assert_allclose(y, expected.astype(dtype), rtol=1e-6, atol=np.finfo(dtype).tiny)
    assert np.isnan(compute_now(PRIMITIVES["sigmoid"], [np.array([np.nan], dtype)], {})).all()


def test_scatter_add_sums_repeated_rows_in_order(rng: np.random.Generator) -> None:
    g, indices = rng.normal(size=(50, 3)), rng.integers(0, 7, 50)
    expected = np.zeros((7, 3))
    np.add.at(expected, indices, g)
    found = compute_now(PRIMITIVES["scatter_add"], [g, indices], {"rows": 7})
    np.testing.assert_allclose(found, expected, rtol=1e-14)


X, INT, BOOL = np.ones((2, 3)), np.ones((2, 3), int), np.ones((2, 3), bool)

FAULTS: list[tuple[Any, type[GraphnetError], str]] = [
    (lambda x: x + np.ones(4), ShapeError, r"add adds \(2, 3\) and \(4,\)"),
    (lambda x: x @ np.ones((2, 3)), ShapeError, r"multiplies matrices \(2, 3\) @ \(2, 3\)"),
    (lambda x: x + INT, DtypeError, "float64 and int64"),
    (lambda x: x.reshape(4, 2), ShapeError, r"reshapes \(2, 3\) to \(4, 2\)"),
    (lambda x: x.reshape(-1, 4), ShapeError, r"reshapes \(2, 3\)"),
    (lambda x: x.transpose(0, 0), ShapeError, "Name each axis once"),
    (lambda x: x.sum(2), ShapeError, "axis 2 of an array with 2 axes"),
    (lambda x: x[2], IndexRangeError, "position 2 of axis 0"),
    (lambda x: x[:, :, 0], ShapeError, "3 indices on an array with 2 axes"),
    (lambda x: x[::-1], ShapeError, "step -1"),
    (lambda x: x["a"], DtypeError, "indexed with 'a'"),
    (lambda x: x if x.sum() > 0 else -x, DtypeError, "no truth value"),
    (lambda x: np.asarray(x), DtypeError, "no values while it is traced"),
    (lambda x: np.add.reduce(x), DtypeError, "method reduce"),
    (lambda x: np.arctan(x), DtypeError, "np.arctan"),
    (lambda x: x + "a", DtypeError, "not an array of numbers"),
    (lambda x: PRIMITIVES["tanh"](INT), DtypeError, "expected floating point"),
    (lambda x: PRIMITIVES["where"](X, x, x), DtypeError, "expected a bool array"),
    (lambda x: PRIMITIVES["take"](x, X), DtypeError, "expected integer indices"),
    (lambda x: PRIMITIVES["take"](X, INT * 2), IndexRangeError, "received index 2, expected 0 to 1"),
    (lambda x: PRIMITIVES["take"](X, -INT), IndexRangeError, "received index -1"),
    (lambda x: PRIMITIVES["checked_lengths"](np.ones(1, int), steps=0), IndexRangeError, "the length 1 for sequence 0, expected 0 to 0"),
    (lambda x: PRIMITIVES["checked_lengths"](-np.ones(1, int), steps=2), IndexRangeError, "the length -1 for sequence 0"),
    (lambda x: PRIMITIVES["checked_lengths"](X, steps=2), DtypeError, "one whole number for each sequence"),
    (lambda x: PRIMITIVES["concatenate"](x, np.ones((1, 4)), axis=0), ShapeError, "joins"),
    (lambda x: PRIMITIVES["broadcast"](x, shape=(2,)), ShapeError, "broadcasts"),
    (lambda x: PRIMITIVES["einsum"](x, x, subscripts="ij,ij"), ShapeError, "has the subscripts 'ij,ij'"),
    (lambda x: PRIMITIVES["einsum"](x, x, subscripts="ij,jk->ik"), ShapeError, r"multiplies ij \(2, 3\) by jk \(2, 3\)"),
    (lambda x: PRIMITIVES["windows"](x, **around((1,), (4,), (1,), (1,))), ShapeError, r"windows of 4 along axis 1 of \(2, 3\)"),
    (lambda x: PRIMITIVES["windows"](x, **around((1,), (2,), (0,), (1,))), ShapeError, "size 2, stride 0, dilation 1"),
    (lambda x: PRIMITIVES["overlap_add"](x, **around((0,), (), (1,), (1,)), shape=(3,)), ShapeError, r"adds up windows \(2, 3\) to \(3,\)"),
    (lambda x: PRIMITIVES["flip"](x, axes=(2,)), ShapeError, "axis 2 of an array with 2 axes"),
    (lambda x: PRIMITIVES["take_at_maxima"](x[0], x, **around((1,), (2,), (1,), (1,))), ShapeError, r"takes from \(3,\)"),
    (lambda x: PRIMITIVES["put_at_maxima"](x, x, **around((1,), (2,), (1,), (1,))), ShapeError, r"puts \(2, 3\)"),
    (lambda x: x[:0].max(0), ShapeError, "empty axis has no maximum"),
    (lambda x: scan(lambda c, s: (c, c), [x], [x], length=5), ShapeError, "expected 5 steps"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_faults_say_what_was_received(function: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        trace(function, type_of(X))
