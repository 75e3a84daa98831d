"""The Trainer in machine code against the Trainer in the interpreter, and what it says about it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import GraphError, GraphnetError, NumericsError
from graphnet.source import warn_once

TEXT = "pack my box with five dozen liquor jugs; " * 12


compiles = pytest.mark.skipif(find_spec("llvmlite") is None, reason="needs llvmlite")


Made = tuple[Any, Any, list[Any], dict[str, Any]]


def characters(dropout: float = 0.0) -> Made:
    vocabulary = train.Vocabulary(TEXT)
    net = train.character_model(len(vocabulary), hidden=7, layers=2, dropout=dropout).double()
    batches = train.TextBatches(vocabulary.encode(TEXT), 4, 11)
    states = train.initial_states(2, 7, 4)
    return net, nn.ClassNLLCriterion(), batches[:], {"states": states, "loss_scale": 11.0}


def characters_with_dropout() -> Made:
    return characters(0.4)


def digits() -> Made:
    """Classes of images, the last batch smaller."""
    rng = np.random.default_rng(1)
    images, labels = rng.uniform(size=(45, 64)), rng.integers(10, size=45)
    net = nn.Sequential(nn.Linear(64, 20), nn.ReLU(), nn.Dropout(0.3), nn.Linear(20, 10))
    batches = [(images[i : i + 10], labels[i : i + 10]) for i in range(0, 45, 10)]
    return net, nn.CrossEntropyCriterion(), batches, {"max_norm": 1.0}


def tagging() -> Made:
    """Sequences of several lengths; tags of padding do not count."""
    rng = np.random.default_rng(2)
    words, lengths = gn.input(), gn.input()
    lookup = nn.LookupTable(9, 6)(words)
    output = nn.SelectTable(0)(nn.LSTM(6, 4, bidirectional=True)(lookup, lengths=lengths))
    net = gn.GModule([words, lengths], nn.Linear(8, 5)(output))
    batches = []
    for steps in (5, 3, 5, 7):
        counts = np.array([steps, 2, 1])
        tags = rng.integers(1, 5, size=(steps, 3)) * (np.arange(steps)[:, None] < counts)
        batches.append(([rng.integers(9, size=(steps, 3)), counts], tags))
    return net, nn.CrossEntropyCriterion(ignore_index=0), batches, {}


def masked() -> Made:
    """Rows of zeros are padding for the criterion."""
    rng = np.random.default_rng(3)
    recurrent = nn.Recurrent(nn.gru_cell(3, 4), mask_zero=True)
    net = nn.Sequential(recurrent, nn.SelectTable(0), nn.View(-1, 4))
    xs = rng.normal(size=(6, 5, 3))
    xs[3:, 2:] = 0
    batches = [(xs, rng.normal(size=(30, 4))) for _ in range(3)]
    return net, nn.MaskZeroCriterion(nn.MSECriterion(), 1), batches, {"max_value": 0.1}


def remembering() -> Made:
    rng = np.random.default_rng(4)
    net = nn.Sequential(nn.Recurrent(nn.lstm_cell(3, 4)), nn.SelectTable(0))
    nn.remember(net, "train")
    batches = [(rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 4))) for _ in range(4)]
    return net, nn.MSECriterion(), batches, {}


def several_outputs() -> Made:
    """A criterion of a table, judged with weights."""
    rng = np.random.default_rng(5)
    x = gn.input()
    hidden = nn.Tanh()(nn.Linear(4, 6)(x))
    net = gn.GModule([x], [nn.Linear(6, 2)(hidden), nn.LogSoftMax()(nn.Linear(6, 3)(hidden))])
    criterion = nn.ParallelCriterion(nn.MSECriterion(), nn.ClassNLLCriterion(), weights=[0.5, 2.0])
    batches = [
        (rng.normal(size=(8, 4)), [rng.normal(size=(8, 2)), rng.integers(3, size=8)])
        for _ in range(4)
    ]
    return net, criterion, batches, {}


def table_of_states() -> Made:
    """The states of an nn.LSTM are a table in the table of inputs."""
    rng = np.random.default_rng(6)
    xs, h, c = gn.input(), gn.input(), gn.input()
    output, state = nn.LSTM(3, 4)(xs, state=[h, c]).split(2)
    net = gn.GModule([xs, h, c], [output, *state.split(2)])
    states = [np.zeros((1, 2, 4), np.float32)] * 2
    batches = [(rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 4))) for _ in range(4)]
    return net, nn.SmoothL1Criterion(), batches, {"states": states}


CASES = [
    characters,
    characters_with_dropout,
    digits,
    tagging,
    masked,
    remembering,
    several_outputs,
    table_of_states,
]


def trainer_of(
    make: Callable[[], Made], compile: bool | None, **more: Any
) -> tuple[Any, list[Any]]:
    gn.manual_seed(3)
    net, criterion, batches, settings = make()
    net.seed(4)
    optimizer = optim.RMSprop(net, 0.01)
    settings = {"show_progress": False, "compile": compile} | settings | more
    return train.Trainer(net, criterion, optimizer, **settings), batches


@compiles
@pytest.mark.parametrize("make", CASES)
def test_the_same_training(make: Callable[[], Made]) -> None:
    plain, batches = trainer_of(make, False)
    compiled, _ = trainer_of(make, None)
    assert (plain.is_compiled, compiled.is_compiled) == (False, True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what runs interpreted is said once
        for trainer in (plain, compiled):
            trainer.fit(batches, epochs=3, validation=batches[:2])
    np.testing.assert_allclose(compiled.history.training, plain.history.training, rtol=1e-12)
    np.testing.assert_allclose(compiled.history.validation, plain.history.validation, rtol=1e-12)
    values, gradients = compiled.net.flatten_parameters()
    expected = plain.net.flatten_parameters()
    np.testing.assert_allclose(values, expected[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(gradients, expected[1], rtol=1e-9, atol=1e-12)
    for a, b in zip(compiled.states, plain.states, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    followers = [trainer.net.generator.random(3).tolist() for trainer in (plain, compiled)]
    assert followers[0] == followers[1]


@compiles
def test_a_net_with_a_function_is_compiled_around_it() -> None:
    def make() -> Made:
        cube = nn.Function(lambda x: x**3, lambda x, y, g: g * 3 * x**2)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), cube, nn.Linear(4, 2))
        rng = np.random.default_rng(1)
        batches = [(rng.normal(size=(6, 3)), rng.normal(size=(6, 2))) for _ in range(4)]
        return net, nn.MSECriterion(), batches, {}

    warn_once.cache_clear()
    plain, batches = trainer_of(make, False)
    compiled, _ = trainer_of(make, True)
    plain.fit(batches, 2)
    with pytest.warns(UserWarning, match="'2' runs interpreted") as told:
        compiled.fit(batches, 2)
    assert len({str(warning.message) for warning in told}) == len(told) <= 2
    np.testing.assert_allclose(compiled.history.training, plain.history.training, rtol=1e-12)


@compiles
def test_float32_follows_the_interpreter_closely() -> None:
    def make() -> Made:
        net, *rest = characters_with_dropout()
        return (net.float(), *rest)

    curves = []
    for compile in (False, True):
        trainer, batches = trainer_of(make, compile)
        curves.append(trainer.fit(batches, epochs=4).training)
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-4)


@pytest.mark.parametrize("compile", [False, None])
def test_a_criterion_that_gives_no_number(compile: bool | None) -> None:
    class Losses(nn.Criterion):
        def loss(self, input: Any, target: Any) -> Any:
            return (input - target).sum(axis=1)

    net = nn.Linear(3, 2)
    trainer = train.Trainer(net, Losses(), optim.SGD(net), compile=compile, show_progress=False)
    batch = (np.ones((4, 3)), np.ones((4, 2)))
    with pytest.raises(GraphError, match=r"^Losses gives \(4,\), expected one number"):
        trainer.fit([batch], 1)
    with pytest.raises(GraphError, match=r"^Losses gives \(4,\), expected one number"):
        trainer.validate([batch])


@pytest.mark.parametrize("compile", [False, None])
def test_the_gradient_of_a_batch_stands_in_grad(compile: bool | None) -> None:
    """Of all parameters, also those that the optimiser does not change."""
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    net = nn.Sequential(first, second)
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(second, 0.0), frozen=first, compile=compile,
        show_progress=False,
    )  # fmt: skip
    batch = (np.ones((4, 3)), np.zeros((4, 3)))
    trainer.train_batch(*batch)
    before = first.weight.grad.copy()
    trainer.train_batch(*batch)
    np.testing.assert_array_equal(first.weight.grad, before)
    assert np.abs(before).max() > 0


@pytest.mark.parametrize("compile", [False, None])
def test_what_is_not_finite_is_found(compile: bool | None) -> None:
    trainer, batches = trainer_of(digits, compile)
    trainer.train_batch(*batches[0])
    trainer.loss_scale = math.inf
    with pytest.raises(NumericsError, match="the gradient is not finite at batch 2"):
        trainer.train_batch(*batches[0])
    trainer.loss_scale = 1.0
    trainer.train_batch(*batches[0])
    trainer.net[0].bias[0] = np.nan
    before = trainer.net.flatten_parameters()[0].copy()
    with pytest.raises(NumericsError, match="the loss is nan at batch 3"):
        trainer.fit(batches, 1)
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before)


BAD = [
    (
        0,
        np.nan,
        (0, 1),
        r"the loss is nan at batch 1, and the input holds nan at \(0, 1\)\n  The l",
    ),
    (0, np.inf, (), "and the input holds -?inf at (.*), one of 12 such numbers"),
    (1, np.inf, (2, 0), r"the loss is inf at batch 1, and the target holds inf at \(2, 0\)\n"),
]


@pytest.mark.parametrize("compile", [False, None])
@pytest.mark.parametrize(("part", "value", "place", "message"), BAD)
def test_a_batch_that_is_not_finite_is_named(
    part: int, value: float, place: tuple[int, ...], message: str, compile: bool | None
) -> None:
    net, batch = nn.Linear(3, 3), (np.ones((4, 3)), np.zeros((4, 3)))
    batch[part][place] = value
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net), compile=compile, show_progress=False
    )
    with pytest.raises(NumericsError, match=message) as told:
        trainer.fit([batch], 1)
    assert "learning rate" not in str(told.value)


@pytest.mark.parametrize("select", [0, -2])
@pytest.mark.parametrize("compile", [False, pytest.param(True, marks=compiles)])
def test_the_output_that_is_judged_is_selected(select: int, compile: bool) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 6, 2, 4))
    losses = []
    for judged in (select, None):
        net = nn.LSTM(4, 4)
        for parameter in net.parameters():
            parameter[...] = np.linspace(-1, 1, parameter.size).reshape(parameter.shape)
        whole: Any = net if judged is not None else nn.Sequential(net, nn.SelectTable(0))
        trainer = train.Trainer(
            whole, nn.MSECriterion(), optim.SGD(whole, 0.1), select=judged, compile=compile,
            show_progress=False,
        )  # fmt: skip
        losses.append(trainer.fit([(x, y)] * 3, 2, validation=[(x, y)]))
        trainer.criterion = nn.AbsCriterion()
        assert trainer.validate([(x, y)]) > 0
    np.testing.assert_allclose(losses[0].training, losses[1].training, rtol=1e-10)
    assert losses[0].training[-1] < losses[0].training[0]


UNCLEAR: list[tuple[dict[str, Any], str]] = [
    ({}, r"^The net gives .*, and the target is one array\n.*select=0"),
    (
        {"select": 7},
        r"^The criterion receives select=7, which is out of range for .*\n  The net gives 2 entries",
    ),
    ({"select": 1, "states": [np.zeros(4)]}, "received select=1 and states"),
]


@pytest.mark.parametrize("compile", [False, None])
@pytest.mark.parametrize(("options", "message"), UNCLEAR)
def test_an_output_that_cannot_be_judged(
    options: dict[str, Any], message: str, compile: bool | None
) -> None:
    net = nn.LSTM(4, 5)
    with pytest.raises(GraphError, match=message):
        train.Trainer(
            net, nn.MSECriterion(), optim.SGD(net), compile=compile, show_progress=False, **options
        ).train_batch(np.ones((3, 2, 4)), np.ones((3, 2, 5)))


@pytest.mark.parametrize("compile", [False, None])
def test_a_criterion_that_judges_a_table(compile: bool | None) -> None:
    """Two outputs against one array of targets, none of them selected."""
    x = gn.input()
    net = gn.GModule(x, [nn.Linear(3, 4)(x), nn.Linear(3, 4)(x)])
    criterion = nn.CosineEmbeddingCriterion()
    trainer = train.Trainer(
        net, criterion, optim.SGD(net, 0.1), compile=compile, show_progress=False
    )
    losses = trainer.fit([(np.eye(3), np.array([1.0, 1.0, -1.0]))], 5).training
    assert losses[-1] < losses[0]


def test_another_criterion_from_now_on() -> None:
    trainer, batches = trainer_of(digits, None)
    trainer.net.evaluate()
    plain = trainer.train_batch(*batches[0])
    trainer.optimizer.learning_rate = 0.0
    before = trainer.train_batch(*batches[0])
    trainer.criterion = nn.CrossEntropyCriterion(size_average=False)
    assert trainer.train_batch(*batches[0]) == pytest.approx(10 * before, rel=1e-12)
    assert plain != before


@compiles
def test_a_layer_that_is_frozen_halfway() -> None:
    losses = []
    for compile in (False, True):
        trainer, batches = trainer_of(characters_with_dropout, compile)
        trainer.fit(batches, epochs=1)
        trainer.net["dropout1"].module.evaluate()
        losses.append(trainer.fit(batches, epochs=2).training)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)


@compiles
def test_located_errors_are_those_of_the_interpreter() -> None:
    messages = []
    for compile in (False, True):
        trainer, batches = trainer_of(characters, compile)
        inputs, targets = batches[0]
        with pytest.raises(GraphnetError, match="lookup") as error:
            trainer.train_batch(inputs + 100, targets)
        messages.append(str(error.value))
        with pytest.raises(GraphnetError, match="has scores") as error:
            trainer.train_batch(inputs, targets[:-1])
        messages.append(str(error.value))
    assert messages[:2] == messages[2:]


@compiles
def test_progress_says_that_it_compiles_once(capsys: pytest.CaptureFixture[str]) -> None:
    trainer, batches = trainer_of(digits, True, show_progress=True)
    trainer.fit(batches, epochs=2, validation=batches[:1])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "epoch 1/2  compiling…"
    assert sum("compiling" in line for line in lines) == 1
    assert "ms" not in lines[1]  # the first batch is the compiler's time
    assert lines[2].endswith(" ms per batch")


def test_progress_without_the_compiler(capsys: pytest.CaptureFixture[str]) -> None:
    trainer, batches = trainer_of(digits, False, show_progress=True)
    trainer.fit(batches, epochs=1)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert not any("compiling" in line for line in lines)
    assert all(line.endswith(" ms per batch") for line in lines)
