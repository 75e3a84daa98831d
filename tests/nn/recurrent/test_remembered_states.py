"""States that a net remembers from run to run, carries on, and forgets."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import NumericsError, ShapeError
from graphnet.nn.recurrent.remembering import memories_of
from tests.support.numeric import close
from tests.support.recurrent_loops import HIDDEN, INPUTS, made


def test_a_net_that_remembers_goes_on_where_it_stopped(rng: np.random.Generator) -> None:
    cell = made("lstm_cell", rng)
    xs = rng.normal(size=(6, 2, INPUTS))
    whole, *finals = nn.Recurrent(cell).forward(xs)
    net = nn.Recurrent(cell).remember()
    first = net.run(xs[:2])
    second = net.run(xs[2:])
    close(np.concatenate([first.outputs[0], second.outputs[0]]), whole)
    for found, expected in zip(second.outputs[1:], finals, strict=True):
        close(found, expected)
    alone = nn.Recurrent(cell).run([xs[2:], *first.outputs[1:]])
    seed = rng.normal(size=second.outputs[0].shape)
    close(second.backward([seed, None, None]), alone.backward([seed, None, None])[0])

    copy = net.clone()
    start = nn.Recurrent(cell).forward(xs[:2])[0]
    close(copy.forward(xs[:2])[0], start)
    with pytest.raises(
        ShapeError, match=r"remembers a state \(2, 4\) and needs \(3, 4\)\n.*forget"
    ):
        net.forward(np.ones((2, 3, INPUTS)))
    close(net.forget().forward(xs[:2])[0], start)
    close(net.remember("neither").forward(xs[:2])[0], start)
    close(net.forward(xs[:2])[0], start)


@pytest.mark.parametrize("mode", ["train", "eval", "both", "neither"])
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_a_net_remembers_in_the_mode_that_was_asked_for(
    mode: str, training: bool, rng: np.random.Generator
) -> None:
    net = nn.Recurrent(made("gru_cell", rng)).train(training).remember(mode)
    xs = rng.normal(size=(2, 1, INPUTS))
    remembers = mode == "both" or mode == ("train" if training else "eval")
    first, second = net.forward(xs)[0], net.forward(xs)[0]
    assert (np.abs(first - second).max() > 1e-6) == remembers


def test_a_state_that_is_given_comes_before_the_one_remembered(rng: np.random.Generator) -> None:
    net = nn.Recurrent(made("gru_cell", rng)).remember()
    xs, prev_h = rng.normal(size=(2, 1, INPUTS)), rng.normal(size=(1, HIDDEN))
    expected = net.forward([xs, prev_h])[0]
    np.testing.assert_array_equal(net.forward([xs, prev_h])[0], expected)
    assert np.abs(net.forward(xs)[0] - expected).max() > 1e-6


def test_a_run_that_fails_leaves_the_memory_as_it_was(rng: np.random.Generator) -> None:
    cell = made("lstm_cell", rng)
    cell["forget_gate.i2h"].weight[:] = 10
    xs = rng.normal(size=(2, 1, INPUTS))
    whole = nn.Recurrent(cell).forward(np.concatenate([xs, xs]))[0]
    net = nn.Recurrent(cell).remember()
    net.forward(xs)
    with pytest.raises(NumericsError, match=r"'forget_gate.i2h' .*inf at .*time step 0"):
        net.forward(np.full((2, 1, INPUTS), 1e308), check_finite=True)
    close(net.forward(xs)[0], whole[2:])


X = np.random.default_rng(0).normal(size=(6, 2, 3))


def test_gradient_flow_leaves_remembered_states_alone() -> None:
    net = nn.Sequential(nn.Recurrent(nn.rnn_cell(3, 4)).remember(), nn.SelectTable(0))
    net.forward(X)
    expected = net.clone()
    kept = np.array(memories_of(net[0])[0].data)
    gn.gradient_flow(net, X, np.zeros((6, 2, 4)))
    np.testing.assert_array_equal(memories_of(net[0])[0].data, kept)
    assert not np.array_equal(net.forward(X), expected.forward(X))  # a clone begins anew


def test_a_net_remembers_in_all_its_layers() -> None:
    net = nn.LSTM(3, 4, num_layers=2)
    once = net.forward(np.concatenate([X, X]))[0]
    nn.remember(net)
    pieces = [net.forward(X)[0], net.forward(X)[0]]
    np.testing.assert_allclose(np.concatenate(pieces), once, rtol=1e-13, atol=1e-15)
    nn.forget(net)
    np.testing.assert_array_equal(net.forward(X)[0], pieces[0])


def test_to_remember_no_more_is_to_forget() -> None:
    net = nn.Recurrent(nn.rnn_cell(3, 4)).remember()
    first = net.forward(X)[0]
    net.remember("neither").forward(X)
    np.testing.assert_array_equal(net.remember().forward(X)[0], first)


def test_the_trainer_carries_the_state_of_an_lstm() -> None:
    x, state = gn.input(), gn.input()
    output, last = nn.LSTM(3, 4)(x, state=state).split(2)
    net = gn.GModule([x, state], [nn.Linear(4, 1)(output), last])
    zero = np.zeros((1, 2, 4))
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net, learning_rate=0.0), states=[(zero, zero)],
        show_progress=False,
    )  # fmt: skip
    trainer.fit([(X, np.zeros((6, 2, 1)))], epochs=1)
    expected = net.forward([X, (zero, zero)])[1]
    for found, wanted in zip(trainer.states, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)  # the trainer compiles
