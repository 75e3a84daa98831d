"""Nets whose output is their loss: trained by ``Trainer`` and ``compile_step`` without a criterion."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, GraphError, GraphnetError, ShapeError
from graphnet.graph import GModule

RANDOM = np.random.default_rng(4)
PAIRS = [(RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(5, 2))) for _ in range(4)]
WORDS, SIZE = 7, 4
ZEROS = np.zeros((3, SIZE))
TEXT = [(x, y) for x, y in RANDOM.integers(0, WORDS, size=(6, 2, 3))]


def with_criterion_inside() -> GModule:
    """A net of x and y whose output is the mean squared error; without, see ``layers``."""
    x, y = gn.input("x"), gn.input("y")
    return gn.GModule([x, y], [nn.MSECriterion()([layers()(x), y])])


def layers() -> nn.Sequential:
    gn.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def zaremba_step() -> GModule:
    """One step of a word model: the loss, then a table of the next states."""
    gn.manual_seed(3)
    x, y, s = gn.input("x"), gn.input("y"), gn.input("s")
    c, h = s.split(2)
    next_c, top = nn.lstm_cell(SIZE, SIZE)([nn.LookupTable(WORDS, SIZE)(x), c, h]).split(2)
    scores = nn.LogSoftMax()(nn.Linear(SIZE, WORDS)(top))
    error = nn.ClassNLLCriterion()([scores, y])
    return gn.GModule([x, y, s], [error, nn.Identity()([next_c, top])])


def trainer_of(net: Any, criterion: Any = None, **settings: Any) -> train.Trainer:
    optimizer = optim.SGD(net, 0.1)
    return train.Trainer(net, criterion, optimizer, show_progress=False, **settings)


@pytest.mark.parametrize("compile", [False, None])
def test_it_trains_as_with_the_criterion_outside(compile: bool | None) -> None:
    inside = trainer_of(with_criterion_inside(), compile=compile, loss_scale=3.0, max_norm=1.0)
    outside = trainer_of(layers(), nn.MSECriterion(), compile=compile, loss_scale=3.0, max_norm=1.0)
    found = inside.fit(PAIRS, 3, validation=PAIRS[:2])
    expected = outside.fit(PAIRS, 3, validation=PAIRS[:2])
    np.testing.assert_allclose(found.training, expected.training, rtol=1e-12)
    np.testing.assert_allclose(found.validation, expected.validation, rtol=1e-12)
    assert inside.is_compiled == outside.is_compiled


@pytest.mark.parametrize("compile", [False, None])
def test_states_after_the_loss_are_carried(compile: bool | None) -> None:
    net = zaremba_step()
    by_hand = copy.deepcopy(net)
    trainer = trainer_of(net, compile=compile, states=[[ZEROS, ZEROS]])
    trainer.fit(TEXT, 1)
    optimizer, state = optim.SGD(by_hand, 0.1), [ZEROS, ZEROS]
    for number, (x, y) in enumerate(TEXT):
        run = by_hand.run([x, y, state])
        loss, state = run.outputs
        by_hand.zero_grad()
        run.backward([np.ones(()), None])
        optimizer.step()
        assert trainer.history.training[number] == pytest.approx(loss, rel=1e-12)
    for found, expected in zip(trainer.states, state, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_compiled_step_is_forward_and_backward_of_the_net() -> None:
    net = with_criterion_inside()
    x, y = PAIRS[0]
    loss = net.forward([x, y])
    net.zero_grad()
    net.backward([x, y], np.asarray(2.0))
    expected = [parameter.grad.copy() for parameter in net.parameters()]
    step = gn.compile_step(net, loss_scale=2.0, input_gradients=True, accumulate=False)
    assert step([x, y]) == pytest.approx(loss, rel=1e-12)
    for parameter, gradient in zip(net.parameters(), expected, strict=True):
        np.testing.assert_allclose(parameter.grad, gradient, rtol=1e-10)
    result = step.run([x, y])
    assert result.outputs == pytest.approx(loss, rel=1e-12)
    assert [gradient.shape for gradient in result.grad_inputs] == [(5, 3), (5, 2)]
    assert step.judge([x, y]).loss == pytest.approx(loss, rel=1e-12)
    assert "TrainingStep of GModule" in repr(copy.deepcopy(step))
    assert len(step.memory_plan([x, y]).arenas) > 0
    assert step.profile([x, y], repeats=1).total > 0


def test_the_loss_can_be_another_entry() -> None:
    x = gn.input("x")
    hidden = nn.Linear(3, 2)(x)
    net = gn.GModule([x], [hidden, nn.MSECriterion()([hidden, 0.0 * hidden])])
    losses = trainer_of(net, select=1).fit([PAIRS[0][0]] * 5, 1).training
    assert losses[-1] < losses[0]
    assert gn.compile_step(net, select=-1)(PAIRS[0][0]) < losses[0]


LINEAR = nn.Linear(3, 2)
X = np.ones((4, 3))
MISTAKES: list[tuple[Callable[[dict[str, Any]], object], type[GraphnetError], str]] = [
    (
        lambda kind: trainer_of(LINEAR, **kind).fit([X], 1),
        GraphError,
        r"^The net gives \(4, 2\), and there is no criterion\n.*one number, or a table that begins",
    ),
    (
        lambda kind: trainer_of(LINEAR, **kind).fit([(X, None)], 1),
        DataError,
        r"has no criterion, and received a pair \(input, None\)",
    ),
    (
        lambda kind: trainer_of(LINEAR, **kind).fit([(X, X)], 1),
        ShapeError,
        "Linear expects an array",
    ),
    (
        lambda kind: trainer_of(LINEAR, **kind).train_batch(X, X),
        GraphError,
        r"^A training without a criterion received a target\n.*\[x, y\] for a net of two inputs",
    ),
    (
        lambda kind: trainer_of(LINEAR, metrics={"accuracy": train.accuracy}, **kind),
        DataError,
        "received the metrics accuracy, but no criterion",
    ),
]


@pytest.mark.parametrize("compile", [False, None])
@pytest.mark.parametrize(("call", "error", "message"), MISTAKES)
def test_mistakes_are_named(
    call: Callable[[dict[str, Any]], object],
    error: type[GraphnetError],
    message: str,
    compile: bool | None,
) -> None:
    with pytest.raises(error, match=message):
        call({"compile": compile})


def test_a_step_without_a_criterion_takes_no_target() -> None:
    step = gn.compile_step(with_criterion_inside())
    for target in (PAIRS[0][1], [PAIRS[0][1]]):
        with pytest.raises(GraphError, match=r"^A training without a criterion received a target"):
            step(PAIRS[0][0], target)


def test_progress_counts_the_last_input(capsys: pytest.CaptureFixture[str]) -> None:
    net = zaremba_step()
    trainer = train.Trainer(
        net, None, optim.SGD(net), states=[[ZEROS, ZEROS]], unit="word", compile=False
    )
    trainer.fit(TEXT, 1)
    last = capsys.readouterr().err.splitlines()[-1]
    assert " bits per word" in last
    assert " words/s" in last
    assert ", 0 words/s" not in last
