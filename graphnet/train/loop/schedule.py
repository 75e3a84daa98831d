"""Learning-rate schedules: the factor on the learning rate in each epoch, counted from 1."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.graph.modules.calls import checked

Schedule = Callable[[int], float]


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
