"""Habits of NumPy and PyTorch on the arrays that ``compute`` sees: each error says what to write."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import ops
from graphnet.errors import GraphnetError
from graphnet.ir.core.missing import ARRAYS, OPERATIONS, VALUES
from graphnet.names.table import Names

X = np.arange(6.0).reshape(2, 3)


class Written(gn.Module):
    """Computes what a function returns."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def compute(self, x: Any) -> Any:
        return self.function(x)


def assign(x: Any) -> Any:
    x[0] = 0
    return x


NO_VALUES: list[Callable[[Any], Any]] = [
    lambda x: f"{x.mean():.3f}",
    np.asarray,
    *[lambda x, name=name: getattr(x, name) for name in VALUES],
]


@pytest.mark.parametrize("function", NO_VALUES)
def test_there_are_no_values(function: Callable[[Any], Any]) -> None:
    expected = r"^Written has no values while it is traced \(.*\n.*\n  net\.run\(array\) and run"
    with pytest.raises(GraphnetError, match=expected):
        Written(function).forward(X)


NUMBERS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: x * float(x.mean()), r"calls float\(x\), but x has no values"),
    (lambda x: x * int(x.mean()), r"calls int\(x\), but x has no values"),
    (lambda x: x * math.sqrt(x.sum()), r"calls float\(x\), but x has no values"),
    (lambda x: range(x.sum()), "uses x as a whole number, but x has no values"),
]


@pytest.mark.parametrize(("function", "problem"), NUMBERS)
def test_a_traced_array_is_no_number(function: Callable[[Any], Any], problem: str) -> None:
    expected = rf"^Written {problem} while it is traced \(.*\n.*\n  compute runs once, .* numbers"
    with pytest.raises(GraphnetError, match=expected):
        Written(function).forward(X)


ASKED: list[Callable[[Any], Any]] = [
    lambda x: x if x.sum() > 0 else -x,
    lambda x: bool(x.sum() > 0) * x,
    lambda x: x * (not x.sum()),
    lambda x: x.sum() > 0 and x,
]


@pytest.mark.parametrize("function", ASKED)
def test_a_traced_array_is_neither_true_nor_false(function: Callable[[Any], Any]) -> None:
    expected = r"^Written asks whether x is true \(if, .*\n.*\n  compute runs once.*ops\.where"
    with pytest.raises(GraphnetError, match=expected):
        Written(function).forward(X)


def test_arrays_do_not_change() -> None:
    expected = r"^Written writes to entry 0 of a traced array, .*\n.*\n  ops\.where\("
    with pytest.raises(GraphnetError, match=expected):
        Written(assign).forward(X)


def test_arrays_are_shown_in_text() -> None:
    seen: list[str] = []

    def shown(x: Any) -> Any:
        seen.append(f"{x} {x!s}")
        return x

    Written(shown).forward(X)
    assert seen == ["Array(float64[2, 3]) Array(float64[2, 3])"]


def test_methods_that_there_are_not() -> None:
    with pytest.raises(AttributeError, match=r"uses \.view of .*\n.*\n  Here: x\.reshape\(3, 2\)"):
        Written(lambda x: x.view(3, 2)).forward(X)
    with pytest.raises(AttributeError, match=r"uses \.rehsape of .*\n.*\n  Did you mean reshape\?"):
        Written(lambda x: x.rehsape(3, 2)).forward(X)
    assert not Written(lambda x: x * hasattr(x, "view")).forward(X).any()


def test_operations_that_there_are_not() -> None:
    with pytest.raises(AttributeError, match=r"^compute uses ops\.sum, .*\n  Here: x\.sum\(0\)\."):
        getattr(ops, "sum")  # noqa: B009
    with pytest.raises(AttributeError, match=r"Did you mean sigmoid\?"):
        getattr(ops, "sigmod")  # noqa: B009
    assert getattr(ops, "cat") is ops.concatenate  # noqa: B009


def test_functions_of_torch() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(
        GraphnetError, match=r"calls torch\.relu .*\n.*\n  Here: ops\.maximum\(x, 0\)"
    ):
        Written(torch.relu).forward(X)


@pytest.mark.parametrize("names", [ARRAYS, OPERATIONS], ids=["arrays", "operations"])
def test_what_is_named_can_be_computed(names: Names) -> None:
    codes = [code for text in names.equivalents.values() for code in re.findall("`(.*?)`", text)]
    assert len(codes) > 20
    for code in set(codes) - {"ops.sqrt"}:
        function = eval(f"lambda x: {code} + 0 * x.sum()", {"ops": ops, "np": np})
        assert np.isfinite(Written(function).forward(X + 1)).all(), code


def test_no_name_is_there_after_all() -> None:
    assert not {*OPERATIONS.equivalents, *OPERATIONS.aliases} & set(ops.__all__)
