"""What the next batch of a training depends on, besides the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.graph import Module
from graphnet.ir.core.types import NDArray
from graphnet.optim import Optimizer
from graphnet.train.reports.history import History


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A net and its optimiser, and where their training is: what a checkpoint holds.

    ``states`` are the carried states of the net, ``learning_rate`` the one that the schedule
    multiplies, ``notes`` plain values that must be the same when the training goes on.
    """

    net: Module
    optimizer: Optimizer
    notes: dict[str, Any]
    batches_done: int
    learning_rate: float
    states: list[NDArray]
    history: History
