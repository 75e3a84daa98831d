"""Arrays of the user's stay as they are: no call writes into one or makes it read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, ops
from graphnet.graph.values import table
from tests.support.notices import notices_ignored

Arrays = dict[str, Any]


class Captures(gn.Module):
    """Computes with arrays that it does not own: of its attributes, of the module's globals."""

    def __init__(self) -> None:
        self.scale = np.ones(3)
        self.table = {"shift": [np.ones(3)]}

    def compute(self, x: Any) -> Any:
        return x * self.scale + self.table["shift"][0] + SHARED + ops.stack([x, x])[0]


SHARED = np.ones(3)


def run_forward(kept: Arrays) -> None:
    net = nn.Sequential(Captures(), nn.Identity())
    kept["input"], kept["shared"] = np.ones((2, 3)), SHARED
    kept["attributes"] = [net[0].scale, net[0].table["shift"][0]]
    kept["output"] = net.forward(kept["input"])
    kept["gradient"] = np.ones((2, 3))
    kept["input gradient"] = net.backward(kept["input"], kept["gradient"])


def run_identity(kept: Arrays) -> None:
    for name, net in (("training", nn.Identity()), ("evaluation", nn.Identity().evaluate())):
        kept[name] = [np.ones((200, 300))]
        kept[name] += [net.forward(kept[name][0]), net.run(kept[name][0]).outputs]


def run_criterion(kept: Arrays) -> None:
    criterion = nn.MSECriterion()
    kept["input"], kept["target"] = np.ones((2, 3)), np.zeros((2, 3))
    criterion.run([kept["input"], kept["target"]]).backward()


def run_step(kept: Arrays) -> None:
    step = gn.compile_step(nn.Linear(3, 2), nn.MSECriterion(), input_gradients=True)
    kept["input"], kept["target"] = np.ones((4, 3)), np.zeros((4, 2))
    found = step.run(kept["input"], kept["target"])
    kept["outputs"], kept["input gradient"] = found.outputs, found.grad_inputs


def run_sequence(kept: Arrays) -> None:
    net = nn.LSTM(3, 4)
    kept["input"], kept["lengths"] = np.ones((5, 2, 3)), np.array([5, 3])
    kept["state"] = [np.ones((1, 2, 4)), np.ones((1, 2, 4))]
    kept["outputs"] = net.forward(kept["input"], kept["state"], kept["lengths"])
    kept["gradients"] = [np.ones((5, 2, 4)), [np.ones((1, 2, 4)), np.ones((1, 2, 4))]]
    net.run(kept["input"], state=kept["state"], lengths=kept["lengths"]).backward(kept["gradients"])


def run_function(kept: Arrays) -> None:
    kept["captured"] = np.ones(3)
    net = nn.Function(lambda x: kept["captured"], lambda x, y, g: g)
    kept["input"], kept["gradient"] = np.ones(3), np.ones(3)
    kept["output"] = net.forward(kept["input"])
    kept["input gradient"] = net.backward(kept["input"], kept["gradient"])


def run_live(kept: Arrays) -> None:
    kept["example"], kept["input"] = np.zeros(3), np.ones(3)
    live = nn.Live(nn.lstm_cell(3, 4), kept["example"])
    kept["state"] = live.start()
    live.step(kept["state"], kept["input"])


def run_trainer(kept: Arrays) -> None:
    net = nn.Linear(3, 2)
    kept["weights"] = np.ones((2, 3))
    net.weight[...] = kept["weights"]
    kept["input"], kept["target"] = np.ones((4, 3)), np.zeros((4, 2))
    trainer = gn.train.Trainer(net, nn.MSECriterion(), gn.optim.SGD(net, 0.1), show_progress=False)
    trainer.fit([(kept["input"], kept["target"])], 2)


def run_parameter(kept: Arrays) -> None:
    kept["values"] = np.ones((2, 3))
    weight = gn.Parameter(kept["values"])
    weight += 1
    weight.data = kept["values"]


RUNS: list[Callable[[Arrays], None]] = [
    run_forward, run_identity, run_criterion, run_step, run_sequence, run_function, run_live,
    run_trainer, run_parameter,
]  # fmt: skip


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_arrays_of_the_user_stay_writeable_and_as_they_were(run: Callable[[Arrays], None]) -> None:
    kept: Arrays = {}
    with notices_ignored():
        run(kept)
    for name, array in arrays_in(kept):
        assert array.flags.writeable, name
        if "output" not in name and "input gradient" not in name:
            assert ((array == 0) | (array == 1) | (name == "lengths")).all(), name


def arrays_in(kept: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in kept.items():
        for leaf in table.flatten(value)[0]:
            yield name, leaf
