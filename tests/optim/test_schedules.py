"""Schedules by step: their values, and their effect on a training."""

import numpy as np
import pytest

from graphnet import nn, optim, train
from graphnet.optim import schedules
from tests.support.oracle import torch


def rates_of_torch(scheduler, count, **settings):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    made = getattr(torch.optim.lr_scheduler, scheduler)(optimizer, **settings)
    rates = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "scheduler", "settings"),
    [
        (schedules.step_decay(3, 0.5), "StepLR", {"step_size": 3, "gamma": 0.5}),
        (schedules.exponential(0.9), "ExponentialLR", {"gamma": 0.9}),
        (
            schedules.linear(6, 0.2),
            "LinearLR",
            {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 6},
        ),
        (schedules.cosine(9, 0.1), "CosineAnnealingLR", {"T_max": 9, "eta_min": 0.1}),
        (
            schedules.warm_up(5),
            "LinearLR",
            {"start_factor": 0.2, "end_factor": 1.0, "total_iters": 4},
        ),
    ],
)
def test_the_factors_are_those_of_torch(schedule, scheduler, settings):
    found = [schedule(step) for step in range(10)]
    np.testing.assert_allclose(found, rates_of_torch(scheduler, 10, **settings), rtol=1e-12)


def test_warm_up_goes_on_with_another_schedule():
    schedule = schedules.warm_up(2, schedules.step_decay(3, 0.5))
    assert [schedule(step) for step in range(7)] == [0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5]


def test_an_optimiser_follows_its_schedule():
    net = nn.Linear(1, 1, bias=False)
    optimizer = optim.SGD(net, 0.1).with_schedule(schedules.inverse_decay(0.5))
    values, gradients = net.flatten_parameters()
    gradients[:] = 1
    lengths = []
    for _ in range(3):
        before = values[0]
        optimizer.step()
        lengths.append(before - values[0])
    np.testing.assert_allclose(lengths, [0.1, 0.1 / 1.5, 0.05], rtol=1e-12)


def test_a_trainer_goes_by_the_schedule_of_its_optimiser():
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net, 0.1)
    optimizer.schedule = lambda step: float(step < 3)
    trainer = train.Trainer(net, nn.MSECriterion(), optimizer, show_progress=False)
    batch = np.ones((4, 2)), np.zeros((4, 1))
    for _ in range(3):
        trainer.train_batch(*batch)
    kept = net.weight.data.copy()
    trainer.train_batch(*batch)
    np.testing.assert_array_equal(net.weight.data, kept)


@pytest.mark.parametrize("make", [schedules.warm_up, schedules.cosine, schedules.linear])
def test_no_steps(make):
    with pytest.raises(ValueError, match="steps is 0, expected a positive whole number"):
        make(0)
