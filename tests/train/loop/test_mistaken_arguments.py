"""What a trainer and an optimiser say of classes, nodes and arrays in the place of others."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, GraphError, GraphnetError


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


@pytest.mark.parametrize("batches", [np.ones((4, 5)), np.ones((4, 2, 5)), np.ones(7)])
def test_an_array_is_no_list_of_pairs(batches: np.ndarray) -> None:
    net = nn.Linear(5, 3)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net))
    shape = re.escape(str(batches.shape))
    told = rf"received ndarray of shape {shape} as its batches, expected a list of pairs .*\n"
    with pytest.raises(DataError, match=told + r".*fit\(\[\(X, Y\)\], epochs=3\)"):
        trainer.fit(batches, 3)
    with pytest.raises(DataError, match=told):
        trainer.fit([(np.ones((4, 5)), np.ones((4, 3)))], 3, batches)


def test_a_list_of_arrays_is_no_list_of_pairs() -> None:
    net = nn.Linear(5, 3)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), show_progress=False)
    told = r"is no pair \(input, target\): ndarray of shape \(4, 5\)\n.*A list of batches is \[\(x, y\)"
    with pytest.raises(DataError, match=told):
        trainer.fit([np.ones((4, 5)), np.ones((4, 3))], 3)


SCHEDULES: list[tuple[Any, str]] = [
    (lambda epoch: None, r"gives None for epoch 1, expected a number\n.*return statement missing"),
    (lambda epoch: "half", r"gives 'half' for epoch 1, expected a number\n.*lambda epoch: 0.9"),
    (lambda epoch: [0.5], r"gives \[0.5\] for epoch 1, expected a number"),
    (lambda epoch: True, r"gives True for epoch 1, expected a number"),
    (
        lambda epoch: float("nan") if epoch == 2 else 1.0,
        r"gives nan for epoch 2, expected a number",
    ),
]


@pytest.mark.parametrize(("schedule", "message"), SCHEDULES)
def test_a_schedule_gives_a_number(schedule: Any, message: str) -> None:
    net = nn.Linear(5, 3)
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.Adam(net), schedule=schedule, show_progress=False
    )
    with pytest.raises(DataError, match=message):
        trainer.fit([(np.ones((4, 5)), np.ones((4, 3)))], 2)
