"""Executables: who shares one, when one is made anew, how many are kept, threads that want the same."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.inspection.executed import executables_of, traces_of
from graphnet.graph.running.executables import KEPT

pytestmark = pytest.mark.filterwarnings("ignore:llvmlite is not installed")

X = np.arange(6.0).reshape(2, 3)


class Counting(gn.Module):
    """A linear module that counts how often it is traced."""

    def __init__(self) -> None:
        self.linear = nn.Linear(3, 3)

    def compute(self, x: Any) -> Any:
        traced.append(x.shape)
        return self.linear.compute(x)


traced: list[tuple[int, ...]] = []


def test_forward_backward_and_profile_share_one() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    for _ in range(2):
        net.forward(X)
        net.backward(X, np.ones((2, 4)))
        net.profile(X, repeats=1)
    assert len(executables_of(net)) == 1


def test_a_memory_plan_is_of_what_runs() -> None:
    pytest.importorskip("llvmlite")
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    step = gn.compile_step(net, nn.MSECriterion())
    net.memory_plan((2, 3))
    step.memory_plan((2, 3), (2, 4))
    made = executables_of(net), executables_of(step)
    net.forward(X)
    step(X, np.zeros((2, 4)))
    assert (executables_of(net), executables_of(step)) == made


def test_a_live_cell_runs_what_the_cell_runs() -> None:
    cell = nn.lstm_cell(3, 4).evaluate()
    states = [np.zeros(4), np.zeros(4)]
    expected = cell.forward([X[0], *states])
    live = nn.Live(cell, X[0])
    assert len(executables_of(cell)) == 1
    np.testing.assert_allclose(live.step(live.start(), X[0]), expected, rtol=1e-12)


def test_other_arrays_need_no_new_trace() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    step = gn.compile_step(net, nn.MSECriterion())
    net.forward(X)
    step(X, np.zeros((2, 4)))
    (own,), (traced_step,) = executables_of(net).values(), traces_of(step)
    (bound,) = executables_of(step).values()
    nn.Sequential(nn.Linear(2, 2), net).flatten_parameters()
    assert own.is_valid()  # it reads the parameters where they are
    assert not bound.is_valid()  # it is bound to the arrays of before
    assert traced_step.is_current()
    step(X, np.zeros((2, 4)))
    assert traces_of(step) == [traced_step]
    net.float()
    assert not own.is_valid()
    assert not traced_step.is_current()


def test_the_oldest_makes_room() -> None:
    net = nn.Tanh()
    for size in range(1, KEPT + 2):
        net.forward(np.ones(size))
    kept = [signature.types[0][0] for signature in executables_of(net)]
    assert kept == [(size,) for size in range(2, KEPT + 2)]


def test_threads_that_make_the_same_share_the_first() -> None:
    net = nn.Linear(3, 3)
    count = 8
    together = threading.Barrier(count, timeout=60)

    class Met(gn.Module):
        """All threads trace it at once."""

        def __init__(self) -> None:
            self.linear = net

        def compute(self, x: Any) -> Any:
            together.wait()
            return self.linear.compute(x)

    met = Met()
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(met.forward(X)), daemon=True)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == count
    assert all((output == found[0]).all() for output in found)
    assert len(executables_of(met)) == 1


def test_a_step_is_asked_for_input_gradients_later() -> None:
    net = nn.Linear(3, 4)
    step = gn.compile_step(net, nn.MSECriterion())
    assert step.run(X, np.zeros((2, 4))).grad_inputs is None
    step.input_gradients = True
    expected = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    found, wanted = (s.run(X, np.zeros((2, 4))).grad_inputs for s in (step, expected))
    assert np.abs(wanted).min() > 0
    np.testing.assert_array_equal(found, wanted)


class Waiting(gn.Module):
    """A module whose trace ends after another net has run in another thread."""

    def compute(self, x: Any) -> Any:
        other = threading.Thread(target=lambda: nn.Tanh().forward(X), daemon=True)
        other.start()
        other.join(timeout=20)
        assert not other.is_alive()
        return x


def test_a_module_that_waits_for_another_net_in_another_thread() -> None:
    assert (Waiting().forward(X) == X).all()
    net = Waiting()
    loss = gn.compile_step(net, nn.MSECriterion())(X, X)
    assert loss == 0
