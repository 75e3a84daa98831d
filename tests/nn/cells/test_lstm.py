"""The LSTM as a graph: against its equations, against PyTorch, and over sequences."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, NumericsError, ShapeError
from tests.support.oracle import torch

GATES = ["input_gate", "forget_gate", "candidate", "output_gate"]  # PyTorch's order


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def six_equations(
    cell: gn.GModule, x: np.ndarray, prev_c: np.ndarray, prev_h: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Written out in NumPy, with nothing of graphnet but the parameters."""

    def total(gate: str) -> np.ndarray:
        i2h, h2h = cell[f"{gate}.i2h"], cell[f"{gate}.h2h"]
        return (x @ i2h.weight.data.T + i2h.bias.data) + (
            prev_h @ h2h.weight.data.T + h2h.bias.data
        )

    i = sigmoid(total("input_gate"))
    f = sigmoid(total("forget_gate"))
    o = sigmoid(total("output_gate"))
    g = np.tanh(total("candidate"))
    c = f * prev_c + i * g
    return c, o * np.tanh(c)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_the_cell_equals_its_equations(
    dtype: str, tolerance: float, rng: np.random.Generator
) -> None:
    cell = nn.lstm_cell(400, 400).astype(dtype)
    data = [rng.normal(size=(32, 400)).astype(dtype) for _ in range(3)]
    for found, expected in zip(cell.forward(data), six_equations(cell, *data), strict=True):
        assert found.dtype == dtype
        assert np.abs(found - expected).max() < tolerance


def test_every_gradient_of_the_cell_equals_autograd(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell(400, 400)
    data = [rng.normal(size=(32, 400)) for _ in range(3)]
    seeds = [rng.normal(size=(32, 400)) for _ in range(2)]
    by_input = cell.run(data).backward(seeds)

    named = {n: torch.tensor(p.data, requires_grad=True) for n, p in cell.named_parameters()}
    x, prev_c, prev_h = (torch.tensor(v, requires_grad=True) for v in data)

    def total(gate: str) -> torch.Tensor:
        def linear(part: str, value: torch.Tensor) -> torch.Tensor:
            name = f"{gate}.{part}"
            return value @ named[f"{name}.weight"].T + named[f"{name}.bias"]

        return linear("i2h", x) + linear("h2h", prev_h)

    i, f, o = (torch.sigmoid(total(g)) for g in ("input_gate", "forget_gate", "output_gate"))
    c = f * prev_c + i * torch.tanh(total("candidate"))
    h = o * torch.tanh(c)
    torch.autograd.backward([c, h], [torch.tensor(s) for s in seeds])

    for found, tensor in zip(by_input, (x, prev_c, prev_h), strict=True):
        np.testing.assert_allclose(found, tensor.grad, rtol=1e-10, atol=1e-12)
    for name, parameter in cell.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[name].grad, rtol=1e-10, atol=1e-11)


def copy_weights(cell: gn.GModule, lstm: torch.nn.LSTM) -> None:
    with torch.no_grad():
        for part, weight, bias in (
            ("i2h", lstm.weight_ih_l0, lstm.bias_ih_l0),
            ("h2h", lstm.weight_hh_l0, lstm.bias_hh_l0),
        ):
            weight.copy_(torch.tensor(np.concatenate([cell[f"{g}.{part}"].weight for g in GATES])))
            bias.copy_(torch.tensor(np.concatenate([cell[f"{g}.{part}"].bias for g in GATES])))


def test_recurrent_equals_torch_over_50_steps(rng: np.random.Generator) -> None:
    steps, batch, inputs, hidden = 50, 8, 12, 16
    cell = nn.lstm_cell(inputs, hidden)
    peer = torch.nn.LSTM(inputs, hidden).double()
    copy_weights(cell, peer)
    data = [rng.normal(size=s) for s in [(steps, batch, inputs), (batch, hidden), (batch, hidden)]]
    run = nn.Recurrent(cell).run(data)
    seeds = [rng.normal(size=v.shape) for v in run.outputs]
    by_input = run.backward(seeds)

    xs, c0, h0 = (torch.tensor(v, requires_grad=True) for v in data)
    hs, (h, c) = peer(xs, (h0[None], c0[None]))
    expected = [hs, c[0], h[0]]
    torch.autograd.backward(expected, [torch.tensor(s) for s in seeds])
    for found, tensor in zip(run.outputs, expected, strict=True):
        np.testing.assert_allclose(found, tensor.detach(), rtol=1e-10, atol=1e-10)
    for found, tensor in zip(by_input, (xs, c0, h0), strict=True):
        np.testing.assert_allclose(found, tensor.grad, rtol=1e-10, atol=1e-10)
    for part, weight, bias in (
        ("i2h", peer.weight_ih_l0, peer.bias_ih_l0),
        ("h2h", peer.weight_hh_l0, peer.bias_hh_l0),
    ):
        weights = np.concatenate([cell[f"{g}.{part}"].weight.grad for g in GATES])
        biases = np.concatenate([cell[f"{g}.{part}"].bias.grad for g in GATES])
        np.testing.assert_allclose(weights, weight.grad, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(biases, bias.grad, rtol=1e-10, atol=1e-10)


def test_recurrent_equals_the_cell_step_by_step(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell(3, 4)
    xs, c, h = rng.normal(size=(6, 2, 3)), np.zeros((2, 4)), np.zeros((2, 4))
    hs, last_c, last_h = nn.Recurrent(cell).forward([xs, c, h])
    for t in range(6):
        c, h = cell.forward([xs[t], c, h])
        np.testing.assert_allclose(hs[t], h, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(last_h, hs[-1])
    np.testing.assert_allclose(last_c, c, rtol=1e-13)


def test_further_outputs_of_a_cell_are_the_sequence() -> None:
    x, h = gn.input(), gn.input()
    total = nn.CAddTable()([x, h])
    squared = nn.CMulTable()([total, total])
    net = nn.Recurrent(gn.GModule([x, h], [total, squared, x]))
    (squares, echoes), final = net.forward([np.ones((3, 2)), np.zeros(2)])
    np.testing.assert_array_equal(squares[:, 0], [1, 4, 9])
    np.testing.assert_array_equal(echoes, np.ones((3, 2)))
    np.testing.assert_array_equal(final, [3, 3])


def test_gradient_through_the_final_state_alone(rng: np.random.Generator) -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    data = [rng.normal(size=s) for s in [(4, 1, 2), (1, 3), (1, 3)]]
    run = net.run(data)
    back = run.backward([np.zeros_like(run.outputs[0]), np.zeros((1, 3)), np.ones((1, 3))])
    other = net.run(data)
    seed = np.zeros_like(run.outputs[0])
    seed[-1] = 1
    for a, b in zip(back, other.backward([seed, *np.zeros((2, 1, 3))]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-16)


def lstm() -> nn.Recurrent:
    return nn.Recurrent(nn.lstm_cell(2, 3))


STATE = np.zeros((4, 3))

FAULTS = [
    ([np.ones((5, 4, 2)), STATE, STATE, None, STATE], GraphError, r"at most prev_c, prev_h, lengths after it, received \["),
    ([np.ones((0, 4, 2)), STATE, STATE], ShapeError, r"received an empty sequence \(0, 4, 2\)"),
    ([np.ones(()), STATE, STATE], ShapeError, r"expected sequences \(steps, batch"),
    ([np.ones((5, 4, 7)), STATE, STATE], ShapeError, r"'forget_gate.i2h' .*expects an array \(…, 2\)"),
    ([np.ones((5, 4, 2)), STATE, STATE[:, :2]], ShapeError, r"State 'prev_h' .* expects a state \(…, 3\), received \(4, 2\)"),
    ([np.ones((5, 4, 2)), STATE[:1], STATE], ShapeError, r"state prev_c \(1, 3\), expected \(4, 3\)"),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_wrong_sequences_are_named(inputs: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lstm().forward(inputs)


def test_a_nan_inside_a_sequence_is_named_with_its_step() -> None:
    net = lstm()
    net.cell["forget_gate.i2h"].weight[0, 0] = 1e308
    xs = np.zeros((5, 4, 2))
    xs[3, 2, 0] = 100.0
    with pytest.raises(NumericsError, match=r"'forget_gate.i2h' .*inf at \(2, 0\).*step 3"):
        net.forward([xs, STATE, STATE], check_finite=True)


CELLS = [
    (lambda: nn.Recurrent(nn.Linear(2, 2)), "expected a cell that is a graph"),  # type: ignore[arg-type]
    (lambda: nn.Recurrent(gn.GModule((x := gn.input()), nn.Tanh()(x))), "expected a cell"),
    (lambda: nn.Recurrent(gn.GModule([(x := gn.input()), (c := gn.input()), (h := gn.input())],
                                     [nn.CAddTable()([x, c, h])])), r"2 states \(c, h\) and 1 outputs"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), CELLS, ids=[c[1] for c in CELLS])
def test_what_is_no_cell_is_refused(make: object, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        make()  # type: ignore[operator]
