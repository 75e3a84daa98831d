"""Trainer: the loop over batches, with validation, rate decay, clipping and checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import DataError, GraphError, NumericsError
from graphnet.graph import Module
from graphnet.graph.modules.modes import evaluating
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.values import table
from graphnet.ir.core.types import NDArray
from graphnet.native import is_available
from graphnet.optim import Optimizer, clip_grad_norm, clip_grad_value
from graphnet.train.loop.checkpoint import load_checkpoint, save_checkpoint
from graphnet.train.loop.interruption import Interruption, interruptible
from graphnet.train.loop.modes import require_training
from graphnet.train.loop.pairs import not_finite_in, pair_of, size_of
from graphnet.train.loop.schedule import Schedule, constant
from graphnet.train.loop.steps import Compiled, Interpreted, Steps
from graphnet.train.loop.training_state import TrainingState
from graphnet.train.reports.history import Epoch, History
from graphnet.train.reports.progress import Progress, loss_text

Batches = Sequence[tuple[Any, NDArray]]
"""Pairs (input, target); the same in every epoch, so that training can resume at any batch."""


class Trainer:
    """Trains a net on batches ``(input, target)``, of the shapes that net and criterion take.

    ``criterion`` maps ``[output, target]`` to a number. With ``states``, the net maps ``[input,
    *states]`` to ``[output, *next states]``: the states after a batch, as plain values, are those
    before the next one (truncated backpropagation through time; Williams & Peng 1990); ``states``,
    (batch, size) as a rule, are those before the first batch, and before validation. They are
    converted to the parameters' dtype, and may be tables: ``states=[(h0, c0)]`` for the ``state``
    of an ``nn.LSTM``. If a net has several outputs without carrying states, the criterion takes
    output ``select``: ``select=0`` for an ``nn.LSTM`` that starts each batch anew.

    ``loss_scale`` multiplies the differentiated loss, not the reported one: char-rnn's gradient is
    that of the sum over the steps. ``schedule`` gives the factor on the optimiser's learning rate
    for each epoch, from 1. Gradients are clipped by ``max_value`` and ``max_norm``.

    With ``checkpoint``, a path, the training is saved there after every epoch, every
    ``checkpoint_every`` batches and at Ctrl-C; ``load`` continues from it to the same bits.
    ``notes`` are plain values kept in that file, and checked by ``load`` to be the same. ``unit``
    names what a target counts (``"character"``): progress then shows bits per unit, and perplexity
    for all units but characters. ``callback`` is called with an ``Epoch`` (its number, mean losses,
    perplexity) at the end of each, after the checkpoint is written.

    With ``compile``, network, criterion and backward are one program of machine code, made at the
    first batch (``graphnet.compile_step``; by default if llvmlite is installed). The losses are the
    same but for rounding: a target of another floating type is converted to that of the net.

    Raises GraphError if ``optimizer`` is no optimiser or is one of another net, or for ``select``
    with states; ValueError for ``checkpoint_every`` below 1.
    """

    def __init__(
        self,
        net: Module,
        criterion: Module,
        optimizer: Optimizer,
        *,
        states: Sequence[Any] = (),
        select: int | None = None,
        loss_scale: float = 1.0,
        max_value: float | None = None,
        max_norm: float | None = None,
        schedule: Schedule = constant,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 200,
        notes: Mapping[str, Any] | None = None,
        show_progress: bool = True,
        unit: str = "",
        callback: Callable[[Epoch], object] | None = None,
        compile: bool | None = None,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise GraphError(
                f"The trainer received {type(optimizer).__name__} as its optimiser",
                "The order is Trainer(net, criterion, optimizer).",
            )
        self.net = net
        self.criterion = criterion
        self.optimizer = optimizer
        leaves, self._structure = table.flatten(list(states))
        self.initial_states = converted(leaves, net)
        self.states = list(self.initial_states)
        if self.initial_states and select not in (None, 0):
            raise GraphError(
                f"The trainer received select={select} and states",
                "With states the criterion judges the first output; the others are the next ones.",
            )
        compiles = is_available() if compile is None else compile and is_available(notify=True)
        kind = Compiled if compiles else Interpreted
        self._steps: Steps = kind(net, criterion, 0 if self.initial_states else select)
        self.loss_scale = loss_scale
        self.max_value = max_value
        self.max_norm = max_norm
        self.schedule = schedule
        self.learning_rate = optimizer.learning_rate
        if checkpoint_every < 1:
            raise ValueError(f"checkpoint_every is {checkpoint_every}, expected 1 or more")
        self.checkpoint = Path(checkpoint) if checkpoint else None
        self.checkpoint_every = checkpoint_every
        self.notes = dict(notes or {})
        self.show_progress = show_progress
        self.unit = unit
        self.callback = callback
        if not set(optimizer.net.parameters()) <= set(net.parameters()):
            raise GraphError(
                f"The trainer's optimiser {type(optimizer).__name__} was made for another net",
                "Make it for this one, or for a part of it: optim.Adam(net).",
            )
        self.history = History()
        self.batches_done = 0
        self.interrupted = False

    @property
    def is_compiled(self) -> bool:
        """Whether batches are computed in machine code."""
        return isinstance(self._steps, Compiled)

    def fit(self, training: Batches, epochs: int, validation: Batches = ()) -> History:
        """Train until ``epochs`` epochs are done in total, including those before ``load``.

        Validates after each, and returns the losses so far. Ctrl-C saves the checkpoint and returns
        early, with ``interrupted`` set; without a checkpoint it raises KeyboardInterrupt. During
        the last batch there is nothing left to interrupt. Each module keeps its own mode. Raises
        GraphError if the whole net is in evaluation mode, DataError if ``training`` is no list of
        pairs or empty, NumericsError if the loss or a gradient is not finite, before the parameters
        change.
        """
        require_training(self.net)
        if not hasattr(training, "__len__") or isinstance(training, tuple):
            raise DataError(
                f"The trainer received {type(training).__name__}, "
                "expected a list of pairs (input, target)",
                "One pair is one batch: fit([(x, y)], epochs=10).",
            )
        if not len(training):
            raise DataError("There is no batch to train on")
        if self.checkpoint is not None:
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        self.interrupted = False
        with interruptible() as interruption:
            while self.batches_done < epochs * len(training) and not self.interrupted:
                self._epoch(training, epochs, validation, interruption)
                if self.callback is not None and self.batches_done % len(training) == 0:
                    self.callback(self.history.last_epoch(len(training)))
        if self.interrupted and self.checkpoint is None:
            raise KeyboardInterrupt
        return self.history

    def _epoch(
        self, training: Batches, epochs: int, validation: Batches, interruption: Interruption
    ) -> None:
        """From the present position to the end of the epoch, or to an interruption."""
        epoch, first = divmod(self.batches_done, len(training))
        label = f"epoch {epoch + 1}/{epochs}"
        self.optimizer.learning_rate = self.learning_rate * self.schedule(epoch + 1)
        with closing(
            Progress(label, len(training), first, self.show_progress, self.unit)
        ) as progress:
            for index in range(first, len(training)):
                inputs, target = pair_of(training[index])
                progress.begin(self._computing().will_compile)
                progress.advance(self.train_batch(inputs, target), size_of(target))
                is_last = index + 1 == len(training)
                if is_last and len(validation):
                    loss = self.validate(validation)
                    self.history.validation.append((self.batches_done, loss))
                    progress.say(f"{label}  validation {loss_text(loss, self.unit)}")
                remain = self.batches_done < epochs * len(training)
                self.interrupted = interruption.requested and remain
                if is_last or self.interrupted or self.batches_done % self.checkpoint_every == 0:
                    self.save()
                if self.interrupted:
                    return

    def train_batch(self, inputs: Any, target: NDArray) -> float:
        """One step of the optimiser; returns the loss before it.

        Raises NumericsError if the loss or a gradient is not finite, before the parameters change.
        """
        given = self._with_states(inputs, self.states)
        loss, outputs = self._computing().learn(given, target, self.loss_scale)
        if not math.isfinite(loss):
            raise self._not_finite(f"the loss is {loss}", inputs, target)
        if not np.isfinite(self.net.flatten_parameters()[1]).all():
            raise self._not_finite("the gradient is not finite", inputs, target)
        if self.max_value is not None:
            clip_grad_value(self.net, self.max_value)
        if self.max_norm is not None:
            clip_grad_norm(self.net, self.max_norm)
        self.optimizer.step()
        self.states = self._states_in(outputs)
        self.batches_done += 1
        self.history.training.append(loss)
        return loss

    def validate(self, batches: Batches) -> float:
        """The mean loss over batches of one size, in evaluation mode, from the initial states.

        Raises DataError without batches.
        """
        if not len(batches):
            raise DataError("There is no batch to validate on")
        states, losses, steps = self.initial_states, [], self._computing()
        with evaluating(self.net), evaluating(self.criterion):
            for inputs, target in map(pair_of, batches):
                loss, outputs = steps.judge(self._with_states(inputs, states), target)
                losses.append(loss)
                states = self._states_in(outputs)
        return math.fsum(losses) / len(losses)

    def _computing(self) -> Steps:
        if self._steps.criterion is not self.criterion:
            kind = type(self._steps)
            self._steps = kind(self.net, self.criterion, self._steps.select)
        return self._steps

    def save(self) -> None:
        """Write the checkpoint, if there is a path for it; the old one survives any failure."""
        if self.checkpoint is not None:
            save_checkpoint(self._state(), self.checkpoint)

    def load(self, path: str | Path | None = None) -> None:
        """Continue from a checkpoint (by default the trainer's own): the same bits follow.

        The net and the optimiser must be built as they were. Raises FormatError for another file,
        net or optimiser, DataError without a path or if the notes differ: for a vocabulary it names
        the characters. After an error the trainer is unchanged.
        """
        found = path or self.checkpoint
        if found is None:
            raise DataError("There is no path to load from: the trainer has no checkpoint")
        training = load_checkpoint(self._state(), found)
        self.batches_done = training.batches_done
        self.learning_rate = training.learning_rate
        self.states = training.states
        self.history = training.history

    def _state(self) -> TrainingState:
        return TrainingState(
            net=self.net,
            optimizer=self.optimizer,
            notes=self.notes,
            batches_done=self.batches_done,
            learning_rate=self.learning_rate,
            states=self.states,
            history=self.history,
        )

    def _with_states(self, inputs: Any, states: Sequence[NDArray]) -> Any:
        return [inputs, *table.unflatten(self._structure, states)] if states else inputs

    def _states_in(self, outputs: Any) -> list[NDArray]:
        return table.flatten(outputs[1:])[0] if self.initial_states else []

    def _not_finite(self, problem: str, inputs: Any, target: Any) -> NumericsError:
        problem = f"{problem} at batch {self.batches_done + 1}"
        advice = "Try a smaller learning rate, or clip the gradients."
        if found := not_finite_in(inputs, target):
            problem = f"{problem}, and the {found}"
            advice = "The loss can be no better than the data: mend them, or leave this batch out."
        if self.checkpoint is not None and self.checkpoint.exists():
            advice += f" The last checkpoint is {self.checkpoint.name}."
        return NumericsError(problem, advice)


def converted(states: Sequence[NDArray], net: Module) -> list[NDArray]:
    """Copies of the states, floating ones in the dtype of the parameters."""
    dtype = parameter_dtype(net, None)
    arrays = [np.array(state) for state in states]
    return [array.astype(dtype) if array.dtype.kind == "f" and dtype else array for array in arrays]
