"""Gradient flow: the norms of dE/ds_k against gradients by the states themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, train
from graphnet.errors import GraphError
from tests.support.numeric import numeric_gradient, relative_error

STEPS, BATCH, SIZE = 6, 3, 4


def last_state(cell: gn.GModule) -> nn.Sequential:
    return nn.Sequential(nn.Recurrent(cell), nn.SelectTable(-1))


def test_norms_equal_those_of_finite_differences(rng: np.random.Generator) -> None:
    """dE/ds_k is the gradient of the rest of the sequence by the state that it starts from."""
    cell = nn.lstm_cell(2, SIZE)
    xs, target = rng.normal(size=(STEPS, BATCH, 2)), rng.normal(size=(BATCH, SIZE))
    flow = gn.gradient_flow(last_state(cell), xs, target)
    assert flow.loss == pytest.approx(
        float(((nn.Recurrent(cell).forward(xs)[2] - target) ** 2).mean())
    )
    for k in range(STEPS - 1):
        _, c, h = nn.Recurrent(cell).forward(xs[: k + 1])

        def rest(c: np.ndarray = c, h: np.ndarray = h, k: int = k) -> float:
            last = nn.Recurrent(cell).forward([xs[k + 1 :], c, h])[2]
            return float(((last - target) ** 2).mean())

        expected = np.linalg.norm(numeric_gradient(rest, h))
        assert relative_error(flow.norms["0.next_h"][k], expected) < 1e-7


def test_the_cell_counts_its_own_way_to_the_output(rng: np.random.Generator) -> None:
    """At the last step dE/dc flows through h alone: o (1 - tanh² c) dE/dh."""
    cell = nn.lstm_cell(2, SIZE)
    xs, target = rng.normal(size=(STEPS, BATCH, 2)), rng.normal(size=(BATCH, SIZE))
    net = last_state(cell)
    flow = gn.gradient_flow(net, xs, target)
    run = net.run(xs, trace=["output_gate", "squashed"])
    gradient = 2 * (run.outputs - target) / target.size
    by_c = gradient * run["output_gate"][-1] * (1 - run["squashed"][-1] ** 2)
    assert flow.norms["0.next_h"][-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert flow.norms["0.next_c"][-1] == pytest.approx(np.linalg.norm(by_c), rel=1e-12)


def test_a_linear_recurrence_decays_as_its_weight(rng: np.random.Generator) -> None:
    cell = nn.rnn_cell(1, 1, bias=False, squash=nn.Identity)
    cell["h2h"].weight[:] = 0.5
    xs = rng.normal(size=(20, 1, 1))
    norms = gn.gradient_flow(last_state(cell), xs, np.array([[3.0]])).norms["0.next_h"]
    np.testing.assert_allclose(norms[:-1] / norms[1:], 0.5, rtol=1e-12)


def test_every_recurrent_part_is_listed_and_gradients_are_left_alone(
    rng: np.random.Generator,
) -> None:
    net = nn.LSTM(2, SIZE, num_layers=2, bidirectional=True)
    for parameter in net.parameters():
        parameter.grad = rng.normal(size=parameter.shape)
    before = [np.array(p.grad) for p in net.parameters()]
    flow = gn.gradient_flow(
        net, rng.normal(size=(STEPS, BATCH, 2)), np.zeros((STEPS, BATCH, 2 * SIZE))
    )
    layers = ["layer1", "layer1_reverse", "layer2", "layer2_reverse"]
    assert set(flow.norms) == {f"{layer}.next_{s}" for layer in layers for s in "ch"}
    assert all(norm.shape == (STEPS,) and (norm > 0).all() for norm in flow.norms.values())
    for parameter, kept in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.grad, kept)


def test_whole_numbers_are_classes(rng: np.random.Generator) -> None:
    net = last_state(nn.gru_cell(2, SIZE))
    xs, classes = rng.normal(size=(STEPS, BATCH, 2)), np.array([0, 3, 1])
    given = gn.gradient_flow(net, xs, classes, nn.CrossEntropyCriterion())
    found = gn.gradient_flow(net, xs, classes)
    assert found.loss == given.loss
    np.testing.assert_array_equal(found.norms["0.next_h"], given.norms["0.next_h"])


def test_it_shows_itself(tmp_path: Path, rng: np.random.Generator) -> None:
    net = last_state(nn.rnn_cell(2, SIZE))
    flow = gn.gradient_flow(net, rng.normal(size=(STEPS, BATCH, 2)), np.ones((BATCH, SIZE)))
    assert str(flow).startswith("norm of dE/ds at step")
    assert "0.next_h" in str(flow)
    flow.plot(tmp_path / "flow.svg", title="a plain cell")
    train.draw_gradient_flow({"one": flow, "two": flow}, tmp_path / "flows.png")
    text = (tmp_path / "flow.svg").read_text()
    assert "<!-- a plain cell -->" in text
    assert "<!-- 0.next_h -->" in text
    flow.plot(tmp_path / "again.svg", title="a plain cell")
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "flow.svg").read_bytes()
    assert (tmp_path / "flows.png").read_bytes().startswith(b"\x89PNG")


def test_a_net_without_states_is_refused() -> None:
    with pytest.raises(GraphError, match=r"Linear has no state that is carried over steps"):
        gn.gradient_flow(nn.Linear(2, 2), np.ones((3, 2)), np.ones((3, 2)))
