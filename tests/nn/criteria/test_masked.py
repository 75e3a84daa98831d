"""MaskZeroCriterion: the loss and gradient of a criterion on the rows that are left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values import table

LIVE = np.array([True, False, True, True, False, True])
WEIGHTS = np.array([0.5, 0.0, 2.0, 0.25])
CRITERIA = {
    "mse": (nn.MSECriterion(), "numbers"),
    "mse-sum": (nn.MSECriterion(False), "numbers"),
    "abs": (nn.AbsCriterion(), "numbers"),
    "l1": (nn.L1Cost(), "numbers"),
    "bce": (nn.BCECriterion(WEIGHTS), "chances"),
    "nll": (nn.ClassNLLCriterion(), "classes"),
    "nll-weights": (nn.ClassNLLCriterion(WEIGHTS), "classes"),
    "nll-sum": (nn.ClassNLLCriterion(WEIGHTS, False), "classes"),
    "nll-ignored": (nn.ClassNLLCriterion(WEIGHTS, ignore_index=3), "classes"),
    "cross-entropy": (nn.CrossEntropyCriterion(), "classes"),
    "margins": (nn.MultiMarginCriterion(2, WEIGHTS), "classes"),
    "cosine": (nn.CosineEmbeddingCriterion(), "pairs"),
    "several": (nn.MultiCriterion(nn.MSECriterion(), nn.AbsCriterion(False)), "numbers"),
    "each": (
        nn.ParallelCriterion(nn.MSECriterion(), nn.AbsCriterion(), weights=[0.5, 2.0]),
        "tables",
    ),
}


def drawn(kind: str, live: np.ndarray, rng: np.random.Generator) -> tuple[Any, Any]:
    """An input with rows of padding, and a target; classes of padding are out of range."""
    n = len(live)
    numbers = rng.uniform(0.1, 0.9, (n, 4)) * live[:, None]
    other = rng.normal(size=(n, 4))
    if kind == "classes":
        return numbers, np.where(live, rng.integers(0, 4, n), -1)
    if kind == "pairs":
        return [numbers, other], np.where(rng.random(n) < 0.5, 1.0, -1.0)
    if kind == "tables":
        return [numbers, other], [other, rng.normal(size=(n, 4))]
    return numbers, rng.uniform(0.1, 0.9, (n, 4)) if kind == "chances" else other


def leaves(value: Any) -> list[np.ndarray]:
    return table.flatten(value)[0]


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("live", [LIVE, ~LIVE, np.ones(3, bool)], ids=["some", "few", "all"])
def test_the_loss_is_that_of_the_rows_left(
    name: str, live: np.ndarray, rng: np.random.Generator
) -> None:
    criterion, kind = CRITERIA[name]
    pair = list(drawn(kind, live, rng))
    masked = nn.MaskZeroCriterion(criterion).run(pair)
    rest = criterion.run(table.map_table(lambda array: array[live], pair))
    np.testing.assert_allclose(masked.outputs, rest.outputs, rtol=1e-13)
    wanted = leaves(rest.backward()[0])
    for found, expected in zip(leaves(masked.backward()[0]), wanted, strict=True):
        np.testing.assert_allclose(found[live], expected, rtol=1e-12, atol=1e-15)
        assert not found[~live].any()


@pytest.mark.parametrize("name", CRITERIA)
def test_padding_alone_costs_nothing(name: str, rng: np.random.Generator) -> None:
    criterion, kind = CRITERIA[name]
    run = nn.MaskZeroCriterion(criterion).run(list(drawn(kind, np.zeros(3, bool), rng)))
    assert run.outputs == 0
    assert not any(gradient.any() for gradient in leaves(run.backward()[0]))


def test_classes_at_several_places_of_a_row(rng: np.random.Generator) -> None:
    scores, classes = rng.normal(size=(6, 3, 4)) * LIVE[:, None, None], rng.integers(0, 4, (6, 3))
    masked = nn.MaskZeroCriterion(nn.CrossEntropyCriterion(), 2).forward([scores, classes])
    rest = nn.CrossEntropyCriterion().forward([scores[LIVE], classes[LIVE]])
    np.testing.assert_allclose(masked, rest, rtol=1e-13)


def test_a_row_that_is_not_a_number_counts() -> None:
    criterion = nn.MaskZeroCriterion(nn.MSECriterion())
    assert np.isnan(criterion.forward([np.array([[np.nan], [1.0]]), np.zeros((2, 1))]))


X, CLASSES = np.ones((3, 4)), np.zeros(3, int)
NLL = nn.ClassNLLCriterion()
REJECTED: list[tuple[Module, Any, type[Exception], str]] = [
    (nn.MaskZeroCriterion(nn.MSECriterion()), [X[0], X[0]], ShapeError, r"input \(4,\)"),
    (nn.MaskZeroCriterion(nn.MSECriterion(), 2), [X, X], ShapeError, "input_dims 2"),
    (nn.MaskZeroCriterion(nn.MSECriterion()), [X[:0], X[:0]], ShapeError, r"input \(0, 4\)"),
    (nn.MaskZeroCriterion(nn.MSECriterion()), [X, X[:2]], ShapeError, "has 3 rows"),
    (nn.MaskZeroCriterion(nn.MSECriterion()), [X, np.zeros(())], ShapeError, "has 3 rows"),
    (nn.MaskZeroCriterion(NLL), [X, CLASSES[:2]], ShapeError, "has 3 rows"),
    (nn.MaskZeroCriterion(NLL), [X, np.zeros(3)], DtypeError, "classes as integers"),
    (nn.MaskZeroCriterion(NLL), [X, CLASSES - 1], IndexRangeError, "-1, expected 0 to 3"),
    (nn.MaskZeroCriterion(NLL), X, GraphError, "expects a table"),
    (
        nn.MaskZeroCriterion(nn.L1HingeEmbeddingCriterion()),
        [[X, X], np.ones(3)],
        GraphError,
        "cannot tell whether L1HingeEmbeddingCriterion adds up or averages",
    ),
]


@pytest.mark.parametrize(
    ("module", "inputs", "error", "message"),
    [pytest.param(*row, id=str(number)) for number, row in enumerate(REJECTED)],
)
def test_rejected(module: Module, inputs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        module.forward(inputs)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_classes_of_any_integer_type(dtype: Any) -> None:
    scores, classes = np.log([[0.1, 0.2, 0.3, 0.4]] * 3), np.array([0, 1, 2], dtype)
    expected = -np.log([0.2, 0.3]).mean()  # of the two that are not ignored
    for kind in (nn.ClassNLLCriterion, nn.CrossEntropyCriterion):
        assert kind(ignore_index=0).forward([scores, classes]) == pytest.approx(expected)
