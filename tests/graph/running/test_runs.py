"""Runs: the two calls of Torch, values and gradients of every node, what a run keeps, random masks."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from tests.support.numeric import numeric_gradient, relative_error


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_blog_example_equals_the_sum_by_hand(dtype: str) -> None:
    net = blog().astype(dtype)
    x1, x2, x3 = (x.astype(dtype) for x in DATA)
    weight, bias = net.parameters()
    by_hand = x2 * (weight @ x3 + bias) + x1
    np.testing.assert_array_max_ulp(net.forward([x1, x2, x3]), by_hand, maxulp=1)


def test_the_gradients_of_the_blog_example_equal_finite_differences(
    rng: np.random.Generator,
) -> None:
    net = blog()
    data = [x.copy() for x in DATA]
    seed = rng.normal(size=10)
    net.forward(data)
    by_input = net.backward(data, seed)
    arrays = [*data, *(p.data for p in net.parameters())]
    found = [*by_input, *(p.grad for p in net.parameters())]
    for array, gradient in zip(arrays, found, strict=True):
        expected = numeric_gradient(lambda: float((net.forward(data) * seed).sum()), array)
        assert relative_error(gradient, expected) < 1e-7


def test_a_run_keeps_the_value_and_gradient_of_every_node() -> None:
    net = blog()
    run = net.run(DATA)
    np.testing.assert_array_equal(run["linear"], run[net["linear"]])
    assert run.names == ["x1", "x2", "x3", "linear", "cmultable", "z"]
    with pytest.raises(GraphError, match=r"Call run.backward"):
        run.grad  # noqa: B018
    run.backward(np.ones(10))
    np.testing.assert_array_equal(run.grad["linear"], DATA[1])
    np.testing.assert_array_equal(run.grad[net["x2"]], run["linear"])
    with pytest.raises(GraphError, match="no node named 'gate'"):
        run["gate"]
    with pytest.raises(GraphError, match="not in this graph"):
        run[gn.input()]


def test_gradients_add_up_until_they_are_zeroed() -> None:
    net = blog()
    for _ in range(2):
        net.forward(DATA)
        net.backward(DATA, np.ones(10))
    np.testing.assert_array_equal(net.parameters()["linear.bias"].grad, np.full(10, 4.0))
    net.zero_grad()
    assert not any(p.grad.any() for p in net.parameters())


def test_runs_are_independent() -> None:
    net = blog()
    first, second = net.run(DATA), net.run([DATA[0], DATA[1], -DATA[2]])
    np.testing.assert_array_equal(first.backward(np.ones(10))[1], first["linear"])
    np.testing.assert_array_equal(second.backward(np.ones(10))[1], second["linear"])


def test_one_graph_serves_several_threads() -> None:
    net = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 1))
    inputs = [np.full((3, 5), float(i)) for i in range(8)]
    expected = [net.forward(x) for x in inputs]
    failures: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            if not np.array_equal(net.forward(inputs[index]), expected[index]):
                failures.append(index)
            net.backward(inputs[index], np.ones((3, 1)))

    net.zero_grad()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert float(net.parameters()[3].grad[0]) == 8 * 50 * 3


def test_results_do_not_alias_parameters_or_inputs() -> None:
    identity = nn.Identity()
    x = np.ones(3)
    identity.forward(x)[:] = 5
    np.testing.assert_array_equal(x, np.ones(3))
    table = nn.LookupTable(3, 2)
    before = table.weight.data.copy()
    table.forward(np.array([0, 1, 2]))[:] = 9
    np.testing.assert_array_equal(table.weight.data, before)


def test_outputs_and_gradients_may_be_changed_in_place() -> None:
    """Nothing that is handed out is still needed inside, nor is what was handed in."""
    net = nn.Tanh()
    x = np.array([0.5])
    for _ in range(2):
        y = net.forward(x)
        y *= 0
        np.testing.assert_allclose(net.backward(x, np.ones(1)), 1 - np.tanh(0.5) ** 2)
    g = np.ones(2)
    add = nn.CAddTable()
    add.forward([np.ones(2), np.ones(2)])
    first, second = add.backward([np.ones(2), np.ones(2)], g)
    first *= 5
    np.testing.assert_array_equal([second, g], np.ones((2, 2)))
    square = nn.Square()
    batch = np.full(2, 3.0)
    run = square.run(batch)
    batch[:] = 100
    np.testing.assert_array_equal(run.backward(np.ones(2)), [6, 6])


def test_values_of_a_run_are_read_only() -> None:
    run = blog().run(DATA)
    run.backward(np.ones(10))
    for value in (run["linear"], run["x1"], run.grad["linear"]):
        with pytest.raises(ValueError, match="read-only"):
            value[0] = 7


def test_a_node_that_passes_its_input_on_has_a_gradient_of_its_own() -> None:
    x = gn.input()
    a, b = nn.Identity()(x), nn.Tanh()(x)
    z = a + b
    run = gn.GModule(x, z).run(np.zeros(1))
    run.backward(np.ones(1))
    assert [float(run.grad[n][0]) for n in ("x", "a", "b", "z")] == [2, 1, 1, 1]
    t = gn.input()
    first, second = t.split(2)
    whole = nn.CAddTable()(t)
    run = gn.GModule(t, [first, second, whole]).run([np.ones(1), np.ones(1)])
    run.backward([np.full(1, 3.0), np.ones(1), np.ones(1)])
    assert float(run.grad["first"][0]) == 3
    assert [float(g[0]) for g in run.grad["t"]] == [4, 2]


def test_a_run_keeps_what_is_asked() -> None:
    net = blog()
    run = net.run(DATA, keep=["linear"])
    run.backward(np.ones(10))
    assert run.names == ["linear"]
    np.testing.assert_array_equal(run.grad["linear"], DATA[1])
    assert net.run(DATA, keep=False).names == []
    with pytest.raises(GraphError, match="There is no node named 'gate'"):
        net.run(DATA, keep=["gate"])


def test_evaluation_keeps_no_residuals_but_has_the_same_gradients() -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    data = [np.ones((4, 1, 2)), np.zeros((1, 3)), np.zeros((1, 3))]
    seeds = [np.ones((4, 1, 3)), np.ones((1, 3)), np.ones((1, 3))]
    expected = net.run(data).backward(seeds)
    found = net.evaluate().run(data).backward(seeds)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


def test_dropout_is_repeatable_and_its_gradient_uses_the_same_mask() -> None:
    net = nn.Dropout(0.3).seed(5)
    x = np.ones(50)
    first = net.forward(x)
    np.testing.assert_array_equal(net.backward(x, np.ones(50)), first)
    np.testing.assert_array_equal(net.seed(5).forward(x), first)
    assert not np.array_equal(net.forward(x), first)


def test_dropout_inside_a_sequence_draws_for_each_step() -> None:
    x, h = gn.input(), gn.input()
    cell = gn.GModule([x, h], nn.Dropout(0.5)(x) + h)
    net = nn.Recurrent(cell)
    xs = np.ones((6, 40))
    out, _ = net.forward([xs, np.zeros(40)])
    masks = np.diff(out, axis=0, prepend=0)
    assert set(np.unique(masks)) == {0.0, 2.0}
    assert not (masks == masks[0]).all()
    back, _ = net.backward([xs, np.zeros(40)], [np.zeros_like(xs), np.ones(40)])
    np.testing.assert_array_equal(back, masks)


def test_a_scalar_output_needs_no_gradient() -> None:
    loss = nn.MSECriterion()
    x, y = np.ones(4), np.zeros(4)
    assert loss.forward([x, y]) == 1.0
    np.testing.assert_array_equal(loss.backward([x, y])[0], np.full(4, 0.5))


def test_forward_takes_several_inputs_as_a_list() -> None:
    with pytest.raises(GraphError, match=r"CAddTable \(.*\) received 2 arguments, .*\n .*\[a, b\]"):
        nn.CAddTable().forward(np.ones(1), np.ones(1))


def test_runs_and_graphs_know_their_names() -> None:
    net = blog()
    run = net.run(DATA)
    assert "linear" in run
    assert "gate" not in run
    assert list(run) == list(net) == list(net.names)
    assert repr(run).startswith("<Run of GModule: (10,); keeps x1, x2")


def test_inner_values_of_containers_are_kept() -> None:
    x = gn.input()
    body = nn.Sequential(nn.Tanh(), nn.Sequential(nn.Sigmoid()))(x)
    run = gn.GModule(x, body).run(np.ones(2))
    np.testing.assert_array_equal(run["body.0"], np.tanh(np.ones(2)))
    np.testing.assert_array_equal(run["body.1.0"], run.outputs)
    run.backward(np.ones(2))
    np.testing.assert_array_equal(run.grad["body.1"], np.ones(2))


def test_backward_needs_the_forward_of_that_input() -> None:
    net = blog()
    with pytest.raises(GraphError, match="backward needs the input of the last forward"):
        net.backward(DATA, np.ones(10))
    net.forward(DATA)
    with pytest.raises(GraphError, match="backward needs the input of the last forward"):
        net.backward([DATA[0], DATA[1], DATA[2] + 1], np.ones(10))
