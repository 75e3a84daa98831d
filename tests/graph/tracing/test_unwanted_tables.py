"""A layer that takes an array and receives a table: what it holds, whose it is, what to do."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphnetError, ShapeError
from graphnet.graph import Module

XS = np.ones((5, 2, 3))
LAYERS = [nn.Linear(4, 2), nn.Tanh(), nn.LogSoftMax(), nn.Dropout(0.5), nn.Mean(0)]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_an_lstm_before_a_layer_says_which_output_to_select(layer: Module) -> None:
    net = nn.Sequential(nn.LSTM(3, 4), layer)
    expected = (
        rf"^{type(layer).__name__} '1' expects an array, received the table "
        r"\[\(5, 2, 4\), \[\(1, 2, 4\), \(1, 2, 4\)\]\] of \w+ '0'\n.*\n"
        r"  nn\.SelectTable\(0\) takes its entry 0, \(5, 2, 4\)\.$"
    )
    with pytest.raises(ShapeError, match=expected):
        net.forward(XS)
    nn.Sequential(nn.LSTM(3, 4), nn.SelectTable(0), layer).run(XS)


def test_a_graph_names_the_node_that_made_the_table() -> None:
    x = gn.input()
    several = nn.ConcatTable(nn.Linear(3, 7), nn.Linear(3, 4))(x)
    net = gn.GModule(x, nn.Linear(4, 2)(several))
    expected = (
        r"received the table \[\(5, 7\), \(5, 4\)\] of ConcatTable 'several'\n"
        r"  several .*\n  nn\.SelectTable\(1\) takes its entry 1, \(5, 4\)\."
    )
    with pytest.raises(ShapeError, match=expected):
        net.forward(np.ones((5, 3)))


def test_a_list_of_the_user_s_is_no_array() -> None:
    with pytest.raises(ShapeError, match=r"^Tanh expects an array, .*\n.*\n  A list is a table"):
        nn.Tanh().forward([XS, XS])


def test_an_entry_of_another_size_is_not_suggested() -> None:
    with pytest.raises(ShapeError, match=re.escape("expects an array (…, 9), received [")):
        nn.Sequential(nn.LSTM(3, 4), nn.Linear(9, 2)).forward(XS)


def test_modules_of_tables_and_arrays_say_what_is_wrong_with_a_table() -> None:
    rnn = nn.Sequential(nn.Identity(), nn.Recurrent(nn.rnn_cell(3, 4)))
    with pytest.raises(GraphnetError, match=r"^(?!.*expects an array)"):
        rnn.forward([XS, np.ones((2, 9))])
    with pytest.raises(GraphnetError, match=r"^(?!.*expects an array)"):
        nn.Sequential(nn.Identity(), nn.CAddTable()).forward([XS, np.ones(7)])
