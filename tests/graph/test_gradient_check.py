"""Gradients against differences in public: what agrees, what is found, which node is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GradientError, GraphError

X = np.random.default_rng(0).normal(size=(5, 3))


def wrong() -> nn.Function:
    """The cube, with two thirds of its derivative."""
    return nn.Function(lambda x: x**3, lambda x, y, g: 2 * g * x**2)


def wrong_inside() -> gn.GModule:
    x = gn.input()
    cube = wrong()(nn.Linear(3, 3)(x))
    return gn.GModule(x, nn.Tanh()(cube))


def wrong_two_deep() -> gn.GModule:
    x = gn.input()
    inner = wrong_inside()
    return gn.GModule(x, inner(nn.Sigmoid()(x)))


RIGHT: list[tuple[Any, Any]] = [
    (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), X),
    (nn.LSTM(3, 2), np.ones((4, 2, 3))),
    (nn.CrossEntropyCriterion(), [X, np.array([0, 1, 2, 0, 1])]),
    (nn.Dropout(0.5), X),
    (nn.Sequential(nn.LookupTable(5, 3), nn.Tanh()), np.array([[0, 4], [1, 1]])),
    (nn.Sequential(nn.Linear(3, 4), nn.ReLU()).float(), X.astype(np.float32)),
]


@pytest.mark.parametrize(("net", "inputs"), RIGHT)
def test_right_gradients_agree(net: gn.Module, inputs: Any) -> None:
    check = gn.check_gradients(net, inputs)
    assert check.worst.error < 1e-7
    assert {row.name for row in check.rows} >= {name for name, _ in net.named_parameters()}
    assert str(check).startswith("gradient by")


def test_a_kink_within_a_step_is_no_error() -> None:
    gn.check_gradients(nn.ReLU(), np.array([1e-6, -3e-6, 2.0]))


def test_the_net_stays_as_it_is() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.3)).float()
    net.forward(X)
    net.backward(X, np.ones((5, 2)))
    before = [(p.data.copy(), p.grad.copy()) for p in net.parameters()]
    inputs = X.copy()
    gn.check_gradients(net, inputs)
    np.testing.assert_array_equal(inputs, X)
    for parameter, (data, gradient) in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.data, data)
        np.testing.assert_array_equal(parameter.grad, gradient)


@pytest.mark.parametrize("make", [wrong_inside, wrong_two_deep])
def test_a_wrong_gradient_is_told_with_the_node_that_is_wrong(make: Any) -> None:
    message = (
        r"has a wrong gradient by \S+\[\d.*\]: backward gives .*, differences .*\n"
        r"  The node cube \(Function\(<lambda>, <lambda>\), test_gradient_check.py:\d+\) is wrong: "
        r"input\[\d, \d\]: backward gives"
    )
    with pytest.raises(GradientError, match=message):
        gn.check_gradients(make(), X)


def test_a_net_without_gradients_is_told() -> None:
    with pytest.raises(GraphError, match="has no floating input and no parameter"):
        gn.check_gradients(nn.Identity(), np.array([1, 2]))


def test_a_net_that_remembers_is_told() -> None:
    net = nn.Recurrent(nn.rnn_cell(3, 2))
    nn.remember(net)
    with pytest.raises(GraphError, match=r"gives other outputs when it is run again"):
        gn.check_gradients(net, np.ones((4, 2, 3)))


def test_large_parameters_are_checked_at_some_entries() -> None:
    check = gn.check_gradients(nn.Linear(30, 20), np.ones((2, 30)), entries=7)
    assert [row.count for row in check.rows] == [7, 7, 7]
