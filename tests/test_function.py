"""nn.Function: the user's own NumPy pair, opaque to everything else."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ProgramError, ShapeError
from graphnet.ir import differentiate


def erf_like() -> nn.Function:
    return nn.Function(np.arctan, lambda x, y, g: g / (1 + x**2))


def test_a_pair_in_the_middle_of_a_graph(rng: np.random.Generator) -> None:
    x = gn.input()
    y = nn.Tanh()(erf_like()(nn.Linear(3, 2)(x)))
    net = gn.GModule(x, y)
    data = rng.normal(size=(4, 3))
    weight, bias = net.parameters()
    inner = np.arctan(data @ weight.data.T + bias.data)
    np.testing.assert_allclose(net.forward(data), np.tanh(inner), rtol=1e-14)
    g = rng.normal(size=(4, 2))
    inward = g * (1 - np.tanh(inner) ** 2) / (1 + np.tan(inner) ** 2)
    np.testing.assert_allclose(net.backward(data, g), inward @ weight.data, rtol=1e-12)


def test_tables_in_and_out() -> None:
    swap = nn.Function(lambda t: [t[1] * 2, t[0]], lambda t, y, g: [g[1], g[0] * 2])
    a, b = np.ones(2), np.arange(3.0)
    out = swap.forward([a, b])
    np.testing.assert_array_equal(out[0], b * 2)
    back = swap.backward([a, b], [np.ones(3), np.full(2, 5.0)])
    np.testing.assert_array_equal(back[0], np.full(2, 5.0))
    np.testing.assert_array_equal(back[1], np.full(3, 2.0))


def test_integer_inputs_get_no_gradient() -> None:
    pick = nn.Function(lambda t: t[0][t[1]], lambda t, y, g: [np.bincount(t[1], g, 3), None])
    x, index = np.array([5.0, 6.0, 7.0]), np.array([1, 1])
    np.testing.assert_array_equal(pick.forward([x, index]), [6, 6])
    gradient, nothing = pick.backward([x, index], np.array([2.0, 3.0]))
    np.testing.assert_array_equal(gradient, [0, 5, 0])
    assert nothing is None


def test_a_given_shape_rule_spares_the_trial_call() -> None:
    calls = []

    def total(x: np.ndarray) -> np.ndarray:
        calls.append(x.shape)
        return x.sum(0)

    net = nn.Function(total, lambda x, y, g: np.broadcast_to(g, x.shape), lambda shape: shape[1:])
    np.testing.assert_array_equal(net.forward(np.ones((2, 3))), np.full(3, 2.0))
    assert calls == [(2, 3)]


def test_a_wrong_shape_is_named() -> None:
    net = nn.Function(lambda x: x, lambda x, y, g: g, lambda shape: (7,))
    with pytest.raises(ShapeError, match=r"returns float64\[3\] as array 0, expected float64\[7\]"):
        net.forward(np.ones(3))
    net = nn.Function(lambda x: x, lambda x, y, g: g[:1])
    net.forward(np.ones(3))
    with pytest.raises(ShapeError, match="the backward of"):
        net.backward(np.ones(3), np.ones(3))


def test_there_is_no_second_gradient() -> None:
    net = erf_like()
    run = net.run(np.ones(2))
    run.backward(np.ones(2))
    backward = run._traced.differentiated().backward
    with pytest.raises(ProgramError, match="has no gradient of its own"):
        differentiate(backward, backward.inputs)


def test_it_cannot_be_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GraphError, match="Function cannot be saved: its argument"):
        erf_like().save(tmp_path / "x.gn")
    assert list(tmp_path.iterdir()) == []
