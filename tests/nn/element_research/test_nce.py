"""Noise-contrastive estimation: the noise that is drawn, learning, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError
from graphnet.nn.element_research.nce import alias_table

WEIGHTS = np.array([5.0, 0.0, 1.0, 3.0, 1.0])


@pytest.mark.parametrize("seed", range(5))
def test_the_alias_table_divides_the_probabilities(seed: int) -> None:
    weights = np.random.default_rng(seed).exponential(size=7)
    share, alias = alias_table(weights)
    found = share / 7
    np.add.at(found, alias, (1 - share) / 7)
    np.testing.assert_allclose(found, weights / weights.sum())


@pytest.mark.parametrize("compiled", [False, True])
def test_the_noise_has_the_frequencies(compiled: bool) -> None:
    module = nn.NCEModule(2, 5, 4, WEIGHTS)
    module.bias[:] = np.arange(5.0)
    module.weight[:] = 0
    module = module.compile() if compiled else module
    outputs = module.seed(1).forward([np.zeros((5000, 2)), np.zeros(5000, int)])
    drawn = np.rint(np.log(outputs[1])).astype(int)
    counts = np.bincount(drawn.reshape(-1), minlength=5)
    np.testing.assert_allclose(counts / counts.sum(), WEIGHTS / 10, atol=0.01)
    np.testing.assert_allclose(outputs[3], WEIGHTS[drawn] / 10)


def test_the_noise_is_the_nets_own() -> None:
    module, x = nn.NCEModule(2, 5, 4, WEIGHTS), [np.ones((3, 2)), np.zeros(3, int)]
    first, again = module.seed(1).forward(x)[1], module.seed(1).forward(x)[1]
    np.testing.assert_array_equal(first, again)
    assert (module.forward(x)[1] != first).any()


def test_it_learns_the_probabilities(rng: np.random.Generator) -> None:
    gn.manual_seed(3)
    words = rng.integers(0, 4, 2000)
    following = (words + rng.integers(0, 2, 2000)) % 4  # each of two with probability 1/2
    x, target = gn.input(), gn.input()
    module = nn.NCEModule(4, 4, 8, np.ones(4), normalized=True)
    loss = nn.NCECriterion()([module([nn.OneHot(4)(x), target]), target])
    net = gn.GModule([x, target], [loss])
    optimizer = optim.Adam(net, learning_rate=0.1)
    for _ in range(150):
        net.zero_grad()
        net.forward([words, following])
        net.backward([words, following], np.ones(()))
        optimizer.step()
    probabilities = module.evaluate().forward([np.eye(4), np.arange(4)])
    expected = (np.eye(4) + np.roll(np.eye(4), 1, 1)) / 2
    np.testing.assert_allclose(probabilities, expected, atol=0.05)


MODULE = nn.NCEModule(2, 5, 3, WEIGHTS)
X, T = np.ones((4, 2)), np.zeros(4, int)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    ([X, T[:3]], ShapeError, r"receives targets \(3,\), expected \(4,\)"),
    ([X, T * 1.0], DtypeError, "expects integer indices"),
    ([X, T + 5], IndexRangeError, "index 5, expected 0 to 4"),
    ([X[:, :1], T], ShapeError, r"expects an array \(…, 2\)"),
    (X, GraphError, "expects a table"),
]


@pytest.mark.parametrize(("inputs", "error", "message"), REFUSED)
def test_inputs_that_are_refused(inputs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MODULE.forward(inputs)


@pytest.mark.parametrize("unigrams", [[1.0, 2.0], [-1.0] * 5, [0.0] * 5, [np.inf] * 5])
def test_unigrams_that_are_refused(unigrams: list[float]) -> None:
    with pytest.raises(ValueError, match=r"unigrams are .*, expected 5 numbers from 0"):
        nn.NCEModule(2, 5, 3, unigrams)


def test_a_constant_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="z is -1, expected a positive number"):
        nn.NCEModule(2, 5, 3, WEIGHTS, Z=-1)  # type: ignore[call-arg]


def test_a_table_that_is_none_of_the_modules() -> None:
    with pytest.raises(GraphError, match="expects the four outputs of an NCEModule"):
        nn.NCECriterion().forward([X, X], T)
    with pytest.raises(ShapeError, match=r"expects \[\(…\), \(…, k\), \(…\), \(…, k\)\]"):
        nn.NCECriterion().forward([X, X, X, X], T)
