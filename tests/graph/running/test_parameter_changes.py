"""Parameters that change between a run and its ``backward`` are noticed and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph import Module, Parameter

X, T = np.ones((5, 3)), np.zeros((5, 2))


def small() -> Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def weight(net: Module) -> Parameter:
    return net.parameters()["2.weight"]


def in_place(net: Module) -> None:
    part = net[2]  # type: ignore[index]
    part.weight += 1


CHANGES: dict[str, Callable[[Module], Any]] = {
    "p[...] = values": lambda net: weight(net).__setitem__(..., 1),
    "p[i] = values": lambda net: weight(net).__setitem__((0, 1), 1),
    "module.p += x": in_place,
    "p.data = values": lambda net: setattr(weight(net), "data", np.zeros((2, 4))),
    "p.data -= x": lambda net: setattr(weight(net), "data", weight(net).data - 1),
    "p.fill(x)": lambda net: weight(net).fill(0),
    "np.multiply(…, out=p)": lambda net: np.multiply(weight(net), 2, out=weight(net)),
    "np.add.at(p, …)": lambda net: np.add.at(weight(net), 0, 1),
    "the original of a clone that shares": lambda net: in_place(net.clone(share=True)),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_a_change_of_one_parameter_is_named(name: str, training: bool) -> None:
    net = small().train(training)
    run = net.run(X)
    CHANGES[name](net)
    expected = "Sequential has changed its parameter 2.weight since this run: gradients would be"
    with pytest.raises(GraphError, match=expected):
        run.backward(T)
    assert not any(parameter.grad.any() for parameter in net.parameters())
    net.run(X).backward(T)


def test_a_step_of_an_optimiser_is_noticed() -> None:
    net = small()
    optimizer = gn.optim.SGD(net, 0.1)
    net.forward(X)
    net.backward(X, T)
    optimizer.step()
    with pytest.raises(GraphError, match=r"its parameter 0.weight and 3 more since.*\n  Call back"):
        net.backward(X, T)


class Halving(gn.optim.Optimizer):
    """A user's own rule."""

    def update(self, values: Any, gradients: Any) -> None:
        values *= 0.5


def test_a_step_of_a_user_s_own_rule_is_noticed() -> None:
    net = small()
    run = net.run(X)
    Halving(net, 0.1).step()
    with pytest.raises(GraphError, match=r"0\.weight and 3 more"):
        run.backward(T)


def test_weights_of_pytorch_are_noticed() -> None:
    net = nn.LSTM(3, 4)
    x = np.ones((5, 2, 3))
    run = net.run(x)
    nn.from_torch_state_dict(net, nn.to_torch_state_dict(net))
    with pytest.raises(GraphError, match="has changed its parameter"):
        run.backward([np.ones((5, 2, 4)), None])


def test_the_first_step_of_a_graph_is_named_by_its_path() -> None:
    x = gn.input()
    hidden = nn.Linear(3, 2)(x)
    net = gn.GModule(x, hidden)
    run = net.run(X)
    net["hidden"].module.weight[...] = 0
    with pytest.raises(GraphError, match=r"parameter hidden\.weight since"):
        run.backward(T)


# ---- what must stay silent


def trained(net: Module, optimizer: Any, steps: int = 3) -> None:
    for _ in range(steps):
        net.zero_grad()
        run = net.run(X)
        run.backward(run.outputs - T)
        optimizer.step()


def test_an_ordinary_loop_is_silent() -> None:
    net = small()
    trained(net, gn.optim.Adam(net))


def test_torch_s_habit_is_silent() -> None:
    net, criterion = small(), nn.MSECriterion()
    values, gradients = net.flatten_parameters()
    for _ in range(3):
        gradients.fill(0)
        criterion.forward([net.forward(X), T])
        gradient, _ = criterion.backward([net.forward(X), T])
        net.backward(X, gradient)
        values -= 0.1 * gradients


def test_two_runs_before_one_step_are_silent() -> None:
    net = small()
    optimizer = gn.optim.SGD(net, 0.1)
    for _ in range(2):
        first, second = net.run(X), net.run(2 * X)
        second.backward(T)
        first.backward(T)
        first.backward(T)
        optimizer.step()


def test_a_step_of_another_net_is_silent() -> None:
    one, other = small(), small()
    both = gn.optim.SGD(nn.Sequential(other, nn.Linear(2, 2)), 0.1)
    optimizer = gn.optim.SGD(other, 0.1)
    run = one.run(X)
    optimizer.step()
    both.step()
    weight(other)[...] = 0
    run.backward(T)


def test_a_generator_and_its_judge_take_turns_silently() -> None:
    generator, judge = small(), nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    first, second = gn.optim.Adam(generator), gn.optim.Adam(judge)
    for _ in range(2):
        made = generator.run(X)
        judge.run(made.outputs).backward(np.ones((5, 1)))
        second.step()
        seen = judge.run(made.outputs)
        made.backward(seen.backward(np.ones((5, 1))))
        first.step()


def test_flat_vectors_and_reading_are_silent() -> None:
    net = small()
    run = net.run(X)
    net.flatten_parameters()
    gn.optim.SGD(net, 0.1).zero_grad()
    print(net.parameters(), net.clone(), weight(net) + 1, np.tanh(weight(net)), weight(net).sum())
    run.backward(T)


def test_remembered_states_are_silent() -> None:
    net = nn.Recurrent(nn.lstm_cell(3, 4))
    nn.remember(net)
    optimizer = gn.optim.SGD(net, 0.1)
    x = np.ones((5, 2, 3))
    for _ in range(3):
        run = net.run(x)
        run.backward([np.ones((5, 2, 4)), None, None])
        optimizer.step()


def test_a_compiled_step_between_a_run_and_its_backward_is_silent() -> None:
    net = small()
    step = gn.compile_step(net, nn.MSECriterion())
    run = net.run(X)
    step(X, T)
    run.backward(T)
