"""The recurrent cells: against their equations, PyTorch's cells, and each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from tests.support.oracle import F, Tensor, torch

Function = Callable[[Tensor], Tensor]
Outputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class Weights:
    """The parameters of a cell by name, and the functions of its gates."""

    named: dict[str, Tensor]
    gate: Function = torch.sigmoid
    squash: Function = torch.tanh

    def linear(self, name: str, value: Tensor) -> Tensor:
        y = value @ self.named[f"{name}.weight"].T
        return y + self.named[f"{name}.bias"] if f"{name}.bias" in self.named else y

    def sum(self, name: str, x: Tensor, h: Tensor) -> Tensor:
        return self.linear(f"{name}.i2h", x) + self.linear(f"{name}.h2h", h)

    def gates(self, x: Tensor, h: Tensor, *names: str) -> list[Tensor]:
        return [self.gate(self.sum(f"{name}_gate", x, h)) for name in names]

    def candidate(self, x: Tensor, h: Tensor) -> Tensor:
        return self.squash(self.sum("candidate", x, h))

    def norm(self, name: str, value: Tensor) -> Tensor:
        mean = value.mean(-1, keepdim=True)
        variance = ((value - mean) ** 2).mean(-1, keepdim=True)
        y = (value - mean) / (variance + 1e-5) ** 0.5 * self.named[f"{name}.weight"]
        return y + self.named[f"{name}.bias"] if f"{name}.bias" in self.named else y


def rnn(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    return (w.squash(w.linear("i2h", x) + w.linear("h2h", h)),)


def lstm(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    i, f, o = w.gates(x, h, "input", "forget", "output")
    after = f * c + i * w.candidate(x, h)
    return after, o * w.squash(after)


def lstm_1997(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    i, o = w.gates(x, h, "input", "output")
    after = c + i * w.candidate(x, h)
    return after, o * w.squash(after)


def coupled(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    i, o = w.gates(x, h, "input", "output")
    after = c - i * c + i * w.candidate(x, h)
    return after, o * w.squash(after)


def merged(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    i, f, g, o = (w.linear("i2h", x) + w.linear("h2h", h)).chunk(4, -1)
    after = w.gate(f) * c + w.gate(i) * w.squash(g)
    return after, w.gate(o) * w.squash(after)


def layernorm(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    total = w.norm("i2h_norm", w.linear("i2h", x)) + w.norm("h2h_norm", w.linear("h2h", h))
    i, f, g, o = total.chunk(4, -1)
    after = w.gate(f) * c + w.gate(i) * w.squash(g)
    return after, w.gate(o) * w.squash(w.norm("norm_c", after))


def peephole(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    def gate(name: str, cell: Tensor) -> Tensor:
        return w.gate(w.sum(name, x, h) + w.named[f"{name}.peephole.weight"] * cell)

    after = gate("forget_gate", c) * c + gate("input_gate", c) * w.candidate(x, h)
    return after, gate("output_gate", after) * w.squash(after)


def projected(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    after, output = lstm(w, x, c, h)
    return after, output @ w.named["projection.weight"].T


def zoneout(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    next_c, next_h = lstm(w, x, c, h)
    return 0.3 * c + 0.7 * next_c, 0.2 * h + 0.8 * next_h


def gru(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    r, z = w.gates(x, h, "reset", "update")
    g = w.squash(w.linear("candidate.i2h", x) + r * w.linear("candidate.h2h", h))
    return ((1 - z) * g + z * h,)


def gru_before(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    r, z = w.gates(x, h, "reset", "update")
    return ((1 - z) * w.candidate(x, r * h) + z * h,)


def minimal(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    (f,) = w.gates(x, h, "forget")
    return ((1 - f) * h + f * w.candidate(x, f * h),)


def multiplicative(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    m = (x @ w.named["product.i2h.weight"].T) * (h @ w.named["product.h2h.weight"].T)
    return lstm(w, x, c, m)


def qrnn(w: Weights, x: Tensor, c: Tensor) -> Outputs:
    f = w.gate(w.linear("forget_gate.i2h", x))
    o = w.gate(w.linear("output_gate.i2h", x))
    after = f * c + (1 - f) * w.squash(w.linear("candidate.i2h", x))
    return after, o * after


def sru(w: Weights, x: Tensor, c: Tensor) -> Outputs:
    f, r = (
        w.gate(w.linear(f"{gate}.i2h", x) + w.named[f"{gate}.peephole.weight"] * c)
        for gate in ("forget_gate", "reset_gate")
    )
    after = f * c + (1 - f) * (x @ w.named["candidate.weight"].T)
    skip = x @ w.named["skip.weight"].T if "skip.weight" in w.named else x
    return after, r * w.squash(after) + (1 - r) * skip


@dataclass(frozen=True)
class Row:
    """The equations in evaluation mode, and the function where it is not tanh."""

    equations: Callable[..., Outputs]
    squash: Function = torch.tanh


ROWS = {
    "rnn_cell": Row(rnn),
    "rnn_cell_relu": Row(rnn, torch.relu),
    "lstm_cell": Row(lstm),
    "lstm_cell_1997": Row(lstm_1997),
    "lstm_cell_coupled": Row(coupled),
    "lstm_cell_layernorm": Row(layernorm),
    "lstm_cell_merged": Row(merged),
    "lstm_cell_peephole": Row(peephole),
    "lstm_cell_peephole_element_research": Row(peephole),
    "lstm_cell_projected": Row(projected),
    "lstm_cell_recurrent_dropout": Row(lstm),
    "lstm_cell_variational": Row(lstm),
    "lstm_cell_zoneout": Row(zoneout),
    "gru_cell": Row(gru),
    "gru_cell_before": Row(gru_before),
    "gru_cell_element_research": Row(gru_before),
    "minimal_gated_cell": Row(minimal),
    "mlstm_cell": Row(multiplicative),
    "qrnn_cell": Row(qrnn),
    "sru_cell": Row(sru, lambda c: c),
}


def test_every_cell_has_a_row() -> None:
    assert set(ROWS) == set(nn.CELLS)


def test_every_cell_function_is_in_the_table() -> None:
    functions = {name for name in nn.__all__ if "_cell" in name} - {"feedback_cell"}
    assert functions <= set(nn.CELLS)
    assert {"rnn_cell", "lstm_cell_1997"} <= functions  # feedback_cell is made of given modules


def inputs_of(cell: gn.GModule, x: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """x, and a state of the right size for each further input."""
    sizes = [node.module.size for node in cell.inputs[1:]]
    return [x, *[rng.normal(size=(*x.shape[:-1], size)) for size in sizes]]


def scatter(cell: gn.GModule, rng: np.random.Generator) -> gn.GModule:
    """Parameters away from their first values, which may be all 0 or 1."""
    for parameter in cell.parameters():
        parameter.data += rng.normal(scale=0.3, size=parameter.shape)
    return cell


def check(
    cell: gn.GModule,
    data: Sequence[np.ndarray],
    expected: Callable[..., Sequence[Tensor]],
    rng: np.random.Generator,
) -> None:
    """Outputs to 1e-12, gradients of all inputs and parameters to 1e-10."""
    named = {n: torch.tensor(p.data, requires_grad=True) for n, p in cell.named_parameters()}
    tensors = [torch.tensor(value, requires_grad=True) for value in data]
    wanted = list(expected(named, *tensors))
    run = cell.run(list(data))
    outputs = run.outputs if isinstance(run.outputs, list) else [run.outputs]
    for found, tensor in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(found, tensor.detach(), rtol=1e-12, atol=1e-12)
    seeds = [rng.normal(size=output.shape) for output in outputs]
    torch.autograd.backward(wanted, [torch.tensor(seed) for seed in seeds])
    cell.zero_grad()
    by_input = run.backward(seeds if len(seeds) > 1 else seeds[0])
    for found, tensor in zip(by_input, tensors, strict=True):
        np.testing.assert_allclose(found, tensor.grad, rtol=1e-10, atol=1e-10)
    for name, parameter in cell.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[name].grad, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("inputs", [3, 4])
@pytest.mark.parametrize("name", ROWS)
def test_a_cell_equals_its_equations(name: str, inputs: int, rng: np.random.Generator) -> None:
    row = ROWS[name]
    cell = scatter(nn.CELLS[name](inputs, 4).evaluate(), rng)
    for shape in [(inputs,), (5, inputs), (2, 5, inputs)]:
        data = inputs_of(cell, rng.normal(size=shape), rng)
        check(
            cell, data, lambda named, *v: row.equations(Weights(named, squash=row.squash), *v), rng
        )


@pytest.mark.parametrize("name", ROWS)
def test_functions_can_be_swapped_and_biases_left_out(name: str, rng: np.random.Generator) -> None:
    make = nn.CELLS[name]
    options: dict[str, Any] = {"squash": nn.SoftSign, "gate": lambda: nn.HardTanh(-0.3, 0.4)}
    if name.startswith("rnn"):
        del options["gate"]
    cell = scatter(make(3, 4, bias=False, **options).evaluate(), rng)
    data = inputs_of(cell, rng.normal(size=(5, 3)), rng)
    assert not [path for path, _ in cell.named_parameters() if path.endswith("bias")]
    assert not {"Tanh", "Sigmoid", "ReLU"} & {type(node.module).__name__ for node in cell.nodes}

    def gate(x: Tensor) -> Tensor:
        return F.hardtanh(x, -0.3, 0.4)

    check(
        cell,
        data,
        lambda named, *v: ROWS[name].equations(Weights(named, gate, F.softsign), *v),
        rng,
    )


def test_all_cells_take_the_same_words() -> None:
    named = [name for name in nn.CELLS if hasattr(nn, name)]  # others are variants of these
    assert len(named) >= 16
    for name in named:
        found = set(inspect.signature(getattr(nn, name)).parameters)
        words = {"input_size", "hidden_size", "bias", "gate", "squash"}
        assert words - found == ({"gate"} if name == "rnn_cell" else set())


# ---- PyTorch's own cells


def stacked(named: dict[str, Tensor], part: str, gates: Sequence[str], kind: str) -> Tensor:
    return torch.cat([named[f"{gate}.{part}.{kind}"] for gate in gates])


LSTM_GATES = ["input_gate", "forget_gate", "candidate", "output_gate"]
GRU_GATES = ["reset_gate", "update_gate", "candidate"]


def peer_weights(
    named: dict[str, Tensor], gates: Sequence[str], end: str = ""
) -> dict[str, Tensor]:
    """The parameters under PyTorch's names; a merged cell has them as they are."""
    if "i2h.weight" in named:
        return {
            f"{k}_{p}": named[f"{q}.{k}"]
            for k in ("weight", "bias")
            for p, q in (("ih", "i2h"), ("hh", "h2h"))
        }
    return {
        f"{kind}_{theirs}{end}": stacked(named, ours, gates, kind)
        for kind in ("weight", "bias")
        for theirs, ours in (("ih", "i2h"), ("hh", "h2h"))
    }


def torch_rnn(named: dict[str, Tensor], x: Tensor, h: Tensor, kind: str = "tanh") -> Outputs:
    peer = torch.nn.RNNCell(3, 4, nonlinearity=kind).double()
    return (torch.func.functional_call(peer, peer_weights(named, []), (x, h)),)


def torch_gru(named: dict[str, Tensor], x: Tensor, h: Tensor) -> Outputs:
    peer = torch.nn.GRUCell(3, 4).double()
    return (torch.func.functional_call(peer, peer_weights(named, GRU_GATES), (x, h)),)


def torch_lstm(named: dict[str, Tensor], x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    peer = torch.nn.LSTMCell(3, 4).double()
    h, c = torch.func.functional_call(peer, peer_weights(named, LSTM_GATES), (x, (h, c)))
    return c, h


def torch_projected(named: dict[str, Tensor], x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    peer = torch.nn.LSTM(3, 4, proj_size=2).double()
    weights = peer_weights(named, LSTM_GATES, "_l0")
    weights["weight_hr_l0"] = named["projection.weight"]
    _, (h, c) = torch.func.functional_call(peer, weights, (x[None], (h[None], c[None])))
    return c[0], h[0]


PEERS: dict[str, Callable[..., Outputs]] = {
    "rnn_cell": torch_rnn,
    "rnn_cell_relu": lambda named, x, h: torch_rnn(named, x, h, "relu"),
    "gru_cell": torch_gru,
    "lstm_cell": torch_lstm,
    "lstm_cell_merged": torch_lstm,
    "lstm_cell_projected": torch_projected,
}


@pytest.mark.parametrize("name", PEERS)
def test_a_cell_equals_torch(name: str, rng: np.random.Generator) -> None:
    cell = nn.CELLS[name](3, 4)
    check(cell, inputs_of(cell, rng.normal(size=(5, 3)), rng), PEERS[name], rng)


# ---- what every cell can


def as_list(value: Any) -> list[np.ndarray]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ROWS)
def test_a_cell_is_saved_cloned_and_drawn(
    name: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    cell = nn.CELLS[name](3, 4).evaluate()
    data = inputs_of(cell, rng.normal(size=(5, 3)), rng)
    expected = as_list(cell.forward(data))
    cell.save(tmp_path / "cell.gn")
    for copy in (gn.load(tmp_path / "cell.gn"), cell.clone()):
        assert repr(copy) == repr(cell)
        assert repr(copy.parameters()) == repr(cell.parameters())
        for found, wanted in zip(as_list(copy.forward(data)), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert "prev_" in gn.draw(cell).source


@pytest.mark.parametrize("name", ROWS)
def test_a_cell_runs_over_a_sequence(name: str, rng: np.random.Generator) -> None:
    cell = nn.CELLS[name](3, 4).evaluate()
    xs = rng.normal(size=(6, 5, 3))
    _, *states = inputs_of(cell, xs[0], rng)
    outputs, *finals = nn.Recurrent(cell).forward([xs, *states])
    for x, output in zip(xs, outputs, strict=True):
        results = as_list(cell.forward([x, *states]))
        states = results[: len(states)]
        np.testing.assert_allclose(output, results[-1], rtol=1e-12, atol=1e-13)
    for found, state in zip(finals, states, strict=True):
        np.testing.assert_allclose(found, state, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ROWS)
def test_names(name: str) -> None:
    cell = nn.CELLS[name](3, 4)
    shown = "projection" if name == "lstm_cell_projected" else "next_h"
    assert cell.name_of(cell.outputs[-1]) == shown
    states = [cell.name_of(node) for node in cell.inputs]
    assert states in (["x", "prev_h"], ["x", "prev_c"], ["x", "prev_c", "prev_h"])
    if "prev_c" in states:
        assert cell.name_of(cell.outputs[0]) == "next_c"
    if "candidate" in cell and "sru" not in name and "layernorm" not in name:
        assert cell["candidate.i2h"].weight.shape == (4, 3)


def test_the_highway_of_sru_has_weights_where_sizes_differ() -> None:
    assert nn.sru_cell(3, 4)["skip"].weight.shape == (4, 3)
    assert "skip" not in nn.sru_cell(4, 4)


def test_a_state_of_another_size_is_named() -> None:
    cell = nn.lstm_cell_projected(3, 4, 2)
    with pytest.raises(ShapeError, match=r"'prev_h' .*expects a state \(…, 2\), received \(5, 4\)"):
        cell.forward([np.zeros((5, 3)), np.zeros((5, 4)), np.zeros((5, 4))])


def test_a_word_that_is_no_reset_is_named() -> None:
    with pytest.raises(ValueError, match="reset is 'never', expected 'after' or 'before'"):
        nn.gru_cell(3, 4, reset="never")  # type: ignore[arg-type]


def test_the_forms_of_element_research_have_one_bias() -> None:
    for name in ("lstm_cell_peephole_element_research", "gru_cell_element_research"):
        biases = [n for n, _ in nn.CELLS[name](3, 4).named_parameters() if n.endswith("bias")]
        assert biases
        assert all(n.endswith("i2h.bias") for n in biases)


# ---- in training


def sequence(cell: gn.GModule, steps: int, rng: np.random.Generator) -> list[np.ndarray]:
    xs = rng.normal(size=(steps, 8, 3))
    return [xs, *inputs_of(cell, xs[0], rng)[1:]]


def test_variational_masks_are_the_same_at_each_step() -> None:
    x, prev_h = gn.input(), nn.State(50)()
    masked = nn.VariationalDropout(0.3)(prev_h)
    next_h = nn.CAddTable()([masked, x])
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, masked]))
    xs = np.ones((6, 4, 50))
    masks, _ = net.forward([xs, np.ones((4, 50))])
    zero = masks == 0
    assert (zero == zero[0]).all()
    assert 0.15 < zero[0].mean() < 0.45
    np.testing.assert_allclose(masks[0][~zero[0]], 1 / 0.7, rtol=1e-15)
    again, _ = net.forward([xs, np.ones((4, 50))])
    assert ((again == 0) != zero).any()
    plain, _ = net.evaluate().forward([xs, np.ones((4, 50))])
    np.testing.assert_array_equal(plain[0], 1)


def test_the_variational_cell_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_variational(3, 4, p=0.5)
    data = inputs_of(cell, rng.normal(size=(8, 3)), rng)
    run = cell.run(data)
    for name, whole in (("dropped_x", data[0]), ("dropped_h", data[2])):
        kept = run[name] != 0
        assert 0 < kept.mean() < 1
        np.testing.assert_allclose(run[name], kept * whole * 2, rtol=1e-15)
    plain = nn.lstm_cell(3, 4)
    copy_parameters(cell, plain)
    expected = plain.forward([run["dropped_x"], data[1], run["dropped_h"]])
    for found, wanted in zip(run.outputs, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_the_variational_cell_over_a_sequence(rng: np.random.Generator) -> None:
    """Without a state and without biases, what x does at one step, it does at all steps."""
    cell = nn.lstm_cell_variational(3, 4, p=0.5, bias=False)
    cell["forget_gate.i2h"].weight[:] = -1e6  # forgets, as long as x is positive and not dropped
    for gate in ("input_gate", "forget_gate", "output_gate", "candidate"):
        cell[f"{gate}.h2h"].weight[:] = 0
    x = np.abs(rng.normal(size=(8, 3))) + 0.1
    hs, _, _ = nn.Recurrent(cell).seed(2).forward([np.stack([x] * 5), *np.zeros((2, 8, 4))])
    alive = (hs != 0).any(2)
    assert alive.any()
    assert (alive == alive[0]).all()
    np.testing.assert_allclose(hs[1:], hs[:-1], rtol=1e-12)


def copy_parameters(source: gn.GModule, target: gn.GModule) -> None:
    for name, parameter in source.named_parameters():
        target.parameters()[name].data = parameter.data


def test_zoneout_keeps_exact_values_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_zoneout(3, 40, p_c=0.5, p_h=0.2)
    data = inputs_of(cell, rng.normal(size=(50, 3)), rng)
    run = cell.run(data)
    for name, previous, p in (("c", data[1], 0.5), ("h", data[2], 0.2)):
        proposed, found = run[f"proposed_{name}"], run[f"next_{name}"]
        kept = found == previous
        np.testing.assert_array_equal(found, np.where(kept, previous, proposed))
        assert kept.mean() == pytest.approx(p, abs=0.05)
    plain = nn.lstm_cell(3, 40)
    copy_parameters(cell, plain)
    np.testing.assert_array_equal(plain.forward(data)[1], run["proposed_h"])


def test_zoneout_over_a_sequence_draws_anew_at_each_step(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_zoneout(3, 40, p_h=0.5)
    hs, _, _ = nn.Recurrent(cell).forward(sequence(cell, 6, rng))
    kept = hs[1:] == hs[:-1]
    assert ((kept.mean((1, 2)) > 0.4) & (kept.mean((1, 2)) < 0.6)).all()
    assert (kept[1:] != kept[:-1]).any()


def test_recurrent_dropout_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_recurrent_dropout(3, 40, p=0.5)
    data = inputs_of(cell, rng.normal(size=(50, 3)), rng)
    run = cell.run(data)
    kept = run["dropped_candidate"] != 0
    assert kept.mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(run["dropped_candidate"], kept * run["candidate"] * 2, rtol=1e-14)
    remembered = run["forget_gate"] * data[1]
    np.testing.assert_array_equal(run["next_c"][~kept], remembered[~kept])


@pytest.mark.parametrize("make", [nn.Zoneout, nn.VariationalDropout])
def test_a_p_that_is_no_probability_is_refused(make: Callable[[float], nn.Zoneout]) -> None:
    with pytest.raises(ValueError, match="p is 1, expected 0 <= p < 1"):
        make(1)


def test_what_the_new_modules_reject() -> None:
    with pytest.raises(ShapeError, match=r"two arrays of one shape"):
        nn.Zoneout().forward([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ShapeError, match=r"an array \(…, 4\), received \(2, 3\)"):
        nn.LayerNorm(4).forward(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"reads outputs 4 to 7 of \(2, 6\)"):
        nn.LayerPart(4, 4, np.zeros((8, 3))).forward(np.zeros((2, 6)))


# ---- merged products


def gradients(cell: gn.GModule, data: list[np.ndarray], seeds: Sequence[np.ndarray]) -> list[Any]:
    run = cell.run(data)
    return [*run.outputs, *run.backward(list(seeds))]


@pytest.mark.parametrize("bias", [True, False])
def test_both_forms_compute_the_same(bias: bool, rng: np.random.Generator) -> None:
    cell = nn.lstm_cell(3, 4, bias=bias)
    joined = nn.merge_gates(cell)
    data = inputs_of(cell, rng.normal(size=(5, 3)), rng)
    seeds = rng.normal(size=(2, 5, 4))
    for left, right in zip(
        gradients(cell, data, seeds), gradients(joined, data, seeds), strict=True
    ):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)
    for part in ("i2h", "h2h"):
        for kind in ("weight", "bias") if bias else ("weight",):
            rows = [getattr(cell[f"{gate}.{part}"], kind).grad for gate in LSTM_GATES]
            whole = getattr(joined[part], kind).grad
            np.testing.assert_allclose(whole, np.concatenate(rows), rtol=1e-12, atol=1e-12)
    back = nn.split_gates(joined)
    assert back.names == cell.names
    for name, parameter in cell.named_parameters():
        np.testing.assert_array_equal(back.parameters()[name].data, parameter.data)
    assert len(back.parameters()) == len(cell.parameters())


def test_a_conversion_keeps_functions_dtype_and_mode() -> None:
    cell = nn.lstm_cell(3, 4, gate=nn.PReLU, squash=lambda: nn.HardTanh(-2, 2)).float().evaluate()
    cell["forget_gate"].weight[:] = 0.7
    joined = nn.merge_gates(cell)
    assert joined["i2h"].weight.dtype == np.float32
    assert not any(part.is_training for _, part in joined.named_modules())
    assert joined["forget_gate"].weight[0] == np.float32(0.7)
    assert joined["input_gate"].weight[0] == 0.25
    assert joined["candidate"].module.description() == cell["candidate"].module.description()
    assert repr(nn.split_gates(joined)) == repr(cell)


def test_a_conversion_copies() -> None:
    cell = nn.lstm_cell(3, 4)
    kept = cell["forget_gate.i2h"].weight.data.copy()
    nn.merge_gates(cell)["i2h"].weight[:] = 0
    np.testing.assert_array_equal(cell["forget_gate.i2h"].weight.data, kept)


@pytest.mark.parametrize("convert", [nn.merge_gates, nn.split_gates])
def test_another_cell_is_not_converted(convert: Callable[..., gn.GModule]) -> None:
    with pytest.raises(GraphError, match=r"received GModule\(\(x, prev_c(.|\n)* cell made by lstm"):
        convert(nn.lstm_cell_peephole(3, 4))
    with pytest.raises(GraphError, match=r"received Linear\(3, 4\), expected a cell made by lstm"):
        convert(nn.Linear(3, 4))


def test_gates_of_a_merged_product_are_views(tmp_path: Path) -> None:
    cell = nn.lstm_cell_merged(3, 4)

    def write(cell: gn.GModule, value: float) -> None:
        cell["forget_gate.i2h"].bias[:] = value
        cell["candidate.h2h"].weight[:] = value
        np.testing.assert_array_equal(cell["i2h"].bias[4:8], value)
        np.testing.assert_array_equal(cell["h2h"].weight[8:12], value)
        assert (cell["i2h"].bias.data == value).sum() == 4
        assert (cell["h2h"].weight.data == value).sum() == 16

    write(cell, 1)
    values, _ = cell.flatten_parameters()
    write(cell, 2)
    assert (values == 2).sum() == 20
    cell.float()
    write(cell, 3)
    assert cell["forget_gate.i2h"].bias.dtype == np.float32
    copy = cell.clone()
    write(copy, 4)
    copy.save(tmp_path / "cell.gn")
    loaded = gn.load(tmp_path / "cell.gn")
    write(loaded, 5)
    assert copy["forget_gate.i2h"].bias[0] == 4
    write(cell, 6)
    assert loaded["forget_gate.i2h"].bias[0] == 5


def test_rows_share_the_parameters_of_their_layer() -> None:
    cell = nn.lstm_cell_merged(3, 4)
    for net in (cell, cell.clone(), cell.clone(share=True), cell.clone(share=["weight"])):
        assert list(net.parameters().named) == ["i2h.weight", "i2h.bias", "h2h.weight", "h2h.bias"]
        assert net["candidate.i2h"].layer_weight is net["i2h"].weight
        assert net["candidate.i2h"].layer_bias is net["i2h"].bias
    inside = gn.draw(cell, depth=1).source
    assert inside == gn.draw(cell).source  # a part is no graph that could be opened


def test_gates_of_normalised_products_are_views() -> None:
    cell = nn.lstm_cell_layernorm(3, 4)
    cell["forget_gate.h2h_norm"].bias[:] = 1
    np.testing.assert_array_equal(cell["h2h_norm"].bias.data, [0] * 4 + [1] * 4 + [0] * 8)
    assert nn.lstm_cell_merged(3, 4, bias=False)["forget_gate.i2h"].bias is None


def test_the_table_of_parameters_shows_the_rows_of_each_gate() -> None:
    cell = nn.lstm_cell_merged(3, 4)
    cell["forget_gate.h2h"].bias[:] = 1
    table = cell.parameters()
    assert len(table) == 4
    lines = str(table).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("h2h.bias"))
    rows = [line.split()[:2] for line in lines[start + 1 : start + 5]]
    assert rows == [
        ["input_gate.h2h.bias", "0:4"],
        ["forget_gate.h2h.bias", "4:8"],
        ["candidate.h2h.bias", "8:12"],
        ["output_gate.h2h.bias", "12:16"],
    ]
    assert all(line.startswith("  ") for line in lines[start + 1 : start + 5])
    assert lines[start + 2].split()[2:6] == ["1", "1", "1", "1"]
    assert lines[-1] == "4 parameters, 144 numbers"
    inside = str(nn.Recurrent(cell).parameters())
    assert "forget_gate.h2h.bias" in inside
