"""nn.Function: the user's own NumPy pair, opaque to everything else."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, GraphnetError, ProgramError, ShapeError
from graphnet.graph.inspection.executed import executed
from graphnet.ir import differentiate
from tests.support.notices import notices_ignored

compiles = pytest.mark.skipif(not find_spec("llvmlite"), reason="compiles")


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


def refuse(*values: object) -> np.ndarray:
    raise KeyError("mine")


def later(x: np.ndarray) -> np.ndarray:
    """It lets the trial call on zeros pass."""
    return refuse() if x.any() else x


GIVEN = [
    ((refuse, refuse), r"calls its function, which raises KeyError: 'mine'\n  linear  \(4, 2\)"),
    ((later, refuse), r"calls its function, which raises KeyError: 'mine'"),
    ((np.sin, refuse), r"calls its gradient, which raises KeyError: 'mine'"),
    ((np.sin, refuse, refuse), r"calls its output_shape, which raises KeyError: 'mine'"),
    ((lambda x: None, refuse), r"calls its function, which returns None, .*\n.*\n  Is a return"),
]


RETURNED = [
    # what the function returns, in a trial on zeros
    (lambda x: None, None, "calls its function, which returns None, expected arrays of real"),
    (lambda x: "text", None, "calls its function, which returns 'text', expected arrays of"),
    (lambda x: {1: x}, None, r"calls its function, which returns \{1: array"),
    (lambda x: x + 1j, None, r"calls its function, which returns complex128\[4, 2\], expected"),
    # with a rule for the shape, in a run
    (lambda x: None, tuple, "<lambda> returns None as array 0, expected float64"),
    (lambda x: "text", tuple, "<lambda> returns 'text' as array 0, expected float64"),
    (lambda x: object(), tuple, "<lambda> returns <object object at .* expected float64"),
    (lambda x: x + 1j, tuple, r"<lambda> returns complex128\[4, 2\] as array 0, expected"),
    (lambda x: (x, x), tuple, "<lambda> returns 2 arrays, expected 1"),
    # of a trial that returned another dtype than the run
    (
        lambda x: x if x.any() else x.astype(int),
        None,
        r"<lambda> returns float64\[4, 2\] as array 0, expected int64",
    ),
]
GRADIENTS = [
    (lambda x, y, g: None, "the backward of sin returns None as array 0, expected float64"),
    (lambda x, y, g: "text", "the backward of sin returns 'text' as array 0, expected float64"),
    (lambda x, y, g: g + 1j, r"the backward of sin returns complex128\[4, 2\] as array 0"),
    (lambda x, y, g: [g, g], "calls its gradient, which returns 2 arrays, expected 1"),
    (lambda x, y, g: [], "calls its gradient, which returns 0 arrays, expected 1"),
]
MISTAKEN = [(function, lambda x, y, g: g, rule, text) for function, rule, text in RETURNED]
MISTAKEN += [(np.sin, gradient, None, text) for gradient, text in GRADIENTS]


@pytest.mark.parametrize(("function", "gradient", "rule", "message"), MISTAKEN)
def test_what_is_no_array_of_the_expected_type_names_the_node_and_its_line(
    function: Any, gradient: Any, rule: Any, message: str
) -> None:
    x = gn.input()
    odd = nn.Function(function, gradient, rule)(nn.Linear(3, 2)(x))
    net, data = gn.GModule(x, odd), np.ones((4, 3))
    place = rf"^Function 'odd' \(test_function\.py:{odd.line}\) "
    with pytest.raises(GraphnetError, match=place + message):
        net.backward(data, net.forward(data))


@pytest.mark.parametrize("compile", [False, pytest.param(True, marks=compiles)])
@pytest.mark.parametrize(("functions", "message"), GIVEN)
def test_what_a_function_raises_names_the_node(
    functions: Any, message: str, compile: bool, rng: np.random.Generator
) -> None:
    x = gn.input()
    odd = nn.Function(*functions)(nn.Linear(3, 2)(x))
    net, data = gn.GModule(x, nn.Tanh()(odd)).compile(compile), rng.normal(size=(4, 3))
    place = r"^Function 'odd' \(test_function.py:\d+\) "
    with notices_ignored(), pytest.raises(GraphnetError, match=place + message) as told:
        net.backward(data, net.forward(data))
    cause = told.value.__cause__
    assert isinstance(cause, KeyError) or "returns None" in message


def test_errors_of_graphnet_stay_as_they_are() -> None:
    net = nn.Function(lambda x: nn.Linear(2, 3).forward(x), lambda x, y, g: g)
    with pytest.raises(ShapeError, match=r"^Linear expects an array"):
        net.forward(np.ones(4))


def test_there_is_no_second_gradient() -> None:
    net = erf_like()
    run = net.run(np.ones(2))
    run.backward(np.ones(2))
    backward = executed(run).traced.differentiated().backward
    with pytest.raises(ProgramError, match="has no gradient of its own"):
        differentiate(backward, backward.inputs)


def test_it_cannot_be_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GraphError, match="Function cannot be saved: it has an argument"):
        erf_like().save(tmp_path / "x.gn")
    assert list(tmp_path.iterdir()) == []
