"""Initialisers by name of the parameters, forget gates, and what reset draws anew."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from tests.module_rows import ROWS


def values_of(net: Any) -> np.ndarray:
    return np.concatenate([p.data.reshape(-1) for p in net.parameters()])


def some_net() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))


def test_one_line_for_all_weights_and_one_for_all_biases() -> None:
    net = nn.init.apply(some_net(), "*.weight", nn.init.orthogonal())
    nn.init.apply(net, "*.bias", nn.init.constant(0.25))
    np.testing.assert_allclose(net[0].weight.data.T @ net[0].weight.data, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(net[2].weight.data @ net[2].weight.data.T, np.eye(3), atol=1e-14)
    np.testing.assert_array_equal(net[0].bias.data, np.full(4, 0.25))
    np.testing.assert_array_equal(net[2].bias.data, np.full(3, 0.25))


def test_a_run_before_is_out_of_date() -> None:
    net = some_net()
    run = net.run(np.ones((2, 3)))
    nn.init.apply(net, "2.bias", nn.init.constant(1.0))
    with pytest.raises(GraphError, match="changed"):
        run.backward(np.ones((2, 3)))


@pytest.mark.parametrize(
    "make",
    [
        nn.lstm_cell,
        nn.lstm_cell_merged,
        lambda n, h: nn.LSTM(n, h, num_layers=2, bidirectional=True),
        nn.FastLSTM,
        nn.lstm_cell_peephole,
    ],
)
def test_the_biases_of_forget_gates_add_up_to_one(make: Any) -> None:
    net = make(3, 4)
    before = values_of(net)
    nn.init.forget_gate_bias(net)
    gates: dict[str, Any] = {}
    for path, part in net.named_modules():
        bias = getattr(part, "bias", None) if "forget_gate." in path else None
        if bias is not None:
            gate = path.partition("forget_gate")[0]
            gates[gate] = gates.get(gate, 0) + np.asarray(bias)
    assert gates
    for total in gates.values():
        np.testing.assert_array_equal(total, np.ones(4))
    changed = (values_of(net) != before).sum()
    assert changed <= 8 * len(gates)
    again = net.seed(5).reset().clone()
    np.testing.assert_array_equal(values_of(again.seed(5).reset()), values_of(net))


def test_rows_of_a_merged_parameter_keep_their_initialiser() -> None:
    cell = nn.lstm_cell_merged(3, 4)
    nn.init.apply(cell, "forget_gate.i2h.bias", nn.init.constant(2.0))
    nn.init.apply(cell, "*h2h.weight", nn.init.orthogonal())
    cell.reset()
    np.testing.assert_array_equal(cell["forget_gate.i2h"].bias, np.full(4, 2.0))
    gate = cell["candidate.h2h"].weight
    np.testing.assert_allclose(gate @ gate.T, np.eye(4), atol=1e-14)
    assert len(set(cell["input_gate.i2h"].bias)) == 4


def is_drawn(name: str) -> bool:
    """Whether a module has parameters with initialisers (those of a LayerPart are values)."""
    return any(p.init is not None for p in ROWS[name][0].make().parameters())


WITH_PARAMETERS = sorted(filter(is_drawn, ROWS))


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_reset_is_reproducible_for_every_module(name: str, tmp_path: Path) -> None:
    net = ROWS[name][0].make()
    first = values_of(net.seed(3).reset())
    net.save(tmp_path / "net.gn")
    copies = [net.clone(), gn.load(tmp_path / "net.gn")]
    for parameter in net.parameters():
        parameter.data = parameter.data + 1
    np.testing.assert_array_equal(values_of(net.seed(3).reset()), first)
    np.testing.assert_array_equal(values_of(copies[0].seed(3).reset()), first)
    assert values_of(copies[1].seed(3).reset()).shape == first.shape
    if np.unique(first).size > 3:
        assert (values_of(net.seed(4).reset()) != first).any()


def test_reset_of_torchs_layers() -> None:
    layer = nn.Linear(25, 400).seed(1)
    layer.weight[...] = 7
    layer.reset()
    assert 0.19 < np.abs(layer.weight.data).max() <= 0.2
    norm = nn.LayerNorm(4)
    norm.weight[...] = 7
    np.testing.assert_array_equal(norm.reset().weight.data, np.ones(4))


def test_reset_keeps_the_dtype_and_the_flat_vector() -> None:
    net = some_net().float()
    values, _ = net.flatten_parameters()
    before = values.copy()
    net.reset()
    assert values.dtype == np.float32
    assert net.flatten_parameters()[0] is values
    assert (values != before).all()


def test_reset_leaves_parameters_made_from_values() -> None:
    parameter = gn.Parameter(np.array([1.0, 2.0]))
    parameter.reset()
    np.testing.assert_array_equal(parameter.data, [1, 2])
    parameter.reset(initialise=nn.init.constant(4.0))
    np.testing.assert_array_equal(parameter.data, [4, 4])


@pytest.mark.parametrize(
    ("make", "gate"),
    [(nn.SeqLSTM, "forget_gate"), (nn.SeqGRU, "update_gate"), (nn.SeqBRNN, "forget_gate")],
)
def test_sequence_layers_of_rnn_start_as_there(make: Any, gate: str) -> None:
    gn.manual_seed(2)
    net = make(60, 40)
    weights = []
    for path, parameter in net.named_parameters():
        if path.endswith("bias"):
            expected = 1.0 if f"{gate}." in path else 0.0
            np.testing.assert_array_equal(parameter.data, np.full(40, expected), err_msg=path)
        else:
            weights.append(parameter.data.reshape(-1))
    values = np.concatenate(weights)
    assert values.std() == pytest.approx(1 / sqrt(100), rel=0.03)
    assert np.abs(values).max() > 0.3  # normal, not uniform
    np.testing.assert_array_equal(values_of(net.seed(1).reset()), values_of(net.seed(1).reset()))


def test_the_backward_module_of_a_bisequencer_is_drawn_anew() -> None:
    forward = nn.FastLSTM(3, 4)
    net = nn.BiSequencer(forward)
    values = [p.data for p in net.parameters()]
    own = {id(p) for p in forward.parameters()}
    others = [p for p in net.parameters() if id(p) not in own]
    assert len(others) == len(own) == len(values) // 2
    for ours, theirs in zip(forward.parameters(), others, strict=True):
        assert ours.shape == theirs.shape
        assert (ours.data != theirs.data).all()


def test_refused() -> None:
    with pytest.raises(GraphError, match=r"has no parameter '\*\.wieght'\n  Did you mean"):
        nn.init.apply(some_net(), "*.wieght", nn.init.orthogonal())
    with pytest.raises(ShapeError, match="has no fan"):
        nn.init.apply(some_net(), "*", nn.init.xavier_uniform())
    with pytest.raises(GraphError, match="Sequential has no forget gate with a bias"):
        nn.init.forget_gate_bias(some_net())
