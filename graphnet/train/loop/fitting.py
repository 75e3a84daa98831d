"""Fitting: the loop over epochs, with validation, early stopping, progress and callbacks."""

from __future__ import annotations

import operator
from typing import final

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.values.random import drawn
from graphnet.train.checkpoints.training_state import buffers_of
from graphnet.train.loop.batch_source import Batches, BatchSource
from graphnet.train.loop.batch_trainer import BatchTrainer
from graphnet.train.loop.early_stopping import EarlyStopping
from graphnet.train.loop.interruption import Interruption
from graphnet.train.loop.pairs import size_of
from graphnet.train.loop.schedule import rate_factor
from graphnet.train.reports.history import Batch
from graphnet.train.reports.progress import Progress, loss_text


@final
class Fitting:
    """One call of ``fit``: the batches and the limits of a trainer's next epochs."""

    def __init__(
        self,
        trainer: BatchTrainer,
        training: BatchSource,
        epochs: int,
        validation: Batches | None,
        stopping: EarlyStopping | None,
    ) -> None:
        self.trainer = trainer
        self.training = training
        if isinstance(epochs, bool):
            raise DataError(f"epochs is {epochs}, expected a number of epochs in total")
        if np.ndim(epochs):
            raise DataError(
                f"fit received an array {np.shape(epochs)} as epochs, expected a whole number",
                "Batches are one list of pairs: fit([(X, Y)], epochs=3).",
            )
        self.epochs = operator.index(epochs)
        self.validation = validation
        self.stopping = stopping
        if training.count is not None:  # batches that train_batch did, or an old checkpoint
            more, trainer.in_epoch = divmod(trainer.in_epoch, training.count)
            trainer.epochs_done += more
        left = epochs - trainer.epochs_done
        training.require_epochs(left)
        if validation is not None:
            trainer.source(validation, "validate on").require_epochs(left)

    def is_over(self) -> bool:
        """Whether no epoch is left to train."""
        return self.trainer.epochs_done >= self.epochs or self.is_stopped()

    def is_stopped(self) -> bool:
        """Whether the patience is at its end."""
        trainer, stopping = self.trainer, self.stopping
        return stopping is not None and stopping.is_over(trainer.best, trainer.epochs_done)

    def set_order(self, shuffle: bool) -> None:
        """Shuffle from now on, or not; DataError in the middle of an epoch begun otherwise."""
        trainer = self.trainer
        if not isinstance(shuffle, bool | np.bool_):
            raise TypeError  # the call of fit says of what type it is to be
        if shuffle:
            self.training.require_list()
            if trainer.initial_states:
                raise DataError(
                    "The trainer received shuffle=True and states, which are carried from batch "
                    "to batch: expected batches in the order of their text or series"
                )
        was_shuffled = trainer.shuffle_seed is not None
        if trainer.in_epoch and shuffle != was_shuffled:
            raise DataError(
                f"The training stopped in the middle of epoch {trainer.epochs_done + 1} with "
                f"shuffle={was_shuffled}, received shuffle={shuffle}",
                "Continue as it began.",
            )
        if not shuffle:
            trainer.shuffle_seed = None
        elif not was_shuffled:
            trainer.shuffle_seed = drawn(lambda generator: int(generator.integers(2**63)))

    def run(self, interruption: Interruption) -> None:
        """Train until the epochs are done, the patience ends, or an interruption."""
        progress = Progress(self.trainer.show_progress, self.trainer.unit)
        try:
            while not self.is_over() and not self.trainer.interrupted:
                self._epoch(progress, interruption)
            if self.is_stopped() and self.trainer.best is not None:
                progress.say(self.stopped_text())
        finally:
            progress.close()

    def stopped_text(self) -> str:
        """As ``stopped after epoch 12: validation was best in epoch 9, 0.3125``."""
        trainer, best = self.trainer, self.trainer.best
        assert best is not None
        return (
            f"stopped after epoch {trainer.epochs_done}: {best.monitor} was best in epoch "
            f"{best.epoch}, {best.value:.4g}"
        )

    def _epoch(self, progress: Progress, interruption: Interruption) -> None:
        """From the present position to the end of the epoch, or to an interruption."""
        trainer, count = self.trainer, self.training.count
        number = trainer.epochs_done + 1
        factor = rate_factor(trainer.schedule, number)
        trainer.optimizer.learning_rate = trainer.learning_rate * factor
        progress.begin_epoch(f"epoch {number}/{self.epochs}", count, trainer.in_epoch)
        key = None if trainer.shuffle_seed is None else (trainer.shuffle_seed, number)
        for inputs, target in self.training.pairs(trainer.in_epoch, key):
            progress.begin(trainer.computing().will_compile)
            loss = trainer.train_batch(inputs, target)
            progress.advance(loss, size_of(inputs, target))
            is_last = trainer.in_epoch == count
            trainer.interrupted = interruption.requested and not is_last
            is_due = trainer.batches_done % trainer.checkpoint_every == 0 and not is_last
            if is_due or trainer.interrupted:
                trainer.save()
            if trainer.batch_callback is not None:
                rate = trainer.optimizer.learning_rate
                trainer.batch_callback(Batch(number, trainer.batches_done, loss, rate))
            if trainer.interrupted:
                return
        self._end_of_epoch(progress, interruption)

    def _end_of_epoch(self, progress: Progress, interruption: Interruption) -> None:
        trainer = self.trainer
        progress.end_epoch()
        if self.validation is not None:
            self._validate(progress, self.validation)
        batches, trainer.in_epoch = trainer.in_epoch, 0
        trainer.epochs_done += 1
        epoch = trainer.history.last_epoch(batches, trainer.epochs_done)
        if self.stopping is not None:
            parameters, buffers = trainer.net.flatten_parameters()[0], buffers_of(trainer.net)
            trainer.best = self.stopping.better(trainer.best, epoch, parameters, buffers)
        trainer.interrupted = interruption.requested and not self.is_over()
        trainer.save()
        if trainer.callback is not None:
            trainer.callback(epoch)

    def _validate(self, progress: Progress, batches: Batches) -> None:
        trainer = self.trainer
        progress.begin_validation(trainer.source(batches, "validate on").count)
        measures = trainer.measure(batches, progress.advance_validation)
        loss = measures.pop("loss")
        trainer.history.validation.append((trainer.batches_done, loss))
        for name, value in measures.items():
            trainer.history.metrics.setdefault(name, []).append((trainer.batches_done, value))
        texts = [loss_text(loss, trainer.unit), *(f"{n} {v:.4g}" for n, v in measures.items())]
        progress.end_validation(", ".join(texts))
