"""Optimisers against PyTorch's; errors. Trajectories of Torch7 are in tests/torch7."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.errors import GraphError
from tests.support.optimisers import KINDS, PAIRS, small_net, squared_error
from tests.support.oracle import torch

TORCH_NAMES = {"NAG": "SGD"}


@pytest.fixture
def _torch_in_double_precision():
    """PyTorch's ASGD keeps its learning rate in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_every_optimiser_has_a_pair():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    assert kinds - {"CG", "LBFGS", "Optimizer"} == set(KINDS)


@pytest.mark.usefixtures("_torch_in_double_precision")
@pytest.mark.parametrize("case", PAIRS)
def test_twenty_steps_are_those_of_torch(case):
    name, settings, torch_settings = PAIRS[case]
    net = small_net()
    values, gradients = net.flatten_parameters()
    theirs = torch.nn.Parameter(torch.tensor(values.copy()))
    ours = getattr(optim, name)(net, learning_rate=0.05, **settings)
    reference = getattr(torch.optim, TORCH_NAMES.get(name, name))(
        [theirs], lr=0.05, **torch_settings
    )
    random = np.random.default_rng(2)
    for _ in range(20):
        gradients[:] = random.normal(size=gradients.size)
        theirs.grad = torch.tensor(gradients.copy())
        ours.step()
        reference.step()
        np.testing.assert_allclose(values, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    if name == "ASGD":
        average = reference.state[theirs]["ax"].numpy()
        np.testing.assert_allclose(ours.vectors["average"], average, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda net: optim.SGD(net, 0.3),
        lambda net: optim.SGD(net, 0.05, momentum=0.9),
        lambda net: optim.SGD(net, 0.05, momentum=0.9, nesterov=True),
        lambda net: optim.RMSprop(net, 0.03),
        lambda net: optim.Adam(net, 0.05),
        lambda net: optim.AdamW(net, 0.05, weight_decay=1e-9),
        lambda net: optim.Adadelta(net, 10.0),
        lambda net: optim.Adagrad(net, 1.0),
        lambda net: optim.Adamax(net, 0.05),
        lambda net: optim.ASGD(net, 0.3, decay=1e-6),
        lambda net: optim.NAG(net, 0.05),
        lambda net: optim.Rprop(net, 0.05),
    ],
    ids=[
        "sgd",
        "momentum",
        "nesterov",
        "rmsprop",
        "adam",
        "adamw",
        "adadelta",
        "adagrad",
        "adamax",
        "asgd",
        "nag",
        "rprop",
    ],
)
def test_linear_regression_is_solved(make):
    gn.manual_seed(3)
    random = np.random.default_rng(4)
    net = nn.Linear(4, 1)
    truth = np.array([[1.0, -2.0, 3.0, 0.5]])
    x = random.normal(size=(64, 4))
    target = x @ truth.T + 0.7
    optimizer = make(net)
    before = squared_error(net, x, target)
    for step in range(600):
        optimizer.learning_rate *= 0.99 if step > 300 else 1
        squared_error(net, x, target)
        optimizer.step()
    assert before > 1
    np.testing.assert_allclose(net.weight.data, truth, atol=1e-3)
    np.testing.assert_allclose(net.bias.data, [0.7], atol=1e-3)


def test_nag_is_nesterovs_gradient_though_the_learning_rate_changes():
    net = nn.Linear(4, 1, bias=False)
    values, gradients = net.flatten_parameters()
    curvature = np.array([1.0, 0.5, 3.0, 2.0])
    point, velocity = values.copy(), np.zeros(4)
    optimizer = optim.NAG(net, 0.1, momentum=0.8, weight_decay=0.05)
    for step in range(20):
        optimizer.learning_rate = 0.1 / (1 + step)
        ahead = point + 0.8 * velocity
        velocity = 0.8 * velocity - optimizer.learning_rate * (curvature * ahead + 0.05 * ahead)
        point = point + velocity
        gradients[:] = curvature * values
        optimizer.step()
        np.testing.assert_allclose(optimizer.point(), point, rtol=1e-12, atol=1e-15)


def test_asgd_averages_the_points_passed():
    net = small_net()
    values, gradients = net.flatten_parameters()
    optimizer = optim.ASGD(net, 0.1, average_after=3)
    random, points = np.random.default_rng(8), []
    for _ in range(12):
        gradients[:] = random.normal(size=gradients.size)
        optimizer.step()
        points.append(values.copy())
    np.testing.assert_allclose(optimizer.vectors["average"], np.mean(points[4:], 0), rtol=1e-12)


def test_rprop_reads_the_signs_alone():
    nets = small_net(), small_net()
    optimizers = [optim.Rprop(net) for net in nets]
    random = np.random.default_rng(9)
    for _ in range(8):
        draw = random.normal(size=32)
        for optimizer, factor in zip(optimizers, (1.0, 1e-200), strict=True):
            optimizer.net.flatten_parameters()[1][:] = factor * draw
            optimizer.step()
    left, right = [net.flatten_parameters()[0] for net in nets]
    np.testing.assert_array_equal(left, right)


def test_step_leaves_gradients_and_zero_grad_clears_them():
    net = small_net()
    optimizer = optim.SGD(net, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1)
    squared_error(net, np.ones((2, 3)), np.zeros((2, 2)))
    before = net.flatten_parameters()[1].copy()
    optimizer.step()
    np.testing.assert_array_equal(net.flatten_parameters()[1], before)
    optimizer.zero_grad()
    assert np.abs(before).max() > 0
    assert not net.flatten_parameters()[1].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda net: optim.SGD(net, -0.1), "learning_rate is -0.1, expected 0 <= learning_rate"),
        (lambda net: optim.SGD(net, float("nan")), "learning_rate is nan"),
        (lambda net: optim.SGD(net, momentum=-1), "momentum is -1, expected 0 <= momentum"),
        (lambda net: optim.SGD(net, nesterov=True), "nesterov needs a momentum"),
        (
            lambda net: optim.SGD(net, nesterov=True, momentum=0.9, dampening=0.5),
            "received momentum 0.9 and dampening 0.5",
        ),
        (lambda net: optim.RMSprop(net, decay=1.0), "decay is 1.0, expected 0 <= decay < 1"),
        (lambda net: optim.Adam(net, beta2=1.5), "beta2 is 1.5, expected 0 <= beta2 < 1"),
        (lambda net: optim.Adam(net, weight_decay=-1), "weight_decay is -1"),
        (lambda net: optim.Adadelta(net, decay=1.0), "decay is 1.0, expected 0 <= decay < 1"),
        (lambda net: optim.Adadelta(net, eps=-1), "eps is -1, expected 0 <= eps"),
        (lambda net: optim.Adagrad(net, eps=-1), "eps is -1, expected 0 <= eps"),
        (lambda net: optim.Adamax(net, beta1=1.0), "beta1 is 1.0, expected 0 <= beta1 < 1"),
        (lambda net: optim.Adamax(net, beta2=-0.1), "beta2 is -0.1, expected 0 <= beta2 < 1"),
        (lambda net: optim.Adamax(net, eps=-1), "eps is -1, expected 0 <= eps"),
        (lambda net: optim.ASGD(net, decay=-1), "decay is -1, expected 0 <= decay"),
        (lambda net: optim.ASGD(net, power=-1), "power is -1, expected 0 <= power"),
        (lambda net: optim.ASGD(net, average_after=-1), "average_after is -1, expected 0 <="),
        (lambda net: optim.NAG(net, momentum=-1), "momentum is -1, expected 0 <= momentum"),
        (lambda net: optim.NAG(net, momentum=0), "momentum is 0, expected a positive number"),
        (lambda net: optim.Rprop(net, increase=0.9), "increase is 0.9, expected 1 <= increase"),
        (lambda net: optim.Rprop(net, decrease=1.0), "decrease is 1.0, expected 0 <= decrease < 1"),
        (lambda net: optim.Rprop(net, smallest=-1), "smallest is -1, expected 0 <= smallest"),
        (
            lambda net: optim.Rprop(net, smallest=2, largest=1),
            "largest is 1, expected 2 <= largest",
        ),
        (lambda net: optim.Rprop(net, iterations=0), "iterations is 0, expected 1 <= iterations"),
        (lambda net: optim.RMSprop(net, initial_mean=-1), "initial_mean is -1, expected 0 <="),
        (lambda net: optim.Adagrad(net, initial_sum=-1), "initial_sum is -1, expected 0 <="),
        (lambda net: optim.AdamW(net, beta1=1.0), "beta1 is 1.0, expected 0 <= beta1 < 1"),
        (lambda net: optim.LBFGS(net, max_iter=0), "max_iter is 0, expected 1 <= max_iter"),
        (lambda net: optim.LBFGS(net, history_size=0), "history_size is 0, expected 1 <="),
        (lambda net: optim.LBFGS(net, line_search_fn="wolfe"), "line_search_fn is 'wolfe', exp"),
        (lambda net: optim.CG(net, rho=0.5, sig=0.2), "sig is 0.2, expected 0.5 <= sig < 1"),
        (lambda net: optim.CG(net, extrapolation=0.5), "extrapolation is 0.5, expected 1 <="),
        (lambda net: optim.clip_grad_norm(net, 0), "max_norm is 0, expected a positive"),
        (lambda net: optim.clip_grad_value(net, -5), "max_value is -5, expected a positive"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make(small_net())


def test_a_net_without_parameters_cannot_be_optimised():
    with pytest.raises(GraphError, match="no parameters"):
        optim.SGD(nn.Tanh())
