"""Modules found, replaced and updated in a net, as in Torch: findModules, replace, updateParameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError

X = np.random.default_rng(0).normal(size=(5, 3))


def net_of(kind: Any) -> gn.GModule:
    x = gn.input()
    shared = kind()
    hidden = shared(nn.Linear(3, 4)(x))
    inner = nn.Sequential(nn.Linear(4, 4), kind(), nn.ConcatTable(kind(), nn.Identity()))
    a, b = inner(hidden).split(2)
    return gn.GModule([x], [nn.CAddTable()([a, shared(b)])])


def sigmoid_for_tanh(module: gn.Module) -> gn.Module:
    return nn.Sigmoid() if isinstance(module, nn.Tanh) else module


def weights_from(net: gn.Module, other: gn.Module) -> gn.Module:
    for left, right in zip(net.parameters(), other.parameters(), strict=True):
        left[...] = right.data
    return net


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_replaced_at_any_depth_computes_anew(compiled: bool, tmp_path: Path) -> None:
    net = net_of(nn.Tanh).compile(compiled)
    expected = weights_from(net_of(nn.Sigmoid), net)
    net.run(X).backward(np.ones((5, 4)))  # traces that must not be used again
    assert net.replace(sigmoid_for_tanh) is net
    assert net.find_modules(nn.Tanh) == []
    np.testing.assert_allclose(net.forward(X), expected.forward(X), rtol=1e-12)
    net.save(tmp_path / "replaced.gn")
    np.testing.assert_array_equal(gn.load(tmp_path / "replaced.gn").forward(X), net.forward(X))


def test_a_module_in_two_places_becomes_one_module() -> None:
    net = net_of(nn.Tanh)
    assert len(net.find_modules(nn.Tanh)) == 3
    net.replace(sigmoid_for_tanh)
    assert len(net.find_modules(nn.Sigmoid)) == 3


def test_a_net_over_the_same_nodes_follows() -> None:
    x = gn.input()
    hidden = nn.Tanh()(x)
    net, other = gn.GModule(x, nn.Identity()(hidden)), gn.GModule(x, hidden)
    other.forward(X)
    net.replace(sigmoid_for_tanh)
    np.testing.assert_array_equal(other.forward(X), net.forward(X))


def test_a_module_may_be_wrapped_and_the_outermost_replaced() -> None:
    linear = nn.Linear(3, 2)
    wrapped = linear.replace(lambda module: nn.Sequential(module, nn.Tanh()))
    np.testing.assert_array_equal(wrapped.forward(X), np.tanh(linear.forward(X)))


def test_the_parts_of_an_attribute_and_of_a_list_are_replaced() -> None:
    class Two(gn.Module):
        def __init__(self) -> None:
            self.first = nn.Tanh()
            self.others = [nn.Tanh(), nn.Identity()]

        def compute(self, x: Any) -> Any:
            for part in (self.first, *self.others):
                x = part(x)
            return x

    net = Two()
    net.forward(X)
    net.replace(lambda module: nn.Identity() if isinstance(module, nn.Tanh) else module)
    np.testing.assert_array_equal(net.forward(X), X)


def test_a_function_that_returns_no_module_is_told() -> None:
    with pytest.raises(GraphError, match=r"returned None for Linear\(3, 2\), expected a module"):
        nn.Sequential(nn.Linear(3, 2)).replace(lambda module: None)


def test_parameters_follow_their_gradients() -> None:
    linear = nn.Linear(3, 2)
    weight, bias = (np.array(p.data) for p in linear.parameters())
    linear.forward(X)
    linear.backward(X, np.ones((5, 2)))
    linear.update_parameters(0.1)
    np.testing.assert_allclose(linear.weight.data, weight - 0.1 * X.sum(0), rtol=1e-12)
    np.testing.assert_allclose(linear.bias.data, bias - 0.5, rtol=1e-12)


def test_the_names_of_torch() -> None:
    net = net_of(nn.Tanh)
    assert net.findModules(nn.Linear) == net.find_modules(nn.Linear)
    net.zeroGradParameters()
    net.updateParameters(0.1)
