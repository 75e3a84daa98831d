"""Modules: their parts, attributes and sizes, how they print, what compute may return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


class Custom(gn.Module):
    """Parameters and modules in lists and dicts, and under a leading underscore."""

    def __init__(self) -> None:
        self.weights = [gn.Parameter(np.full(2, 2)), gn.Parameter(np.array([1, 3]))]
        self.parts = {"a": nn.Linear(2, 2), "b": nn.Dropout(0.5)}
        self._scale = 1.0

    def compute(self, x: Any) -> Any:
        return self.parts["b"](self.parts["a"](x * self.weights[0] + self.weights[1])) * self._scale


def test_parts_in_lists_and_dicts_are_found(tmp_path: Path) -> None:
    net = Custom().evaluate()
    names = [name for name, _ in net.named_parameters()]
    assert names == ["weights.0", "weights.1", "parts.a.weight", "parts.a.bias"]
    x = np.array([0.5, 1.0])
    before = net.forward(x)
    copy = net.clone()
    net.save(tmp_path / "net.gn")
    np.testing.assert_array_equal(gn.load(tmp_path / "net.gn").forward(x), before)
    copy.parts["a"].weight[:] = 0
    np.testing.assert_array_equal(net.forward(x), before)
    net._scale = 2.0
    np.testing.assert_array_equal(net.forward(x), 2 * before)
    net.parts["a"] = nn.Identity()
    np.testing.assert_array_equal(net.forward(x), 2 * (x * 2 + [1, 3]))


def test_an_attribute_may_not_hide_a_method() -> None:
    with pytest.raises(GraphError, match=r"'parameters': it would hide Module\.parameters"):
        nn.Tanh().parameters = []  # type: ignore[method-assign]


@pytest.mark.parametrize("values", [np.ones((2, 2)), [[1, 2], [3, 4]], 0.5])
def test_a_parameter_is_not_replaced_by_plain_values(values: object) -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(GraphError, match=r"Linear would lose its parameter 'weight'"):
        layer.weight = values  # type: ignore[assignment]
    layer.bias = None
    assert len(layer.parameters()) == 1


def test_an_index_out_of_range_names_the_module() -> None:
    with pytest.raises(IndexError, match=r"ClassNLLCriterion received index 3, expected 0 to 2"):
        nn.ClassNLLCriterion().forward([np.ones((2, 3)), np.array([0, 3])])


def test_a_module_prints_its_parts() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Recurrent(nn.lstm_cell(2, 3)))
    lines = repr(net).splitlines()
    assert lines[:3] == ["Sequential()", "  0: Linear(2, 3)", "  1: Recurrent()"]
    assert "      forget_gate.i2h: Linear(2, 3)" in lines


@pytest.mark.parametrize("size", [0, -3, "3", 2.0])
def test_sizes_are_whole_numbers_from_1(size: object) -> None:
    with pytest.raises(ValueError, match=r"in_features is .*, expected a whole number from 1"):
        nn.Linear(size, 2)  # type: ignore[arg-type]


def test_a_compute_that_returns_nothing_is_named() -> None:
    class Silent(gn.Module):
        def compute(self, x: Any) -> Any:
            x * 2

    x = gn.input()
    net = gn.GModule(x, Silent()(x))
    with pytest.raises(GraphError, match=r"Silent 'silent' .* returns None from compute"):
        net.forward(np.ones(2))


def test_apply_reaches_every_part() -> None:
    seen = []
    blog().apply(lambda module: seen.append(type(module).__name__))
    assert sorted(seen) == ["CAddTable", "CMulTable", "GModule", *["Identity"] * 3, "Linear"]


class OnlyInTraining(gn.Module):
    """Ported code, which asks as PyTorch's does."""

    def compute(self, x):
        return x * 2 if self.training else x


def test_the_mode_is_a_bool_and_verbs_switch_it() -> None:
    inner = OnlyInTraining()
    net = nn.Sequential(inner, nn.Dropout(0.0))
    x = np.ones(2)
    assert (net.training, inner.training) == (True, True)
    np.testing.assert_array_equal(net.forward(x), 2 * x)
    assert net.eval() is net
    assert (net.training, inner.training) == (False, False)
    np.testing.assert_array_equal(net.forward(x), x)
    assert net.train() is net
    assert inner.training is True
    assert net.evaluate() is net
    assert inner.training is False
    assert net.train(False).training is False
    inner.train()
    assert (net.training, inner.training) == (False, True)
