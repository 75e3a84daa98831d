"""Early stopping: an end to the training when what is monitored gets no better."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from dataclasses import dataclass

from graphnet.errors import DataError
from graphnet.ir.core.types import NDArray
from graphnet.train.checkpoints.training_state import MODES, Best, usual_mode
from graphnet.train.reports.history import Epoch


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """When to stop: after ``patience`` epochs in which ``monitor`` was not better than before."""

    patience: int
    monitor: str
    mode: str

    @staticmethod
    def of(
        patience: int, monitor: str | None, mode: str | None, measured: Collection[str]
    ) -> EarlyStopping:
        """Losses are better when smaller, metrics when larger, unless ``mode`` says otherwise.

        ``measured`` are the names of what an epoch measures; by default the validation is
        monitored, without one the training. Raises DataError for another name or mode, or a
        patience below 1.
        """
        if isinstance(patience, bool) or operator.index(patience) < 1:
            raise DataError(f"patience is {patience}, expected a number of epochs from 1")
        if monitor is None:
            monitor = "validation" if "validation" in measured else "training"
        if monitor not in measured:
            raise DataError(
                f"monitor is {monitor!r}, expected one of {', '.join(measured)}",
                "Losses and metrics of a validation need validation=….",
            )
        mode = usual_mode(monitor) if mode is None else mode
        if mode not in MODES:
            raise DataError(f"mode is {mode!r}, expected 'min' or 'max'")
        return EarlyStopping(patience, monitor, mode)

    def better(
        self,
        best: Best | None,
        epoch: Epoch,
        parameters: NDArray,
        buffers: tuple[NDArray, ...] = (),
    ) -> Best:
        """The best of the epochs so far and this one; of equals, the first."""
        value = epoch.measures()[self.monitor]
        if best is not None and self._is_of_this(best) and not self._exceeds(value, best):
            return best
        return Best(epoch.number, value, self.monitor, self.mode, parameters.copy(), buffers)

    def _is_of_this(self, best: Best) -> bool:
        """Whether it was found the best by the same measure."""
        return (best.monitor, best.mode) == (self.monitor, self.mode)

    def _exceeds(self, value: float, best: Best) -> bool:
        if math.isnan(best.value):
            return not math.isnan(value)
        return value > best.value if self.mode == "max" else value < best.value

    def is_over(self, best: Best | None, epochs_done: int) -> bool:
        """Whether the patience is at its end."""
        return (
            best is not None
            and self._is_of_this(best)
            and epochs_done - best.epoch >= self.patience
        )
