"""The losses of a training, and a plot of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.graph.modules.calls import understanding
from graphnet.ir.core.types import NDArray
from graphnet.train.reports.figure import notebook_svg, save_figure
from graphnet.train.reports.loss_chart import Point, losses_figure

METRIC = "metrics."
"""What the names of their arrays in a checkpoint begin with."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The mean losses of an epoch, in nats for nn's likelihood criteria.

    ``number`` counts epochs from 1, ``batches_done`` all batches so far; ``validation`` may be
    None. ``metrics`` are those of the validation, by name.
    """

    number: int
    batches_done: int
    training: float
    validation: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)

    def measures(self) -> dict[str, float]:
        """Losses and metrics by name: ``training``, ``validation`` where there is one, …"""
        losses = {"training": self.training, "validation": self.validation}
        known = {name: loss for name, loss in losses.items() if loss is not None}
        return {**known, **self.metrics}

    @property
    def perplexity(self) -> float:
        """The perplexity of the validation, or without one of the training."""
        return perplexity(self.training if self.validation is None else self.validation)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was trained on: its loss before the step, and the learning rate of the step.

    ``epoch`` counts from 1, as does ``number``, over all epochs.
    """

    epoch: int
    number: int
    loss: float
    learning_rate: float


@dataclass(slots=True)
class History:
    """The losses: ``training`` by batch, ``validation`` as pairs (batches trained, mean loss).

    Losses are in nats (natural logarithm) per character, or per unit of the criterion's mean.
    ``metrics`` holds such pairs (batches trained, value) for each metric, by name.
    """

    training: list[float] = field(default_factory=list)
    validation: list[Point] = field(default_factory=list)
    metrics: dict[str, list[Point]] = field(default_factory=dict)

    def __repr__(self) -> str:
        losses = self.training
        course = f", loss {losses[0]:.4g} to {losses[-1]:.4g}" if losses else ""
        last = f", validation {self.validation[-1][1]:.4g}" if self.validation else ""
        measured = "".join(f", {name} {p[-1][1]:.4g}" for name, p in self.metrics.items() if p)
        return f"<History of {len(losses)} batches{course}{last}{measured}>"

    def _repr_svg_(self) -> str | None:
        if not self.training:
            return None
        return notebook_svg(lambda: losses_figure(self.training, self.validation, self.metrics)[0])

    def last_epoch(self, batches: int, number: int | None = None) -> Epoch:
        """The mean losses of the last ``batches`` batches, an epoch; by default all are as long."""
        done = len(self.training)
        measured = {
            name: value
            for name, points in self.metrics.items()
            for place, value in points[-1:]
            if place == done
        }
        place, loss = self.validation[-1] if self.validation else (0, math.nan)
        return Epoch(
            number=done // batches if number is None else number,
            batches_done=done,
            training=math.fsum(self.training[-batches:]) / batches,
            validation=loss if place == done else None,
            metrics=measured,
        )

    def arrays(self) -> dict[str, NDArray]:
        """The losses as arrays (batches,) and (validations, 2), for a checkpoint."""
        metrics = {METRIC + name: as_array(points) for name, points in self.metrics.items()}
        return {
            "losses.training": np.array(self.training, np.float64),
            "losses.validation": as_array(self.validation),
            **metrics,
        }

    @staticmethod
    def from_arrays(arrays: dict[str, NDArray]) -> History:
        """The inverse of ``arrays``; raises KeyError or ValueError for other arrays."""
        training, validation = arrays["losses.training"], arrays["losses.validation"]
        if training.ndim != 1 or validation.shape[1:] != (2,):
            raise ValueError(f"losses of shapes {training.shape} and {validation.shape}")
        metrics = {
            name.removeprefix(METRIC): as_points(array)
            for name, array in arrays.items()
            if name.startswith(METRIC) and len(array)
        }
        return History(training.tolist(), as_points(validation), metrics)


def as_array(points: Sequence[Point]) -> NDArray:
    return np.array(points, np.float64).reshape(-1, 2)


def as_points(array: NDArray) -> list[Point]:
    """Raises ValueError for an array that is not (points, 2)."""
    return [(int(place), float(value)) for place, value in array]


def bits(loss: Any) -> Any:
    """Convert nats to bits.

    >>> round(bits(math.log(8)), 12)
    3.0
    """
    return loss / math.log(2)


def perplexity(loss: float) -> float:
    """The number of equally likely words with this loss in nats: ``exp(loss)``.

    >>> round(perplexity(math.log(8)), 12)
    8.0
    """
    return math.exp(loss) if loss < 700 else math.inf  # exp would overflow


def nats(loss: Any) -> Any:
    """Convert bits to nats."""
    return loss * math.log(2)


@understanding
def draw_losses(history: History, path: str | Path, title: str = "") -> None:
    """Plot the loss of each batch, their moving average, and validation; bits on the right axis.

    Below them is a panel for each metric. The suffix of ``path`` is the format: SVG, PNG or PDF.
    Losses are in nats. Raises GraphnetError without matplotlib.
    """
    figure, axes = losses_figure(history.training, history.validation, history.metrics, title)
    axes.set_ylabel("loss (nats)")
    right = axes.secondary_yaxis("right", functions=(bits, nats))
    right.set_ylabel("bits")
    save_figure(figure, path)
