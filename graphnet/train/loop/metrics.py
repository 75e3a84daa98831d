"""Metrics: what validation measures beside the loss, as functions of output and target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.modules.calls import understanding
from graphnet.ir.core.types import NDArray
from graphnet.train.loop.pairs import as_arrays, kind_of

Metric = Callable[[Any, Any], Any]
Metrics = Mapping[str, Metric]

LOSSES = ("training", "validation", "loss")
"""Names that are taken."""

HINT = 'For instance metrics={"accuracy": train.accuracy}.'


@understanding
def accuracy(scores: NDArray, classes: NDArray) -> float:
    """The share of right answers: of scores (…, classes) whose largest is at the target (…).

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    return float((np.argmax(scores, axis=-1) == classes).mean())


def checked_metrics(metrics: Metrics | None, has_target: bool) -> dict[str, Metric]:
    """Named functions; raises DataError for anything else, and where there is no target."""
    if not isinstance(metrics, Mapping | None):
        raise DataError(
            f"The trainer received metrics {kind_of(metrics)}, expected functions by their names",
            HINT,
        )
    found = dict(metrics or {})
    if found and not has_target:
        raise DataError(
            f"The trainer received the metrics {', '.join(map(str, found))}, but no criterion",
            "A metric compares an output with a target; where the net's output is the loss, there "
            "is none.",
        )
    for name, metric in found.items():
        if not is_name(name) or not callable(metric):
            raise DataError(
                f"The trainer received the metric {name!r}: {type(metric).__name__}, "
                "expected a name of its own and a function (output, target) of arrays",
                HINT,
            )
    return found


def is_name(name: object) -> bool:
    """Whether a metric may be called so."""
    return isinstance(name, str) and bool(name.strip()) and name not in LOSSES


def measured(name: str, metric: Metric, output: Any, target: Any) -> float:
    """The metric of a batch; raises DataError where it gives no number."""
    value = as_arrays(metric(output, target))
    if np.size(value) != 1 or np.asarray(value).dtype.kind not in "biuf":
        raise DataError(
            f"The metric {name!r} gave {kind_of(value)}, expected one number",
            "A mean over the batch, for instance.",
        )
    return float(np.asarray(value).item())
