"""What a trainer and an optimiser say of classes, nodes and arrays in the place of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import GraphError, GraphnetError


def test_classes_are_not_objects() -> None:
    net = nn.Linear(5, 3)
    kind: Any = optim.Adam
    criterion: Any = nn.MSECriterion
    with pytest.raises(
        GraphError, match=r"(?s)trainer received the class MSECri.*MSECriterion\(\)"
    ):
        train.Trainer(net, criterion, optim.Adam(net))
    with pytest.raises(
        GraphError, match=r"(?s)trainer received the class Adam.*optim\.Adam\(net\)"
    ):
        train.Trainer(net, nn.MSECriterion(), kind)


def test_a_function_is_no_criterion() -> None:
    net = nn.Linear(5, 3)
    function: Any = np.mean
    with pytest.raises(
        GraphError, match=r"trainer received .* as its criterion, expected a module"
    ):
        train.Trainer(net, function, optim.Adam(net))


@pytest.mark.parametrize("named", [False, True])
def test_inputs_and_targets_are_not_two_arguments_of_fit(named: bool) -> None:
    net = nn.Linear(5, 3)
    trainer: Any = train.Trainer(net, nn.MSECriterion(), optim.Adam(net))
    x, y = np.ones((4, 5)), np.ones((4, 3))
    with pytest.raises(GraphnetError, match=r"one list of pairs: fit\(\[\(X, Y\)\], epochs=3\)"):
        trainer.fit(x, y, epochs=3) if named else trainer.fit(x, y)


def test_an_optimiser_takes_a_net_not_a_node() -> None:
    node: Any = nn.Linear(5, 3)(gn.input())
    with pytest.raises(GraphError, match=r"(?s)Adam received a node.*net of that node"):
        optim.Adam(node)
