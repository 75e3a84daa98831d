"""Classes in the place of modules, nodes in that of settings, lists in that of modules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import GraphnetError

H = gn.input("h")
X = np.ones(3)
LOSS: Any = nn.MSECriterion
RULE: Any = optim.SGD

MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.Tanh(H), "Did you mean Tanh()(node)? A layer is made first"),  # type: ignore[call-arg]
    (lambda: nn.LogSoftMax(H), "Did you mean LogSoftMax()(node)?"),  # type: ignore[arg-type]
    (lambda: nn.Linear(H, 3), "Did you mean Linear(…)(node)?"),  # type: ignore[arg-type]
    (lambda: nn.CAddTable([H, H]), "Did you mean CAddTable()(node)?"),  # type: ignore[call-arg]
    (lambda: nn.Sequential(nn.Tanh(), nn.ReLU), "ReLU is a class: add ReLU(…)"),  # type: ignore[arg-type]
    (lambda: nn.Sequential([nn.Tanh()]), "Sequential(a, b), or Sequential(*modules)"),  # type: ignore[arg-type]
    (lambda: nn.MapTable(nn.ReLU), "ReLU is a class: give ReLU(…)"),  # type: ignore[arg-type]
    (lambda: gn.GModule(H, nn.ReLU), "outputs is the class ReLU, expected a node"),  # type: ignore[arg-type]
    (lambda: nn.CAddTable()([H, nn.ReLU]), "inputs[1] is the class ReLU, expected a node"),
    (lambda: nn.CAddTable()([X, nn.ReLU]), "inputs[1] is the class ReLU, expected a node"),
    (lambda: nn.CAddTable()([X, nn.ReLU()]), "inputs[1] is the module ReLU(), expected a node"),
    (lambda: nn.CAddTable()([X, [X, nn.ReLU()]]), "inputs[1][1] is the module ReLU(), expected"),
    (lambda: nn.CAddTable().forward([X, nn.ReLU()]), "CAddTable receives the module ReLU() among"),
    (
        lambda: nn.CAddTable().forward([X, nn.ReLU]),
        "CAddTable receives the class ReLU among its in",
    ),
    (lambda: nn.Sequential(nn.ReLU), "Sequential cannot add the class ReLU, expected a module"),  # type: ignore[arg-type]
    (lambda: nn.Recurrent(nn.ReLU), "Recurrent received the class ReLU, expected a cell"),  # type: ignore[arg-type]
    (lambda: optim.SGD(nn.Linear), "SGD received the class Linear, expected a net"),  # type: ignore[arg-type]
    (lambda: optim.SGD(nn.Linear), "Make one of it: Linear(…)."),  # type: ignore[arg-type]
    (lambda: optim.SGD([nn.Linear]), "SGD received a list with the class Linear"),  # type: ignore[list-item]
    (lambda: nn.MapTable(nn.ReLU), "MapTable receives module the class ReLU, expected a module"),  # type: ignore[arg-type]
    (lambda: train.Trainer(nn.Tanh(), LOSS, RULE), "the class SGD as its optimiser"),
]


@pytest.mark.parametrize(("call", "told"), MISTAKES, ids=lambda value: str(value)[:20])
def test_the_message_says_what_to_write(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(GraphnetError, match=re.escape(told)):
        call()
