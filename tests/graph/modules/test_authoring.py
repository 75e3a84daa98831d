"""Classes of users' modules that could not compute say so where they are defined."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet.errors import GraphError
from graphnet.source import PACKAGE
from tests.graph.test_tracebacks import exact


def test_forward_in_place_of_compute() -> None:
    expected = r"^Double \(test_authoring\.py:\d+\) defines forward.*\n  Rename forward to compute:"
    with pytest.raises(GraphError, match=expected):

        class Double(gn.Module):
            def forward(self, x: Any) -> Any:  # type: ignore[override]
                return x * 2


def test_forward_besides_compute_is_left_alone() -> None:
    class Double(gn.Module):
        def compute(self, x: Any) -> Any:
            return x * 2

        def forward(self, /, *inputs: Any, check_finite: bool = False, **named: Any) -> Any:
            return super().forward(*inputs, check_finite=check_finite, **named) + 1

    class Triple(Double):
        def forward(self, /, *inputs: Any, check_finite: bool = False, **named: Any) -> Any:
            return 0

    assert Double().forward(2.0) == 5
    assert Triple().forward(2.0) == 0


def test_compute_of_several_inputs() -> None:
    expected = (
        r"^Product \(test_authoring\.py:\d+\) takes 2 inputs in compute, which receives one value\n"
        r"  Several inputs are one table: def compute\(self, inputs\): x, y = inputs\.$"
    )
    with pytest.raises(GraphError, match=expected):

        class Product(gn.Module):
            def compute(self, x: Any, y: Any) -> Any:  # type: ignore[override]
                return x * y


def test_compute_of_no_input() -> None:
    expected = (
        r"^Noise \(test_authoring\.py:\d+\) takes no input in compute\(self\)\n"
        r"  It receives one value, an array or a table: def compute\(self, x\)\.$"
    )
    with pytest.raises(GraphError, match=expected):

        class Noise(gn.Module):
            def compute(self) -> Any:  # type: ignore[override]
                return 0


def define_with_forward() -> None:
    class Double(gn.Module):
        def forward(self, x: Any) -> Any:  # type: ignore[override]
            return x * 2


def define_of_two_inputs() -> None:
    class Product(gn.Module):
        def compute(self, x: Any, y: Any) -> Any:  # type: ignore[override]
            return x * y


@exact
@pytest.mark.parametrize("define", [define_with_forward, define_of_two_inputs])
def test_a_refused_definition_shows_no_frame_of_graphnet_s(define: Callable[[], None]) -> None:
    with pytest.raises(GraphError, match="compute") as told:
        define()
    frames = traceback.extract_tb(told.value.__traceback__)
    assert not [frame for frame in frames if frame.filename.startswith(PACKAGE)]


def test_a_compute_of_any_number_of_inputs_is_left_alone() -> None:
    class Doubling(gn.Module):
        def compute(self, *x: Any) -> Any:
            return x[0] * 2

    assert Doubling().forward(2.0) == 4


def test_settings_of_compute_with_defaults_are_no_inputs() -> None:
    class Power(gn.Module):
        def compute(self, x: Any, exponent: int = 2) -> Any:
            return x**exponent

    assert np.array_equal(Power().forward(np.full(2, 3.0)), [9, 9])
