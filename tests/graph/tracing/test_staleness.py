"""What changes in a module is traced again, what stays is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError


def test_changed_lists_of_modules_are_traced_again() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Tanh())
    x = np.ones(1)
    net.forward(x)
    net.modules[0] = nn.Identity()
    np.testing.assert_array_equal(net.forward(x), np.tanh(x))
    net.modules.append(nn.Identity())
    net.modules.reverse()
    assert isinstance(net.modules[0], nn.Identity)
    np.testing.assert_array_equal(net.forward(x), np.tanh(x))


def test_a_module_has_its_own_copy_of_an_array() -> None:
    weights = np.ones(3)
    criterion = nn.ClassNLLCriterion(weights)
    weights[:] = 0
    assert criterion.weight.sum() == 3


class Weighted(gn.Module):
    """Constants as an attribute, as entries of a list, a tuple and a dict, and deeper inside."""

    def __init__(self) -> None:
        self.w = np.ones(3)
        self.in_list, self.in_dict = [np.ones(3)], {"w": np.ones(3)}
        self.in_tuple = (np.ones(6)[::2],)  # not contiguous
        self.deep = [({"w": [np.zeros(3)]}, {1.0, 2.0}, {"numbers": [0.0]})]

    def compute(self, x: Any) -> Any:
        arrays, some, plain = self.deep[0]
        deep = arrays["w"][0] + sum(some) + plain["numbers"][0] - 3
        return x * (self.w + self.in_list[0]) + self.in_tuple[0] + np.sort(self.in_dict["w"]) + deep


@pytest.mark.parametrize("compiled", [False, True])
def test_arrays_of_a_module_can_be_written_into(compiled: bool) -> None:
    module, x = Weighted(), np.ones(3)
    net = nn.Sequential(module)
    if compiled:
        net.compile()
    step = gn.compile_step(net, nn.AbsCriterion())
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (4, 4)
    arrays, some, plain = module.deep[0]
    inner = [module.in_list[0], module.in_tuple[0], module.in_dict["w"], arrays["w"][0]]
    for number, array in enumerate([module.w, *inner], start=5):
        array[:] += 1
        assert (net.forward(x)[0], step(x, np.zeros(3))) == (number, number)
        assert net.clone().forward(x)[0] == number
    some.add(3.0)
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (12, 12)
    plain["numbers"][0] = 1.0
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (13, 13)
    module.w[:] = np.nan
    assert np.isnan(net.forward(x)).all()


def test_an_array_that_stays_as_it_is_needs_no_new_trace() -> None:
    traces: list[Any] = []

    class Counting(Weighted):
        def compute(self, x: Any) -> Any:
            traces.append(x)
            return super().compute(x)

    module = Counting()
    module.w[:] = np.nan
    for _ in range(3):
        module.forward(np.ones(3))
    assert len(traces) == 1
    module.w[1] = 2
    module.forward(np.ones(3))
    assert len(traces) == 2


def test_too_deep_a_nesting_is_named() -> None:
    net: gn.Module = nn.Tanh()
    for _ in range(2000):
        net = nn.Sequential(net)
    with pytest.raises(GraphError, match="nests modules too deeply to run"):
        net.forward(np.ones(1))


def test_shapes_may_change_from_call_to_call() -> None:
    layer = nn.Linear(3, 2)
    for shape in [(3,), (4, 3), (2, 5, 3), (0, 3), (4, 3)]:
        x = np.ones(shape)
        assert layer.forward(x).shape == (*shape[:-1], 2)
        assert layer.backward(x, np.ones((*shape[:-1], 2))).shape == shape


def test_a_changed_module_is_traced_again() -> None:
    dropout = nn.Dropout(0.5)
    net = nn.Sequential(dropout)
    x = np.ones(1000)
    assert set(np.unique(net.forward(x))) == {0.0, 2.0}
    dropout.p = 0.75
    assert set(np.unique(net.forward(x))) == {0.0, 4.0}
    net.evaluate()
    np.testing.assert_array_equal(net.forward(x), x)
    net.train()
    assert net.forward(x).min() == 0


class TwoOrThree(gn.Module):
    """Twice the input in training, else three times."""

    def compute(self, x):
        return x * 2 if self.training else x * 3


class Frozen(TwoOrThree):
    """A mode of its own, whatever the net's is."""

    frozen = False

    @property
    def is_training(self):
        return not self.frozen

    @is_training.setter
    def is_training(self, on):
        pass


@pytest.mark.parametrize("around", [lambda part: part, nn.Sequential])
def test_modes_are_looked_up_as_python_does(around: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the class, on the object, by a property."""
    part, frozen, x = TwoOrThree(), Frozen(), np.ones(1)
    net, other = around(part), around(frozen)
    assert (net.forward(x), other.forward(x)) == (2, 2)
    monkeypatch.setattr(TwoOrThree, "is_training", False)
    assert net.forward(x) == 3
    monkeypatch.undo()
    part.is_training = False
    assert net.forward(x) == 3
    del part.is_training
    assert net.forward(x) == 2
    frozen.frozen = True
    assert other.forward(x) == 3
