"""Gates: merged and composed forms compute the same, and gates are views of merged products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from tests.support.cells import LSTM_GATES, inputs_of


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
