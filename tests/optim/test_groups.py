"""Groups of parameters, frozen parameters, vectors of rates: against PyTorch's groups."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import FormatError, GraphError, ShapeError
from tests.support.optimisers import KINDS, small_net, squared_error
from tests.support.oracle import torch

BIASES = "*.bias"


def three_layers():
    gn.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5), nn.Linear(5, 2))


def steps_alike(ours, net, theirs, count=6):
    """Both take steps with the same gradients, and stay alike."""
    random = np.random.default_rng(2)
    named = net.parameters().named
    for _ in range(count):
        for path, tensor in theirs.items():
            gradient = random.normal(size=tensor.shape)
            named[path].grad[...] = gradient
            tensor.grad = torch.tensor(gradient)
        yield
        for path, tensor in theirs.items():
            np.testing.assert_allclose(
                named[path].data, tensor.detach().numpy(), rtol=1e-11, atol=1e-13
            )


def tensors(net):
    return {
        path: torch.nn.Parameter(torch.tensor(p.data.copy())) for path, p in net.named_parameters()
    }


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"])
def test_groups_are_those_of_torch(kind):
    net = three_layers()
    theirs = tensors(net)
    ours = getattr(optim, kind)(net, 0.05, weight_decay=0.1).group(BIASES, weight_decay=0.0)
    ours.group("1.*", learning_rate=0.01)
    groups = [
        {
            "params": [tensor],
            "lr": 0.01 if path.startswith("1.") else 0.05,
            "weight_decay": 0.0 if path.endswith("bias") else 0.1,
        }
        for path, tensor in theirs.items()
    ]
    reference = getattr(torch.optim, kind)(groups)
    for _ in steps_alike(ours, net, theirs):
        ours.step()
        reference.step()


@pytest.mark.parametrize("kind", sorted({*KINDS, "CG", "LBFGS"}))
def test_frozen_parameters_stay_and_have_no_state(kind):
    net = three_layers()
    part, rest = net[1], [net[0], net[2]]
    before = [p.data.copy() for p in part.parameters()]
    others = [p.data.copy() for layer in rest for p in layer.parameters()]
    optimizer = getattr(optim, kind)(net).freeze("1.*")
    alone = getattr(optim, kind)([layer.clone() for layer in rest])
    x, target = np.random.default_rng(0).normal(size=(8, 3)), np.ones((8, 2))

    def loss():
        return squared_error(net, x, target)

    for _ in range(2):
        if optimizer.evaluates:
            optimizer.step(loss)
            continue
        loss()
        gradients = [p.grad for layer in rest for p in layer.parameters()]
        for own, gradient in zip(alone.net.parameters(), gradients, strict=True):
            own.grad[...] = gradient
        optimizer.step()
        alone.step()
        found = [p.data for layer in rest for p in layer.parameters()]
        for ours, theirs in zip(found, alone.net.parameters(), strict=True):
            np.testing.assert_array_equal(ours, theirs.data)
    for parameter, values in zip(part.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.data, values)
    moved = [p.data for layer in rest for p in layer.parameters()]
    assert all((now != then).any() for now, then in zip(moved, others, strict=True))
    assert {v.shape for v in optimizer.vectors.values()} <= {(28,)}


def test_a_compiled_step_trains_with_groups_and_frozen_parameters():
    nets = [three_layers(), three_layers()]
    x, target = np.random.default_rng(0).normal(size=(8, 3)), np.ones((8, 2))
    for net, make in zip(nets, (gn.compile_step, interpreted_step), strict=True):
        step = make(net, nn.MSECriterion())
        optimizer = optim.Adam(net, 0.01).freeze("0.weight").group(BIASES, learning_rate=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            step(x, target)
            optimizer.step()
    left, right = [net.flatten_parameters()[0] for net in nets]
    np.testing.assert_allclose(left, right, rtol=1e-11)


def interpreted_step(net, criterion):
    def step(x, target):
        run = net.run(x)
        judged = criterion.run([run.outputs, target])
        run.backward(judged.backward()[0])

    return step


def test_vectors_of_rates_and_decays():
    net, other = small_net(), small_net()
    values, gradients = net.flatten_parameters()
    before = values.copy()
    gradients[:] = np.linspace(-1, 1, 32)
    rates, decays = np.linspace(0.1, 2, 32), np.linspace(0, 0.5, 32)
    optimizer = optim.SGD(net, 0.1)
    optimizer.learning_rates, optimizer.weight_decays = rates, decays
    optimizer.step()
    expected = before - 0.1 * rates * (gradients + decays * before)
    np.testing.assert_allclose(values, expected, rtol=1e-14)
    with pytest.raises(ShapeError, match=r"receives learning_rates \(3,\), expected \(32,\)"):
        optim.SGD(other).learning_rates = np.ones(3)


def test_the_rate_of_a_group_keeps_its_ratio():
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net, 0.1).group("bias", learning_rate=0.02)
    values, gradients = net.flatten_parameters()
    optimizer.learning_rate = 0.5
    before = values.copy()
    gradients[:] = 1
    optimizer.step()
    np.testing.assert_allclose(before - values, [0.5, 0.5, 0.1], rtol=1e-12)


def test_groups_hold_for_what_is_left_whatever_the_order():
    first = optim.SGD(three_layers(), 0.1).group(BIASES, weight_decay=0.3).freeze("0.*")
    second = optim.SGD(three_layers(), 0.1).freeze("0.*").group(BIASES, weight_decay=0.3)
    np.testing.assert_array_equal(first.weight_decays, second.weight_decays)
    assert first.weight_decays.sum() == pytest.approx(7 * 0.3)


def test_the_repr_names_settings_groups_and_what_is_frozen():
    optimizer = optim.SGD(three_layers(), 0.1, momentum=0.9).group(BIASES, learning_rate=0.01)
    optimizer.freeze("0.weight").with_schedule(optim.schedules.cosine(10))
    assert repr(optimizer) == (
        "SGD(learning_rate=0.1, momentum=0.9) of 41 numbers, after 0 steps\n"
        "  schedule: cosine\n"
        "  *.bias: learning_rate=0.01\n"
        "  frozen: 0.weight"
    )


def test_the_state_of_what_is_trained_continues(tmp_path):
    data = [(np.random.default_rng(n).normal(size=(4, 3)), np.ones((4, 2))) for n in range(3)]

    def trainer():
        net = three_layers()
        return train.Trainer(
            net,
            nn.MSECriterion(),
            optim.Adam(net).freeze("1.*"),
            checkpoint=tmp_path / "training.gn",
            show_progress=False,
        )

    whole = trainer()
    whole.fit(data, 2)
    first = trainer()
    first.checkpoint = tmp_path / "half.gn"
    first.fit(data, 1)
    second = trainer()
    second.checkpoint = tmp_path / "half.gn"
    second.load()
    second.fit(data, 2)
    np.testing.assert_array_equal(
        second.net.flatten_parameters()[0], whole.net.flatten_parameters()[0]
    )
    with pytest.raises(FormatError, match="another size"):
        optim.Adam(three_layers()).load_state(whole.optimizer.state())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda net: optim.SGD(net).group("*.bais", weight_decay=0),
            GraphError,
            r"SGD has no parameter '\*.bais'\n  Did you mean .*bias\? There are: 0.weight",
        ),
        (lambda net: optim.SGD(net).freeze("*"), GraphError, "SGD has nothing left to train"),
        (lambda net: optim.SGD(net).group("bias", weight_decay=-1), ValueError, "weight_decay is"),
        (
            lambda net: optim.SGD(net, 0.0).group("bias", learning_rate=1),
            ValueError,
            "SGD has the learning_rate 0, expected a positive one",
        ),
        (
            lambda net: optim.LBFGS(net).group("bias", weight_decay=1),
            GraphError,
            "LBFGS moves all parameters along one direction",
        ),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(three_layers())


def test_freezing_comes_before_the_first_step():
    optimizer = optim.SGD(three_layers())
    optimizer.step()
    with pytest.raises(GraphError, match=r"freezes 0\.bias after 1 steps"):
        optimizer.freeze("0.bias")
