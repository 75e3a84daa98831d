"""nn.LSTM, nn.GRU and nn.RNN against PyTorch's: results and gradients; open graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from graphnet.nn.recurrent.torch_weights import torch_names
from tests.support.oracle import torch

STEPS, BATCH, INPUTS, HIDDEN = 5, 4, 3, 5
LENGTHS = [2, 5, 3, 2]  # unsorted, with repeats; PyTorch takes no 0
OPTIONS: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "LSTM projected": {"proj_size": 2},
    "GRU": {},
    "RNN": {},
    "RNN relu": {"nonlinearity": "relu"},
}
"""Every kind of layer, with the options that it alone has."""


@dataclass(frozen=True)
class Case:
    """One combination of everything that a layer can be asked for."""

    kind: str = "LSTM"
    layers: int = 1
    bidirectional: bool = False
    batch_first: bool = False
    bias: bool = True
    states: bool = True
    lengths: bool = False

    def __str__(self) -> str:
        flags = [name for name, value in vars(self).items() if value is True]
        return "-".join([self.kind.replace(" ", "_"), str(self.layers), *flags])

    @property
    def is_lstm(self) -> bool:
        return self.kind.startswith("LSTM")

    def made(self, library: Any) -> Any:
        """The layer of this case in graphnet.nn or in torch.nn; dropout is between layers."""
        return getattr(library, self.kind.split()[0])(
            INPUTS,
            HIDDEN,
            num_layers=self.layers,
            bias=self.bias,
            batch_first=self.batch_first,
            bidirectional=self.bidirectional,
            dropout=0.4 if self.layers > 1 else 0.0,
            **OPTIONS[self.kind],
        )

    def state_shapes(self, *batch: int) -> list[tuple[int, ...]]:
        count = self.layers * (2 if self.bidirectional else 1)
        shown = OPTIONS[self.kind].get("proj_size", HIDDEN)
        return [(count, *batch, size) for size in ([shown, HIDDEN] if self.is_lstm else [shown])]


def covering() -> list[Case]:
    """The fewest cases, found greedily, in which all values of any three settings meet."""
    settings = [list(OPTIONS), [1, 2, 3], *[[False, True]] * 5]
    triples = list(combinations(range(len(settings)), 3))

    def meetings(values: tuple[Any, ...]) -> set[tuple[Any, ...]]:
        return {(t, *[values[i] for i in t]) for t in triples}

    remaining = {values: meetings(values) for values in product(*settings)}
    missing = set().union(*remaining.values())
    chosen = []
    while missing:
        best = max(remaining, key=lambda values: len(remaining[values] & missing))
        missing -= remaining.pop(best)
        chosen.append(Case(*best))
    return chosen


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def pair(case: Case) -> tuple[gn.GModule, Any]:
    """A layer with PyTorch's weights, and PyTorch's, both in evaluation mode."""
    torch.manual_seed(3)
    peer = case.made(torch.nn).double().eval()
    net = case.made(nn).evaluate()
    return nn.from_torch_state_dict(net, peer.state_dict()), peer


def torch_results(case: Case, peer: Any, xs: torch.Tensor, states: Any) -> list[torch.Tensor]:
    """Output and final states; sequences with lengths are packed."""
    if not case.lengths:
        output, last = peer(xs, states)
        return [output, *as_list(last)]
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        xs, torch.tensor(LENGTHS), batch_first=case.batch_first, enforce_sorted=False
    )
    output, last = peer(packed, states)
    output, _ = torch.nn.utils.rnn.pad_packed_sequence(
        output, batch_first=case.batch_first, total_length=STEPS
    )
    return [output, *as_list(last)]


def differences(case: Case, rng: np.random.Generator) -> dict[str, float]:
    """The largest difference to PyTorch of each result and each gradient."""
    net, peer = pair(case)
    xs = rng.normal(size=(BATCH, STEPS, INPUTS) if case.batch_first else (STEPS, BATCH, INPUTS))
    given = [rng.normal(size=shape) for shape in case.state_shapes(BATCH)]
    tensors = [torch.tensor(value, requires_grad=True) for value in (xs, *given)]
    states: Any = (tuple(tensors[1:]) if case.is_lstm else tensors[1]) if case.states else None
    expected = torch_results(case, peer, tensors[0], states)
    seeds = [rng.normal(size=value.shape) for value in expected]
    torch.autograd.backward(expected, [torch.tensor(seed) for seed in seeds])

    padded = xs.copy()
    if case.lengths:
        rows = padded.swapaxes(0, 1) if case.batch_first else padded
        for row, length in enumerate(LENGTHS):
            rows[length:, row] = np.nan
    optional: dict[str, Any] = {"lengths": LENGTHS} if case.lengths else {}
    if case.states:
        optional["state"] = given if case.is_lstm else given[0]
    run = net.run(padded, **optional)
    output, last = run.outputs
    by_input = run.backward([seeds[0], seeds[1:] if case.is_lstm else seeds[1]])
    by_input = by_input if case.states or case.lengths else [by_input]
    found = {"output": output, **{f"final {i}": value for i, value in enumerate(as_list(last))}}
    found["gradient of the input"] = by_input[0]
    oracle = [*[value.detach() for value in expected], tensors[0].grad]
    if case.states:
        found |= {f"gradient of state {i}": g for i, g in enumerate(as_list(by_input[1]))}
        oracle += [tensor.grad for tensor in tensors[1:]]
    named = dict(peer.named_parameters())
    for key, parts in torch_names(net):
        found[f"gradient of {key}"] = np.concatenate([part.grad for part in parts])
        oracle.append(named[key].grad)
    assert len(named) == sum(key.startswith("gradient of ") and "_l" in key for key in found)
    pairs = zip(found.items(), oracle, strict=True)
    return {key: largest(value, tensor.numpy()) for (key, value), tensor in pairs}


def largest(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    assert np.isfinite(found).all()
    return float(np.abs(found - expected).max())


@pytest.mark.parametrize("case", covering(), ids=str)
def test_a_layer_equals_torch(case: Case, rng: np.random.Generator) -> None:
    assert {key: d for key, d in differences(case, rng).items() if d > 1e-10} == {}


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("kind", OPTIONS)
def test_a_sequence_without_batch_equals_torch(
    kind: str, states: bool, rng: np.random.Generator
) -> None:
    case = Case(kind, layers=2, bidirectional=True)
    net, peer = pair(case)
    xs = rng.normal(size=(STEPS, INPUTS))
    given = [rng.normal(size=shape) for shape in case.state_shapes()] if states else []
    tensors = [torch.tensor(value) for value in given]
    optional: Any = (tuple(tensors) if case.is_lstm else tensors[0]) if states else None
    expected = torch_results(case, peer, torch.tensor(xs), optional)
    output, last = net.forward([xs, given if case.is_lstm else given[0]] if states else xs)
    for found, tensor in zip([output, *as_list(last)], expected, strict=True):
        assert largest(found, tensor.detach().numpy()) < 1e-10


# ---- an open graph


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_layer_is_a_graph_that_is_drawn_saved_and_cloned(
    kind: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    net = Case(kind, layers=2, bidirectional=True).made(nn).evaluate()
    assert isinstance(net, gn.GModule)
    source = gn.draw(net).source
    assert all(name in source for name in ("layer1", "layer1_reverse", "layer2", "dropout1"))
    assert "candidate" in gn.draw(net, depth=1).source or kind.startswith("RNN")
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    output, last = net.forward(xs, lengths=LENGTHS)
    net.save(tmp_path / "net.gn")
    for copy in (gn.load(tmp_path / "net.gn"), net.clone()):
        again, ending = copy.forward(xs, lengths=LENGTHS)
        np.testing.assert_array_equal(again, output)
        for found, expected in zip(as_list(ending), as_list(last), strict=True):
            np.testing.assert_array_equal(found, expected)
        copy["layer2"].module.cell.parameters()[0].data += 1
        assert np.abs(copy.forward(xs, lengths=LENGTHS)[0] - again).max() > 1e-6
    np.testing.assert_array_equal(net.forward(xs, lengths=LENGTHS)[0], output)


def test_a_gate_is_set_by_its_name(rng: np.random.Generator) -> None:
    net, peer = pair(Case())
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    before = net.forward(xs)[0]
    net["layer1.forget_gate.i2h"].bias[:] = 1
    with torch.no_grad():
        peer.bias_ih_l0[HIDDEN : 2 * HIDDEN] = 1
    after = net.forward(xs)[0]
    assert np.abs(after - before).max() > 1e-3
    assert largest(after, peer(torch.tensor(xs))[0].detach().numpy()) < 1e-10


@pytest.mark.parametrize("kind", OPTIONS)
def test_dropout_acts_in_training_and_between_layers_alone(
    kind: str, rng: np.random.Generator
) -> None:
    net = Case(kind, layers=3).made(nn)
    xs = rng.normal(size=(STEPS, 50, INPUTS))
    run = net.run(xs)
    assert [name for name in run.names if name.startswith("dropout")] == ["dropout1", "dropout2"]
    for number in (1, 2):
        shown, dropped = run[f"layer{number}_output"], run[f"dropout{number}"]
        kept = dropped != 0
        np.testing.assert_allclose(dropped[kept], shown[kept] / 0.6, rtol=1e-14)
        share = kept[shown != 0].mean()
        assert abs(share - 0.6) < 0.08  # 4 standard deviations of 500 entries, the fewest
    np.testing.assert_array_equal(run.outputs[0], run["output"])
    assert np.abs(run.outputs[0] - net.forward(xs)[0]).max() > 1e-3
    net.evaluate()
    np.testing.assert_array_equal(net.forward(xs)[0], net.forward(xs)[0])
    single = Case(kind).made(nn)
    np.testing.assert_array_equal(single.forward(xs)[0], single.evaluate().forward(xs)[0])


XS = np.ones((5, 4, 3))
FAULTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: nn.LSTM(3, 5, proj_size=5), ValueError, "proj_size is 5, expected 0 to 4"),
    (lambda: nn.LSTM(3, 5, proj_size=-1), ValueError, "proj_size is -1, expected 0 to 4"),
    (lambda: nn.GRU(3, 5, num_layers=0), ValueError, "num_layers.* 0"),
    (lambda: nn.RNN(3, 5, nonlinearity="sin"), ValueError, "nonlinearity is 'sin', expected 'tanh' or 'relu'"),
    (lambda: nn.LSTM(3, 5, num_layers=2, dropout=1.0), ValueError, "p is 1.0, expected 0 <= p < 1"),
    (lambda: nn.GRU(3, 5).forward([XS, np.ones((2, 4, 5))]), ShapeError, r"states \(1, batch, 5\), received \(2, 4, 5\)"),
    (lambda: nn.GRU(3, 5).forward([XS, np.ones((1, 4, 6))]), ShapeError, r"states \(1, batch, 5\), received \(1, 4, 6\)"),
    (lambda: nn.GRU(3, 5).forward([XS, np.ones((1, 3, 5))]), ShapeError, r"\(3, 5\)|float64\[3, 5\]"),
    (lambda: nn.LSTM(3, 5, proj_size=2).forward([XS, [np.ones((1, 4, 5)), np.ones((1, 4, 2))]]), ShapeError,
     r"'[hc]_0_layers' .*(batch, 5\), received \(1, 4, 2\)|batch, 2\), received \(1, 4, 5\))(.|\n)*\(h_0, c_0\)(.|\n)*c where h should be"),
    (lambda: nn.LSTM(3, 5).forward([XS, np.ones((1, 4, 5))]), ShapeError, r"pair \[h, c\] as its state, received \(1, 4, 5\)"),
    (lambda: nn.LSTM(3, 5).forward(XS, hidden=1), GraphError, r"no input named 'hidden'\n  Its inputs: input, state, lengths"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_does_not_fit_is_named(
    action: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()
