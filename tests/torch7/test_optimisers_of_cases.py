"""Every option of Torch's optim functions, as reference cases give them: against their formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from tests.golden_support.skip import Skip
from tests.golden_support.training import METHODS, optimizer_of

SIZE = 12
RATES, DECAYS = np.linspace(0.5, 2.0, SIZE), np.linspace(0.0, 0.4, SIZE)
CURVATURE = np.linspace(0.2, 3.0, SIZE)
VECTORS = {"rates": RATES, "decays": DECAYS}

Rule = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def sgd(x: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
    return x - 0.1 / (1 + 0.3 * t) * RATES * (g + DECAYS * x)


def sgd_with_both_decays(x: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
    return x - 0.1 * (g + 0.2 * x)


def adagrad() -> Rule:
    total = np.zeros(SIZE)

    def rule(x: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        g = g + 0.1 * x
        total[:] += g * g
        return x - 0.2 / (1 + 0.5 * t) * g / (np.sqrt(total) + 1e-10)

    return rule


def rmsprop() -> Rule:
    mean = np.full(SIZE, 1.5)

    def rule(x: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        g = g + 0.1 * x
        mean[:] = 0.9 * mean + 0.1 * g * g
        return x - 0.05 * g / (np.sqrt(mean) + 1e-3)

    return rule


def adam() -> Rule:
    m, v = np.zeros(SIZE), np.zeros(SIZE)

    def rule(x: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        g = g + 0.1 * x
        m[:] = 0.8 * m + 0.2 * g
        v[:] = 0.95 * v + 0.05 * g * g
        size = 0.01 / (1 + 0.2 * t) * np.sqrt(1 - 0.95 ** (t + 1)) / (1 - 0.8 ** (t + 1))
        return x - size * m / (np.sqrt(v) + 1e-4)

    return rule


CASES: dict[str, tuple[str, dict[str, Any], Rule]] = {
    "sgd": (
        "sgd",
        {
            "learningRate": 0.1,
            "learningRates": "rates",
            "weightDecays": "decays",
            "learningRateDecay": 0.3,
        },
        sgd,
    ),
    "both decays": (
        "sgd",
        {"learningRate": 0.1, "weightDecay": 0.2, "weightDecays": "decays"},
        sgd_with_both_decays,
    ),
    "adagrad": (
        "adagrad",
        {"learningRate": 0.2, "learningRateDecay": 0.5, "weightDecay": 0.1},
        adagrad(),
    ),
    "rmsprop": (
        "rmsprop",
        {
            "learningRate": 0.05,
            "alpha": 0.9,
            "epsilon": 1e-3,
            "initialMean": 1.5,
            "weightDecay": 0.1,
        },
        rmsprop(),
    ),
    "adam": (
        "adam",
        {
            "learningRate": 0.01,
            "learningRateDecay": 0.2,
            "beta1": 0.8,
            "beta2": 0.95,
            "epsilon": 1e-4,
            "weightDecay": 0.1,
        },
        adam(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ten_steps(name: str) -> None:
    method, config, rule = CASES[name]
    net = nn.Linear(SIZE, 1, bias=False).seed(0).reset()
    optimizer = optimizer_of(net, method, config, VECTORS)
    values, gradients = net.flatten_parameters()
    x = values.copy()
    for step in range(10):
        gradients[:] = CURVATURE * values
        optimizer.step()
        x = rule(x, CURVATURE * x, step)
        np.testing.assert_allclose(values, x, rtol=1e-12, atol=1e-15)


def test_rates_of_nag_enter_the_velocity() -> None:
    net = nn.Linear(SIZE, 1, bias=False).seed(0).reset()
    config = {"learningRate": 0.05, "momentum": 0.8, "learningRates": "rates", "dampening": 0.3}
    optimizer: Any = optimizer_of(net, "nag", config, VECTORS)
    values, gradients = net.flatten_parameters()
    x, velocity = values.copy(), np.zeros(SIZE)
    for _ in range(10):
        ahead = x + 0.8 * velocity
        velocity = 0.8 * velocity - 0.05 * RATES * CURVATURE * ahead
        x = ahead - 0.05 * RATES * CURVATURE * ahead
        gradients[:] = CURVATURE * values
        optimizer.step()
        np.testing.assert_allclose(optimizer.point(), x, rtol=1e-12, atol=1e-15)


OPTIONS: dict[str, list[dict[str, Any]]] = {
    "adadelta": [{"rho": 0.8, "eps": 1e-4, "weightDecay": 0.1}, {"decayRate": 0.8, "offset": 1e-4}],
    "adamax": [{"learningRate": 0.1, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-8}],
    "asgd": [{"eta0": 0.1, "lambda": 0.1, "alpha": 0.5, "t0": 3}],
    "cg": [
        {"maxIter": 9, "maxEval": 11, "rho": 0.02, "sig": 0.4, "int": 0.2, "ext": 2, "ratio": 9}
    ],
    "lbfgs": [
        {"maxIter": 9, "maxEval": 11, "tolFun": 1e-4, "tolX": 1e-8, "nCorrection": 5},
        {"learningRate": 0.5, "lineSearch": "lswolfe", "verbose": False},
    ],
    "rprop": [
        {"stepsize": 0.2, "etaplus": 1.3, "etaminus": 0.4, "stepsizemin": 1e-3, "stepsizemax": 2}
        | {"niter": 3}
    ],
}


@pytest.mark.parametrize("method", OPTIONS)
def test_every_option_is_understood(method: str) -> None:
    for config in OPTIONS[method]:
        optimizer = optimizer_of(nn.Linear(3, 2), method, config)
        set_ = {name: getattr(optimizer, name) for name in vars(type(optimizer)(nn.Linear(3, 2)))}
        given = [value for value in config.values() if not isinstance(value, str | bool)]
        assert all(value in set_.values() for value in given)


def test_every_method_has_its_options_tested() -> None:
    assert {method for method, _, _ in CASES.values()} | set(OPTIONS) | {"nag"} == set(METHODS)


def test_an_unknown_option_is_no_failure() -> None:
    with pytest.raises(Skip, match="the setting hurry of sgd"):
        optimizer_of(nn.Linear(3, 2), "sgd", {"hurry": 1})
