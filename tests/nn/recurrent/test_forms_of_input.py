"""Arrays and nodes, tables, arguments and names: every recurrent module takes them alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.values import table

RNG = np.random.default_rng(3)
XS, ZS = RNG.normal(size=(2, 5, 2, 3))
H = RNG.normal(size=(2, 4))
LENGTHS = np.array([5, 2])
X1, X2 = RNG.normal(size=(2, 2, 3))


def joined_cell() -> gn.GModule:
    """A cell whose input at each step is a table of two arrays."""
    x, prev_h = gn.input("x"), nn.State(4)()
    both = nn.JoinTable(-1)(x)
    next_h = nn.Tanh()(nn.Linear(6, 4)(both) + nn.Linear(4, 4)(prev_h))
    return gn.GModule([x, prev_h], [next_h])


def joined_step() -> gn.Module:
    return nn.Sequential(nn.JoinTable(-1), nn.FastLSTM(6, 4))


def rnn() -> nn.Recurrent:
    return nn.Recurrent(nn.rnn_cell(3, 4))


def gru() -> gn.Module:
    return nn.GRU(3, 4)


def stack() -> gn.Module:
    return nn.stack(nn.rnn_cell(3, 4))


def bidirectional() -> gn.Module:
    return nn.Bidirectional(nn.rnn_cell(3, 4), nn.rnn_cell(3, 4))


def outputs() -> nn.SequenceOutputs:
    return nn.SequenceOutputs(rnn())


def joined() -> nn.Recurrent:
    return nn.Recurrent(joined_cell())


def sequencer() -> nn.Sequencer:
    return nn.Sequencer(nn.FastLSTM(3, 4))


def bi_sequencer() -> gn.Module:
    return nn.BiSequencer(nn.FastLSTM(3, 4))


def table_sequencer() -> nn.Sequencer:
    return nn.Sequencer(joined_step())


Call = Callable[..., Any]
Form = tuple[Callable[[], gn.Module], tuple[Any, ...], dict[str, Any], Any]
"""A module, its arguments, its named arguments, and the input table that they mean."""

FORMS: list[Form] = [
    *[
        (make, inputs, named, meant)
        for make in (rnn, outputs)
        for inputs, named, meant in [
            ((XS,), {}, [XS, None, None]),
            (([XS],), {}, [XS, None, None]),
            (([XS, H],), {}, [XS, H, None]),
            ((XS, H), {}, [XS, H, None]),
            ((XS, H, LENGTHS), {}, [XS, H, LENGTHS]),
            ((XS,), {"lengths": LENGTHS}, [XS, None, LENGTHS]),
            (([XS],), {"lengths": LENGTHS}, [XS, None, LENGTHS]),
            ((), {"xs": XS, "prev_h": H}, [XS, H, None]),
        ]
    ],
    (gru, (XS, H[None]), {}, [XS, H[None], None]),
    (gru, (), {"input": XS, "state": H[None], "lengths": LENGTHS}, [XS, H[None], LENGTHS]),
    (stack, (XS,), {"layer1_prev_h": H}, [XS, H, None]),
    (bidirectional, (XS,), {"backward_prev_h": H}, [XS, None, H, None]),
    (joined, ([[XS, ZS]],), {}, [[XS, ZS], None, None]),
    (joined, ([[XS, ZS], H],), {}, [[XS, ZS], H, None]),
    (joined, ([XS, ZS], H), {}, [[XS, ZS], H, None]),
    (joined, ([[XS, ZS]],), {"lengths": LENGTHS}, [[XS, ZS], None, LENGTHS]),
    (joined, (), {"xs": [XS, ZS]}, [[XS, ZS], None, None]),
    *[
        (make, inputs, {}, meant)
        for make in (sequencer, bi_sequencer)
        for inputs, meant in [
            ((XS,), XS),
            (([X1],), [X1]),
            (([X1, X2],), [X1, X2]),
        ]
    ],
    (table_sequencer, ([[X1, X2]],), {}, [[X1, X2]]),
    (table_sequencer, ([[X1, X2], [X2, X1]],), {}, [[X1, X2], [X2, X1]]),
    (lambda: nn.Repeater(nn.FastLSTM(3, 4), 3), (X1,), {}, X1),
    (lambda: nn.Repeater(joined_step(), 3), ([X1, X2],), {}, [X1, X2]),
    (lambda: nn.Recursor(nn.rnn_cell(3, 4)), (X1,), {}, X1),
    (lambda: nn.SeqLSTM(3, 4), (XS,), {"prev_c": H}, [XS, H, None, None]),
    (lambda: nn.SeqBRNN(3, 4), (XS,), {}, XS),
    (lambda: nn.ZeroPadding(), (XS, LENGTHS), {}, [XS, LENGTHS]),
    (lambda: nn.ZeroPadding(), (), {"xs": XS, "lengths": LENGTHS}, [XS, LENGTHS]),
    (lambda: nn.unroll(nn.rnn_cell(3, 4), 5), (XS, H), {}, [XS, H]),
    (lambda: nn.unroll(nn.rnn_cell(3, 4), 5), (), {"xs": XS, "prev_h": H}, [XS, H]),
    (lambda: nn.Sequential(sequencer(), sequencer_of(4)), ([X1],), {}, [X1]),
]


def sequencer_of(size: int) -> nn.Sequencer:
    return nn.Sequencer(nn.FastLSTM(size, 2))


def wired(net: gn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The output of a graph in which a module is called on nodes in place of the arrays."""
    nodes: dict[int, gn.Node] = {}
    arrays: list[Any] = []

    def node_for(array: Any) -> gn.Node:
        if id(array) not in nodes:
            nodes[id(array)] = gn.input(f"array{len(arrays)}")
            arrays.append(array)
        return nodes[id(array)]

    arguments = [table.map_table(node_for, value) for value in inputs]
    options = {name: table.map_table(node_for, value) for name, value in named.items()}
    output = net(*arguments, **options)
    return gn.GModule(list(nodes.values()), [nn.Identity()(output)]).forward(*arrays)


@pytest.mark.parametrize(("make", "inputs", "named", "meant"), FORMS)
def test_arrays_and_nodes_mean_the_same(
    make: Callable[[], gn.Module], inputs: tuple[Any, ...], named: dict[str, Any], meant: Any
) -> None:
    net = make()
    expected, structure = table.flatten(net.forward(meant))
    for found in (net.forward(*inputs, **named), net(*inputs, **named), wired(net, inputs, named)):
        leaves, nested = table.flatten(found)
        assert nested == structure
        for leaf, wanted in zip(leaves, expected, strict=True):
            np.testing.assert_array_equal(leaf, wanted)


def test_a_list_of_one_step_stays_a_list_in_copies_and_files(tmp_path: Any) -> None:
    x = gn.input("x")
    net = gn.GModule([x], [sequencer()([x])])
    net.save(tmp_path / "net.gn")
    for other in (net, net.clone(), gn.load(tmp_path / "net.gn")):
        (found,) = other.forward(X1)
        np.testing.assert_array_equal(found, net.forward(X1)[0])
