"""Random numbers of NumPy's in a ``compute`` become constants: a warning says so, once."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng

import graphnet as gn
from graphnet import nn, ops
from graphnet.graph import Module

X = np.ones((2, 3))


class Noisy(gn.Module):
    """Draws while it is traced."""

    def compute(self, x: Any) -> Any:
        return x + np.random.standard_normal(x.shape)


def noise(shape: tuple[int, ...]) -> Any:
    return np.random.rand(*shape)


class ByHelper(gn.Module):
    """Draws in a function, which a method calls."""

    def compute(self, x: Any) -> Any:
        return self.shifted(x)

    def shifted(self, x: Any) -> Any:
        return x + noise(x.shape)


class Around(gn.Module):
    """Has a part, and speaks of randomness."""

    def __init__(self, part: Module) -> None:
        self.part = part

    def compute(self, x: Any) -> Any:
        return self.randomised(x)

    def randomised(self, x: Any) -> Any:
        return self.part(x)


class Own(gn.Module):
    """Draws as it should, and with a generator of its own for its constants."""

    def compute(self, x: Any) -> Any:
        return x * ops.uniform(x.shape, x.dtype) + np.random.default_rng(1).random(3)


@pytest.mark.parametrize("kind", [Noisy, ByHelper])
def test_a_module_that_draws_is_told_once(kind: type[Module]) -> None:
    x = gn.input()
    gate = kind()(nn.Tanh()(x))
    net = gn.GModule(x, gate)
    place = rf"test_numpy_draws\.py:{gate.line}"
    told = rf"^{kind.__name__} 'gate' \({place}\) draws from np\.random .*ops\.uniform draws anew"
    with pytest.warns(UserWarning, match=told) as warned:
        first = net.forward(X)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    np.testing.assert_array_equal(net.forward(X), first)
    net.forward(np.ones((5, 3)))  # traced anew, and silent: warnings are errors


def test_the_innermost_module_is_named() -> None:
    with pytest.warns(UserWarning, match=r"^Noisy '1\.part' draws") as warned:
        nn.Sequential(nn.Tanh(), Around(Noisy())).forward(X)
    assert len(warned) == 1


SILENT = [
    Own(),
    nn.Dropout(0.5),
    Around(nn.Dropout(0.5)),
    Around(nn.Function(lambda x: x + np.random.rand(), lambda x, y, g: g)),
]


@pytest.mark.parametrize("net", SILENT, ids=lambda net: net.description()[:20])
def test_what_is_drawn_in_each_run_is_silent(net: Module) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = net.forward(X)
    assert (net.forward(X) != first).any()


def test_the_state_of_numpy_s_generator_is_only_read() -> None:
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    Around(nn.Tanh()).forward(X)
    assert np.random.rand() == expected


class Holding(gn.Module):
    """Draws from a generator that it holds."""

    def __init__(self) -> None:
        self.source = np.random.default_rng(0)

    def compute(self, x: Any) -> Any:
        return x + self.source.normal(size=x.shape)


class Standard(gn.Module):
    """Draws from Python's generator."""

    def compute(self, x: Any) -> Any:
        return x * random.random()


class Making(gn.Module):
    """Draws from a generator that it makes, without a seed."""

    def compute(self, x: Any) -> Any:
        return x + np.random.default_rng().normal(size=x.shape)


def made_elsewhere() -> np.random.Generator:
    return default_rng()


class MakingByHelper(gn.Module):
    """Has a function make it."""

    def compute(self, x: Any) -> Any:
        return x + made_elsewhere().normal(size=x.shape)


@pytest.mark.parametrize("kind", [Holding, Standard, Making, MakingByHelper])
def test_generators_of_one_s_own_and_of_python_are_told_of(kind: type[Module]) -> None:
    with pytest.warns(UserWarning, match=rf"^{kind.__name__} draws from np\.random or random in"):
        kind().forward(X)
