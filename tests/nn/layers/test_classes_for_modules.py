"""Classes in the place of modules, nodes in that of settings, lists in that of modules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphnetError

H = gn.input("h")

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
]


@pytest.mark.parametrize(("call", "told"), MISTAKES, ids=lambda value: str(value)[:20])
def test_the_message_says_what_to_write(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(GraphnetError, match=re.escape(told)):
        call()
