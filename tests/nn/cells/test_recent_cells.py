"""xLSTM without its stabiliser, clocks, eigenvalues: what the equations of a step do not show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.cell_checks import check, scatter
from tests.support.oracle import Tensor, torch


def affine(named: dict[str, Tensor], part: str, x: Tensor) -> Tensor:
    return x @ named[f"{part}.weight"].T + named[f"{part}.bias"]


def check_shown(
    net: gn.Module,
    rng: np.random.Generator,
    expected: Callable[[dict[str, Tensor], Tensor], list[Tensor]],
) -> None:
    """The outputs at each step, without the last states, which are scaled otherwise."""
    check(
        nn.Sequential(net, nn.SelectTable(0)),
        [rng.normal(size=(6, 5, 3))],
        lambda named, xs: expected({k.partition(".")[2]: v for k, v in named.items()}, xs),
        rng,
    )


def forget_gate(b: Tensor, forget: str) -> Tensor:
    return torch.exp(b) if forget == "exponential" else torch.sigmoid(b)


@pytest.mark.parametrize("forget", ["sigmoid", "exponential"])
def test_the_scalar_memory_equals_its_unstabilised_form(
    forget: str, rng: np.random.Generator
) -> None:
    """c, n and h of six steps from zeros, with gates that are exponentials as they are written."""
    net = nn.Recurrent(nn.xlstm_scalar_cell(3, 4, forget=forget))  # type: ignore[arg-type]
    scatter(net, rng)

    def unstabilised(named: dict[str, Tensor], xs: Tensor) -> list[Tensor]:
        c, n, h = (torch.zeros(5, 4, dtype=torch.float64) for _ in range(3))
        outputs = []
        for x in xs:
            sums = {
                gate: affine(named, f"{gate}.i2h", x) + affine(named, f"{gate}.h2h", h)
                for gate in ("input_gate", "forget_gate", "output_gate", "candidate")
            }
            i, f = torch.exp(sums["input_gate"]), forget_gate(sums["forget_gate"], forget)
            c, n = f * c + i * torch.tanh(sums["candidate"]), f * n + i
            h = torch.sigmoid(sums["output_gate"]) * c / n
            outputs.append(h)
        return [torch.stack(outputs)]

    check_shown(net, rng, unstabilised)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("forget", ["sigmoid", "exponential"])
def test_the_matrix_memory_equals_its_unstabilised_form(
    heads: int, forget: str, rng: np.random.Generator
) -> None:
    """The output divides by max(|n q|, 1), as the paper writes it."""
    net = nn.Recurrent(nn.xlstm_matrix_cell(3, 4, heads=heads, forget=forget))  # type: ignore[arg-type]
    scatter(net, rng)
    size = 4 // heads

    def unstabilised(named: dict[str, Tensor], xs: Tensor) -> list[Tensor]:
        matrix = torch.zeros(5, heads, size, size, dtype=torch.float64)
        n = torch.zeros(5, heads, size, dtype=torch.float64)
        outputs = []
        for x in xs:
            q, k, v = (
                affine(named, f"{part}.i2h", x).reshape(5, heads, size)
                for part in ("query", "key", "value")
            )
            k = k / size**0.5
            i = torch.exp(affine(named, "input_gate.i2h", x))
            f = forget_gate(affine(named, "forget_gate.i2h", x), forget)
            outer = v[..., :, None] * k[..., None, :]
            matrix = f[..., None, None] * matrix + i[..., None, None] * outer
            n = f[..., None] * n + i[..., None] * k
            divisor = (n * q).sum(-1).abs().clamp(min=1.0)
            read = (matrix @ q[..., None])[..., 0] / divisor[..., None]
            outputs.append(torch.sigmoid(affine(named, "output_gate.i2h", x)) * read.flatten(1))
        return [torch.stack(outputs)]

    check_shown(net, rng, unstabilised)


@pytest.mark.parametrize("name", ["xlstm_scalar_cell", "xlstm_matrix_cell"])
@pytest.mark.parametrize("sum_of_gate", [-800.0, 800.0])
def test_no_gate_overflows(name: str, sum_of_gate: float, rng: np.random.Generator) -> None:
    cell = nn.CELLS[name](3, 4)
    cell["input_gate.i2h"].bias[:] = sum_of_gate
    run = nn.Recurrent(cell).run(rng.normal(size=(6, 5, 3)))
    gradient = run.backward([np.ones(value.shape) for value in run.outputs])
    assert np.isfinite(run.outputs[0]).all()
    assert np.isfinite(gradient).all()


def test_units_of_the_clockwork_change_at_their_periods(rng: np.random.Generator) -> None:
    periods = np.array([1, 1, 3, 3, 5, 5])
    net = nn.Recurrent(nn.clockwork_rnn_cell(3, 6, periods=(5, 1, 3)))
    outputs, steps, _ = net.forward(rng.normal(size=(16, 2, 3)))
    before = np.concatenate([np.zeros((1, 2, 6)), outputs[:-1]])
    for t, (previous, output) in enumerate(zip(before, outputs, strict=True)):
        is_due = t % periods == 0
        assert ((output != previous) == is_due).all()
    assert (steps == 16).all()


def test_units_of_the_clockwork_read_no_shorter_period() -> None:
    cell = nn.clockwork_rnn_cell(1, 4)
    cell["i2h"].weight[:] = 0
    cell["i2h"].bias[:] = 0
    states = [np.zeros((4, 1)), np.zeros((4, 1)), np.eye(4)]
    _, next_h = cell.forward(states)
    assert (np.tril(next_h) != 0).sum() == 10  # row i starts from unit i alone
    assert not np.triu(next_h, 1).any()


def test_eigenvalues_start_in_their_ring() -> None:
    gn.manual_seed(0)
    step = nn.lru_cell(3, 200, low=0.5, high=0.9, phase=0.3)["next_s"]
    named = dict(step.module.named_parameters())
    radius, phase = np.exp(-np.exp(named["nu"].data)), np.exp(named["theta"].data)
    assert ((radius >= 0.5) & (radius <= 0.9)).all()
    assert ((phase >= 0) & (phase <= 0.3)).all()
    np.testing.assert_allclose(np.exp(named["log_gamma"].data) ** 2, 1 - radius**2)


def test_the_minimal_lstm_keeps_shares_that_sum_to_one(rng: np.random.Generator) -> None:
    cell = nn.minlstm_cell(3, 4)
    run = cell.run([rng.normal(size=(5, 3)), rng.normal(size=(5, 4))])
    np.testing.assert_allclose(run["forget_share"] + run["input_share"], 1)
