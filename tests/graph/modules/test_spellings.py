"""Arguments by names of PyTorch, Torch and former releases: understood, or refused with ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn, optim
from graphnet.errors import ArgumentError, GraphError
from graphnet.graph.modules.spellings import CONVERTED, FORMER, SAME, TOO_LARGE

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
    (lambda: nn.Dropout(0.5, True), r"Nothing is computed in place.* Dropout\(p=0.5\)"),  # type: ignore[call-arg]
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
    functions = [getattr(part, name) for part in (nn, optim) for name in part.__all__]
    return {
        name for each in functions if callable(each) for name in inspect.signature(each).parameters
    }


def test_every_entry_stands_for_an_argument_that_there_is() -> None:
    known = known_arguments()
    meant = {name for names in (*FORMER.values(), *SAME.values()) for name in names}
    assert meant <= known
    assert set(TOO_LARGE) <= known
    assert not set(CONVERTED) & known
