"""Initial values: distributions with their exact bounds, matrices with their properties."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import ShapeError
from tests.support.oracle import torch

init = nn.init
SHAPE = (60, 150)
CONVOLUTION = (30, 20, 3, 5)


def drawn(initialise: Any, shape: Any = SHAPE) -> np.ndarray:
    values: np.ndarray = initialise(shape, np.random.default_rng(7))
    assert values.shape == shape
    assert values.dtype == np.float64
    return values


UNIFORM = [
    (init.uniform(0.3), SHAPE, 0.3),
    (init.fan_in_uniform(), SHAPE, 1 / sqrt(150)),
    (init.fan_in_uniform(16), SHAPE, 0.25),
    (init.xavier_uniform(), SHAPE, sqrt(6 / 210)),
    (init.xavier_uniform(2.0), CONVOLUTION, 2 * sqrt(6 / (50 * 15))),
    (init.kaiming_uniform(), SHAPE, sqrt(6 / 150)),
    (init.kaiming_uniform(mode="fan_out"), CONVOLUTION, sqrt(6 / (30 * 15))),
    (init.kaiming_uniform(a=sqrt(5)), SHAPE, 1 / sqrt(150)),
    (init.kaiming_uniform(nonlinearity="tanh"), SHAPE, 5 / 3 * sqrt(3 / 150)),
]


@pytest.mark.parametrize("number", range(len(UNIFORM)))
def test_uniform_values_fill_their_bounds(number: int) -> None:
    initialise, shape, bound = UNIFORM[number]
    values = drawn(initialise, shape)
    assert np.abs(values).max() <= bound
    assert np.abs(values).max() > 0.999 * bound
    assert abs(values.mean()) < 4 * bound / sqrt(3 * values.size)
    assert values.std() == pytest.approx(bound / sqrt(3), rel=0.03)


NORMAL = [
    (init.normal(0.5, 0.2), SHAPE, 0.5, 0.2),
    (init.xavier_normal(), SHAPE, 0.0, sqrt(2 / 210)),
    (init.xavier_normal(3.0), CONVOLUTION, 0.0, 3 * sqrt(2 / (50 * 15))),
    (init.kaiming_normal(), SHAPE, 0.0, sqrt(2 / 150)),
    (init.kaiming_normal(nonlinearity="linear", mode="fan_out"), SHAPE, 0.0, sqrt(1 / 60)),
]


@pytest.mark.parametrize("number", range(len(NORMAL)))
def test_normal_values_have_their_deviation(number: int) -> None:
    initialise, shape, mean, deviation = NORMAL[number]
    values = drawn(initialise, shape)
    assert abs(values.mean() - mean) < 4 * deviation / sqrt(values.size)
    assert values.std() == pytest.approx(deviation, rel=0.03)
    within = (np.abs(values - mean) < deviation).mean()
    assert within == pytest.approx(0.6827, abs=0.02)


def test_truncated_values_lie_between_their_bounds() -> None:
    values = drawn(init.truncated_normal(1.0, 0.5, 0.0, 1.5))
    assert 0.0 <= values.min() < 0.01
    assert 1.49 < values.max() <= 1.5
    theirs = torch.empty(400, 500, dtype=torch.float64)
    torch.nn.init.trunc_normal_(theirs, 1.0, 0.5, 0.0, 1.5, torch.Generator().manual_seed(1))
    assert values.mean() == pytest.approx(theirs.mean().item(), abs=0.02)
    assert values.std() == pytest.approx(theirs.std().item(), abs=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    matrix = drawn(init.orthogonal(2.0), shape).reshape(shape[0], -1)
    products = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(products, 4 * np.eye(len(products)), atol=1e-14)


def test_all_orthogonal_matrices_are_equally_likely() -> None:
    random = np.random.default_rng(0)
    found = np.array([init.orthogonal()((2, 2), random) for _ in range(2000)])
    assert np.abs(found.mean(0)).max() < 0.07
    assert (np.linalg.det(found) > 0).mean() == pytest.approx(0.5, abs=0.05)


def test_identity_and_sparse() -> None:
    np.testing.assert_array_equal(drawn(init.identity(3.0), (2, 3)), 3 * np.eye(2, 3))
    values = drawn(init.sparse(0.31, 0.5), (10, 40))
    np.testing.assert_array_equal((values == 0).sum(0), np.full(40, 4))
    assert values[values != 0].std() == pytest.approx(0.5, rel=0.15)
    assert len(set(map(tuple, (values == 0).T))) > 20
    np.testing.assert_array_equal(drawn(init.constant(2.0), (3,)), [2, 2, 2])


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "selu", "leaky_relu"])
def test_gains_are_those_of_torch(name: str) -> None:
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(
        torch.nn.init.calculate_gain("leaky_relu", 0.3)
    )


@pytest.mark.parametrize(
    ("initialise", "shape", "message"),
    [
        (init.xavier_uniform(), (3,), r"A parameter \(3,\) has no fan, expected a weight"),
        (init.orthogonal(), (3,), r"A parameter \(3,\) cannot be orthogonal"),
        (init.identity(), (3, 3, 3), r"A parameter \(3, 3, 3\) is no matrix"),
        (init.sparse(0.5), (3,), r"A parameter \(3,\) is no matrix"),
    ],
)
def test_shapes_that_do_not_fit(initialise: Any, shape: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        initialise(shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: init.kaiming_normal(nonlinearity="softplus"), "'softplus', expected one of lin"),
        (lambda: init.kaiming_uniform(mode="fan"), "mode is 'fan', expected 'fan_in' or"),
        (lambda: init.sparse(1.5), "sparsity is 1.5, expected a number from 0 to 1"),
        (lambda: init.truncated_normal(low=1.0, high=0.0), "low is 1.0 and high 0.0, expected"),
        (lambda: init.truncated_normal(low=9.0, high=10.0), "expected low < high around the mean"),
    ],
)
def test_settings_out_of_range(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
