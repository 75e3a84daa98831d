"""TrainingState: the content of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.graph import Module
from graphnet.ir.core.types import NDArray
from graphnet.optim import Optimizer
from graphnet.train.reports.history import History

MODES = ("min", "max")
"""What may be better: the smaller or the larger."""

POSITION = "position"
"""The note that only checkpoints have."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best epoch so far by what is monitored; ``parameters`` (numbers,) and ``buffers`` are
    those after it.

    ``mode`` is what is better: ``"min"`` or ``"max"``.
    """

    epoch: int
    value: float
    monitor: str
    mode: str
    parameters: NDArray
    buffers: tuple[NDArray, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The content of a checkpoint: a net, its optimiser, and the position of their training.

    ``states`` are the carried states of the net, ``learning_rate`` is the base of the schedule, and
    ``notes`` are plain values that must be the same when the training continues. ``epochs_done``
    are whole; ``in_epoch`` batches of the next one are done. ``shuffle_seed`` orders the batches.
    Where the net holds the parameters of the best epoch, ``last`` (numbers,) are those after the
    last one, and ``last_buffers`` its buffers.
    """

    net: Module
    optimizer: Optimizer
    notes: dict[str, Any]
    batches_done: int
    epochs_done: int
    in_epoch: int
    learning_rate: float
    states: list[NDArray]
    history: History
    shuffle_seed: int | None = None
    best: Best | None = None
    last: NDArray | None = None
    last_buffers: tuple[NDArray, ...] = ()


def buffers_of(net: Module) -> tuple[NDArray, ...]:
    """Copies of the buffers of a net."""
    return tuple(buffer.data.copy() for buffer in net.buffers())


def fill_buffers(net: Module, values: tuple[NDArray, ...]) -> None:
    """Write the buffers of a net; files of former releases have none."""
    for buffer, array in zip(net.buffers(), values, strict=False):
        buffer.data = array


def usual_mode(monitor: str) -> str:
    """Losses are better when smaller, metrics when larger."""
    return "min" if monitor in ("training", "validation") else "max"
