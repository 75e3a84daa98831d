"""Criteria are called with input and target, as in Torch and PyTorch, or with the table of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph.values import table
from tests.module_rows import ROWS, criteria, more_criteria

CRITERIA = sorted({*criteria.ROWS, *more_criteria.ROWS})
CASES = [(name, number) for name in CRITERIA for number in range(len(ROWS[name]))]
X, Y = np.array([1.0, 3.0]), np.array([1.0, 1.0])


@pytest.mark.parametrize(("name", "number"), CASES)
def test_two_arguments_mean_the_table_of_both(
    name: str, number: int, rng: np.random.Generator
) -> None:
    row = ROWS[name][number]
    criterion = row.make()
    x, target = pair = table.map_table(lambda draw: draw(rng), row.input)
    expected = criterion.forward(pair)
    ones = np.ones_like(expected)
    of_input = criterion.backward(pair, ones)[0]
    np.testing.assert_array_equal(criterion.forward(x, target), expected)
    np.testing.assert_array_equal(criterion(x, target), expected)
    if np.ndim(expected) == 0:
        found = criterion.backward(x, target)
        for one, other in zip(table.flatten(found)[0], table.flatten(of_input)[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_nodes_wire() -> None:
    output, target = gn.input("output"), gn.input("target")
    net = gn.GModule([output, target], [nn.MSECriterion()(output, target)])
    assert net.forward([X, Y]) == 2


def test_the_gradient_of_the_loss_may_be_given_with_the_table() -> None:
    criterion = nn.MSECriterion()
    criterion.forward(X, Y)
    of_input, of_target = criterion.backward([X, Y], 2.0)
    np.testing.assert_array_equal(of_input, [0, 4])
    np.testing.assert_array_equal(of_target, [0, -4])


def test_backward_wants_the_input_and_target_of_forward() -> None:
    criterion = nn.MSECriterion()
    criterion.forward(X, Y)
    with pytest.raises(GraphError, match="backward needs the input of the last forward"):
        criterion.backward(X + 1, Y)


def test_a_target_is_missing() -> None:
    with pytest.raises(GraphError, match="expects a table of"):
        nn.MSECriterion().forward(X)


def test_a_criterion_of_a_user_is_called_alike() -> None:
    class Signed(nn.Criterion):
        def loss(self, input: Any, target: Any) -> Any:
            return (input - target).sum()

    assert Signed()(X, Y) == 2
