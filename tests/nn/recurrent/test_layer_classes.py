"""nn.LSTM, nn.GRU, nn.RNN and nn.Bidirectional as classes: text, pictures, isinstance, files."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import FormatError, GraphError
from graphnet.graph.files.description import describe
from graphnet.graph.files.rebuild import build


def two_ways() -> nn.Bidirectional:
    return nn.Bidirectional(nn.gru_cell(3, 4), nn.gru_cell(3, 4), "sum", batch_first=True)


MADE: list[tuple[Callable[[], Any], type, str]] = [
    (lambda: nn.LSTM(8, 16), nn.LSTM, "LSTM(8, 16)"),
    (lambda: nn.LSTM(3, 4, 2, proj_size=2), nn.LSTM, "LSTM(3, 4, num_layers=2, proj_size=2)"),
    (lambda: nn.GRU(3, 4, bidirectional=True), nn.GRU, "GRU(3, 4, bidirectional=True)"),
    (lambda: nn.RNN(3, 4, nonlinearity="relu"), nn.RNN, "RNN(3, 4, nonlinearity='relu')"),
    (two_ways, nn.Bidirectional, "Bidirectional(merge='sum', batch_first=True)"),
]
CASES = [pytest.param(*case, id=case[2]) for case in MADE]


@pytest.mark.parametrize(("make", "kind", "text"), CASES)
def test_a_layer_prints_as_it_is_written(make: Callable[[], Any], kind: type, text: str) -> None:
    layer = make()
    assert layer.description() == text
    assert repr(layer).splitlines()[0] == text
    assert repr(nn.Sequential(layer)).splitlines()[1] == f"  0: {text}"
    kinds = [
        each for each in (nn.LSTM, nn.GRU, nn.RNN, nn.Bidirectional) if isinstance(layer, each)
    ]
    assert kinds == [kind]
    assert isinstance(layer, gn.GModule)


def test_a_layer_is_summarised_and_drawn_as_it_is_written() -> None:
    def build() -> gn.GModule:
        x = gn.input()
        return gn.GModule(x, nn.LSTM(8, 16)(x)[0])

    net = build()
    assert net.names == ("x", "lstm", "selecttable")
    assert "lstm = LSTM(8, 16)(x)" in repr(net)
    rows = {row.node: row.module for row in net.summary((5, 2, 8)).rows}
    assert rows["lstm"] == "LSTM(8, 16)"
    assert "LSTM(8, 16)" in gn.draw(net, depth=0).source
    assert ">LSTM(8, 16)<" in gn.draw(net, depth=1).source
    x = gn.input()
    encoder = nn.LSTM(8, 16)(x)
    assert ">encoder  (LSTM(8, 16))<" in gn.draw(gn.GModule(x, encoder), depth=1).source


@pytest.mark.parametrize(("make", "kind", "text"), CASES)
def test_copies_and_files_keep_the_class(
    make: Callable[[], Any], kind: type, text: str, tmp_path: Path
) -> None:
    layer = make().seed(1)
    x = np.random.default_rng(0).normal(size=(5, 2, 8 if "8" in text else 3))
    layer.save(tmp_path / "layer.gn")
    loaded = gn.load(tmp_path / "layer.gn")
    for copy in (layer.clone(), pickle.loads(pickle.dumps(layer)), loaded):
        assert type(copy) is kind
        assert repr(copy) == repr(layer)
        assert copy.names == layer.names
        np.testing.assert_array_equal(copy.forward(x)[0], layer.forward(x)[0])


def test_a_file_written_before_holds_a_graph() -> None:
    """LSTM and its kin were functions then: their graphs load as what they were."""
    lstm = nn.LSTM(3, 4)
    found = describe(lstm)
    assert found.data["modules"][-1]["arguments"]["hidden_size"] == 4
    former = {**found.data["modules"][-1], "type": "GModule"}
    del former["arguments"]
    data = {"modules": [*found.data["modules"][:-1], former]}
    arrays = {str(i): p.data.copy() for i, p in enumerate(found.parameters)}
    copy: Any = build(data, arrays)
    assert type(copy) is gn.GModule
    x = np.ones((5, 2, 3))
    np.testing.assert_array_equal(copy.forward(x)[0], lstm.forward(x)[0])
    nn.from_torch_state_dict(copy, nn.to_torch_state_dict(lstm))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: entry["arguments"].update(hidden_size="4"), "hidden_size '4', expected int"),
        (lambda entry: entry["arguments"].update(depth=4), "the argument 'depth'"),
        (lambda entry: [entry.pop(k) for k in ("nodes", "inputs", "outputs", "place")],
         "LSTM without nodes"),
        (lambda entry: entry.update(type="Linear"), "Linear with nodes"),
    ],
)  # fmt: skip
def test_a_hostile_description_is_refused(change: Callable[[Any], Any], message: str) -> None:
    found = describe(nn.LSTM(3, 4))
    change(found.data["modules"][-1])
    arrays = {str(i): p.data.copy() for i, p in enumerate(found.parameters)}
    with pytest.raises(FormatError, match=message):
        build(found.data, arrays)


def test_what_a_layer_was_made_with_cannot_be_set_later() -> None:
    """It would be ignored: the cells are made."""
    lstm = nn.LSTM(3, 4, dropout=0.5)
    assert (lstm.hidden_size, lstm.dropout) == (4, 0.5)
    with pytest.raises(GraphError, match=r"LSTM cannot change its dropout\n  Make a new LSTM"):
        lstm.dropout = 0.1
    x = gn.input()
    net = gn.GModule(x, nn.Tanh()(x))
    with pytest.raises(GraphError, match="GModule cannot change its outputs"):
        net.outputs = (x,)
