"""What would mislead is refused: foreign cells, memories inside of sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, DtypeError, GraphError
from tests.support.oracle import torch

X = np.random.default_rng(0).normal(size=(6, 2, 3))


def foreign(net: gn.GModule, make: Callable[[], Any]) -> Callable[[], object]:
    return lambda: nn.from_torch_state_dict(net, make().double().state_dict())


def at_two_nodes() -> gn.GModule:
    a, b = gn.input(), gn.input()
    layer = nn.Recurrent(nn.rnn_cell(3, 4)).remember()
    return gn.GModule([a, b], nn.SelectTable(0)(layer(a)) + nn.SelectTable(0)(layer(b)))


def relu_in_one_gate() -> gn.GModule:
    cell = nn.lstm_cell(3, 4)
    cell["output_gate"].module = nn.ReLU()
    return cell


def swapped(inputs: bool) -> gn.GModule:
    cell = nn.lstm_cell(3, 4)
    x, prev_c, prev_h = cell.inputs
    next_c, next_h = cell.outputs
    if inputs:
        return gn.GModule([x, prev_h, prev_c], [next_c, next_h])
    return gn.GModule([x, prev_c, prev_h], [next_h, next_c])


def changed(name: str, value: Any) -> None:
    setattr(nn.Recurrent(nn.rnn_cell(3, 4)), name, value)


GRU, LSTM = partial(torch.nn.GRU, 3, 4), partial(torch.nn.LSTM, 3, 4)


PLAIN = nn.stack(nn.gru_cell(3, 3), connection="residual")


FAULTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (foreign(nn.stack(nn.gru_cell(3, 4, reset="before")), GRU), GraphError, "a cell in layer1 that PyTorch has not"),
    (foreign(nn.stack(nn.gru_cell(3, 4, squash=nn.ReLU)), GRU), GraphError, "a cell in layer1 that PyTorch has not"),
    (foreign(nn.stack(nn.lstm_cell_peephole(3, 4)), LSTM), GraphError, "a cell in layer1 that PyTorch has not"),
    (foreign(nn.stack(nn.mlstm_cell(3, 4)), LSTM), GraphError, "a cell in layer1 that PyTorch has not"),
    (foreign(nn.stack(nn.lstm_cell_merged(3, 4)), LSTM), GraphError, "a cell in layer1 that PyTorch has not"),
    (foreign(PLAIN, partial(torch.nn.GRU, 3, 3)), GraphError, "connections that PyTorch has not"),
    (lambda: nn.to_torch_state_dict(gn.GModule(x := gn.input(), nn.Tanh()(x))), GraphError, "has no layer1"),
    (lambda: nn.merge_gates(nn.SeqLSTM(3, 4).recurrent.cell), GraphError, "expected a cell made by lstm_cell"),
    (relu_in_one_gate, AttributeError, "module"),
    (lambda: at_two_nodes().forward([X, X]), GraphError, "remembers its states, and is used at two places"),
    (lambda: nn.Recurrent(swapped(inputs=True)), GraphError, "takes prev_h, prev_c and gives next_c, next_h"),
    (lambda: nn.Recurrent(swapped(inputs=False)), GraphError, "takes prev_c, prev_h and gives next_h, next_c"),
    (lambda: nn.Recurrent(nn.lstm_cell(3, 4)).forward([X, X[0]]), GraphError, "received 1 of its 2 states"),
    (lambda: changed("initial", "learned"), GraphError, "cannot change its initial"),
    (lambda: changed("cell", nn.rnn_cell(3, 5)), GraphError, "cannot change its cell"),
    (lambda: changed("truncate", -3), ValueError, "truncate is -3"),
    (lambda: nn.LSTM(3, 4).forward(np.ones((6, 2, 3), int)), DtypeError, "int64 and float64"),
    (lambda: nn.LSTM(3, 4).run(X, trace=["output"]), GraphError, "no node named 'output' whose value"),
    (lambda: nn.LSTM(3, 4).run(X, keep=["forget_gate"], trace=True), GraphError, "no node named 'forget_gate' whose"),
    (lambda: nn.LSTM(3, 4).run(X, trace=["forgetgate"]), GraphError, "Did you mean forget_gate?"),
    (lambda: nn.LSTM(3, 4)["forget_gate.i2h"], GraphError, r"layer1\.forget_gate\.i2h"),
    (lambda: nn.Recurrent(gn.GModule([x := gn.input(), h := gn.input("keep")], x + h)), GraphError, "a state named keep"),
    (lambda: gn.GModule([x := gn.input(), h := gn.input("trace", optional=True)], [x + h]), GraphError, "input is named 'trace'"),
    (lambda: gn.GModule([x := gn.input(), h := gn.input("h", optional=True)], [nn.Tanh()(x), nn.Tanh()(h)]).forward(X), GraphError, "gives nothing for its output"),
    (lambda: nn.Recurrent(nn.rnn_cell(3, 4)).forward(X, lengths=[6, None]), DtypeError, "lengths .*expected whole numbers"),
    (lambda: nn.Recurrent(nn.rnn_cell(3, 4)).forward(X, lengths=[6.0, 3.0]), DtypeError, r"lengths float64\[2\], expected one whole"),
    (lambda: nn.Linear(2, 2).state_dict(), AttributeError, r"no attribute 'state_dict'\n  Here: net\.save\('net\.gn'\)"),
    (lambda: setattr(nn.Linear(2, 2), "training", False), GraphError, r"named 'training'.*\n.*Call train\(\) or evaluate\(\)"),
    (lambda: nn.LSTM(3, 4).remember(), AttributeError, r"Here: nn\.remember\(net\)"),
    (lambda: gn.input("x")[0:2], GraphError, r"Identity 'x' .*is a node: it has no entries yet\n.*node\.split"),
    (lambda: train.Trainer(net := nn.Linear(2, 2), optim.Adam(net), nn.MSECriterion()), GraphError, "received MSECriterion as its optimiser"),
    (lambda: train.Trainer(net := nn.Linear(2, 2), nn.MSECriterion(), optim.Adam(net)).fit([(1, 2, 3)], 1), DataError, "pair"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_would_mislead_is_refused(
    action: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()


def test_a_recursor_within_a_recurrent_is_refused() -> None:
    x, prev_h = gn.input(), nn.State(4)()
    step = nn.Recursor(nn.gru_cell(3, 4))(x)
    net = nn.Recurrent(gn.GModule([x, prev_h], [step + prev_h]))
    for outer in (net, nn.Sequencer(net)):
        with pytest.raises(GraphError, match="in a sequence that is no Sequencer"):
            outer.forward(X if outer is net else X[None])
