"""The recurrent cells: against their equations, PyTorch's cells, and each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ShapeError
from tests.nn.cells.equations import Outputs, Row, Weights
from tests.nn.cells.peer_rows import ROWS as PEER_ROWS
from tests.nn.cells.recent_equations import RECENT
from tests.support.cell_checks import check, scatter
from tests.support.cells import LSTM_GATES, inputs_of
from tests.support.oracle import F, Tensor, torch


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
    **RECENT,
}
"""The cells that torchrecurrent lacks, or has in another form; others: ``peer_rows.py``."""


def test_every_cell_has_a_row() -> None:
    assert set(ROWS) | set(PEER_ROWS) == set(nn.CELLS)


def test_every_cell_function_is_in_the_table() -> None:
    others = {"feedback_cell", "attention_decoder_cell"}  # of given modules; with a memory
    functions = {name for name in nn.__all__ if "_cell" in name} - others
    assert functions <= set(nn.CELLS)
    assert {"rnn_cell", "lstm_cell_1997"} <= functions


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


def swapped(name: str) -> gn.GModule:
    """A cell with other functions throughout, and without biases."""
    make = nn.CELLS[name]
    others: dict[str, Any] = dict.fromkeys(["squash", "rectify", "output"], nn.SoftSign)
    others["gate"] = lambda: nn.HardTanh(-0.3, 0.4)
    taken = inspect.signature(nn.lstm_cell if "projected" in name else make).parameters
    return make(3, 4, bias=False, **{word: others[word] for word in others if word in taken})


@pytest.mark.parametrize("name", nn.CELLS)
def test_functions_are_swapped_and_biases_left_out(name: str) -> None:
    cell = swapped(name)
    assert not [
        path
        for path, _ in cell.named_parameters()
        if path.endswith("bias") and "shifted" not in path
    ]
    kinds = {type(node.module).__name__ for node in cell.nodes}
    assert not {"Tanh", "Sigmoid", "ReLU", "SoftPlus", "HardSigmoid"} & kinds


@pytest.mark.parametrize("name", ROWS)
def test_a_cell_of_other_functions_equals_its_equations(
    name: str, rng: np.random.Generator
) -> None:
    cell = scatter(swapped(name).evaluate(), rng)
    data = inputs_of(cell, rng.normal(size=(5, 3)), rng)

    def gate(x: Tensor) -> Tensor:
        return F.hardtanh(x, -0.3, 0.4)

    check(
        cell,
        data,
        lambda named, *v: ROWS[name].equations(Weights(named, gate, F.softsign), *v),
        rng,
    )


WITHOUT = {
    "gate": ["rnn_cell", "antisymmetric_rnn_cell", "clockwork_rnn_cell", "cornn_cell",
             "indrnn_cell", "lru_cell", "miru2_cell"],
    "squash": ["atr_cell", "lru_cell", "trnn_cell", "xlstm_matrix_cell"],
}  # fmt: skip
"""The cells whose equations have no σ, and those without a tanh."""


def test_all_cells_take_the_same_words() -> None:
    named = [name for name in nn.CELLS if hasattr(nn, name)]  # others are variants of these
    assert len(named) >= 16
    for name in named:
        found = set(inspect.signature(getattr(nn, name)).parameters)
        words = {"input_size", "hidden_size", "bias", "gate", "squash"}
        lacking = {word for word, cells in WITHOUT.items() if name in cells}
        assert words - found == lacking, name


def stacked(named: dict[str, Tensor], part: str, gates: Sequence[str], kind: str) -> Tensor:
    return torch.cat([named[f"{gate}.{part}.{kind}"] for gate in gates])


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


def as_list(value: Any) -> list[np.ndarray]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", nn.CELLS)
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


@pytest.mark.parametrize("name", nn.CELLS)
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


@pytest.mark.parametrize("name", nn.CELLS)
def test_names(name: str) -> None:
    cell = nn.CELLS[name](3, 4)
    other = {"lstm_cell_projected": "projection", "intersection_rnn_cell": "output"}
    results = [cell.name_of(node) for node in cell.outputs]
    assert results[-1] == ("output" if name == "scrn_cell" else other.get(name, "next_h"))
    states = [cell.name_of(node) for node in cell.inputs]
    assert states.pop(0) == "x"
    after = ["next_" + state.removeprefix("prev_") for state in states]
    assert results[: len(after)] == after or name == "lstm_cell_projected"
    of_input_alone = ("sru", "layernorm", "ran", "sgu")
    if "candidate.i2h" in cell and not any(word in name for word in of_input_alone):
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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.lem_cell(3, 4, memory="last"), "memory is 'last', expected 'next' or"),
        (lambda: nn.scrn_cell(3, 4, feedback="none"), "feedback is 'none', expected 'hidden'"),
        (lambda: nn.taugru_cell(3, 4, delay=0), "delay is 0, expected a whole number from 1"),
        (lambda: nn.xlstm_matrix_cell(3, 4, heads=3), "3 heads do not divide 4 units"),
        (lambda: nn.xlstm_matrix_cell(3, 4, heads=0), "heads is 0, expected a whole number"),
        (lambda: nn.xlstm_scalar_cell(3, 4, forget="relu"), "forget is 'relu', expected 'sigmoid'"),
        (lambda: nn.clockwork_rnn_cell(3, 4, periods=(1, 0)), "a period is 0, expected a whole"),
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
