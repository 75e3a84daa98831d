"""Nodes used as nets or as numbers: refused, with what is right; a parameter that stays."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import graph, nn, ops, optim
from graphnet.errors import ArgumentError, GraphError, UnknownNameError
from graphnet.source import PACKAGE
from tests.graph.test_tracebacks import exact

X = gn.input("x")
NODE: Any = nn.Tanh()(nn.Linear(3, 3)(X))
NET = gn.GModule([X], [NODE])
WEIGHT: Any = nn.Linear(3, 3).weight


@pytest.mark.parametrize(
    "name",
    [
        "forward", "backward", "run", "parameters", "save", "summary", "train", "evaluate",
        "compile", "zero_grad", "clone", "getParameters",
    ],
)  # fmt: skip
def test_a_node_is_no_net(name: str) -> None:
    assert hasattr(NODE.module, name)
    with pytest.raises(UnknownNameError, match=rf"is a node, and has no {name}\n.*gn.GModule"):
        getattr(NODE, name)


def test_settings_are_read_through_a_node() -> None:
    node = nn.Dropout(0.25)(nn.Linear(3, 3)(X))
    assert node.p == 0.25
    assert node.parents[0].weight.shape == (3, 3)
    assert node.training
    assert bool(node) is True


OPERATIONS: dict[str, tuple[Callable[[], Any], str]] = {
    "<": (lambda: NODE > 0, r"cannot be compared: it is a node, which has no value yet"),
    "<=": (lambda: NODE <= 0, r"cannot be compared.*\n.*run = net.run\(array\)"),
    "@": (lambda: NODE @ NODE, r"@: it is a node.*\n.*nn.MM\(\)\(\[a, b\]\)"),
    "len": (lambda: len(NODE), r"has no length.*\n.*split\(2\)"),
    "float": (lambda: float(NODE), r"is no number: it is a node"),
    "int": (lambda: int(NODE), r"is no number: it is a node"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_that_needs_a_value_is_refused(name: str) -> None:
    operation, message = OPERATIONS[name]
    with pytest.raises(GraphError, match=message):
        operation()


def unpacked() -> None:
    _first, _second = NODE


def set_wrongly() -> None:
    NODE.wieght = 3


def frozen() -> None:
    WEIGHT.requires_grad = False


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a layer": (lambda: nn.LSTMCell, UnknownNameError, "lstm_cell"),  # type: ignore[attr-defined]
    "of a net": (lambda: NET.cuda, UnknownNameError, "processor"),  # type: ignore[attr-defined]
    "of a node": (lambda: NODE.view, UnknownNameError, "nn.Reshape"),
    "of a net, of a node": (lambda: NODE.forward, UnknownNameError, "gn.GModule"),
    "a node of a net": (lambda: NET["foo"], GraphError, "no node named 'foo'"),
    "a node of a run": (lambda: NET.run(np.ones(3))["foo"], GraphError, "no node named 'foo'"),
    "a parameter": (lambda: NET.parameters()["foo"], GraphError, "no parameter named 'foo'"),
    "an operation": (lambda: ops.tanh(NODE), GraphError, r"ops.tanh cannot be applied"),
    "an operation of a list": (lambda: ops.stack([NODE, NODE]), GraphError, "ops.stack cannot"),
    "no operation": (lambda: ops.sum(NODE), UnknownNameError, r"x.sum\(0\)"),  # type: ignore[attr-defined]
    "NumPy's arrays": (lambda: np.concatenate([NODE, NODE]), GraphError, "nn.JoinTable"),
    "NumPy": (lambda: np.sin(NODE), GraphError, "np.sin cannot be applied"),
    "unpacking": (unpacked, GraphError, "is one node"),
    "setting": (set_wrongly, AttributeError, "has no attribute 'wieght'"),
    "comparing": (lambda: NODE > 0, GraphError, "no value yet"),
    "an optimiser": (
        lambda: optim.SGD(NET, learning_rate=-0.1), ValueError, "expected 0 <= learning_rate"
    ),
    "a constructor": (lambda: nn.Linear(2.5, 3), ValueError, "whole number"),  # type: ignore[arg-type]
    "a file": (lambda: gn.load("none.gn"), FileNotFoundError, "no file none.gn"),
    "weights": (lambda: nn.from_torch_state_dict(nn.LSTM(3, 4), {}), ValueError, "lacks"),
    "a frozen parameter": (frozen, UnknownNameError, r"frozen=\[part\]"),
    "freezing": (lambda: WEIGHT.requires_grad_(False), UnknownNameError, "only the parts to train"),
    "Keras": (
        lambda: NET.compile(optimizer="adam"),  # type: ignore[call-arg]
        ArgumentError,
        "train.Trainer",
    ),
    "drawing": (lambda: graph.dot, UnknownNameError, r"gn.draw\(net\).save"),  # type: ignore[attr-defined]
    "a container": (lambda: nn.Sequential().add(3), GraphError, "cannot add 3"),  # type: ignore[arg-type]
    "saving": (lambda: NET.save("none/net.gn"), FileNotFoundError, "no folder none"),
    "loading": (
        lambda: NET.load("net.gn"),  # type: ignore[attr-defined]
        UnknownNameError,
        r"Here: net = gn.load\('net.gn'\)",
    ),
}  # fmt: skip


@exact
@pytest.mark.parametrize("name", MISTAKES)
def test_no_frame_of_graphnet_s_is_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mistake, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=message) as told:
        mistake()
    frames = traceback.extract_tb(told.value.__traceback__)
    assert not [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    text = "".join(traceback.format_exception(told.value))
    assert "During handling" not in text


ALONG_AN_AXIS: list[tuple[Callable[[], Any], str]] = [
    (lambda: NODE.sum(dim=1), r"nn\.Sum\(1\)\(node\)"),
    (lambda: NODE.sum(axis=-1), r"nn\.Sum\(-1\)\(node\)"),
    (lambda: NODE.mean(1, keepdim=True), r"nn\.Mean\(1\)\(node\)"),
    (lambda: NODE.sum(), r"nn\.Sum\(0\)\(node\)"),
    (lambda: NODE.unsqueeze(1), r"nn\.Unsqueeze\(1\)\(node\)"),
    (lambda: np.sum(NODE, axis=1), r"nn\.Sum\(1\)\(node\)"),
    (lambda: np.stack([NODE, NODE], axis=1), r"nn\.JoinTable\(1\)\(\[nn\.Unsqueeze\(1\)\(a\)"),
]


@pytest.mark.parametrize(("call", "module"), ALONG_AN_AXIS)
def test_an_operation_along_an_axis_names_the_module_with_that_axis(
    call: Callable[[], Any], module: str
) -> None:
    with pytest.raises(gn.GraphnetError, match=module):
        call()


FUNCTIONS_OF_NUMPY: list[tuple[Callable[[], Any], str]] = [
    (lambda: np.concatenate([NODE, NODE]), r"np\.concatenate .*\n.*nn\.JoinTable\(0\)\(\[a, b\]\)"),
    (lambda: np.vstack([NODE, NODE]), r"np\.(vstack|concatenate) .*\n.*nn\.JoinTable\(0\)"),
    (lambda: np.sum(NODE), r"np\.sum .*\n.*nn\.Sum"),
    (lambda: np.mean(NODE), r"np\.mean .*\n.*nn\.Mean"),
    (lambda: np.reshape(NODE, (2, 3)), r"np\.reshape .*\n.*nn\.Reshape"),
    (lambda: np.add.reduce(NODE), r"np\.add\.reduce cannot be applied to the node Tanh"),
    (lambda: np.linalg.norm(NODE), r"np\.norm cannot be applied .*\n.*nn\.Function"),
    (lambda: np.add(NODE, np.ones(3)), r"np\.add cannot be applied .*\n.*as inputs"),
    (lambda: np.maximum(NODE, NODE), r"np\.maximum cannot be applied .*\n.*nn\.CMaxTable"),
]


@pytest.mark.parametrize(("call", "message"), FUNCTIONS_OF_NUMPY)
def test_a_function_of_numpy_names_the_module(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        call()


def test_an_operation_of_arrays_names_the_module() -> None:
    with pytest.raises(GraphError, match=r"nn.Tanh\(\)\(node\)"):
        ops.tanh(NODE)


@exact
def test_a_look_for_an_attribute_leaves_the_error_that_is_handled_alone() -> None:
    def look(_: object) -> None:
        try:
            NET.apply(raising)
        except ValueError:
            assert not hasattr(NET, "nothing")
            raise

    def raising(_: object) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as told:
        look(None)
    names = [frame.name for frame in traceback.extract_tb(told.value.__traceback__)]
    assert names[1:] == ["look", "apply", "raising"]
