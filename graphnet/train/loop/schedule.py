"""Learning-rate schedules: the factor on the learning rate in each epoch, counted from 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.modules.calls import checked

Schedule = Callable[[int], float]


def rate_factor(schedule: Schedule, epoch: int) -> float:
    """The factor for an epoch; raises DataError if the schedule gives no finite number."""
    factor: Any = schedule(epoch)
    is_number = isinstance(factor, int | float | np.number) and not isinstance(factor, bool)
    if not is_number or not np.isfinite(factor):
        raise DataError(
            f"The trainer's schedule gives {factor!r:.60} for epoch {epoch}, expected a number",
            "It returns the factor on the learning rate: schedule=lambda epoch: 0.9**epoch."
            if factor is not None
            else "Is a return statement missing? It gives the factor on the learning rate: "
            "schedule=lambda epoch: 0.9**epoch.",
        )
    return float(factor)


def constant(epoch: int) -> float:
    """The same learning rate in all epochs."""
    return 1.0


@checked
def decay_after(epochs: int = 10, factor: float = 0.97) -> Schedule:
    """A constant rate for ``epochs`` epochs, then multiplied by ``factor`` in each (char-rnn).

    >>> schedule = decay_after(epochs=10, factor=0.5)
    >>> schedule(10), schedule(11), schedule(12)
    (1.0, 0.5, 0.25)
    """

    def schedule(epoch: int) -> float:
        return factor ** max(0, epoch - epochs)

    return schedule
