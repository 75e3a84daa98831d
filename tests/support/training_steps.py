"""Nets, batches and checks for tests of training steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet import nn

TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-12}


def perceptron() -> Any:
    net = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.LogSoftMax())
    return (
        net,
        nn.ClassNLLCriterion(),
        lambda rng: (rng.normal(size=(5, 6)), rng.integers(4, size=5)),
    )


def characters() -> Any:
    net = nn.Sequential(
        nn.LookupTable(7, 5), nn.Recurrent(nn.lstm_cell(5, 6)), nn.SelectTable(0), nn.Linear(6, 7)
    )
    criterion = nn.CrossEntropyCriterion(ignore_index=2)
    return net, criterion, lambda rng: (rng.integers(7, size=(4, 3)), rng.integers(7, size=(4, 3)))


def one_by_one(net: Any, criterion: Any, inputs: Any, target: Any) -> Any:
    """What the step does, by two runs."""
    run = net.run(inputs, keep=False)
    judged = criterion.run([run.outputs, target], keep=False)
    gradient, _ = judged.backward()
    return float(judged.outputs), run.outputs, run.backward(gradient)


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list) else [value]


def assert_close(found: Any, expected: Any, dtype: Any) -> None:
    tolerance = TOLERANCE[np.dtype(dtype)]
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        if b is None:
            assert a is None
            continue
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def gradients(*modules: Any) -> list[Any]:
    return [parameter.grad.copy() for module in modules for parameter in module.parameters()]


X, T = np.ones((3, 2, 4)), np.zeros((3, 2, 5))
