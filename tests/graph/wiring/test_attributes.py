"""Attributes of closed graphs: parts that no node has are refused, and so are changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError

NO_NODE = r"Tagger cannot hold the .*none of its nodes has.*trained nor saved\n.*the LSTM and this"


@pytest.mark.parametrize(
    "head",
    [nn.Linear(4, 2), [nn.Linear(4, 2)], {"a": nn.Linear(4, 2)}, gn.Parameter(np.ones(4))],
    ids=["module", "list", "dict", "parameter"],
)
@pytest.mark.parametrize("is_before", [True, False])
def test_what_no_node_has_is_no_attribute(head: Any, is_before: bool) -> None:
    class Tagger(nn.LSTM):
        def __init__(self) -> None:
            if is_before:
                self.head = head
            super().__init__(3, 4)
            self.head = head

    with pytest.raises(GraphError, match=NO_NODE):
        Tagger()


def test_a_graph_keeps_no_other_module() -> None:
    net = nn.LSTM(3, 4)
    with pytest.raises(GraphError, match="LSTM cannot hold the Linear 'teacher'"):
        net.teacher = nn.Linear(3, 4)
    assert "teacher" not in net.__dict__


def test_names_for_what_nodes_have_are_kept(tmp_path: Path) -> None:
    class Net(gn.GModule):
        def __init__(self) -> None:
            self.head = nn.Linear(3, 2)
            x = gn.input("x")
            super().__init__(x, nn.Tanh()(self.head(x)))
            self.heads = [self.head]

    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == ["linear.weight", "linear.bias"]
    copy = net.clone()
    assert copy.head is copy.heads[0] is copy["linear"].module
    net.save(tmp_path / "net.gn")
    loaded = gn.load(tmp_path / "net.gn", classes=[Net])
    np.testing.assert_array_equal(loaded.forward(np.ones(3)), net.forward(np.ones(3)))


def test_arguments_may_be_set_before_the_base_class_sets_them_and_again() -> None:
    class Own(nn.LSTM):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            self.input_size = input_size
            super().__init__(input_size, hidden_size)
            self.hidden_size = hidden_size

    assert Own(300, 400).arguments() == {"input_size": 300, "hidden_size": 400}


@pytest.mark.parametrize("name", ["inputs", "outputs", "nodes", "names", "hidden_size", "bias"])
def test_what_made_a_graph_stays(name: str) -> None:
    class Own(nn.LSTM):
        def __init__(self, size: int) -> None:
            super().__init__(size, size)
            self.size = size

    net = Own(3)
    before = getattr(net, name)
    values: list[Any] = [[], 7]
    for value in values:
        with pytest.raises(GraphError, match=f"Own cannot change its {name}\n  Make a new Own"):
            setattr(net, name, value)
    assert getattr(net, name) is before
    assert net.forward(np.ones((2, 1, 3)))[0].shape == (2, 1, 3)
