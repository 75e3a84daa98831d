"""Every module of nn: shape rules, gradients, dtypes, PyTorch's values; and what they reject."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, GraphnetError, IndexRangeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values import table
from tests.module_rows import ROWS, Row
from tests.support.numeric import numeric_gradient, relative_error, weighted_sum
from tests.support.oracle import torch

CASES = [
    pytest.param(row, id=f"{name}-{number}" if number else name)
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]


def drawn(row: Row, rng: np.random.Generator) -> Any:
    return table.map_table(lambda draw: draw(rng), row.input)


def outputs_of(module: Module, inputs: Any) -> list[np.ndarray]:
    """The leaves of the output, with the same random numbers each time."""
    return table.flatten(module.seed(1).forward(inputs))[0]


def test_every_module_has_a_row() -> None:
    names = {
        name
        for name in nn.__all__
        if isinstance(kind := getattr(nn, name), type) and issubclass(kind, Module)
    }
    assert names - set(ROWS) == {"Container", "Criterion"}


@pytest.mark.parametrize("row", CASES)
def test_shapes_without_running(row: Row, rng: np.random.Generator) -> None:
    inputs = drawn(row, rng)
    node = row.make()(x := gn.input("x")).annotate(name="result")
    net = gn.GModule([x], [node])
    shapes = table.map_table(lambda array: _Shape(array), inputs)
    summary = net.summary(unwrapped(shapes))
    rows = {line.node: line.output for line in summary.rows}
    assert rows["result"] == table.describe(net.forward(inputs))


class _Shape:
    """The shape and dtype of an array, as ``summary`` takes them."""

    def __init__(self, array: np.ndarray) -> None:
        self.pair = (array.shape, array.dtype.type)


def unwrapped(shapes: Any) -> Any:
    return [unwrapped(s) for s in shapes] if isinstance(shapes, list) else shapes.pair


@pytest.mark.parametrize("row", [case for case in CASES if case.values[0].has_derivative])
def test_gradients(row: Row, rng: np.random.Generator) -> None:
    module, inputs = row.make(), drawn(row, rng)
    outputs = outputs_of(module, inputs)
    weights = [rng.normal(size=output.shape) for output in outputs]
    structure = table.flatten(module.seed(1).forward(inputs))[1]
    gradients = table.flatten(module.backward(inputs, table.unflatten(structure, weights)))[0]

    def scalar() -> float:
        return weighted_sum(outputs_of(module, inputs), weights)

    for leaf, gradient in zip(table.flatten(inputs)[0], gradients, strict=True):
        if leaf.dtype.kind == "f":
            assert relative_error(gradient, numeric_gradient(scalar, leaf)) < 1e-6
        else:
            assert gradient is None
    for parameter in module.parameters():
        numeric = numeric_gradient(scalar, parameter.data)
        assert relative_error(parameter.grad, numeric) < 1e-6


@pytest.mark.parametrize("row", [case for case in CASES if case.values[0].torch])
def test_pytorch_agrees(row: Row, rng: np.random.Generator) -> None:
    module, inputs = row.make(), drawn(row, rng)
    run = module.run(inputs)
    outputs, structure = table.flatten(run.outputs)
    weights = [rng.normal(size=output.shape) for output in outputs]
    gradients = table.flatten(run.backward(table.unflatten(structure, weights)))[0]

    tensors = table.map_table(lambda array: torch.tensor(array), inputs)
    leaves = [t.requires_grad_(t.is_floating_point()) for t in table.flatten(tensors)[0]]
    parameters = [torch.tensor(p.data, requires_grad=True) for p in module.parameters()]
    expected = table.flatten(row.torch(tensors, *parameters))[0]
    assert len(outputs) == len(expected)
    for received, tensor in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(received, tensor.detach().numpy(), rtol=1e-8, atol=1e-11)
    torch.autograd.backward(expected, [torch.tensor(w) for w in weights])
    found = [*gradients, *[p.grad for p in module.parameters()]]
    for received, tensor in zip(found, [*leaves, *parameters], strict=True):
        if tensor.requires_grad:
            wanted = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()
            assert relative_error(received, wanted) < 1e-6


@pytest.mark.parametrize("row", CASES)
def test_float32_stays_float32(row: Row, rng: np.random.Generator) -> None:
    def narrow(array: np.ndarray) -> np.ndarray:
        return array.astype(np.float32) if array.dtype.kind == "f" else array

    module = row.make().float()
    run = module.run(table.map_table(narrow, drawn(row, rng)))
    outputs, structure = table.flatten(run.outputs)
    ones = table.unflatten(structure, [np.ones_like(output) for output in outputs])
    gradients = [g for g in table.flatten(run.backward(ones))[0] if g is not None]
    floats = [array.dtype for array in (*outputs, *gradients) if array.dtype.kind == "f"]
    assert set(floats) == {np.dtype(np.float32)}


@pytest.mark.parametrize("row", CASES)
def test_a_clone_computes_the_same(row: Row, rng: np.random.Generator) -> None:
    module, inputs = row.make(), drawn(row, rng)
    for left, right in zip(
        outputs_of(module, inputs), outputs_of(module.clone(), inputs), strict=True
    ):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("row", [case for case in CASES if case.id != "Function"])
def test_saved_and_loaded(row: Row, rng: np.random.Generator, tmp_path: Path) -> None:
    module, inputs = row.make(), drawn(row, rng)
    module.save(tmp_path / "module.gn")
    loaded = gn.load(tmp_path / "module.gn")
    assert loaded.description() == module.description()
    training = module.is_training
    for left, right in zip(
        outputs_of(module, inputs), outputs_of(loaded.train(training), inputs), strict=True
    ):
        np.testing.assert_array_equal(left, right)


# ---- gradients that are no derivatives


def test_l1_penalty(rng: np.random.Generator) -> None:
    x, g = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    penalty = nn.L1Penalty(0.3, size_average=True)
    np.testing.assert_array_equal(penalty.forward(x), x)
    np.testing.assert_allclose(penalty.backward(x, g), g + 0.3 / 12 * np.sign(x))
    alone = nn.L1Penalty(0.3, provide_output=False)
    alone.forward(x)
    np.testing.assert_allclose(alone.backward(x, g), 0.3 * np.sign(x))


@pytest.mark.parametrize(
    "module",
    [nn.Sqrt(), nn.PairwiseDistance(), nn.Normalize(), nn.CosineDistance()],
    ids=lambda m: type(m).__name__,
)
def test_gradients_at_zero_are_finite(module: Module) -> None:
    pair = isinstance(module, nn.PairwiseDistance | nn.CosineDistance)
    x: Any = [np.zeros((2, 3)), np.zeros((2, 3))] if pair else np.zeros((2, 3))
    run = module.run(x)
    gradients = table.flatten(run.backward(np.ones_like(run.outputs)))[0]
    assert all(np.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize(
    ("module", "value", "slope"),
    [
        (nn.SoftPlus(), 800.0, 1.0),
        (nn.LogSigmoid(), 0.0, 0.0),
        (nn.SoftMax(), np.nan, np.nan),
    ],
    ids=["SoftPlus", "LogSigmoid", "SoftMax"],
)
def test_large_numbers_do_not_overflow(module: Module, value: float, slope: float) -> None:
    x = np.array([-800.0, 800.0])
    run = module.run(x)
    gradient = run.backward(np.array([0.0, 1.0]))
    assert np.isfinite(run.outputs).all()
    assert np.isfinite(gradient).all()
    if np.isfinite(value):
        assert run.outputs[1] == pytest.approx(value)
        assert gradient[1] == pytest.approx(slope)


# ---- modules that draw random numbers


def test_dropout_keeps_the_mean() -> None:
    x = np.ones(20_000)
    y = nn.Dropout(0.3).seed(1).forward(x)
    assert set(np.round(np.unique(y), 12)) == {0.0, round(1 / 0.7, 12)}
    assert y.mean() == pytest.approx(1, abs=0.02)


def test_rrelu_draws_slopes_between_its_bounds() -> None:
    x = -np.ones(20_000)
    slopes = -nn.RReLU(0.1, 0.5).seed(1).forward(x)
    assert 0.1 <= slopes.min() < 0.101
    assert 0.499 < slopes.max() < 0.5
    assert slopes.mean() == pytest.approx(0.3, abs=0.01)


# ---- containers


def test_container_parts_have_paths() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ConcatTable(nn.Tanh(), nn.Linear(3, 2)))
    assert list(net.parameters().named) == ["0.weight", "0.bias", "1.1.weight", "1.1.bias"]
    assert net[1] is net.modules[1]
    assert len(net) == 2


def test_errors_inside_a_container_name_the_part() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3)))
    with pytest.raises(ShapeError, match=r"Linear '1\.1' .* \(…, 4\), received \(2, 3\)"):
        net.forward(np.zeros((2, 4)))


def test_adding_a_module_is_noticed_after_a_run() -> None:
    net = nn.Sequential(nn.MulConstant(2.0))
    x = np.ones(3)
    np.testing.assert_array_equal(net.forward(x), 2 * x)
    np.testing.assert_array_equal(net.add(nn.MulConstant(3.0)).forward(x), 6 * x)


def test_sequential_learns_with_a_criterion_as_a_node(rng: np.random.Generator) -> None:
    x, target = gn.input(), gn.input()
    scores = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))(x)
    net = gn.GModule([x, target], [nn.CrossEntropyCriterion()([scores, target])])
    points = rng.normal(size=(64, 2))
    classes = (points[:, 0] * points[:, 1] > 0).astype(int)
    losses = []
    for _ in range(200):
        net.zero_grad()
        losses.append(float(net.forward([points, classes])))
        net.backward([points, classes])
        for parameter in net.parameters():
            parameter.data -= 1.0 * parameter.grad
    assert losses[0] == pytest.approx(np.log(2), abs=0.3)
    assert losses[-1] < 0.2


# ---- what modules reject


SCORES, X = np.zeros((2, 3)), np.zeros((3, 5))
PAIR = [SCORES, SCORES]
REJECTED: list[tuple[Module, Any, type[GraphnetError], str]] = [
    (nn.ClassNLLCriterion(), [SCORES, np.array([0, 3])], IndexRangeError, "3, expected 0 to 2"),
    (nn.ClassNLLCriterion(), [SCORES, np.array([-1, 0])], IndexRangeError, "-1, expected 0"),
    (nn.CrossEntropyCriterion(), [np.zeros(3), 3], IndexRangeError, "3, expected 0 to 2"),
    (nn.CrossEntropyCriterion(), [SCORES, np.zeros(2)], DtypeError, "classes as integers"),
    (nn.CrossEntropyCriterion(), [SCORES, np.zeros(3, int)], ShapeError, r"targets of \(2,\)"),
    (nn.CrossEntropyCriterion(), SCORES, GraphError, "expects a table"),
    (nn.ClassNLLCriterion([1.0]), [SCORES, np.zeros(2, int)], ShapeError, r"weights \(1,\) for 3"),
    (nn.MSECriterion(), [SCORES, np.zeros((2, 1))], ShapeError, r"target \(2, 1\)"),
    (nn.MSECriterion(), [PAIR, np.zeros(2)], GraphError, "expects two arrays"),
    (nn.MultiLabelMarginCriterion(), PAIR, DtypeError, "classes as integers"),
    (
        nn.MultiLabelMarginCriterion(),
        [SCORES[0], np.array([3, -1, 0])],
        IndexRangeError,
        "3, expected",
    ),
    (nn.Reshape(2, 2), X, ShapeError, r"reshapes \(3, 5\) to \(3, 2, 2\)"),
    (nn.View(4), X, ShapeError, "15 elements are not a multiple of 4"),
    (nn.Collapse(3), X, ShapeError, r"collapses 3 axes of \(3, 5\)"),
    (nn.Narrow(1, 4, 3), X, IndexRangeError, "positions 4 to 6 of axis 1"),
    (nn.Select(0, 3), X, IndexRangeError, "position 3 of axis 0"),
    (nn.Select(2, 0), X, ShapeError, "axis 2 of an array with 2 axes"),
    (nn.Index(0), [X, np.zeros((1, 1), int)], ShapeError, "one axis of indices"),
    (nn.Index(0), [X, np.array([3])], IndexRangeError, "3, expected 0 to 2"),
    (nn.GatedLinearUnit(), SCORES, ShapeError, "must be even"),
    (nn.CMul(5), SCORES, ShapeError, r"\(5,\) fits, received \(2, 3\)"),
    (nn.Bilinear(3, 4, 2), PAIR, ShapeError, r"\(…, 4\)"),
    (nn.Euclidean(4, 2), SCORES, ShapeError, "last axis holds the features"),
    (nn.MixtureTable(), [SCORES, PAIR], GraphError, "2 experts and a gate"),
    (nn.ParallelTable(nn.Tanh()), PAIR, GraphError, "has 1 modules and receives 2 parts"),
    (nn.Parallel(0, 0, nn.Tanh()), SCORES, GraphError, "receives 2 parts"),
    (nn.ParallelCriterion(nn.MSECriterion()), [PAIR, PAIR], GraphError, "has 1 criteria"),
    (nn.SequencerCriterion(nn.MSECriterion()), [PAIR, PAIR[:1]], GraphError, "2 steps of input"),
    (nn.ZipTable(), [PAIR, PAIR[:1]], GraphError, "tables of different lengths"),
]


@pytest.mark.parametrize(
    ("module", "inputs", "error", "message"),
    [pytest.param(*row, id=f"{i}-{type(row[0]).__name__}") for i, row in enumerate(REJECTED)],
)
def test_rejected(module: Module, inputs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        module.forward(inputs)


def test_only_modules_can_be_added() -> None:
    with pytest.raises(GraphError, match="expected a module"):
        nn.Sequential(nn.Tanh()()).forward(np.zeros(2))


def test_as_many_weights_as_criteria() -> None:
    with pytest.raises(GraphError, match="1 criteria and 2 weights"):
        nn.MultiCriterion(nn.MSECriterion(), weights=[1.0, 2.0])
