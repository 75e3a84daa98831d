"""What parts of sequences may share and change: names at several places, memories, foreign cells."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, DtypeError, GraphError, NumericsError
from tests.support.oracle import torch

XS = np.random.default_rng(0).normal(size=(6, 2, 3))


def test_one_layer_at_two_positions_has_two_traces() -> None:
    layer = nn.Recurrent(nn.rnn_cell(3, 3))
    net = nn.Sequential(layer, nn.SelectTable(0), layer, nn.SelectTable(0))
    run = net.run(XS, trace=["next_h"])
    first = layer.forward(XS)[0]
    np.testing.assert_array_equal(run["0.next_h"], first)
    np.testing.assert_array_equal(run["2.next_h"], layer.forward(first)[0])
    flow = gn.gradient_flow(net, XS, np.zeros((6, 2, 3)))
    assert set(flow.norms) == {"0.next_h", "2.next_h"}


def test_one_layer_at_two_nodes_flows_at_both() -> None:
    layer, a, b = nn.Recurrent(nn.rnn_cell(3, 4)), gn.input(), gn.input()
    one, two = layer(a), layer(b)
    net = gn.GModule([a, b], nn.SelectTable(0)(one) + nn.SelectTable(0)(two))
    flow = gn.gradient_flow(net, [XS, XS], np.zeros((6, 2, 4)))
    assert set(flow.norms) == {"one.next_h", "two.next_h"}


def test_gradient_flow_leaves_remembered_states_alone() -> None:
    net = nn.Sequential(nn.Recurrent(nn.rnn_cell(3, 4)).remember(), nn.SelectTable(0))
    net.forward(XS)
    expected = net.clone()
    kept = np.array(net[0]._memories[0].data)
    gn.gradient_flow(net, XS, np.zeros((6, 2, 4)))
    np.testing.assert_array_equal(net[0]._memories[0].data, kept)
    assert not np.array_equal(net.forward(XS), expected.forward(XS))  # a clone begins anew


def test_a_net_remembers_in_all_its_layers() -> None:
    net = nn.LSTM(3, 4, num_layers=2)
    once = net.forward(np.concatenate([XS, XS]))[0]
    nn.remember(net)
    pieces = [net.forward(XS)[0], net.forward(XS)[0]]
    np.testing.assert_allclose(np.concatenate(pieces), once, rtol=1e-13, atol=1e-15)
    nn.forget(net)
    np.testing.assert_array_equal(net.forward(XS)[0], pieces[0])


def test_to_remember_no_more_is_to_forget() -> None:
    net = nn.Recurrent(nn.rnn_cell(3, 4)).remember()
    first = net.forward(XS)[0]
    net.remember("neither").forward(XS)
    np.testing.assert_array_equal(net.remember().forward(XS)[0], first)


def test_padding_in_a_trace_is_zero_by_row_and_in_inner_sequences() -> None:
    x, prev_h = gn.input(), nn.State(4)()
    recurrent = nn.Recurrent(nn.rnn_cell(3, 4), batch_first=True)(x, prev_h=prev_h)
    shown, next_h = recurrent.split(2)
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, shown]))
    run = net.run(np.ones((5, 2, 4, 3)), trace=True, lengths=[5, 2])  # 5 steps of 4 steps
    inner = run["recurrent.next_h"]
    assert inner.shape == (5, 4, 2, 4)
    assert not inner[2:, :, 1].any()
    assert inner[:, :, 0].all()


def test_steps_of_zeros_are_zero_in_a_trace() -> None:
    xs = XS.copy()
    xs[2, 0] = 0
    run = nn.Recurrent(nn.rnn_cell(3, 4), mask_zero=True).run(xs, trace=["next_h"])
    assert not run["next_h"][2, 0].any()
    assert run["next_h"][2, 1].all()


@pytest.mark.parametrize("batch_first", [False, True])
def test_check_finite_reads_no_padding(batch_first: bool) -> None:
    xs = XS.copy()
    xs[3:, 1] = np.nan
    net = nn.LSTM(3, 4, batch_first=batch_first)
    given = xs.swapaxes(0, 1) if batch_first else xs
    net.forward(given, lengths=[6, 3], check_finite=True)
    with pytest.raises(
        NumericsError, match=r"Linear 'layer1\.\w+\.i2h' .*produces nan .*time step 3"
    ):
        net.forward(given, lengths=[6, 4], check_finite=True)


def test_learned_states_have_the_dtype_of_the_cell() -> None:
    net = nn.Recurrent(nn.rnn_cell(3, 4).float(), initial="learned")
    assert net.forward(XS)[0].dtype == np.float32


def test_a_decoder_does_not_disturb_the_weights_of_a_cell() -> None:
    net = nn.Sequential(nn.Recurrent(nn.rnn_cell(3, 4)), nn.SelectTable(0), nn.Linear(4, 2))
    run = net.run(XS, trace_weights=["weight"])
    run.backward(np.ones((6, 2, 2)))
    assert set(run.weight_grad_by_step) == {"0.i2h.weight", "0.h2h.weight"}


def test_the_trainer_carries_the_state_of_an_lstm() -> None:
    x, state = gn.input(), gn.input()
    output, last = nn.LSTM(3, 4)(x, state=state).split(2)
    net = gn.GModule([x, state], [nn.Linear(4, 1)(output), last])
    zero = np.zeros((1, 2, 4))
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net, learning_rate=0.0), states=[(zero, zero)],
        show_progress=False,
    )  # fmt: skip
    trainer.fit([(XS, np.zeros((6, 2, 1)))], epochs=1)
    expected = net.forward([XS, (zero, zero)])[1]
    for found, wanted in zip(trainer.states, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)  # the trainer compiles


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
    (lambda: at_two_nodes().forward([XS, XS]), GraphError, "remembers its states, and is used at two places"),
    (lambda: nn.Recurrent(swapped(inputs=True)), GraphError, "takes prev_h, prev_c and gives next_c, next_h"),
    (lambda: nn.Recurrent(swapped(inputs=False)), GraphError, "takes prev_c, prev_h and gives next_h, next_c"),
    (lambda: nn.Recurrent(nn.lstm_cell(3, 4)).forward([XS, XS[0]]), GraphError, "received 1 of its 2 states"),
    (lambda: changed("initial", "learned"), GraphError, "cannot change its initial"),
    (lambda: changed("cell", nn.rnn_cell(3, 5)), GraphError, "cannot change its cell"),
    (lambda: changed("truncate", -3), ValueError, "truncate is -3"),
    (lambda: nn.LSTM(3, 4).forward(np.ones((6, 2, 3), int)), DtypeError, "int64 and float64"),
    (lambda: nn.LSTM(3, 4).run(XS, trace=["output"]), GraphError, "no node named 'output' whose value"),
    (lambda: nn.LSTM(3, 4).run(XS, keep=["forget_gate"], trace=True), GraphError, "no node named 'forget_gate' whose"),
    (lambda: nn.LSTM(3, 4).run(XS, trace=["forgetgate"]), GraphError, "Did you mean forget_gate?"),
    (lambda: nn.LSTM(3, 4)["forget_gate.i2h"], GraphError, r"layer1\.forget_gate\.i2h"),
    (lambda: nn.Recurrent(gn.GModule([x := gn.input(), h := gn.input("keep")], x + h)), GraphError, "a state named keep"),
    (lambda: gn.GModule([x := gn.input(), h := gn.input("trace", optional=True)], [x + h]), GraphError, "input is named 'trace'"),
    (lambda: gn.GModule([x := gn.input(), h := gn.input("h", optional=True)], [nn.Tanh()(x), nn.Tanh()(h)]).forward(XS), GraphError, "gives nothing for its output"),
    (lambda: nn.Recurrent(nn.rnn_cell(3, 4)).forward(XS, lengths=[6, None]), DtypeError, "lengths .*expected whole numbers"),
    (lambda: nn.Recurrent(nn.rnn_cell(3, 4)).forward(XS, lengths=[6.0, 3.0]), DtypeError, r"lengths float64\[2\], expected one whole"),
    (lambda: nn.Linear(2, 2).train(), AttributeError, r"no attribute 'train'; here it is training\(\)"),
    (lambda: nn.LSTM(3, 4).remember(), AttributeError, r"here it is nn\.remember\(net\)"),
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
            outer.forward(XS if outer is net else XS[None])


def test_paths_can_be_asked_for() -> None:
    lstm, cell = nn.LSTM(3, 4), nn.Recurrent(nn.gru_cell(3, 4))
    assert "layer1.forget_gate" in lstm
    assert "update_gate.i2h" in cell
    assert "i2h" not in cell
    assert 3 not in lstm
