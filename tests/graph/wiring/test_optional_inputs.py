"""Inputs that may be left out: of graphs, of recurrent layers, by position and by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import FormatError, GraphError

XS = np.random.default_rng(0).normal(size=(5, 2, 3))
H = np.random.default_rng(1).normal(size=(2, 4))
LENGTHS = np.array([5, 2])


def tagger() -> gn.GModule:
    """A graph with one required and two optional inputs."""
    xs = gn.input()
    state, lengths = gn.input(optional=True), gn.input(optional=True)
    hs, last = nn.Recurrent(nn.rnn_cell(3, 4))(xs, prev_h=state, lengths=lengths).split(2)
    return gn.GModule([xs, state, lengths], [nn.Linear(4, 2)(hs), last])


FORMS: list[tuple[str, Any, dict[str, Any], Any]] = [
    ("bare", XS, {}, (None, None)),
    ("table of one", [XS], {}, (None, None)),
    ("by position", [XS, H], {}, (H, None)),
    ("all by position", [XS, H, LENGTHS], {}, (H, LENGTHS)),
    ("left out by None", [XS, None, LENGTHS], {}, (None, LENGTHS)),
    ("by name", XS, {"lengths": LENGTHS}, (None, LENGTHS)),
    ("a list of lengths", XS, {"lengths": [5, 2]}, (None, LENGTHS)),
    ("position and name", [XS, H], {"lengths": LENGTHS}, (H, LENGTHS)),
    ("None by name", XS, {"state": None}, (None, None)),
]


@pytest.mark.parametrize(
    ("inputs", "named", "meant"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS]
)
def test_forms_of_input(inputs: Any, named: dict[str, Any], meant: Any) -> None:
    net = tagger()
    state, lengths = meant
    recurrent, linear = net["recurrent"].module, net["linear"].module
    hs, last = recurrent.forward([XS, np.zeros((2, 4)) if state is None else state, lengths])
    found = net.forward(inputs, **named)
    np.testing.assert_allclose(found[0], linear.forward(hs), rtol=1e-13)
    np.testing.assert_allclose(found[1], last, rtol=1e-13)
    np.testing.assert_array_equal(net.run(inputs, **named).outputs[0], found[0])
    gradient = net.backward(inputs, [np.ones((5, 2, 2)), None], **named)
    whole = gradient if isinstance(gradient, list) else [gradient]
    assert whole[0].shape == XS.shape
    if state is not None:
        assert whole[1].shape == H.shape


def test_several_arguments_mean_the_table() -> None:
    net = tagger()
    np.testing.assert_array_equal(net(XS, H)[0], net.forward([XS, H])[0])
    np.testing.assert_array_equal(net.forward(XS, H, LENGTHS)[0], net.forward([XS, H, LENGTHS])[0])
    lstm = nn.LSTM(3, 4)
    state = H[None], H[None]
    output, (h_n, c_n) = lstm(XS, state)
    expected = lstm.forward([XS, state])
    for found, wanted in zip([output, h_n, c_n], [expected[0], *expected[1]], strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_graph_inside_a_graph_takes_optional_inputs_by_name() -> None:
    xs, lengths = gn.input(), gn.input()
    scores, last = tagger()(xs, lengths=lengths).split(2)
    net = gn.GModule([xs, lengths], [scores, last])
    inner = net["gmodule"].module
    found = net.forward([XS, LENGTHS])
    np.testing.assert_array_equal(found[0], inner.forward(XS, lengths=LENGTHS)[0])
    slots = {slot for *_, slot in net.graph.edges(keys=True)}
    assert 2 in slots  # lengths stay the third input of the inner graph


@pytest.mark.parametrize("copy", ["clone", "file"])
def test_copies_keep_what_is_left_out(copy: str, tmp_path: Path) -> None:
    xs, lengths = gn.input(), gn.input(optional=True)
    hs, c, h = nn.Recurrent(nn.lstm_cell(3, 4))(xs, lengths=lengths).split(3)
    net = gn.GModule([xs, lengths], [hs, c, h])
    net.save(tmp_path / "net.gn")
    other = net.clone() if copy == "clone" else gn.load(tmp_path / "net.gn")
    assert other.optional_inputs() == ("lengths",)
    for given in ({}, {"lengths": LENGTHS}):
        for found, expected in zip(
            other.forward(XS, **given), net.forward(XS, **given), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_positions_in_a_file_are_checked() -> None:
    from graphnet.graph.files.description import describe
    from graphnet.graph.files.rebuild import build

    net = describe(tagger())
    nodes = next(entry["nodes"] for entry in reversed(net.data["modules"]) if "nodes" in entry)
    node = next(node for node in nodes if len(node["parents"]) == 3)
    for wrong in ([0, 1], [2, 1, 0], [0, 0, 1], [-1, 0, 1], [0, 1, 10**9], "012", [0, 1, True]):
        node["slots"] = wrong
        with pytest.raises(FormatError, match=r"the input positions|whose slots is"):
            build(net.data, {str(i): p.data for i, p in enumerate(net.parameters)})


def make(*names: str) -> list[gn.Node]:
    return [gn.input(name.rstrip("?"), optional=name.endswith("?")) for name in names]


def graph_of(*names: str) -> gn.GModule:
    nodes = make(*names)
    return gn.GModule(nodes, nn.CAddTable()(nodes))


FAULTS: list[tuple[Any, str]] = [
    (lambda: tagger().forward(XS, length=LENGTHS), r"has no input named 'length'\n.*state, lengths"),
    (lambda: nn.Linear(3, 4).forward(XS, lengths=LENGTHS), r"Linear has no input named 'lengths'"),
    (lambda: tagger().forward([XS, H], state=H), r"received state twice"),
    (lambda: tagger().forward([XS, H, LENGTHS, H]), r"at most state, lengths after it, received \["),
    (lambda: tagger().forward([]), r"expects its input and at most state, lengths"),
    (lambda: graph_of("a?", "b"), r"Input 'a' .* is optional and comes before"),
    (lambda: graph_of("a?", "b?"), r"is optional and comes before"),
    (lambda: graph_of("a", "b?").forward(np.ones(2)), r"CAddTable .* needs b, which was left out"),
    (lambda: nn.Linear(3, 4)(gn.input(), lengths=gn.input()), r"has no input named 'lengths'"),
    (lambda: nn.Tanh()(gn.input(), gn.input()), r"Tanh \(.*\) received 2 arguments"),
    (lambda: tagger().forward(None), r"None"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), FAULTS, ids=[f[1] for f in FAULTS])
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        make()
