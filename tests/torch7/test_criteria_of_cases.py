"""The builder of reference cases understands every argument, field and nesting of criteria."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.golden_support.build import Graph
from tests.golden_support.criteria import build_criterion, class_target

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
SIGNS = np.where(RNG.random((3, 4)) < 0.5, 1.0, -1.0)
LOGS = np.log(np.full((3, 4), 0.25)) + X / 10
CLASSES = np.array([2.0, 4.0, 1.0])  # as in Torch, from 1
WEIGHTS = np.array([0.5, 1.0, 2.0, 0.25])
PICKED = np.array([LOGS[0, 1], LOGS[1, 3], LOGS[2, 0]])
MSE, NLL, ABS = {"type": "MSECriterion"}, {"type": "ClassNLLCriterion"}, {"type": "AbsCriterion"}
SQUARES = ((X - Y) ** 2).mean()


def with_(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "args": fields.pop("args", []), **fields}


def hinge(margin: float) -> Any:
    return np.maximum(0, margin - SIGNS * (X - Y))


SPECS: list[tuple[dict[str, Any], Any, Any, float]] = [
    (with_("ClassNLLCriterion", args=[None, False, 4]), LOGS, CLASSES, -PICKED[[0, 2]].sum()),
    (
        with_("ClassNLLCriterion", weights="w", attributes={"ignoreIndex": 4}),
        LOGS,
        CLASSES,
        -(PICKED[0] * 1 + PICKED[2] * 0.5) / 1.5,
    ),
    (with_("CrossEntropyCriterion"), LOGS[:, :, None], CLASSES[:, None], float("nan")),
    (
        with_(
            "MultiMarginCriterion", args=[2, 0.5], weights="w", attributes={"sizeAverage": False}
        ),
        X[0],
        3,
        WEIGHTS[2] * (np.maximum(0, 0.5 - X[0, 2] + np.delete(X[0], 2)) ** 2).sum() / 4,
    ),
    (
        with_("MultiMarginCriterion", args=[None, None, 0.5]),
        X[0],
        3,
        np.maximum(0, 0.5 - X[0, 2] + np.delete(X[0], 2)).sum() / 4,
    ),
    (with_("MarginRankingCriterion", args=[0.1]), [X, Y], SIGNS, hinge(0.1).sum() / 3),
    (
        with_("MarginRankingCriterion", attributes={"sizeAverage": False, "margin": 0.3}),
        [X, Y],
        SIGNS,
        hinge(0.3).sum(),
    ),
    (with_("SequencerCriterion", args=[True], children=[MSE]), [X, X], [Y, Y], SQUARES),
    (
        with_("SequencerCriterion", children=[MSE], attributes={"sizeAverage": True}),
        X,
        Y,
        SQUARES,
    ),
    (
        with_("ParallelCriterion", args=[True], children=[MSE, ABS], child_weights=[2, 0.5]),
        [X, X],
        Y,
        2 * SQUARES + 0.5 * np.abs(X - Y).mean(),
    ),
    (
        with_("ParallelCriterion", children=[NLL, NLL], attributes={"repeatTarget": True}),
        [LOGS, LOGS],
        CLASSES,
        -2 * PICKED.mean(),
    ),
    (
        with_("ParallelCriterion", args=[True], children=[NLL, MSE]),
        [LOGS, X[0, :3]],
        CLASSES,
        -PICKED.mean() + ((X[0, :3] - CLASSES) ** 2).mean(),
    ),
    (
        with_("MultiCriterion", children=[{"type": "L1Cost"}, NLL], child_weights=[0.1, 3]),
        LOGS,
        CLASSES,
        0.1 * np.abs(LOGS).sum() - 3 * PICKED.mean(),
    ),
    (
        with_(
            "ParallelCriterion",
            children=[with_("ParallelCriterion", children=[NLL, MSE]), ABS],
            child_weights=[2, 1],
        ),
        [[LOGS, X], X],
        [[CLASSES, Y], Y],
        2 * (SQUARES - PICKED.mean()) + np.abs(X - Y).mean(),
    ),
    (
        with_("SequencerCriterion", children=[with_("ParallelCriterion", children=[NLL, MSE])]),
        [[LOGS, X], [LOGS, X]],
        [[CLASSES, Y], [CLASSES, Y]],
        2 * (SQUARES - PICKED.mean()),
    ),
    (
        with_("MaskZeroCriterion", args=[1], children=[with_("MultiCriterion", children=[MSE])]),
        X * [[1], [0], [1]],
        Y,
        ((X - Y)[[0, 2]] ** 2).mean(),
    ),
    (
        with_(
            "MaskZeroCriterion", args=[1], children=[with_("SequencerCriterion", children=[MSE])]
        ),
        [X * [[1], [0], [1]]] * 2,
        [Y] * 2,
        2 * ((X - Y)[[0, 2]] ** 2).mean(),
    ),
    (with_("WeightedMSECriterion", weights="w"), X, Y, ((X - WEIGHTS * Y) ** 2).mean()),
    (with_("MSECriterion"), X[:, 0], Y[:, :1], ((X[:, 0] - Y[:, 0]) ** 2).mean()),
]


@pytest.mark.parametrize("number", range(len(SPECS)))
@pytest.mark.parametrize("compiled", [False, True])
def test_a_criterion_of_a_case(number: int, compiled: bool) -> None:
    spec, x, target, expected = SPECS[number]
    criterion = build_criterion(spec, {"w": WEIGHTS})
    if compiled:
        criterion.compile()
    loss = float(criterion.forward([x, class_target(spec, target)]))
    if np.isnan(expected):
        normal = LOGS - np.log(np.exp(LOGS).sum(1, keepdims=True))
        expected = -np.mean([normal[i, int(c) - 1] for i, c in enumerate(CLASSES)])
    assert loss == pytest.approx(expected, rel=1e-12)


def test_classes_of_a_criterion_in_a_graph() -> None:
    identity = {"type": "Identity", "args": []}
    module = {"type": "ModuleFromCriterion", "args": [], "criterion": NLL}
    nodes = [
        {"id": 1, "module": identity, "parents": []},
        {"id": 2, "module": identity, "parents": []},
        {"id": 3, "module": module, "parents": [1, 2]},
    ]
    graph = Graph({"nodes": nodes, "inputs": [1, 2], "outputs": [3]})
    loss = graph.net.forward(graph.with_indices([LOGS, CLASSES]))
    np.testing.assert_allclose(loss, [-PICKED.mean()], rtol=1e-12)
