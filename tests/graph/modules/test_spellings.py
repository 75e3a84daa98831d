"""Arguments by names of PyTorch, Torch and former releases: understood, or refused with ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import load, nn, optim, train
from graphnet.errors import ArgumentError, GraphError
from graphnet.graph.modules.spellings import CONVERTED, FORMER, SAME, TOO_LARGE
from tests.support.oracle import torch


class Size(IntEnum):
    SMALL = 4


class Share(float):
    """A number of a class of the user's."""


NET = nn.Linear(2, 2)
Make = Callable[[], Any]

UNDERSTOOD: list[tuple[Make, str, Any]] = [
    (lambda: nn.SoftMax(dim=0), "axis", 0),  # type: ignore[call-arg]
    (lambda: nn.MSECriterion(sizeAverage=False), "size_average", False),  # type: ignore[call-arg]
    (lambda: nn.MSECriterion(reduction="sum"), "size_average", False),  # type: ignore[call-arg]
    (lambda: nn.BCECriterion(reduction="mean"), "size_average", True),  # type: ignore[call-arg]
    (lambda: nn.LookupTable(num_embeddings=3, embedding_dim=2), "count", 3),  # type: ignore[call-arg]
    (lambda: nn.LayerNorm(normalized_shape=3), "size", 3),  # type: ignore[call-arg]
    (lambda: nn.Linear(inputSize=3, outputSize=2), "in_features", 3),  # type: ignore[call-arg]
    (lambda: nn.HardTanh(min_val=-2.0), "min_value", -2.0),  # type: ignore[call-arg]
    (lambda: nn.SoftShrink(lambd=0.25), "threshold", 0.25),  # type: ignore[call-arg]
    (lambda: nn.Dropout(0.25, inplace=False), "p", 0.25),  # type: ignore[call-arg]
    (lambda: nn.Linear(np.int64(3), np.int32(2)), "in_features", 3),  # type: ignore[arg-type]
    (lambda: nn.Linear(3, Size.SMALL), "out_features", 4),
    (lambda: nn.Linear(np.array(3), 4), "in_features", 3),  # type: ignore[arg-type]
    (lambda: nn.Reshape(Size.SMALL, np.array(2)), "sizes", (4, 2)),  # type: ignore[arg-type]
    (lambda: nn.Dropout(Share(0.25)), "p", 0.25),
    (lambda: nn.Dropout(np.float32(0.25)), "p", 0.25),  # type: ignore[arg-type]
    (lambda: nn.LSTM(Size.SMALL, hidden_size=Size.SMALL), "hidden_size", 4),
    (lambda: nn.ClassNLLCriterion(weight=[Share(0.5), Size.SMALL]), "weight", [0.5, 4]),
    (lambda: optim.SGD(NET, lr=0.5), "learning_rate", 0.5),  # type: ignore[call-arg]
    (lambda: optim.SGD(NET, learningRate=0.5), "learning_rate", 0.5),  # type: ignore[call-arg]
    (lambda: optim.Adam(NET, betas=(0.5, 0.75)), "beta2", 0.75),  # type: ignore[call-arg]
    (lambda: optim.RMSprop(NET, alpha=0.5), "decay", 0.5),  # type: ignore[call-arg]
    (lambda: optim.ASGD(NET, alpha=0.5), "power", 0.5),  # type: ignore[call-arg]
    (lambda: optim.Rprop(NET, etas=(0.5, 1.5)), "increase", 1.5),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("make", "name", "value"), UNDERSTOOD)
def test_a_name_for_the_same_is_understood(make: Make, name: str, value: Any) -> None:
    assert getattr(make(), name) == value


@pytest.mark.parametrize("size", [Size.SMALL, np.array(4)])
def test_settings_are_plain_numbers(size: Any, tmp_path: Path) -> None:
    linear = nn.Linear(3, size)
    assert repr(linear) == "Linear(3, 4)"
    assert type(linear.out_features) is int
    linear.save(tmp_path / "linear.gn")
    assert repr(load(tmp_path / "linear.gn")) == "Linear(3, 4)"


def test_a_tensor_that_gives_no_array_is_named() -> None:
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(ArgumentError, match=r"receives weight .* no array.*detach\(\)"):
        nn.ClassNLLCriterion(weight=weight)  # type: ignore[arg-type]


class Wider(nn.Linear):
    def __init__(self, features: Any, factor: int) -> None:
        super().__init__(features, 2 * factor, 3)  # type: ignore[arg-type]


class Same(nn.Linear):
    """A class with the constructor of its base."""


SUBJECTS: list[tuple[Make, str]] = [
    (lambda: Wider(3, 2), "Linear"),
    (lambda: Same("3"), "Same"),  # type: ignore[arg-type, call-arg]
    (lambda: nn.Tanh(3), "Tanh"),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("make", "name"), SUBJECTS)
def test_the_class_named_has_the_signature_shown(make: Make, name: str) -> None:
    with pytest.raises(ArgumentError, match=rf"^{name} .*\n.*It takes {name}\("):
        make()


def test_layers_made_by_functions_understand_too() -> None:
    lstm = nn.LSTM(3, 4, numLayers=2, batchFirst=True)  # type: ignore[call-arg]
    output, _ = lstm.forward(np.ones((2, 5, 3)))
    assert output.shape == (2, 5, 4)
    assert "layer2" in lstm


REFUSED: list[tuple[Make, str]] = [
    (lambda: nn.Normalize(epsilon=1e-3), "no argument named 'epsilon'\n  It is named eps"),  # type: ignore[call-arg]
    (lambda: nn.BCECriterion(weights=[1.0]), "It is named weight"),  # type: ignore[call-arg]
    (lambda: optim.Adam(NET, epsilon=1e-3), "It is named eps"),  # type: ignore[call-arg]
    (lambda: optim.clip_grad_norm(NET, largest=1.0), "It is named max_norm"),  # type: ignore[call-arg]
    (lambda: optim.clip_grad_value(NET, bound=1.0), "It is named max_value"),  # type: ignore[call-arg]
    (lambda: nn.Linear(in_feature=3, out_features=2), "Did you mean in_features"),  # type: ignore[call-arg]
    (lambda: nn.Linear(3), r"missing a required argument.*\n  It takes Linear\(in_features, out"),  # type: ignore[call-arg]
    (lambda: nn.Linear(3, 2, bias=7), "receives bias 7, expected True or False"),  # type: ignore[arg-type]
    (lambda: nn.ReLU(True), "too many .*\n  Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.ReLU(inplace=True), "Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.Dropout(0.5, True), r"Nothing is computed in place.* Dropout\(p=0.5"),  # type: ignore[call-arg]
    (lambda: nn.Dropout("half"), "receives p 'half', expected a number"),  # type: ignore[arg-type]
    (lambda: nn.MSECriterion(reduction="none"), "no reduction='none'\n  There are 'mean' and"),  # type: ignore[call-arg]
    (lambda: nn.JoinTable(dimension=1), "Write axis; axes are counted from 0"),  # type: ignore[call-arg]
    (lambda: nn.Reshape((2, 3)), r"sizes \(2, 3\), expected a whole number"),  # type: ignore[arg-type]
    (lambda: nn.MapTable(3), "receives module 3, expected a module"),  # type: ignore[arg-type]
    (lambda: nn.GELU(approximate="tanh"), "GELU is computed exactly"),  # type: ignore[call-arg]
    (lambda: nn.FastLSTM(3, 4, 5), "FastLSTM receives mask_zero 5.*\n.*leave it out"),  # type: ignore[arg-type]
    (lambda: nn.GRU(3, 4, 50), "num_layers 50 by position\n.*not Torch's rho"),
    (lambda: nn.LSTM(3, 4, rho=5), "no argument named 'rho'\n  Sequences have any length"),  # type: ignore[call-arg]
    (lambda: nn.LSTM(3, 4, device="cuda"), "computed on the processor"),  # type: ignore[call-arg]
    (lambda: optim.Adam(params=NET), "takes the net itself"),  # type: ignore[call-arg]
    (lambda: optim.Adam(NET, lr=0.1, learning_rate=0.2), "learning_rate and lr, which are the same"),  # type: ignore[call-arg]
    (lambda: optim.Adam(NET, "fast"), "receives learning_rate 'fast', expected a number"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_has_no_meaning_is_refused_with_the_spelling(make: Make, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_many_layers_are_made_if_they_are_meant() -> None:
    assert "layer10" in nn.GRU(1, 1, num_layers=10)


@pytest.mark.parametrize(
    ("owner", "name", "message"),
    [
        (
            nn.MSECriterion(),
            "sizeAverage",
            "has no setting 'sizeAverage'\n  Here it is size_average",
        ),
        (nn.Normalize(), "epsilon", "Here it is eps"),
        (nn.SoftMax(), "dim", "Here it is axis"),
        (nn.Dropout(), "train", r"Call train\(\) or evaluate\(\)"),
        (nn.Dropout(), "training", r"Call train\(\) or evaluate\(\)"),
        (optim.SGD(NET), "lr", "Here it is learning_rate"),
    ],
)
def test_a_setting_that_would_be_ignored_is_refused(owner: Any, name: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        setattr(owner, name, False)


def test_other_attributes_are_the_users() -> None:
    linear = nn.Linear(2, 2)
    linear.note = "first"
    assert linear.note == "first"
    own = type("Own", (nn.Container,), {"compute": lambda self, x: x})()
    own.dim = 3
    assert own.dim == 3


def known_arguments() -> set[str]:
    functions = [getattr(part, name) for part in (nn, optim, train) for name in part.__all__]
    functions += [gn.compile_step, train.Trainer.fit]
    return {
        name for each in functions if callable(each) for name in inspect.signature(each).parameters
    }


def test_every_entry_stands_for_an_argument_that_there_is() -> None:
    known = known_arguments()
    meant = {name for names in (*FORMER.values(), *SAME.values()) for name in names}
    assert meant <= known
    assert set(TOO_LARGE) <= known
    assert not set(CONVERTED) & known


ASSIGNED: list[tuple[Any, str, Any, str]] = [
    (nn.Dropout(), "p", 2, "Dropout: p is 2, expected 0 <= p < 1"),
    (nn.Dropout(), "p", "x", "Dropout receives p 'x', expected a number"),
    (nn.Linear(2, 2), "in_features", -1, "in_features is -1, expected a whole number from 1"),
    (nn.SoftMax(), "axis", 1.5, "SoftMax receives axis 1.5, expected a whole number"),
    (nn.LayerNorm(3), "eps", "x", "LayerNorm receives eps 'x', expected a number"),
    (nn.MSECriterion(), "size_average", "mean", "size_average 'mean', expected True or False"),
    (nn.Concat(1, nn.Tanh()), "axis", "x", "Concat receives axis 'x', expected a whole number"),
]


@pytest.mark.parametrize(("module", "name", "value", "message"), ASSIGNED)
def test_a_setting_that_is_assigned_is_tested_as_the_constructors(
    module: Any, name: str, value: Any, message: str
) -> None:
    before = getattr(module, name)
    with pytest.raises((ArgumentError, ValueError), match=message):
        setattr(module, name, value)
    assert getattr(module, name) == before


def test_a_setting_is_assigned_without_drawing_random_numbers() -> None:
    gn.manual_seed(3)
    expected = nn.Linear(2, 2).weight.data
    gn.manual_seed(3)
    layer, net = nn.LookupTable(3, 2), nn.Sequential(nn.Dropout(0.5))
    gn.manual_seed(3)
    layer.count = 7
    net[0].p = 0.25
    np.testing.assert_array_equal(nn.Linear(2, 2).weight.data, expected)
    assert (layer.count, net[0].p) == (7, 0.25)


def trainer(**settings: Any) -> train.Trainer:
    return train.Trainer(NET, nn.MSECriterion(), optim.SGD(NET), show_progress=False, **settings)


PAIRS = [(np.ones((3, 2)), np.ones((3, 2)))]
CALLS: list[tuple[Make, str]] = [
    (
        lambda: trainer(clip_norm=5),
        "Trainer has no argument named 'clip_norm'\n  It is named max_n",
    ),
    (lambda: trainer(clip_value=5), "It is named max_value"),
    (
        lambda: trainer(lr=5),
        r"The learning rate is the optimiser's: optim\.Adam\(net, learning_rate",
    ),
    (lambda: trainer(max_norm="5"), "Trainer receives max_norm '5', expected a number or None"),
    (lambda: trainer(notes=3), "Trainer receives notes 3, expected a dict or None"),
    (lambda: trainer(schedule=0.5), "Trainer receives schedule 0.5, expected a function"),
    (lambda: train.Trainer(NET, optim.SGD(NET)), "is missing a required argument: 'optimizer'"),  # type: ignore[arg-type, call-arg]
    (lambda: trainer().fit(PAIRS), "fit is missing a required argument: 'epochs'"),  # type: ignore[call-arg]
    (lambda: trainer().fit(PAIRS, epoch=3), "Did you mean epochs?"),  # type: ignore[call-arg]
    (lambda: trainer().fit(PAIRS, 2.5), "fit receives epochs 2.5, expected a whole number"),  # type: ignore[arg-type]
    (lambda: gn.compile_step(NET, scale=3), "Did you mean loss_scale?"),  # type: ignore[call-arg]
    (lambda: gn.compile_step(NET, loss_scale="3"), "receives loss_scale '3', expected a number"),  # type: ignore[arg-type]
    (lambda: gn.save(NET), "save is missing a required argument: 'path'"),  # type: ignore[call-arg]
    (lambda: gn.save("net.gn", NET), "save receives module 'net.gn', expected a module"),  # type: ignore[arg-type]
    (lambda: gn.load(NET), r"load receives path Linear\(2, 2\), expected a text or a path"),  # type: ignore[arg-type]
    (lambda: gn.draw(NET, shape=(3, 2)), "Did you mean shapes?"),  # type: ignore[call-arg]
    (lambda: gn.input(nam="x"), "Did you mean name?"),  # type: ignore[call-arg]
    (lambda: gn.unroll(nn.rnn_cell(2, 2), step=3), "Did you mean steps?"),  # type: ignore[call-arg]
    (lambda: train.Vocabulary(3), "Vocabulary receives text 3, expected a text"),  # type: ignore[arg-type]
    (lambda: train.TextBatches(np.arange(9), 1, seq_len=2), "Did you mean seq_length?"),  # type: ignore[call-arg]
    (lambda: train.decay_after(factor="x"), "receives factor 'x', expected a number"),  # type: ignore[arg-type]
    (lambda: train.accuracy(np.ones(3)), "accuracy is missing a required argument: 'classes'"),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_calls_of_functions_and_trainers_are_told_what_is_right(call: Make, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_trainings_take_the_arguments_names_of_elsewhere() -> None:
    step = gn.compile_step(NET, loss_fn=nn.MSECriterion())  # type: ignore[call-arg]
    assert step(*PAIRS[0]) >= 0
    assert trainer(max_grad_norm=5).max_norm == 5
    assert len(trainer().fit(PAIRS, num_epochs=2).training) == 2  # type: ignore[call-arg]
