"""The chart of a training: losses by batch, and a panel for each metric of the validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.train.reports.figure import new_figure

Point: TypeAlias = tuple[int, float]
"""Batches trained, and what was measured then."""


def losses_figure(
    training: Sequence[float],
    validation: Sequence[Point],
    metrics: Mapping[str, Sequence[Point]],
    title: str = "",
) -> tuple[Any, Any]:
    """The figure, and the axes of the losses; below them one panel for each metric."""
    measured = {name: points for name, points in metrics.items() if points}
    figure, axes = new_figure(panels=len(measured))
    plot_losses(axes, training)
    if validation:
        places, losses = zip(*validation, strict=True)
        label = f"validation, {losses[-1]:.3f} at last"
        axes.plot(places, losses, "o-", color="#c8501e", markersize=5, label=label)
    axes.set_ylabel("loss")
    axes.set_title(title)
    axes.legend(frameon=False)
    for panel, (name, points) in zip(figure.axes[1:], measured.items(), strict=True):
        places, values = zip(*points, strict=True)
        label = f"{values[-1]:.4g} at last"
        panel.plot(places, values, "o-", color="#2d7d46", markersize=4, label=label)
        panel.set_ylabel(name)
        panel.legend(frameon=False)
    for each in figure.axes:
        each.grid(alpha=0.25)
    figure.axes[-1].set_xlabel("batches")
    return figure, axes


def plot_losses(axes: Any, training: Sequence[float]) -> None:
    """The loss of each batch, and their moving average."""
    count = len(training)
    batches = np.arange(1, count + 1)
    reach = min(25, count // 50)
    axes.plot(batches, training, color="#9db8d9", linewidth=0.6, label="each batch")
    axes.plot(
        batches,
        smoothed(training, reach),
        color="#1f4e8c",
        linewidth=1.6,
        label=f"mean of {2 * reach + 1}",
    )


def smoothed(losses: Sequence[float], reach: int) -> NDArray:
    """The moving average over ``reach`` values to each side (fewer at the ends)."""
    total = np.cumsum([0.0, *losses])
    places = np.arange(len(losses))
    starts = np.maximum(0, places - reach)
    ends = np.minimum(len(losses), places + reach + 1)
    means: NDArray = (total[ends] - total[starts]) / (ends - starts)
    return means
