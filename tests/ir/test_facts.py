"""The facts on the records of primitives: that they hold, and that no executor works without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from graphnet.ir import PRIMITIVES, Equation, Primitive, Program, Var, trace, type_of
from graphnet.ir.core.operands import compute_now
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Extent, Linearity, PrimitiveKind
from graphnet.ir.core.types import ArrayType
from tests.ir.test_primitives import CASES, Case

LINEAR = [case for case in CASES if PRIMITIVES[case.name].linear is not Linearity.NO]
SELECTING = [case for case in CASES if PRIMITIVES[case.name].selects]


def groups(linear: Linearity, count: int) -> list[list[int]]:
    """The operands in which a primitive is linear together."""
    each = {Linearity.FIRST: [[0]], Linearity.EACH: [[i] for i in range(count)]}
    return each.get(linear, [list(range(count))])


@pytest.mark.parametrize("case", LINEAR, ids=str)
def test_a_linear_primitive_maps_sums_to_sums(case: Case) -> None:
    record, arrays = PRIMITIVES[case.name], case.arrays()
    if not all(a.dtype.kind == "f" for a in arrays) and record.linear is not Linearity.FIRST:
        pytest.skip("whole numbers have no halves")
    for group in groups(record.linear, len(arrays)):
        parts = {i: 0.25 * arrays[i] for i in group}
        one = [parts.get(i, a) for i, a in enumerate(arrays)]
        other = [a - parts[i] if i in parts else a for i, a in enumerate(arrays)]
        whole, first, second = (
            compute_now(record, operands, case.settings) for operands in (arrays, one, other)
        )
        np.testing.assert_allclose(first + second, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", SELECTING, ids=str)
def test_what_selects_makes_no_new_elements(case: Case) -> None:
    arrays = case.arrays()
    known = {x for array in arrays for x in array.reshape(-1).tolist()}
    result = compute_now(PRIMITIVES[case.name], arrays, case.settings)
    assert set(np.asarray(result).reshape(-1).tolist()) <= known


def test_a_primitive_without_facts_cannot_be_defined() -> None:
    rules: Any = {"type": lambda x: x, "numpy": np.positive, "vjp": None}
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'kind'"):
        primitive("made_up", **rules)
    with pytest.raises(ValueError, match="made_up is VIEW: extent=None"):
        primitive("made_up", PrimitiveKind.VIEW, **rules)
    with pytest.raises(ValueError, match="made_up is POINTWISE: extent="):
        primitive("made_up", PrimitiveKind.POINTWISE, extent=Extent.ONCE, **rules)
    with pytest.raises(ValueError, match="made_up is REDUCTION: combiner=None"):
        primitive("made_up", PrimitiveKind.REDUCTION, **rules)
    with pytest.raises(ValueError, match="made_up is POINTWISE: combiner=<primitive add>"):
        primitive("made_up", PrimitiveKind.POINTWISE, combiner=PRIMITIVES["add"], **rules)
    with pytest.raises(ValueError, match="there is already a primitive named tanh"):
        primitive("tanh", PrimitiveKind.POINTWISE, **rules)
    assert "made_up" not in PRIMITIVES


@pytest.mark.parametrize("record", [r for r in PRIMITIVES.values() if r.combiner], ids=str)
def test_a_reduction_combines_its_elements_one_by_one(record: Primitive) -> None:
    assert record.combiner is not None
    rows = np.random.default_rng(3).normal(size=(4, 5))
    expected = rows[0]
    for row in rows[1:]:
        expected = record.combiner(expected, row)
    np.testing.assert_allclose(record(rows, axis=0, keepdims=False), expected, rtol=1e-12)


def test_every_reduction_has_a_kernel() -> None:
    pytest.importorskip("llvmlite")
    from graphnet.native.codegen.reductions import KINDS

    assert {record.combiner for record in PRIMITIVES.values()} == {None, *KINDS}


# ---- executors


MADE_UP = Primitive("made_up", PrimitiveKind.INDEXED, lambda x: x, np.positive, None)
UNKNOWN_POINTWISE = Primitive("odd", PrimitiveKind.POINTWISE, lambda x: x, np.positive, None)


def equation_of(record: Primitive, type: ArrayType) -> Equation:
    return Equation(record, (Var(type),), {}, (Var(type),), None)


def test_every_primitive_has_a_native_rule_or_none_on_purpose() -> None:
    pytest.importorskip("llvmlite")
    from graphnet.native.scheduling.rules import NONE, RULES

    assert set(RULES) == {*PRIMITIVES, "matmul_add"}
    assert [name for name, rule in RULES.items() if rule == NONE] == ["call"]
    fused = {name for name, rule in RULES.items() if rule.element}
    assert fused == {
        n for n, record in PRIMITIVES.items() if record.kind is PrimitiveKind.POINTWISE
    }


@pytest.mark.parametrize("record", [MADE_UP, UNKNOWN_POINTWISE], ids=str)
def test_a_primitive_without_a_native_rule_runs_interpreted(record: Primitive) -> None:
    pytest.importorskip("llvmlite")
    from graphnet.native import compiled
    from graphnet.native.scheduling.support import Reason, reason_not_native

    x = np.arange(6.0).reshape(2, 3)
    equation = equation_of(record, type_of(x))
    reason = reason_not_native(equation)
    assert reason == reason_not_native(equation, inside=True) == Reason(record.name)
    program = Program(equation.inputs, [equation], equation.outputs)  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match=f"no compiled kernel for {record.name}"):
        made = compiled(program)
    assert [e.primitive for e in made.equations] == [record]


def records() -> Iterator[Primitive]:
    from graphnet.native.analysis.matmul_add import matmul_add

    yield from (*PRIMITIVES.values(), matmul_add)


def test_the_rows_of_a_batch_pass_through_known_primitives_alone() -> None:
    from graphnet.native.analysis.batch_axis import for_any_rows
    from graphnet.native.analysis.row_rules import MixesRows, rule_of

    assert all(callable(rule_of(record)) for record in records())
    with pytest.raises(MixesRows, match="made_up> has no rule"):
        rule_of(MADE_UP)
    for record, is_known in ((PRIMITIVES["tanh"], True), (MADE_UP, False)):
        equation = equation_of(record, ArrayType((4, 3), np.dtype(float)))
        body = Program(equation.inputs, [equation], equation.outputs)  # type: ignore[arg-type]
        assert (for_any_rows(body, 0, 1) is not None) == is_known


def test_every_view_says_what_it_makes_of_a_place() -> None:
    from graphnet.native.analysis.strided_view import VIEWS

    assert set(VIEWS) == {record for record in PRIMITIVES.values() if record.is_view}


def test_machine_code_is_an_equation_of_its_own() -> None:
    pytest.importorskip("llvmlite")
    from graphnet.native import compiled
    from graphnet.native.analysis import compiled_piece

    program = trace(lambda x: [x.sum(0), x * x], ArrayType((4, 3), np.dtype(float)))
    made = compiled(program)
    made.check()
    (equation,) = made.equations
    assert equation.primitive is compiled_piece.compiled
    assert compiled_piece.code_of(equation).program.outputs == made.outputs
    assert [compiled_piece.code_of(e) for e in program.equations] == [None, None]
    assert "compiled(a, code=<machine code of 2 equations>)" in str(made)
