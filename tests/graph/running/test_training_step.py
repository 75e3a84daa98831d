"""gn.compile_step against runs of net and criterion: losses, outputs, gradients."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.training_steps import assert_close, characters, gradients, one_by_one, perceptron

pytestmark = pytest.mark.filterwarnings("ignore:llvmlite is not installed")


DTYPES = [np.float32, np.float64]


def cross() -> Any:
    """Nodes read twice, a parameter that takes no part in the loss's gradient, two criteria."""
    a, b = gn.input("a"), gn.input("b")
    joined = nn.CMulTable()([nn.Sigmoid()(nn.Linear(4, 3)(a)), nn.Linear(2, 3)(b)])
    out = nn.CAddTable()([joined, nn.Tanh()(joined)])
    net = gn.GModule([a, b], [out, nn.Linear(3, 2)(out)])
    criterion = nn.ParallelCriterion(nn.MSECriterion(), nn.AbsCriterion(), weights=[0.3, 2.0])
    return (
        net,
        criterion,
        lambda rng: (
            [rng.normal(size=(7, 4)), rng.normal(size=(7, 2))],
            [rng.normal(size=(7, 3)), rng.normal(size=(7, 2))],
        ),
    )


def shared() -> Any:
    linear = nn.Linear(4, 4)
    net = nn.Sequential(linear, nn.ReLU(), linear, nn.Dropout(0.4))
    return net, nn.MSECriterion(), lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 4)))


def weighted_loss() -> Any:
    """The criterion has a parameter, and the net has none."""

    class Scaled(nn.Criterion):
        def __init__(self) -> None:
            self.factor = gn.Parameter(np.array(1.5))

        def loss(self, input: Any, target: Any) -> Any:
            return (input * target).sum() * self.factor

    return nn.Tanh(), Scaled(), lambda rng: (rng.normal(size=(3,)), rng.normal(size=(3,)))


NETS = [perceptron, cross, characters, shared, weighted_loss]


def cast(value: Any, dtype: Any) -> Any:
    if isinstance(value, list):
        return [cast(part, dtype) for part in value]
    return value.astype(dtype) if value.dtype.kind == "f" else value


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", NETS)
def test_a_step_is_a_run_of_the_net_and_one_of_the_criterion(make: Any, dtype: Any) -> None:
    net, criterion, data = make()
    for module in (net, criterion):
        module.astype(dtype)
    other, other_criterion = net.clone().seed(3), criterion.clone()
    net.seed(3)
    step = gn.compile_step(net, criterion, input_gradients=True)
    rng = np.random.default_rng(1)
    for _ in range(3):  # gradients add up
        inputs, target = (cast(value, dtype) for value in data(rng))
        loss, outputs, grad_inputs = one_by_one(other, other_criterion, inputs, target)
        result = step.run(inputs, target)
        assert isinstance(result.loss, float)
        assert_close(result.loss, loss, dtype)
        assert_close(result.outputs, outputs, dtype)
        assert_close(result.grad_inputs, grad_inputs, dtype)
        assert_close(gradients(net, criterion), gradients(other, other_criterion), dtype)


@pytest.mark.parametrize("make", NETS)
def test_without_accumulation_gradients_are_those_of_the_last_batch(make: Any) -> None:
    net, criterion, data = make()
    plain = net.clone().seed(5)
    step = gn.compile_step(net.seed(5), criterion.clone(), accumulate=False)
    for parameter in net.parameters():
        parameter.grad[...] = np.nan
    rng = np.random.default_rng(1)
    for _ in range(2):
        inputs, target = data(rng)
        plain.zero_grad()
        loss, _, _ = one_by_one(plain, criterion, inputs, target)
        assert step(inputs, target) == pytest.approx(loss, rel=1e-12)
        assert_close(gradients(net), gradients(plain), np.float64)


def test_loss_scale_multiplies_gradients_alone_and_may_change() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, loss_scale=3.0, accumulate=False)
    loss = step(inputs, target)
    first = gradients(net)
    step.loss_scale = 6.0
    assert step(inputs, target) == loss
    assert_close(gradients(net), [2 * gradient for gradient in first], np.float64)


def test_the_judged_output_is_selected_and_the_others_are_returned() -> None:
    net = lstm_net()
    xs, target = np.random.default_rng(2).normal(size=(2, 5, 3, 4))
    states = [np.zeros((3, 4))] * 2
    step = gn.compile_step(net, nn.MSECriterion(), select=0)
    result = step.run([xs, *states], target)
    outputs = net.forward([xs, *states])
    assert_close(result.outputs, outputs, np.float64)
    assert result.loss == pytest.approx(np.mean((outputs[0] - target) ** 2), rel=1e-12)


def lstm_net() -> Any:
    x, c, h = gn.input(), gn.input(), gn.input()
    output, next_c, next_h = nn.Recurrent(nn.lstm_cell(4, 4))([x, c, h]).split(3)
    return gn.GModule([x, c, h], [output, next_c, next_h])


def test_an_input_that_nothing_reads_has_a_gradient_of_zeros() -> None:
    """As after ``run``; whole numbers have none."""
    net = gn.GModule([a := gn.input(), b := gn.input()], [nn.NarrowTable(1)([a, b])[0] * 2])
    step = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    x, y = np.ones((3, 4), np.float32), np.ones((2, 5), np.float32)
    for unread, shape in ((x, (3, 4)), (x.astype(int), None)):
        by_unread, by_read = step.run([unread, y], np.zeros((2, 5), np.float32)).grad_inputs
        assert (None if by_unread is None else by_unread.shape) == shape
        assert by_unread is None or (by_unread.dtype == x.dtype and not by_unread.any())
        assert by_read.shape == (2, 5)


def test_judging_changes_nothing() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, accumulate=False)
    loss = step(inputs, target)
    before = gradients(net)
    result = step.judge(inputs, target)
    assert result.loss == pytest.approx(loss, rel=1e-14)
    assert result.grad_inputs is None
    assert_close(result.outputs, net.forward(inputs), np.float64)
    assert_close(gradients(net), before, np.float64)


def test_states_are_remembered() -> None:
    cell = nn.lstm_cell(3, 4)
    net = nn.Sequential(nn.Recurrent(cell), nn.SelectTable(0))
    nn.remember(net)
    plain = net.clone()
    step = gn.compile_step(net, nn.MSECriterion())
    target = np.zeros((2, 1, 4))
    for xs in np.random.default_rng(1).normal(size=(4, 2, 1, 3)):
        loss = one_by_one(plain, nn.MSECriterion(), xs, target)[0]
        assert step(xs, target) == pytest.approx(loss, rel=1e-12)


def test_outputs_belong_to_the_caller() -> None:
    net = nn.Identity()
    x = np.ones(3)
    step = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    first = step.run(x, np.zeros(3))
    first.outputs[:] = 9
    first.grad_inputs[:] = 9
    second = step.run(2 * x, np.zeros(3))
    np.testing.assert_array_equal(x, 1)
    np.testing.assert_array_equal(first.outputs, 9)
    np.testing.assert_array_equal(second.outputs, 2)
    np.testing.assert_allclose(second.grad_inputs, 4 / 3)


def test_threads_share_a_step() -> None:
    net, criterion, data = perceptron()
    step = gn.compile_step(net, criterion)
    batches = [data(np.random.default_rng(i)) for i in range(8)]
    expected = [one_by_one(net, criterion, *batch)[0] for batch in batches]
    net.zero_grad()
    found: list[Any] = [None] * len(batches)

    def work(i: int) -> None:
        found[i] = [step(*batches[i]) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for losses, loss in zip(found, expected, strict=True):
        np.testing.assert_allclose(losses, loss, rtol=1e-13)
    total, plain = gradients(net), net.clone()
    plain.zero_grad()
    for batch in batches:
        one_by_one(plain, criterion, *batch)
    assert_close(total, [50 * gradient for gradient in gradients(plain)], np.float64)
