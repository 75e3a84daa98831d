"""TrainingState: the content of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.graph import Module
from graphnet.ir.core.types import NDArray
from graphnet.optim import Optimizer
from graphnet.train.reports.history import History


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The content of a checkpoint: a net, its optimiser, and the position of their training.

    ``states`` are the carried states of the net, ``learning_rate`` is the base of the schedule, and
    ``notes`` are plain values that must be the same when the training continues.
    """

    net: Module
    optimizer: Optimizer
    notes: dict[str, Any]
    batches_done: int
    learning_rate: float
    states: list[NDArray]
    history: History
