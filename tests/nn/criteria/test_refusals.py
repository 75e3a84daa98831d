"""What criteria refuse: each error names the criterion, what came and what is expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError

X, ROW, CLASSES = np.ones((3, 4)), np.ones(3), np.zeros(3, int)
IMAGES = np.ones((2, 3, 4, 5))

CASES: list[tuple[Any, Any, type[Exception], str]] = [
    (
        nn.MSECriterion(),
        [X, X.T],
        ShapeError,
        r"MSECriterion compares an input \(3, 4\) with .*3\)",
    ),
    (nn.MSECriterion(), [X, np.ones((3, 1))], ShapeError, r"with a target \(3, 1\)"),
    (nn.MSECriterion(), [[X], [X]], GraphError, "expects two arrays, received"),
    (nn.L1Cost(), [[X], X], GraphError, "L1Cost expects an array, received"),
    (nn.MarginRankingCriterion(), [[X, ROW], X], ShapeError, r"compares \(3, 4\) with \(3,\)"),
    (nn.MarginRankingCriterion(), [[X, X], ROW], ShapeError, r"with a target \(3,\)"),
    (nn.MarginRankingCriterion(), [[X, [X]], ROW], GraphError, "expects a pair of arrays"),
    (nn.CosineEmbeddingCriterion(), [[X, X.T], ROW], ShapeError, r"with \(4, 3\)"),
    (nn.CosineEmbeddingCriterion(), [[X, X], X], ShapeError, r"with a target \(3, 4\)"),
    (nn.L1HingeEmbeddingCriterion(), [[X, X], ROW], ShapeError, r"with a target \(3,\)"),
    (nn.L1HingeEmbeddingCriterion(), [X, 1.0], GraphError, "expects a table"),
    (nn.ClassNLLCriterion(), [X, CLASSES + 4], IndexRangeError, "4, expected 0 to 3"),
    (nn.ClassNLLCriterion(), [X, ROW], DtypeError, "expects classes as integers"),
    (nn.ClassNLLCriterion(), [X, [CLASSES]], ShapeError, "expects scores"),
    (nn.ClassNLLCriterion(ROW), [X, CLASSES], ShapeError, r"has weights \(3,\) for 4 classes"),
    (nn.CrossEntropyCriterion(), [X, CLASSES[:2]], ShapeError, r"has scores .* targets \(2,\)"),
    (nn.SpatialClassNLLCriterion(), [X, CLASSES], ShapeError, r"log-probabilities \(n, classes, …"),
    (
        nn.SpatialClassNLLCriterion(),
        [IMAGES, np.zeros((2, 5, 4), int)],
        ShapeError,
        r"has scores \(2, 4, 5, 3\) and targets \(2, 5, 4\)",
    ),
    (
        nn.SpatialClassNLLCriterion(),
        [IMAGES, np.full((2, 4, 5), 3)],
        IndexRangeError,
        "3, expected 0 to 2",
    ),
    (nn.MultiMarginCriterion(), [X, CLASSES - 1], IndexRangeError, "-1, expected 0 to 3"),
    (nn.MultiLabelMarginCriterion(), [X, X], DtypeError, "expects classes as integers"),
    (nn.ClassSimplexCriterion(4), [X[:, :3], CLASSES], ShapeError, r"embeddings \(n, 4\)"),
    (nn.ClassSimplexCriterion(4), [X, CLASSES + 9], IndexRangeError, "9, expected 0 to 3"),
    (nn.ClassSimplexCriterion(4), [[X], CLASSES], ShapeError, "an array of embeddings"),
    (nn.WeightedMSECriterion(ROW), [X, X], ShapeError, r"has weights \(3,\) and receives .*4\)"),
    (nn.BinaryLogisticRegression(), [X, X], ShapeError, r"expects scores \(n,\) or \(n, 1\)"),
    (nn.SpatialBinaryLogisticRegression(), [IMAGES, IMAGES], ShapeError, r"\(n, 1, height, width"),
    (nn.SpatialAutoCropMSECriterion(), [X, X], ShapeError, r"images \(…, channels, height"),
    (
        nn.SpatialAutoCropMSECriterion(),
        [IMAGES, IMAGES[..., :4]],
        ShapeError,
        r"has images \(2, 3, 4, 5\) and targets \(2, 3, 4, 4\)",
    ),
    (nn.GaussianNLLCriterion(), [[X, ROW], X], ShapeError, r"with a target \(3,\)"),
    (nn.DistanceRatioCriterion(), [X, ROW], ShapeError, "expects arrays of one shape"),
    (nn.DistanceRatioCriterion(), [X, X, X], GraphError, "expects a table of 2 arrays"),
    (nn.TripletMarginCriterion(), [[X, X], X], GraphError, "expects a table of 3 arrays"),
    (nn.RepeaterCriterion(nn.MSECriterion()), [X[:0], ROW], ShapeError, "at least one step"),
    (
        nn.SequencerCriterion(nn.MSECriterion()),
        [X, X[:2]],
        ShapeError,
        "arrays of the same number of steps",
    ),
]


@pytest.mark.parametrize(
    ("criterion", "pair", "error", "message"),
    [pytest.param(*case, id=str(number)) for number, case in enumerate(CASES)],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_input_that_does_not_fit(
    criterion: Any, pair: Any, error: type[Exception], message: str, compiled: bool
) -> None:
    criterion = criterion.clone()
    if compiled:
        criterion.compile()
    with pytest.raises(error, match=message) as caught:
        criterion.forward(pair)
    assert type(criterion).__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.HuberCriterion(0.0), "delta is 0.0, expected a positive number"),
        (lambda: nn.SmoothL1Criterion(beta=-1.0), "beta is -1.0, expected a positive number"),
        (lambda: nn.ClassSimplexCriterion(1), "n_classes is 1, expected at least 2"),
        (lambda: nn.CrossEntropyCriterion(label_smoothing=2.0), "label_smoothing is 2.0, expected"),
    ],
)
def test_settings_out_of_range(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_torch_spellings_of_settings() -> None:
    assert nn.MSECriterion(sizeAverage=False).size_average is False
    assert nn.ClassNLLCriterion(ignoreIndex=3).ignore_index == 3
    assert nn.MaskZeroCriterion(nn.MSECriterion(), nInputDim=2).input_dims == 2
    assert nn.ParallelCriterion(repeatTarget=True).repeat_target
    assert nn.ClassSimplexCriterion(nClasses=3).n_classes == 3
    assert nn.HuberCriterion(reduction="sum").size_average is False


def test_the_corners_of_a_simplex_are_equally_far_from_each_other() -> None:
    corners = nn.ClassSimplexCriterion(5).simplex
    products = corners @ corners.T
    np.testing.assert_allclose(np.diag(products), 1, rtol=1e-14)
    np.testing.assert_allclose(products[~np.eye(5, dtype=bool)], -0.25, rtol=1e-14)
    np.testing.assert_allclose(corners.sum(0), 0, atol=1e-15)
    assert not corners[:, -1].any()
