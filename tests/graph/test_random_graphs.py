"""Random graphs: forward and backward against PyTorch, unchanged by clone, save, and nesting."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphnet as gn
from graphnet import nn
from tests.support.oracle import torch

Operation = tuple[int, Callable[[], gn.Module], Callable[[Any], Any]]

OPERATIONS: list[Operation] = [
    (1, nn.Tanh, torch.tanh),
    (1, nn.Sigmoid, torch.sigmoid),
    (1, nn.ReLU, torch.relu),
    (1, nn.Identity, lambda x: x),
    (1, nn.SoftMax, lambda x: torch.softmax(x, -1)),
    (1, nn.LogSoftMax, lambda x: torch.log_softmax(x, -1)),
    (1, lambda: nn.MulConstant(-0.7), lambda x: x * -0.7),
    (2, nn.CAddTable, lambda t: t[0] + t[1]),
    (2, nn.CSubTable, lambda t: t[0] - t[1]),
    (2, nn.CMulTable, lambda t: t[0] * t[1]),
    (2, nn.CMaxTable, lambda t: torch.maximum(*t)),
    (3, nn.CAddTable, lambda t: t[0] + t[1] + t[2]),
]
LINEAR = len(OPERATIONS)

Plan = list[tuple[int, list[int]]]
"""For each node: which operation, and which of the values before it (counted backwards)."""

PLANS = st.lists(
    st.tuples(st.integers(0, LINEAR), st.lists(st.integers(0, 20), min_size=3, max_size=3)),
    min_size=1,
    max_size=12,
)


def build(plan: Plan) -> tuple[gn.GModule, Callable[[list[Any]], Any], list[torch.Tensor]]:
    """A graph of the plan, the same function in PyTorch, and the tensors of its parameters."""
    inputs = [gn.input("a"), gn.input("b")]
    nodes: list[gn.Node] = list(inputs)
    steps: list[tuple[Callable[[Any], Any], list[int]]] = []
    tensors: list[torch.Tensor] = []
    for choice, picks in plan:
        if choice == LINEAR:
            layer = nn.Linear(3, 3)
            weight, bias = (torch.tensor(p.data, requires_grad=True) for p in layer.parameters())
            tensors += [weight, bias]
            arity, module = 1, layer
            function = lambda x, w=weight, b=bias: x @ w.T + b  # noqa: E731
        else:
            arity, make, function = OPERATIONS[choice]
            module = make()
        chosen = [len(nodes) - 1 - pick % len(nodes) for pick in picks[:arity]]
        nodes.append(module([nodes[i] for i in chosen]))
        steps.append((function, chosen))
    loose = [node for node in nodes if not list(node.children)]  # every end is an output
    net = gn.GModule(inputs, [nn.CAddTable()([*inputs, *loose]), *loose])
    ends = [nodes.index(node) for node in loose]

    def peer(values: list[Any]) -> list[Any]:
        values = list(values)
        for function, chosen in steps:
            parts = [values[i] for i in chosen]
            values.append(function(parts[0] if len(parts) == 1 else parts))
        return [sum(values[i] for i in [0, 1, *ends]), *(values[i] for i in ends)]

    return net, peer, tensors


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=PLANS, batch=st.integers(0, 3), seed=st.integers(0, 99))
def test_random_graphs_equal_torch(plan: Plan, batch: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, peer, tensors = build(plan)
    data = [rng.normal(size=(batch, 3)) for _ in range(2)]
    run = net.run(data)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    found = run.backward(seeds)

    leaves = [torch.tensor(value, requires_grad=True) for value in data]
    expected = peer(leaves)
    torch.autograd.backward(expected, [torch.tensor(s) for s in seeds])
    for left, right in zip(run.outputs, expected, strict=True):
        np.testing.assert_allclose(left, right.detach(), rtol=1e-10, atol=1e-12)
    for left, leaf in zip(found, leaves, strict=True):
        np.testing.assert_allclose(left, leaf.grad, rtol=1e-9, atol=1e-10)
    gradients = sorted(float(p.grad.sum()) for p in net.parameters())
    peers = sorted(float(t.grad.sum()) if t.grad is not None else 0.0 for t in tensors)
    np.testing.assert_allclose(gradients, peers, rtol=1e-8, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(plan=PLANS)
def test_copies_files_and_nesting_change_nothing(plan: Plan) -> None:
    net, _, _ = build(plan)
    data = [np.linspace(-1, 1, 6).reshape(2, 3), np.ones((2, 3))]
    expected = net.forward(data)
    with tempfile.TemporaryDirectory() as folder:
        net.save(Path(folder) / "net.gn")
        loaded = gn.load(Path(folder) / "net.gn")
    a, b = gn.input(), gn.input()
    nested = gn.GModule([a, b], net([a, b]))
    for other in (net.clone(), loaded, nested, nn.Sequential(net)):
        for left, right in zip(other.forward(data), expected, strict=True):
            np.testing.assert_array_equal(left, right)
    assert gn.draw(net).source == gn.draw(loaded).source


@settings(max_examples=30, deadline=None)
@given(steps=st.integers(1, 6), batch=st.integers(0, 3), seed=st.integers(0, 99))
def test_recurrent_equals_unrolled_cells(steps: int, batch: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = nn.lstm_cell(2, 3)
    xs, c, h = (rng.normal(size=s) for s in [(steps, batch, 2), (batch, 3), (batch, 3)])
    inputs = [gn.input() for _ in range(steps + 2)]
    states: Any = inputs[steps:]
    for t in range(steps):
        states = cell([inputs[t], *states]).split(2)
    unrolled = gn.GModule(inputs, list(states))
    seeds = [np.zeros((steps, batch, 3)), *rng.normal(size=(2, batch, 3))]
    scanned = nn.Recurrent(cell).run([xs, c, h])
    by_scan = scanned.backward(seeds)
    scan_gradients = [p.grad.copy() for p in cell.parameters()]
    cell.zero_grad()
    run = unrolled.run([*xs, c, h])
    by_step = run.backward(seeds[1:])
    for left, right in zip(scanned.outputs[1:], run.outputs, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(by_scan[0], by_step[:steps], rtol=1e-12, atol=1e-12)
    for left, parameter in zip(scan_gradients, cell.parameters(), strict=True):
        np.testing.assert_allclose(left, parameter.grad, rtol=1e-12, atol=1e-12)
