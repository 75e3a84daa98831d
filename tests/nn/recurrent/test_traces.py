"""Traces: the gradients of states and parameters by step, in stacks, both directions and padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph import Module, Parameter
from tests.support.cells import OF_EACH_KIND
from tests.support.numeric import close
from tests.support.recurrent_loops import (
    BATCH,
    INPUTS,
    LENGTHS,
    STEPS,
    made,
    states_of,
    with_nan,
)


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_some_nodes_and_parameters_can_be_traced_alone(name: str, rng: np.random.Generator) -> None:
    cell = made(name, rng)
    data = [rng.normal(size=(STEPS, BATCH, INPUTS)), *states_of(cell, rng, BATCH)]
    node = cell.name_of(cell.outputs[0])
    weight = next(iter(cell.parameters().named))
    net = nn.Recurrent(cell)
    run = net.run(data, trace=[node], trace_weights=[weight])
    whole = net.run(data, trace=True, trace_weights=True)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    run.backward(seeds)
    whole.backward(seeds)
    assert run.names == [node]
    np.testing.assert_array_equal(run[node], whole[node])
    close(run.grad[node], whole.grad[node])
    assert list(run.weight_grad_by_step) == [weight]
    close(run.weight_grad_by_step[weight], whole.weight_grad_by_step[weight])


XS = np.ones((5, 4, 3))


def gru(inputs: int = 3, hidden: int = 4) -> nn.Recurrent:
    return nn.Recurrent(nn.gru_cell(inputs, hidden))


def test_zeros_are_the_states_of_a_sequence_in_each_step(rng: np.random.Generator) -> None:
    x, prev_h = gn.input(), nn.State(4)()
    shown, next_h = gru()(x, prev_h).split(2)
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, shown]))
    xs = rng.normal(size=(6, 5, 2, 3))
    expected = net.forward([xs, np.zeros((2, 4))])
    for found, wanted in zip(net.forward(xs), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


class Scaled(Module):
    """Two parameters, the name of one of which begins with that of the other."""

    def __init__(self) -> None:
        self.weight_scale = Parameter(np.ones(3))
        self.weight = Parameter(np.ones(3))

    def compute(self, x: Any) -> Any:
        return x * self.weight_scale * self.weight


def test_parameters_whose_names_begin_alike_are_traced() -> None:
    x, prev_h = gn.input(), nn.State(3)()
    next_h = Scaled()(nn.CAddTable()([x, prev_h]))
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h]))
    run = net.run(XS, trace_weights=["weight", "weight_scale"])
    run.backward([np.ones(XS.shape), None])
    assert set(run.weight_grad_by_step) == {"next_h.weight", "next_h.weight_scale"}


def test_a_cell_without_parameters_has_no_gradients_of_them_by_step() -> None:
    x, h = gn.input("x"), nn.State(3)()
    net = nn.Recurrent(gn.GModule([x, h], [nn.Tanh()(nn.CAddTable()([x, h]))]))
    run = net.run(XS, trace_weights=True)
    run.backward([np.ones_like(output) for output in run.outputs])
    assert run.weight_grad_by_step == {}
    run = net.run(XS)
    run.backward([np.ones_like(output) for output in run.outputs])
    with pytest.raises(GraphError, match="Ask for them"):
        _ = run.weight_grad_by_step


def test_traces_of_a_stack_are_those_of_its_parts(rng: np.random.Generator) -> None:
    cells = [nn.gru_cell(3, 4), nn.gru_cell(4, 2), nn.gru_cell(4, 2)]
    net = nn.stack(cells[0], (cells[1], cells[2]))
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    run = net.run(with_nan(xs, LENGTHS), lengths=LENGTHS, trace=True, trace_weights=True)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    run.backward(seeds)
    names = {path for path, _ in net.named_parameters()}
    assert set(run.weight_grad_by_step) == names
    for path, parameter in net.named_parameters():
        np.testing.assert_allclose(
            run.weight_grad_by_step[path].sum(0), parameter.grad, rtol=1e-12, atol=1e-12
        )
    for name in ("layer2", "layer2_reverse"):
        part = net[name].module
        alone = part.run(run["layer1_output"], lengths=LENGTHS, trace=True)
        output = {"layer2": seeds[0][..., :2], "layer2_reverse": seeds[0][..., 2:]}[name]
        alone.backward([output, seeds[2 if name == "layer2" else 3]])
        for node in alone.names:
            np.testing.assert_allclose(run[f"{name}.{node}"], alone[node], rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(
                run.grad[f"{name}.{node}"], alone.grad[node], rtol=1e-12, atol=1e-13
            )


def test_one_cell_in_both_directions_has_two_traces(rng: np.random.Generator) -> None:
    cell = made("lstm_cell", rng)
    net = nn.Bidirectional(cell, cell)
    run = net.run(rng.normal(size=(STEPS, BATCH, INPUTS)), trace=True, trace_weights=True)
    run.backward([rng.normal(size=value.shape) for value in run.outputs])
    found = run.weight_grad_by_step
    assert len(found) == 2 * len(cell.parameters())
    for path, parameter in cell.named_parameters():
        twice = [value for name, value in found.items() if path in name]
        total = np.sum([value.sum(0) for value in twice], axis=0)
        assert len(twice) == 2
        np.testing.assert_allclose(total, parameter.grad, rtol=1e-12, atol=1e-12)
    assert "forward.forget_gate" in run
    assert "backward.forget_gate" in run


X = np.random.default_rng(0).normal(size=(6, 2, 3))


def test_one_layer_at_two_positions_has_two_traces() -> None:
    layer = nn.Recurrent(nn.rnn_cell(3, 3))
    net = nn.Sequential(layer, nn.SelectTable(0), layer, nn.SelectTable(0))
    run = net.run(X, trace=["next_h"])
    first = layer.forward(X)[0]
    np.testing.assert_array_equal(run["0.next_h"], first)
    np.testing.assert_array_equal(run["2.next_h"], layer.forward(first)[0])
    flow = gn.gradient_flow(net, X, np.zeros((6, 2, 3)))
    assert set(flow.norms) == {"0.next_h", "2.next_h"}


def test_one_layer_at_two_nodes_flows_at_both() -> None:
    layer, a, b = nn.Recurrent(nn.rnn_cell(3, 4)), gn.input(), gn.input()
    one, two = layer(a), layer(b)
    net = gn.GModule([a, b], nn.SelectTable(0)(one) + nn.SelectTable(0)(two))
    flow = gn.gradient_flow(net, [X, X], np.zeros((6, 2, 4)))
    assert set(flow.norms) == {"one.next_h", "two.next_h"}


def test_padding_in_a_trace_is_zero_by_row_and_in_inner_sequences() -> None:
    x, prev_h = gn.input(), nn.State(4)()
    recurrent = nn.Recurrent(nn.rnn_cell(3, 4), batch_first=True)(x, prev_h=prev_h)
    shown, next_h = recurrent.split(2)
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, shown]))
    run = net.run(np.ones((5, 2, 4, 3)), trace=True, lengths=[5, 2])  # 5 steps of 4 steps
    inner = run["recurrent.next_h"]
    assert inner.shape == (5, 4, 2, 4)
    assert not inner[2:, :, 1].any()
    assert inner[:, :, 0].all()


def test_steps_of_zeros_are_zero_in_a_trace() -> None:
    xs = X.copy()
    xs[2, 0] = 0
    run = nn.Recurrent(nn.rnn_cell(3, 4), mask_zero=True).run(xs, trace=["next_h"])
    assert not run["next_h"][2, 0].any()
    assert run["next_h"][2, 1].all()


def test_paths_can_be_asked_for() -> None:
    lstm, cell = nn.LSTM(3, 4), nn.Recurrent(nn.gru_cell(3, 4))
    assert "layer1.forget_gate" in lstm
    assert "update_gate.i2h" in cell
    assert "i2h" not in cell
    assert 3 not in lstm
