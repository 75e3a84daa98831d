"""Attributes of nodes: their own can be set, for those of the module the error says where."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph import Node


def dropping() -> gn.GModule:
    x = gn.input()
    dropout = nn.Dropout(0.5)(nn.Linear(3, 3)(x))
    return gn.GModule(x, dropout)


def test_a_setting_of_the_module_is_set_on_the_module() -> None:
    net = dropping()
    told = (
        r"^Dropout 'dropout' \(test_node_attributes\.py:\d+\) is a node; .*: node\.module\.p = …$"
    )
    with pytest.raises(AttributeError, match=told):
        net["dropout"].p = 0.1
    net["dropout"].module.p = 0.1
    assert net["dropout"].p == 0.1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rate", 0.1, r"has no attribute 'rate', neither has its module"),
        ("module", nn.Tanh(), r"keeps its module: wire another node"),
    ],
)
def test_other_attributes_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        setattr(dropping()["dropout"], name, value)


def test_a_node_s_own_attributes_can_be_set() -> None:
    node = dropping()["dropout"]
    node.name, node.description = "gate", "lets half of it pass"
    assert isinstance(node, Node)
    assert type(node) is Node
    assert str(node).startswith("Dropout 'gate'")
    assert copy.deepcopy(dropping())["dropout"].p == 0.5


def test_a_name_is_given_by_annotate() -> None:
    x = gn.input()
    for layer in (nn.Linear(3, 2), nn.LSTM(3, 2), nn.Tanh()):
        told = rf"^{type(layer).__name__} has no .*input named 'name'\n.*\.annotate\(name=…\)"
        with pytest.raises(GraphError, match=told):
            layer(x, name="fc1")
    assert nn.Linear(3, 2)(x).annotate(name="fc1").name == "fc1"
