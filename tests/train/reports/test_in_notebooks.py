"""Losses and gradient flows in a notebook: curves, of any numbers; without matplotlib the text."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from graphnet.train import GradientFlow, History, draw_losses
from graphnet.train.reports.loss_chart import losses_figure
from tests.support.notebooks import svg_of

NAN, INF = float("nan"), float("inf")
LOSSES = [[1.0], [3.0, 2.5, 2.2], [NAN, INF, -INF], [NAN, 1.0], [0.0, 0.0], [1e300, 1e-300]]
NORMS = [[1.0], [1e-9, 1e-3, 1.0], [0.0, 0.0], [NAN, INF, 1.0], []]


@pytest.mark.parametrize("losses", LOSSES, ids=str)
@pytest.mark.parametrize("validation", [[], [(2, 2.4)], [(1, NAN), (2, INF)]], ids=str)
def test_a_history_is_its_curves(losses: list[float], validation: list[tuple[int, float]]) -> None:
    pytest.importorskip("matplotlib")
    history = History(losses, validation)
    assert svg_of(history) is not None
    assert repr(history).startswith(f"<History of {len(losses)} batches, loss ")
    assert ("validation" in repr(history)) == bool(validation)


def test_metrics_have_panels_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [(1, 0.5), (2, NAN)]
    measured = {"accuracy": points, "F1": points[:1], "never": []}
    history = History([1.0, 0.5], points, measured)
    figure, losses = losses_figure(history.training, history.validation, history.metrics)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "F1"]
    assert figure.axes[0] is losses
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), [0.5, NAN])
    assert svg_of(history) is not None
    sizes = []
    for each in (history, History(history.training, history.validation)):
        draw_losses(each, tmp_path / "losses.svg")
        root = ElementTree.parse(tmp_path / "losses.svg").getroot()
        sizes.append(float(root.attrib["height"].removesuffix("pt")))
    assert sizes[0] > sizes[1]


def test_a_history_of_nothing_is_its_text() -> None:
    assert svg_of(History()) is None
    assert repr(History()) == "<History of 0 batches>"


@pytest.mark.parametrize("norms", NORMS, ids=str)
def test_a_gradient_flow_is_its_curves(norms: list[float]) -> None:
    pytest.importorskip("matplotlib")
    flow = GradientFlow(NAN, {'<&">': np.array(norms), "next_h": np.array(norms)})
    assert svg_of(flow) is not None
    assert '<&">' in repr(flow)


def test_without_matplotlib_the_text_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert svg_of(History([1.0, 0.5])) is None
    assert svg_of(GradientFlow(1.0, {"h": np.ones(3)})) is None
    assert "loss 1" in str(GradientFlow(1.0, {}))
