"""Optimisers against PyTorch's; clipping; errors. Trajectories of Torch7 are in test_golden."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.errors import DtypeError, FormatError, GraphError, NumericsError
from tests.support.oracle import torch

PAIRS = {
    "sgd": ("SGD", {}, {}),
    "sgd-decay": ("SGD", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    "momentum": ("SGD", {"momentum": 0.9}, {"momentum": 0.9}),
    "dampening": ("SGD", {"momentum": 0.9, "dampening": 0.4}, {"momentum": 0.9, "dampening": 0.4}),
    "nesterov": ("SGD", {"momentum": 0.8, "nesterov": True}, {"momentum": 0.8, "nesterov": True}),
    "nesterov-decay": (
        "SGD",
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
    ),
    "rmsprop": ("RMSprop", {"decay": 0.9}, {"alpha": 0.9}),
    "rmsprop-decay": ("RMSprop", {"weight_decay": 0.3}, {"weight_decay": 0.3}),
    "adam": ("Adam", {}, {}),
    "adam-all": (
        "Adam",
        {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adadelta": ("Adadelta", {}, {}),
    "adadelta-all": (
        "Adadelta",
        {"decay": 0.8, "epsilon": 1e-3, "weight_decay": 0.1},
        {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adagrad": ("Adagrad", {}, {}),
    "adagrad-all": (
        "Adagrad",
        {"epsilon": 1e-3, "weight_decay": 0.1},
        {"eps": 1e-3, "weight_decay": 0.1},
    ),
    "adamax": ("Adamax", {}, {}),
    "adamax-all": (
        "Adamax",
        {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "asgd": ("ASGD", {}, {}),
    "asgd-all": (
        "ASGD",
        {"decay": 0.2, "power": 0.9, "average_after": 4, "weight_decay": 0.1},
        {"lambd": 0.2, "alpha": 0.9, "t0": 4, "weight_decay": 0.1},
    ),
    "nag": ("NAG", {}, {"momentum": 0.9, "nesterov": True}),
    "nag-decay": (
        "NAG",
        {"momentum": 0.8, "weight_decay": 0.2},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
    ),
    "rprop": ("Rprop", {}, {}),
    "rprop-all": (
        "Rprop",
        {"increase": 1.5, "decrease": 0.3, "smallest": 0.02, "largest": 0.1},
        {"etas": (0.3, 1.5), "step_sizes": (0.02, 0.1)},
    ),
}
TORCH_NAMES = {"NAG": "SGD"}
KINDS = sorted({name for name, _, _ in PAIRS.values()})


@pytest.fixture
def _torch_in_double_precision():
    """PyTorch's ASGD keeps its learning rate in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_every_optimiser_has_a_pair():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    assert kinds - {"Optimizer"} == set(KINDS)


def small_net(seed=1):
    gn.manual_seed(seed)
    x = gn.input()
    return gn.GModule([x], [nn.Linear(5, 2)(nn.Tanh()(nn.Linear(3, 5)(x)))])


def squared_error(net, x, target):
    """The mean squared error; its gradient is left in the net."""
    net.zero_grad()
    run = net.run(x)
    difference = run.outputs - target
    run.backward(2 * difference / difference.size)
    return float((difference**2).mean())


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


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_continues_to_the_same_bits(name, dtype):
    settings = {"SGD": {"momentum": 0.9}, "ASGD": {"average_after": 2}}.get(name, {})
    data = np.random.default_rng(5).normal(size=(8, 3)), np.ones((8, 2))

    def steps(optimizer, count):
        for _ in range(count):
            squared_error(optimizer.net, *data)
            optimizer.step()

    whole = getattr(optim, name)(small_net().astype(dtype), **settings)
    steps(whole, 9)
    first = getattr(optim, name)(small_net().astype(dtype), **settings)
    steps(first, 4)
    kept = first.state()
    second = getattr(optim, name)(first.net.clone(), **settings)
    second.load_state(kept)
    steps(first, 1)  # the state is a copy: the old optimiser may go on
    steps(second, 5)
    result = second.net.flatten_parameters()[0]
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, whole.net.flatten_parameters()[0])
    for key, vector in second.vectors.items():
        assert vector.dtype == dtype
        np.testing.assert_array_equal(vector, whole.vectors[key], err_msg=key)


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


# ---- clipping


def test_clip_by_norm_gives_the_norm_and_keeps_the_direction():
    net = small_net()
    gradients = net.flatten_parameters()[1]
    gradients[:] = np.random.default_rng(6).normal(size=gradients.size)
    before = gradients.copy()
    norm = optim.clip_grad_norm(net, 0.5)
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-14)
    np.testing.assert_allclose(gradients, before * (0.5 / norm), rtol=1e-14)
    assert optim.clip_grad_norm(net, 10.0) == pytest.approx(0.5, rel=1e-12)
    np.testing.assert_allclose(gradients, before * (0.5 / norm), rtol=1e-14)


def test_clip_by_value():
    net = small_net()
    gradients = net.flatten_parameters()[1]
    gradients[:] = np.linspace(-3, 3, gradients.size)
    optim.clip_grad_value(net, 1.5)
    np.testing.assert_array_equal(gradients, np.clip(np.linspace(-3, 3, gradients.size), -1.5, 1.5))


# ---- errors


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
        (lambda net: optim.Adadelta(net, epsilon=-1), "epsilon is -1, expected 0 <= epsilon"),
        (lambda net: optim.Adagrad(net, epsilon=-1), "epsilon is -1, expected 0 <= epsilon"),
        (lambda net: optim.Adamax(net, beta1=1.0), "beta1 is 1.0, expected 0 <= beta1 < 1"),
        (lambda net: optim.Adamax(net, beta2=-0.1), "beta2 is -0.1, expected 0 <= beta2 < 1"),
        (lambda net: optim.Adamax(net, epsilon=-1), "epsilon is -1, expected 0 <= epsilon"),
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
        (lambda net: optim.clip_grad_norm(net, 0), "largest norm is 0, expected a positive"),
        (lambda net: optim.clip_grad_value(net, -5), "largest value is -5, expected a positive"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make(small_net())


def test_a_net_without_parameters_cannot_be_optimised():
    with pytest.raises(GraphError, match="no parameters"):
        optim.SGD(nn.Tanh())


def test_a_net_converted_later_is_noticed():
    net = small_net()
    optimizer = optim.Adam(net)
    net.float()
    with pytest.raises(DtypeError, match="made for float64 parameters, which are float32 now"):
        optimizer.step()


def test_a_net_changed_later_is_noticed():
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net)
    net.bias = None
    with pytest.raises(GraphError, match="made for 8 numbers, the net has 6 now"):
        optimizer.step()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"average": None}, r"receives a state with \['beta1', .*, expected \['average', 'beta1'"),
        ({"momentum": 0.5}, "Was it saved by an optimiser of another kind"),
        ({"average": np.zeros(3)}, r"average of type float64\[3\], expected float64\[32\]"),
        ({"average": np.zeros(32, np.float32)}, r"average of type float32\[32\], expected float64"),
        ({"beta1": 0.5}, r"a state with beta1 0\.5, it has beta1 0\.9"),
        ({"beta2": "0.999"}, r"a state with beta2 0\.999, it has"),
        ({"epsilon_inside": True}, "a state with epsilon_inside True, it has epsilon_inside False"),
        ({"weight_decay": 0.1}, r"a state with weight_decay 0\.1, it has weight_decay 0\.0"),
        ({"steps": -1}, "a state with steps -1"),
        ({"steps": 1.5}, r"a state with steps 1\.5"),
        ({"learning_rate": float("nan")}, "a state with learning_rate nan"),
        ({"learning_rate": True}, "a state with learning_rate True"),
    ],
)
def test_state_of_another_optimiser_or_net(change, message):
    optimizer = optim.Adam(small_net())
    squared_error(optimizer.net, np.ones((2, 3)), np.zeros((2, 2)))
    optimizer.step()
    before = optimizer.state()
    bad = {k: v for k, v in {**before, "learning_rate": 7.0, **change}.items() if v is not None}
    with pytest.raises(FormatError, match=message):
        optimizer.load_state(bad)
    after = optimizer.state()
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("saved", "loading", "message"),
    [
        ({"momentum": 0.9}, {"momentum": 0.5}, r"momentum 0\.9, it has momentum 0\.5"),
        ({"momentum": 0.9}, {}, "of another kind"),
        (
            {"momentum": 0.9, "dampening": 0.1},
            {"momentum": 0.9},
            r"dampening 0\.1, it has dampening 0\.0",
        ),
        (
            {"momentum": 0.9, "nesterov": True},
            {"momentum": 0.9},
            "nesterov True, it has nesterov False",
        ),
    ],
)
def test_state_of_other_settings(saved, loading, message):
    state = optim.SGD(small_net(), **saved).state()
    with pytest.raises(FormatError, match=message):
        optim.SGD(small_net(), **loading).load_state(state)


def test_the_learning_rate_is_restored():
    optimizer = optim.RMSprop(small_net(), 0.5)
    optimizer.load_state(optim.RMSprop(small_net(), np.float32(0.25)).state())
    assert optimizer.learning_rate == 0.25


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clip_by_norm_refuses_what_is_not_finite(bad):
    net = small_net()
    net.flatten_parameters()[1][3] = bad
    with pytest.raises(NumericsError, match="clipping cannot help"):
        optim.clip_grad_norm(net, 1.0)
