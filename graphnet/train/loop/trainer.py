"""Trainer: training over epochs, with validation, early stopping and checkpoints."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import nullcontext
from pathlib import Path
from typing import final

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.modules.calls import understanding
from graphnet.ir.core.types import NDArray
from graphnet.source import warn
from graphnet.train.checkpoints.checkpoint import (
    load_checkpoint,
    require_savable,
    save_checkpoint,
    warn_of_another_rate,
)
from graphnet.train.checkpoints.place import CheckpointPlace
from graphnet.train.checkpoints.training_state import TrainingState, buffers_of, fill_buffers
from graphnet.train.loop.batch_source import Batches
from graphnet.train.loop.batch_trainer import BatchTrainer
from graphnet.train.loop.early_stopping import EarlyStopping
from graphnet.train.loop.fitting import Fitting
from graphnet.train.loop.interruption import interruptible
from graphnet.train.loop.modes import require_training
from graphnet.train.reports.history import History
from graphnet.train.reports.progress import to_standard_error


@final
class Trainer(BatchTrainer):
    """Trains a net on batches ``(input, target)``, of the shapes that net and criterion take.

    ``criterion`` maps ``[output, target]`` to a number. With ``states``, the net maps ``[input,
    *states]`` to ``[output, *next states]``: the states after a batch, as plain values, are those
    before the next one (truncated backpropagation through time; Williams & Peng 1990); ``states``,
    (batch, size) as a rule, are those before the first batch, and before validation. They are
    converted to the parameters' dtype, and may be tables: ``states=[(h0, c0)]`` for the ``state``
    of an ``nn.LSTM``. If a net has several outputs without carrying states, the criterion takes
    output ``select``: ``select=0`` for an ``nn.LSTM`` that starts each batch anew.

    ``criterion`` is None for a net that computes its loss itself: its output is the loss, one
    number, or a table that begins with it (``select`` names another entry). A batch is the net's
    input alone then, ``x``, or ``(x, y)`` for a net of two inputs; with ``states``, the net maps
    ``[x, y, *states]`` to ``[loss, *next states]``.

    ``loss_scale`` multiplies the differentiated loss, not the reported one: char-rnn's gradient is
    that of the sum over the steps. ``schedule`` gives the factor on the optimiser's learning rate
    for each epoch, from 1. Gradients are clipped by ``max_value`` and ``max_norm``.

    With ``checkpoint``, a path, the training is saved there after every epoch, every
    ``checkpoint_every`` batches and at Ctrl-C; ``load`` continues from it to the same bits.
    ``notes`` are plain values kept in that file, and checked by ``load`` to be the same. ``unit``
    names what a target counts, or without a criterion the last input (``"character"``): progress
    then shows bits per unit, and perplexity for all units but characters.
    ``metrics`` are functions of the output that is judged and the target, by name: validation
    measures them, ``metrics={"accuracy": train.accuracy}``.

    ``callback`` is called with an ``Epoch`` (its number, mean losses, metrics, perplexity) at the
    end of each, ``batch_callback`` with a ``Batch`` (number, loss, learning rate) after each step,
    both after a checkpoint that is due then.

    With ``compile``, network, criterion and backward are one program of machine code, made at the
    first batch (``graphnet.compile_step``; by default if llvmlite is installed). The losses are the
    same but for rounding: a target of another floating type is converted to that of the net.

    To freeze parts, make the optimiser for the others, and name them: ``optim.SGD(head)`` and
    ``frozen=[body]``. A warning names the parameters that the optimiser does not have otherwise.

    Raises GraphError if ``optimizer`` is no optimiser or has parameters that the net does not have
    or that are frozen, or for ``select`` with states; ValueError for ``checkpoint_every`` below 1;
    DataError for a metric that is none, or that has no target to compare with; ArgumentError for an
    argument of another name or type.
    """

    _last: NDArray | None = None
    """The parameters after the last epoch, while the net holds those of the best."""
    _last_buffers: tuple[NDArray, ...] = ()
    _place: CheckpointPlace | None = None
    """Where the training that is running writes."""
    _was_loaded = False

    @understanding
    def fit(
        self,
        training: Batches,
        epochs: int,
        validation: Batches | None = None,
        *,
        shuffle: bool = False,
        patience: int | None = None,
        monitor: str | None = None,
        mode: str | None = None,
    ) -> History:
        """Train until ``epochs`` epochs are done in total, including those before: see ``load``.

        Batches are pairs ``(input, target)`` of arrays or of PyTorch's tensors (without a criterion
        inputs alone): a list, another
        iterable (a ``DataLoader``), or a function that returns one for each epoch; a generator
        lasts one epoch. ``shuffle`` takes those of a list in another order in each epoch; the
        order is of the trainer's own generator, whose seed is in the checkpoint.

        With ``patience``, training stops after so many epochs in which ``monitor`` was not better:
        ``"validation"`` (by default, where there is one), ``"training"``, or a metric. ``mode`` is
        what is better: ``"min"`` for losses, ``"max"`` for metrics, unless given. At the end the
        net has the parameters and buffers of the best epoch, unless it is interrupted.

        Validates after each epoch, and returns the losses so far. Ctrl-C saves the checkpoint and
        returns early, with ``interrupted`` set; without a checkpoint it raises KeyboardInterrupt.
        During the last batch there is nothing left to interrupt. Each module keeps its own mode.
        Where no epoch is left, a warning says so, or after ``load`` a line of the progress.

        Raises GraphError if the whole net is in evaluation mode or cannot be saved, and OSError if
        no checkpoint can be written, before the first batch; DataError if ``training`` is not as
        above or empty, for metrics without a validation, a schedule that gives no number, or if
        another training writes the checkpoint; NumericsError if the loss or a gradient is not
        finite, before the parameters change.
        """
        require_training(self.net)
        if isinstance(validation, Sized) and not len(validation):
            validation = None
        stopping = self._stopping(patience, monitor, mode, validation is not None)
        source = self.source(training, "train on")
        fitting = Fitting(self, source, epochs, validation, stopping)
        fitting.set_order(shuffle)
        self.interrupted = False
        if fitting.is_over():
            self._say_over(fitting, epochs)
        else:
            self._continue_from_last()
            self._run(fitting)
        self._was_loaded = False
        if self.interrupted and self.checkpoint is None:
            raise KeyboardInterrupt
        return self.history

    def _run(self, fitting: Fitting) -> None:
        """Train, in a place for the checkpoint that is known to be writable and free."""
        if fitting.stopping is None:
            self.best = None  # nobody looks for it now
        if self.checkpoint is not None:
            require_savable(self.net, self.notes)
            self._place = CheckpointPlace(self.checkpoint)
        try:
            with self._place or nullcontext(), interruptible() as interruption:
                fitting.run(interruption)
                if fitting.stopping is not None and not self.interrupted:
                    self._take_best()
        finally:
            self._place = None

    def _stopping(
        self, patience: int | None, monitor: str | None, mode: str | None, validates: bool
    ) -> EarlyStopping | None:
        if self.metrics and not validates:
            raise DataError(
                f"The trainer received the metrics {', '.join(self.metrics)}, but no validation",
                "They are measured on its batches: fit(training, epochs, validation).",
            )
        measured = ["training", *(["validation", *self.metrics] if validates else [])]
        if patience is not None:
            return EarlyStopping.of(patience, monitor, mode, measured)
        if monitor is not None or mode is not None:
            raise DataError(
                f"fit received monitor={monitor!r} and mode={mode!r}, but no patience",
                "patience=5 stops after 5 epochs that were not better.",
            )
        return None

    def _say_over(self, fitting: Fitting, epochs: int) -> None:
        """Why there is nothing to train."""
        done = self.epochs_done
        if fitting.is_stopped():
            text = f"{fitting.stopped_text()}: no more was trained; a larger patience goes on"
        else:
            are = "epoch is" if done == 1 else "epochs are"
            text = (
                f"fit(epochs={epochs}): {done} {are} done, and epochs counts them all, so no more "
                f"was trained; epochs={done + 1} trains one more"
            )
        if not self._was_loaded:
            warn(text)
        elif self.show_progress:
            to_standard_error(text)

    def _take_best(self) -> None:
        """Give the net what it had after the best epoch; that of the last is set aside."""
        if self.best is None or self.best.epoch == self.epochs_done:
            return
        values = self.net.flatten_parameters()[0]
        self._last, self._last_buffers = values.copy(), buffers_of(self.net)
        values[...] = self.best.parameters
        fill_buffers(self.net, self.best.buffers)
        self.save()

    def _continue_from_last(self) -> None:
        """Where the net still has the best parameters, go on from the last: as if unbroken."""
        values = self.net.flatten_parameters()[0]
        is_best = self.best is not None and np.array_equal(values, self.best.parameters)
        if self._last is not None and is_best:
            values[...] = self._last
            fill_buffers(self.net, self._last_buffers)
        self._last, self._last_buffers = None, ()

    def save(self) -> None:
        """Write the checkpoint, if there is a path for it; the old one survives any failure.

        If another training has written there while ``fit`` runs, this one is saved beside it, as a
        warning says, and ``checkpoint`` is that path from then on.
        """
        if self.checkpoint is None:
            return
        if self._place is not None:
            self.checkpoint = self._place.to_write()
        save_checkpoint(self._state(), self.checkpoint)
        if self._place is not None:
            self._place.written(self.checkpoint)

    @understanding
    def load(self, path: str | Path | None = None, *, learning_rate: float | None = None) -> None:
        """Continue from a checkpoint (by default the trainer's own): the same bits follow.

        The net and the optimiser must be built as they were. The learning rate is that of the
        checkpoint, as with PyTorch's ``load_state_dict``, unless ``learning_rate`` is given; a
        warning tells if the optimiser was made with another one. Raises FormatError for another
        file, net or optimiser, DataError without a path or if the notes differ: for a vocabulary it
        names the characters. After an error the trainer is unchanged.
        """
        found = path or self.checkpoint
        if found is None:
            raise DataError("There is no path to load from: the trainer has no checkpoint")
        training = load_checkpoint(self._state(), found)
        given, self.learning_rate = self.learning_rate, training.learning_rate
        if learning_rate is not None:
            self.learning_rate = self.optimizer.learning_rate = learning_rate
        else:
            warn_of_another_rate(self.learning_rate, given, Path(found).name)
        self.batches_done = training.batches_done
        self.epochs_done = training.epochs_done
        self.in_epoch = training.in_epoch
        self.states = training.states
        self.history = training.history
        self.shuffle_seed = training.shuffle_seed
        self.best = training.best
        self._last, self._last_buffers = training.last, training.last_buffers
        self._was_loaded = True

    def _state(self) -> TrainingState:
        return TrainingState(
            net=self.net,
            optimizer=self.optimizer,
            notes=self.notes,
            batches_done=self.batches_done,
            epochs_done=self.epochs_done,
            in_epoch=self.in_epoch,
            learning_rate=self.learning_rate,
            states=self.states,
            history=self.history,
            shuffle_seed=self.shuffle_seed,
            best=self.best,
            last=self._last,
            last_buffers=self._last_buffers,
        )
