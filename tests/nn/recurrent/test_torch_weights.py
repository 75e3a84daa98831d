"""Weights of nn.LSTM, nn.GRU and nn.RNN from PyTorch's names and to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import FormatError, GraphError
from tests.nn.recurrent.test_torch_layers import (
    BATCH,
    HIDDEN,
    INPUTS,
    OPTIONS,
    STEPS,
    Case,
    as_list,
    largest,
    torch_results,
)
from tests.support.oracle import torch


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", OPTIONS)
def test_torch_computes_the_same_with_our_weights(
    kind: str, bias: bool, rng: np.random.Generator
) -> None:
    case = Case(kind, layers=2, bidirectional=True, bias=bias)
    net, peer = case.made(nn).evaluate(), case.made(torch.nn).double().eval()
    weights = nn.to_torch_state_dict(net)
    assert set(weights) == set(peer.state_dict())
    peer.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    output, last = net.forward(xs)
    expected = torch_results(case, peer, torch.tensor(xs), None)
    for found, tensor in zip([output, *as_list(last)], expected, strict=True):
        assert largest(found, tensor.detach().numpy()) < 1e-10


def test_weights_are_copied_both_ways_and_take_the_dtype_of_the_net() -> None:
    net = nn.GRU(INPUTS, HIDDEN).float()
    weights = nn.to_torch_state_dict(net)
    kept = {key: value.copy() for key, value in weights.items()}
    assert all(value.dtype == np.float32 for value in weights.values())
    net["layer1.update_gate.i2h"].weight[:] = 7
    np.testing.assert_array_equal(weights["weight_ih_l0"], kept["weight_ih_l0"])
    doubles = {key: value.astype(np.float64) for key, value in kept.items()}
    nn.from_torch_state_dict(net, doubles)
    doubles["weight_ih_l0"][:] = np.nan
    assert net["layer1.update_gate.i2h"].weight.dtype == np.float32
    for key, value in nn.to_torch_state_dict(net).items():
        np.testing.assert_array_equal(value, kept[key])


Change = Callable[[dict[str, np.ndarray]], object]

WRONG_WEIGHTS: list[tuple[Change, str]] = [
    (lambda w: w.pop("bias_hh_l1"), r"has nothing that the net has not, and lacks bias_hh_l1"),
    (lambda w: w.update(weight_hr_l0=np.zeros((2, 5))), r"has weight_hr_l0 that the net has not, and lacks nothing"),
    (lambda w: w.update(weight_ih_l9=w.pop("weight_ih_l0")), r"has weight_ih_l9 that the net has not, and lacks weight_ih_l0"),
    (lambda w: w.update(weight_hh_l1=np.zeros((20, 4))), r"has weight_hh_l1 \(20, 4\), expected \(20, 5\)"),
    (lambda w: w.update(bias_ih_l0=np.zeros(19)), r"has bias_ih_l0 \(19,\), expected \(20,\)"),
    (lambda w: w.update(bias_hh_l1=np.zeros(())), r"has bias_hh_l1 \(\), expected \(20,\)"),
    (lambda w: w.update(bias_hh_l1=w["bias_hh_l1"].astype(str)), r"has bias_hh_l1 of dtype <U32, expected real numbers"),
    (lambda w: w.update(bias_hh_l1=w["bias_hh_l1"] * 1j), r"has bias_hh_l1 of dtype complex128, expected real numbers"),
    (lambda w: w.clear(), r"lacks weight_ih_l0, bias_ih_l0, weight_hh_l0"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG_WEIGHTS, ids=[w[1] for w in WRONG_WEIGHTS])
def test_weights_that_do_not_fit_change_nothing(change: Change, message: str) -> None:
    net = nn.LSTM(INPUTS, HIDDEN, num_layers=2)
    before = nn.to_torch_state_dict(net)
    weights = {key: np.full_like(value, 9) for key, value in before.items()}
    change(weights)
    with pytest.raises(FormatError, match=message):
        nn.from_torch_state_dict(net, weights)
    for key, value in nn.to_torch_state_dict(net).items():
        np.testing.assert_array_equal(value, before[key])


def test_another_graph_has_no_weights_for_torch() -> None:
    with pytest.raises(GraphError, match=r"The net has no layer1\n.*nn.LSTM, nn.GRU and nn.RNN"):
        nn.to_torch_state_dict(nn.lstm_cell(3, 4))


def test_layers_take_the_weights_of_pytorch_by_their_names() -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    assert nn.from_torch_state_dict(net, theirs.double().state_dict()) is net
    x = np.linspace(-1, 1, 10).reshape(2, 5)
    expected = theirs(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(net.forward(x), expected, rtol=1e-12)
    with pytest.raises(FormatError, match=r"has weight \(5, 3\), expected \(3, 5\)"):
        nn.from_torch_state_dict(nn.Linear(5, 3), torch.nn.Linear(3, 5).state_dict())


@pytest.mark.parametrize("net", [nn.Sequential(nn.LSTM(3, 4)), "net"], ids=["inner", "no net"])
def test_what_has_no_names_of_pytorch_is_told(net: Any) -> None:
    with pytest.raises(GraphError, match=r"layers without graphs in them; for others: net\.weight"):
        nn.from_torch_state_dict(net, {})
