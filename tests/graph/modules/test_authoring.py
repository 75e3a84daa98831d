"""Classes of users' modules that could not compute say so where they are defined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet.errors import GraphError


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


def test_settings_of_compute_with_defaults_are_no_inputs() -> None:
    class Power(gn.Module):
        def compute(self, x: Any, exponent: int = 2) -> Any:
            return x**exponent

    assert np.array_equal(Power().forward(np.full(2, 3.0)), [9, 9])
