"""What changes between training steps: weights, dtypes, modes, sizes; two steps of one net; copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.graph.inspection.executed import executables_of
from tests.support.training_steps import (
    TOLERANCE,
    T,
    X,
    assert_close,
    characters,
    gradients,
    one_by_one,
    perceptron,
)

pytestmark = pytest.mark.filterwarnings("ignore:llvmlite is not installed")


def test_weights_are_read_where_they_are() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, accumulate=False)
    plain = net.clone()
    optimizer = optim.SGD(net, 0.5)

    def compare(dtype: Any = np.float64) -> None:
        for ours, theirs in zip(plain.parameters(), net.parameters(), strict=True):
            ours.cast(theirs.dtype)
            ours.data = theirs.data
        plain.zero_grad()
        loss = one_by_one(plain, criterion, inputs, target)[0]
        assert step(inputs, target) == pytest.approx(loss, rel=TOLERANCE[np.dtype(dtype)])
        assert_close(gradients(net), gradients(plain), dtype)

    compare()
    net.parameters()[0][0, 0] = 3.0
    compare()
    net.parameters()[2].data = np.ones((4, 9))
    compare()
    optimizer.step()
    compare()
    net.float()
    compare(np.float32)
    net.double()
    compare()
    whole = nn.Sequential(nn.Linear(2, 2), net)
    whole.flatten_parameters()
    compare()
    nn.Sequential(
        net[2], nn.Linear(3, 3), net[0]
    ).flatten_parameters()  # no vector of the net's own
    compare()
    net.flatten_parameters()
    compare()
    net[0].weight = gn.Parameter(np.full((9, 6), 0.1))
    compare()
    net[1].is_training = False
    compare()
    net.modules.insert(2, nn.Square())  # in place: nobody is told
    plain = net.clone()
    compare()


def test_one_parameter_converted_alone() -> None:
    class Sum(gn.Module):
        def __init__(self) -> None:
            self.b, self.a = gn.Parameter(np.ones(3)), gn.Parameter(np.ones(3))

        def compute(self, x: Any) -> Any:
            return x * self.a.astype(np.float64) + self.b

    net = Sum()
    step = gn.compile_step(net, nn.MSECriterion(size_average=False))
    assert step(np.ones(3), np.zeros(3)) == pytest.approx(12)
    net.a.cast(np.float32)
    net.a[...] = 2
    net.zero_grad()
    assert step(np.ones(3), np.zeros(3)) == pytest.approx(27)
    assert net.a.grad.dtype == np.float32
    np.testing.assert_allclose(net.a.grad, 6)


def test_modes_have_programs_of_their_own() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).seed(1)
    step = gn.compile_step(net, nn.MSECriterion())
    x, target = np.random.default_rng(1).normal(size=(2, 8, 4))
    random = {step(x, target) for _ in range(3)}
    net.evaluate()
    fixed = {step(x, target) for _ in range(3)}
    assert (len(random), len(fixed)) == (3, 1)
    made = executables_of(step)
    net.train()
    assert step(x, target) not in fixed
    assert executables_of(step) == made  # neither was made anew


def test_other_sizes_need_no_new_code() -> None:
    net, criterion, _ = characters()
    step = gn.compile_step(net, criterion)
    rng = np.random.default_rng(1)
    for shape in ((4, 3), (9, 3), (4, 1), (1, 8), (4, 3)):
        inputs, target = rng.integers(7, size=(2, *shape))
        expected = one_by_one(net, criterion, inputs, target)[0]
        assert step(inputs, target) == pytest.approx(expected, rel=1e-12)


def test_two_steps_of_one_net() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    first, second = gn.compile_step(net, criterion), gn.compile_step(net, criterion, loss_scale=2.0)
    for _ in range(2):
        assert first(inputs, target) == second(inputs, target)
    found, plain = gradients(net), net.clone()
    plain.zero_grad()
    one_by_one(plain, criterion, inputs, target)
    assert_close(found, [6 * gradient for gradient in gradients(plain)], np.float64)


def test_steps_of_nets_that_share_parameters() -> None:
    linear = nn.Linear(3, 3)
    nets = [nn.Sequential(nn.Linear(3, 3), linear), nn.Sequential(linear, nn.Linear(3, 3))]
    steps = [gn.compile_step(net, nn.MSECriterion(), accumulate=False) for net in nets]
    x, target = np.random.default_rng(1).normal(size=(2, 4, 3))
    for _ in range(3):
        for net, step in zip(nets, steps, strict=True):
            loss = step(x, target)
            found, plain = gradients(net), net.clone()
            plain.zero_grad()
            assert loss == pytest.approx(one_by_one(plain, nn.MSECriterion(), x, target)[0])
            assert_close(found, gradients(plain), np.float64)


def test_steps_are_copied_and_pickled() -> None:
    step = gn.compile_step(nn.LSTM(4, 5), nn.MSECriterion(), select=0, accumulate=False)
    loss = step(X, T)
    for again in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        assert again.net is not step.net
        assert again(X, T) == loss
        np.testing.assert_array_equal(
            again.net.flatten_parameters()[1], step.net.flatten_parameters()[1]
        )
