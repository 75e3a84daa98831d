"""Batch normalisation: running statistics as PyTorch's, in nets, files, trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import ArgumentError, FormatError, ShapeError
from tests.support.oracle import torch

KINDS: list[Any] = [
    (lambda *a: nn.BatchNormalization(*a), "BatchNorm1d", (5, 4)),
    (lambda *a: nn.BatchNorm1d(*a), "BatchNorm1d", (5, 4, 3)),
    (lambda *a: nn.SpatialBatchNormalization(*a), "BatchNorm2d", (5, 4, 2, 3)),
    (lambda *a: nn.BatchNorm2d(*a), "BatchNorm2d", (1, 4, 2, 3)),
]
COMPILED = pytest.mark.parametrize("compiled", [False, True], ids=["interpreted", "compiled"])


@COMPILED
@pytest.mark.parametrize("arguments", [(), (0.1, 0.3), (1e-3, 0.0, False)])
@pytest.mark.parametrize(("kind", "name", "shape"), KINDS)
def test_statistics_run_as_pytorch_s(
    kind: Any, name: str, shape: Any, arguments: Any, compiled: bool, rng: np.random.Generator
) -> None:
    layer = kind(4, *arguments).compile(compiled)
    other = getattr(torch.nn, name)(4, *arguments).double()
    nn.from_torch_state_dict(layer, other.state_dict())
    for _ in range(3):
        x, g = rng.normal(2, 3, shape), rng.normal(size=shape)
        tensor = torch.tensor(x, requires_grad=True)
        layer.zero_grad()
        other.zero_grad()
        expected = other(tensor)
        expected.backward(torch.tensor(g))
        np.testing.assert_allclose(layer.forward(x), expected.detach().numpy(), atol=1e-12)
        np.testing.assert_allclose(layer.backward(x, g), tensor.grad.numpy(), atol=1e-12)
        found = [p.grad for p in layer.parameters()] + [b.data for b in layer.buffers()]
        wanted = [p.grad for p in other.parameters()] + list(other.buffers())[:2]
        for left, right in zip(found, wanted, strict=True):
            np.testing.assert_allclose(left, right.numpy(), rtol=1e-12)
    x = rng.normal(size=shape)
    expected = other.eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(layer.evaluate().forward(x), expected, atol=1e-12)


def test_first_values() -> None:
    gn.manual_seed(1)
    ours, theirs = nn.BatchNormalization(1000), nn.BatchNorm1d(3)
    assert ours.weight.data.min() >= 0
    assert ours.weight.data.max() < 1
    assert ours.weight.data.std() == pytest.approx(12**-0.5, rel=0.1)
    assert [theirs.weight.data.tolist(), theirs.bias.data.tolist()] == [[1, 1, 1], [0, 0, 0]]
    for layer in (ours, theirs):
        assert set(layer.running_mean.data) == {0.0}
        assert set(layer.running_var.data) == {1.0}


@pytest.mark.parametrize(("kind", "name", "shape"), KINDS)
def test_evaluation_takes_one_sample(kind: Any, name: str, shape: Any) -> None:
    layer = kind(4).evaluate()
    x = np.ones((4, *shape[2:]))
    if name == "BatchNorm1d" and len(shape) == 3:
        x = np.ones(4)
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x[None])[0])


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.BatchNormalization(4), (5, 3), r"expects an array \(batch, 4\), received \(5, 3\)"),
        (nn.BatchNormalization(4), (4,), r"expects an array \(batch, 4\), received \(4,\)"),
        (nn.BatchNormalization(4), (2, 5, 4), r"received \(2, 5, 4\)"),
        (nn.BatchNorm1d(4), (5, 3), r"\(batch, 4\) or \(batch, 4, steps\), received \(5, 3\)"),
        (nn.BatchNorm2d(4), (4, 2, 2), r"\(batch, 4, height, width\), received \(4, 2, 2\)"),
        (nn.BatchNormalization(4), (1, 4), r"1 values of each feature in \(1, 4\), and no"),
        (nn.GroupNorm(2, 4), (5, 3), r"\(batch, 4, …\), received \(5, 3\)"),
        (nn.RMSNorm(4), (5, 3), r"\(…, 4\), received \(5, 3\)"),
    ],
)
def test_other_shapes_are_refused(layer: Any, shape: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer.forward(np.ones(shape))


def test_other_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="num_features is 0, expected a whole number from 1"):
        nn.BatchNormalization(0)
    with pytest.raises(ArgumentError, match=r"has no argument named 'features'"):
        nn.BatchNorm1d(features=3)
    assert nn.BatchNormalization(nOutput=3).num_features == 3
    with pytest.raises(ValueError, match="4 channels, expected a multiple of 3 groups"):
        nn.GroupNorm(3, 4)


def classifier() -> gn.Module:
    gn.manual_seed(2)
    hidden = nn.Sequential(nn.Linear(4, 6), nn.BatchNormalization(6), nn.Tanh())
    return nn.Sequential(hidden, nn.Linear(6, 3))


BATCHES = [
    (np.random.default_rng(n).normal(1, 2, (8, 4)), np.random.default_rng(n).integers(0, 3, 8))
    for n in range(4)
]


def trainer_of(net: gn.Module, path: Path | None = None, **settings: Any) -> train.Trainer:
    return train.Trainer(
        net, nn.CrossEntropyCriterion(), optim.Adam(net, 0.01),
        checkpoint=path, show_progress=False, **settings,
    )  # fmt: skip


def values(net: gn.Module) -> list[np.ndarray]:
    return [np.array(array.data) for array in (*net.parameters(), *net.buffers())]


def assert_same(left: gn.Module, right: gn.Module) -> None:
    for one, other in zip(values(left), values(right), strict=True):
        np.testing.assert_array_equal(one, other)


@COMPILED
def test_a_training_goes_on_from_its_checkpoint(compiled: bool, tmp_path: Path) -> None:
    whole, first, second = classifier(), classifier(), classifier()
    trainer_of(whole, compile=compiled).fit(BATCHES, epochs=3, validation=BATCHES[:1])
    path = tmp_path / "a.gn"
    trainer_of(first, path, compile=compiled).fit(BATCHES, epochs=2, validation=BATCHES[:1])
    resumed = trainer_of(second, path, compile=compiled)
    resumed.load()
    assert_same(first, second)
    resumed.fit(BATCHES, epochs=3, validation=BATCHES[:1])
    assert_same(second, whole)


def test_compiled_and_interpreted_trainings_agree() -> None:
    nets = classifier(), classifier()
    for net, compiled in zip(nets, (False, True), strict=True):
        trainer_of(net, compile=compiled).fit(BATCHES, epochs=2)
    for one, other in zip(*map(values, nets), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_early_stopping_gives_the_buffers_of_the_best_epoch(tmp_path: Path) -> None:
    seen: list[gn.Module] = []
    net, path = classifier(), tmp_path / "a.gn"
    noise = [(x, (y + 1) % 3) for x, y in BATCHES[:1]]
    trainer = trainer_of(net, path, callback=lambda epoch: seen.append(net.clone()))
    trainer.fit(BATCHES, 20, noise, patience=2)
    assert trainer.best is not None
    assert trainer.best.epoch < trainer.epochs_done < 20
    assert_same(net, seen[trainer.best.epoch - 1])
    other = classifier()
    resumed = trainer_of(other, path)
    resumed.load()
    assert_same(other, net)
    resumed.fit(BATCHES, trainer.epochs_done + 1, noise, patience=9)
    trainer.fit(BATCHES, trainer.epochs_done + 1, noise, patience=9)
    assert_same(other, net)  # both have gone on from the last epoch, or taken the best again


class Counted(gn.Module):
    def __init__(self, shape: Any = ()) -> None:
        self.shape = shape
        self.linear = nn.Linear(4, 3)
        self.count = gn.Buffer(np.zeros(self.shape))

    def compute(self, x: Any) -> Any:
        return self.linear.call(x)


def test_a_checkpoint_of_other_buffers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gn"
    trainer_of(Counted(), path).fit(BATCHES, epochs=1)
    with pytest.raises(FormatError, match=r"the buffers count float64\[\], expected .*\[2\]"):
        trainer_of(Counted((2,)), path).load()


def test_gradient_flow_leaves_statistics_alone(rng: np.random.Generator) -> None:
    net = nn.Sequential(nn.Recurrent(nn.rnn_cell(2, 3)), nn.SelectTable(0))
    x = gn.input("x")
    states = nn.Recurrent(nn.rnn_cell(2, 3))(x)[0]
    net = gn.GModule([x], [nn.Sequencer(nn.BatchNormalization(3))(states)])
    train.gradient_flow(net, rng.normal(size=(5, 4, 2)), np.zeros((5, 4, 3)))
    assert set(net.buffers()[0].data) == {0.0}


# ---- weight normalisation


def test_weight_norm_changes_nothing_at_first(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))
    linear = nn.Linear(4, 2)
    np.testing.assert_allclose(nn.WeightNorm(linear).forward(x), linear.forward(x), rtol=1e-14)


@COMPILED
def test_weight_norm_in_a_cell(compiled: bool, rng: np.random.Generator) -> None:
    xs = rng.normal(size=(4, 2, 3))
    x, h = gn.input("x"), nn.State(2)()
    normed = nn.WeightNorm(nn.Linear(2, 2))
    normed.g[...] = [0.5, 2.0]
    cell = gn.GModule([x, h], [nn.Tanh()(nn.Linear(3, 2)(x) + normed(h))])
    plain = cell.clone()
    v = plain.parameters()["weightnorm.weight"]
    v[...] *= (np.array([0.5, 2.0]) / np.sqrt((v.data**2).sum(1)))[:, None]
    plain.parameters()["weightnorm.g"][...] = np.sqrt((v.data**2).sum(1))
    received = nn.Recurrent(cell).compile(compiled).forward(xs)[0]
    np.testing.assert_allclose(received, nn.Recurrent(plain).forward(xs)[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.WeightNorm(nn.Tanh()), "wraps Tanh.., which has no parameter 'weight'"),
        (lambda: nn.WeightNorm(nn.Linear(2, 3), axis=2), r"axis 2, and the weight is \(3, 2\)"),
    ],
)
def test_weight_norm_refuses(make: Any, message: str) -> None:
    with pytest.raises(gn.GraphnetError, match=message):
        make()
