"""The parameters that an optimiser has and those that a net has: what differs is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import nn, optim, train
from graphnet.errors import DataError, GraphError, NumericsError

BATCH = (np.ones((4, 3)), np.zeros((4, 2)))


def two_parts() -> tuple[nn.Sequential, nn.Linear, nn.Linear]:
    body, head = nn.Linear(3, 3), nn.Linear(3, 2)
    return nn.Sequential(body, head), body, head


def trainer_of(net: Any, optimizer: Any, **settings: Any) -> train.Trainer:
    return train.Trainer(net, nn.MSECriterion(), optimizer, show_progress=False, **settings)


def test_an_optimiser_of_a_part_is_told_with_what_it_leaves_out() -> None:
    net, body, head = two_parts()
    with pytest.warns(
        UserWarning, match=r"2 of its 4 parameters stay as they are, 0\.weight, 0\.b"
    ):
        trainer = trainer_of(net, optim.SGD(head))
    before = body.weight.data.copy()
    trainer.fit([BATCH], 1)
    np.testing.assert_array_equal(body.weight.data, before)


def test_many_names_are_cut() -> None:
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(5)])
    with pytest.warns(
        UserWarning, match=r"8 of its 10 parameters .* 2\.bias, …; make it for the w"
    ):
        trainer_of(net, optim.SGD(net[4]))


@pytest.mark.parametrize("as_parameters", [False, True])
def test_a_part_is_frozen_on_purpose(as_parameters: bool) -> None:
    net, body, head = two_parts()
    frozen: Any = [body.weight, body.bias] if as_parameters else [body]
    trainer = trainer_of(net, optim.SGD(head, 0.1), frozen=frozen)
    before = body.weight.data.copy(), head.weight.data.copy()
    trainer.fit([BATCH], 2)
    np.testing.assert_array_equal(body.weight.data, before[0])
    assert np.abs(head.weight.data - before[1]).max() > 0


def test_what_is_frozen_is_not_trained() -> None:
    net, body, _ = two_parts()
    with pytest.raises(GraphError, match=r"SGD trains what is frozen: 0\.weight, 0\.bias\n"):
        trainer_of(net, optim.SGD(net), frozen=body)


def test_parameters_that_the_net_does_not_have_are_named() -> None:
    net, body, _ = two_parts()
    with pytest.raises(
        GraphError, match=r"for another net: this one does not have its 1\.weight, "
    ):
        trainer_of(body, optim.SGD(net))


@pytest.mark.parametrize("compile", [False, None])
def test_an_empty_batch_has_no_mean(compile: bool | None) -> None:
    net, _, _ = two_parts()
    trainer = trainer_of(net, optim.SGD(net), compile=compile)
    empty = (np.ones((0, 3)), np.ones((0, 2)))
    before = net.flatten_parameters()[0].copy()
    with pytest.raises(
        NumericsError, match=r"the loss is nan at batch 2: the input is empty, \(0,"
    ):
        trainer.fit([(BATCH[0] * 0, BATCH[1]), empty], 1)
    assert np.isfinite(before).all()
    assert np.isfinite(net.flatten_parameters()[0]).all()
    with pytest.raises(DataError, match=r"Batch 2 to validate on has no loss: the input is empty"):
        trainer.validate([BATCH, empty])
