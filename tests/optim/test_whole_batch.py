"""LBFGS, CG, and Rprop in several iterations: optimisers that evaluate the loss themselves."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import FormatError, GraphError
from tests.support.optimisers import small_net, squared_error
from tests.support.oracle import torch


class Task:
    """A small net with data, and the same in PyTorch on one flat vector."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.net = small_net(seed)
        self.x, self.y = random.normal(size=(20, 3)), random.normal(size=(20, 2))
        self.values = self.net.flatten_parameters()[0]
        self.theirs = torch.nn.Parameter(torch.tensor(self.values.copy()))
        self.calls = 0

    def loss(self):
        self.calls += 1
        return squared_error(self.net, self.x, self.y)

    def torch_loss(self):
        self.theirs.grad = None
        a, b, c, d = torch.split(self.theirs, [p.size for p in self.net.parameters()])
        hidden = torch.tanh(torch.tensor(self.x) @ a.reshape(5, 3).T + b)
        loss = ((hidden @ c.reshape(2, 5).T + d - torch.tensor(self.y)) ** 2).mean()
        loss.backward()
        return loss


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.5, "max_iter": 4, "history_size": 2},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "max_iter": 6, "history_size": 3},
        {"max_eval": 5, "tolerance_grad": 0.01},
        {"tolerance_change": 1e-3, "line_search_fn": "strong_wolfe"},
    ],
)
def test_steps_of_lbfgs_are_those_of_torch(seed, settings):
    task = Task(seed)
    ours = optim.LBFGS(task.net, **settings)
    theirs = torch.optim.LBFGS([task.theirs], **settings)
    for _ in range(2):
        loss, expected = ours.step(task.loss), theirs.step(task.torch_loss)
        assert loss == pytest.approx(expected.item(), rel=1e-7)
        np.testing.assert_allclose(task.values, task.theirs.detach().numpy(), rtol=1e-5, atol=1e-6)
        assert task.calls == theirs.state[task.theirs]["func_evals"]


def test_lbfgs_finds_the_minimum_of_a_quadratic_to_all_digits():
    net = nn.Linear(6, 1, bias=False)
    random = np.random.default_rng(1)
    x, truth = random.normal(size=(40, 6)), random.normal(size=(1, 6))
    optimizer = optim.LBFGS(net, line_search_fn="strong_wolfe", tolerance_change=1e-14)
    optimizer.step(lambda: squared_error(net, x, x @ truth.T))
    np.testing.assert_allclose(net.weight.data, truth, atol=1e-6)


def test_the_history_of_lbfgs_continues():
    whole, first = Task(2), Task(2)
    expected, before = optim.LBFGS(whole.net, max_iter=3), optim.LBFGS(first.net, max_iter=3)
    for _ in range(4):
        expected.step(whole.loss)
    for _ in range(2):
        before.step(first.loss)
    after = optim.LBFGS(first.net, max_iter=3)
    after.load_state(before.state())
    for _ in range(2):
        after.step(first.loss)
    np.testing.assert_array_equal(first.values, whole.values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": None}, r"without \['scale'\]\n  Was it saved by an optimiser of another kind"),
        ({"direction": np.zeros(3)}, r"direction of type float64\[3\], expected float64\[32\]"),
        ({"steps": -1}, "a state with steps -1"),
    ],
)
def test_a_state_that_does_not_fit_lbfgs(change, message):
    task = Task(0)
    optimizer = optim.LBFGS(task.net)
    optimizer.step(task.loss)
    bad = {k: v for k, v in {**optimizer.state(), **change}.items() if v is not None}
    with pytest.raises(FormatError, match=message):
        optimizer.load_state(bad)


def rosenbrock():
    """A net whose output is Rosenbrock's function of its two parameters."""

    class Rosenbrock(gn.Module):
        def __init__(self):
            self.point = gn.Parameter(np.array([-1.2, 1.0]))

        def compute(self, x):
            a, b = self.point[0], self.point[1]
            return 100 * (b - a**2) ** 2 + (1 - a) ** 2 + 0 * x.sum()

    return Rosenbrock()


@pytest.mark.parametrize(
    "make",
    [
        lambda net: optim.CG(net, max_iter=400),
        lambda net: optim.LBFGS(
            net, max_iter=200, line_search_fn="strong_wolfe", tolerance_change=1e-14
        ),
    ],
    ids=["cg", "lbfgs"],
)
def test_rosenbrocks_valley_is_followed_to_its_end(make):
    net = rosenbrock()
    optimizer = make(net)

    def loss():
        net.zero_grad()
        run = net.run(np.zeros(1))
        run.backward(np.ones(()))
        return float(run.outputs)

    first = optimizer.step(loss)
    assert first == pytest.approx(24.2)
    optimizer.step(loss)
    np.testing.assert_allclose(net.point.data, [1, 1], atol=1e-5)


def test_cg_solves_a_quadratic_in_as_many_lines_as_it_has_axes():
    net = nn.Linear(4, 1, bias=False)
    random = np.random.default_rng(3)
    x, truth = random.normal(size=(30, 4)), random.normal(size=(1, 4))
    optim.CG(net, max_eval=30, sig=0.05).step(lambda: squared_error(net, x, x @ truth.T))
    np.testing.assert_allclose(net.weight.data, truth, atol=1e-4)


def test_cg_counts_its_evaluations():
    task = Task(1)
    before = task.loss()
    task.calls = 0
    optimizer = optim.CG(task.net, max_eval=7)
    assert optimizer.step(task.loss) == pytest.approx(before)
    assert 7 <= task.calls <= 9
    assert task.loss() < before


def test_rprop_takes_several_iterations_in_a_step():
    one, many = Task(3), Task(3)
    single, several = optim.Rprop(one.net), optim.Rprop(many.net, iterations=3)
    losses = [single.step(one.loss) for _ in range(6)]
    assert [several.step(many.loss) for _ in range(2)] == [losses[0], losses[3]]
    np.testing.assert_array_equal(one.values, many.values)


@pytest.mark.parametrize(
    "make",
    [optim.CG, optim.LBFGS, lambda net: optim.Rprop(net, iterations=2)],
    ids=["cg", "lbfgs", "rprop"],
)
def test_a_closure_is_needed(make):
    with pytest.raises(GraphError, match=r"received no closure\n  Give it a function"):
        make(small_net()).step()


@pytest.mark.parametrize("kind", ["CG", "LBFGS"])
@pytest.mark.parametrize("compile", [False, True])
def test_a_trainer_gives_the_closure(kind, compile):
    task = Task(0)
    trainer = train.Trainer(
        task.net,
        nn.MSECriterion(),
        getattr(optim, kind)(task.net),
        compile=compile,
        show_progress=False,
    )
    losses = [trainer.train_batch(task.x, task.y) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[3] < 0.7 * losses[0]


def test_initial_means_of_rmsprop():
    net = nn.Linear(1, 1, bias=False)
    values, gradients = net.flatten_parameters()
    before, gradients[:] = values.copy(), 0.5
    optim.RMSprop(net, 0.1, decay=0.9, eps=0.0, initialMean=2.0).step()
    np.testing.assert_allclose(before - values, 0.1 * 0.5 / np.sqrt(0.9 * 2 + 0.1 * 0.25))
