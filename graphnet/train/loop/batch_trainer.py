"""BatchTrainer: what a training is made of, where it stands, and what it does with one batch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import DataError, GraphError, NumericsError
from graphnet.graph import Module
from graphnet.graph.modules.calls import checked
from graphnet.graph.modules.modes import evaluating
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.loss import selected
from graphnet.graph.values import table
from graphnet.ir.core.types import NDArray
from graphnet.native import is_available
from graphnet.optim import Optimizer, clip_grad_norm, clip_grad_value
from graphnet.tracebacks import public
from graphnet.train.checkpoints.training_state import Best
from graphnet.train.loop.batch_source import Batches, BatchSource
from graphnet.train.loop.metrics import Metrics, checked_metrics, measured
from graphnet.train.loop.pairs import as_arrays, empty_in, not_finite_in, size_of
from graphnet.train.loop.schedule import Schedule, constant
from graphnet.train.loop.steps import CompiledSteps, InterpretedSteps, Steps
from graphnet.train.loop.trained_parameters import Frozen, require_optimizer
from graphnet.train.reports.history import Batch, Epoch, History


class BatchTrainer(ABC):
    """The part of ``Trainer`` that knows batches, not epochs; see there for the arguments.

    Raises GraphError if ``optimizer`` is no optimiser or has parameters that the net does not have
    or that are frozen, or for ``select`` with states; ValueError for ``checkpoint_every`` below 1;
    DataError for a metric that is none, or that has no target to compare with; ArgumentError for an
    argument of another name or type.
    """

    batches_done = epochs_done = 0
    in_epoch = 0
    """Batches of the epoch that is not whole yet."""
    shuffle_seed: int | None = None
    best: Best | None = None
    interrupted = False

    @checked
    def __init__(
        self,
        net: Module,
        criterion: Module | None,
        optimizer: Optimizer,
        *,
        frozen: Frozen = (),
        states: Iterable[Any] = (),
        select: int | None = None,
        loss_scale: float = 1.0,
        max_value: float | None = None,
        max_norm: float | None = None,
        schedule: Schedule = constant,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 200,
        notes: Mapping[str, Any] | None = None,
        metrics: Metrics | None = None,
        show_progress: bool = True,
        unit: str = "",
        callback: Callable[[Epoch], object] | None = None,
        batch_callback: Callable[[Batch], object] | None = None,
        compile: bool | None = None,
    ) -> None:
        require_optimizer(optimizer, net, frozen)
        self.net, self.criterion, self.optimizer = net, criterion, optimizer
        self._take_states(states, select)
        compiles = is_available() if compile is None else compile and is_available(notify=True)
        kind = CompiledSteps if compiles else InterpretedSteps
        self._steps: Steps = kind(net, criterion, 0 if self.initial_states else select)
        self.loss_scale, self.max_value, self.max_norm = loss_scale, max_value, max_norm
        self.schedule, self.learning_rate = schedule, optimizer.learning_rate
        if type(checkpoint_every) is int and checkpoint_every < 1:
            raise ValueError(f"checkpoint_every is {checkpoint_every}, expected 1 or more")
        self.checkpoint = Path(checkpoint) if checkpoint else None
        self.checkpoint_every = checkpoint_every
        self.notes = dict(notes or {})
        self.metrics = checked_metrics(metrics, has_target=criterion is not None)
        self.show_progress, self.unit = show_progress, unit
        self.callback, self.batch_callback = callback, batch_callback
        self.history = History()

    def _take_states(self, states: Iterable[Any], select: int | None) -> None:
        """The states before the first batch; raises GraphError if ``select`` is not theirs."""
        leaves, self._structure = table.flatten(list(states))
        self.initial_states = converted(leaves, self.net)
        self.states = list(self.initial_states)
        if self.initial_states and select not in (None, 0):
            raise GraphError(
                f"The trainer received select={select} and states",
                "With states the first output is judged, or is the loss; the others are the next "
                "states.",
            )

    @abstractmethod
    def save(self) -> None:
        """Write the checkpoint, if there is a path for it."""

    @property
    def is_compiled(self) -> bool:
        """Whether batches are computed in machine code."""
        return isinstance(self._steps, CompiledSteps)

    def train_batch(self, inputs: Any, target: Any = None) -> float:
        """One step of the optimiser; returns the loss before it. No target without a criterion.

        Raises NumericsError if the loss or a gradient is not finite, before the parameters change.
        """
        inputs, target = as_arrays(inputs), as_arrays(target)
        given = self._with_states(inputs, self.states)
        loss, outputs = self.computing().learn(given, target, self.loss_scale)
        if not math.isfinite(loss):
            raise self._not_finite(f"the loss is {loss}", inputs, target)
        if not np.isfinite(self.net.flatten_parameters()[1]).all():
            raise self._not_finite("the gradient is not finite", inputs, target)
        self._limit_gradients()
        self._step(given, target)
        self.states = self._states_in(outputs)
        self.batches_done += 1
        self.in_epoch += 1
        self.history.training.append(loss)
        return loss

    def _limit_gradients(self) -> None:
        if self.max_value is not None:
            clip_grad_value(self.net, self.max_value)
        if self.max_norm is not None:
            clip_grad_norm(self.net, self.max_norm)

    def _step(self, given: Any, target: Any) -> None:
        """A step of the optimiser; one that evaluates the loss anew computes the batch again."""

        def evaluate() -> float:
            loss, _ = self.computing().learn(given, target, self.loss_scale)
            self._limit_gradients()
            return loss * self.loss_scale

        self.optimizer.step(evaluate if self.optimizer.evaluates else None)

    @public
    def validate(self, batches: Batches) -> float:
        """The mean loss over batches of one size, in evaluation mode, from the initial states.

        Raises DataError without batches, or for a batch without entries that has no loss.
        """
        return self.measure(batches)["loss"]

    def measure(
        self, batches: Batches, each: Callable[[], object] | None = None
    ) -> dict[str, float]:
        """``{"loss": …}`` as of ``validate``, and each metric by its name.

        A metric is the mean over batches, each weighted by the numbers in its target. ``each`` is
        called after each batch. Raises DataError without batches, for a batch without entries that
        has no loss, or for a metric that gives no number.
        """
        states, steps = self.initial_states, self.computing()
        losses: list[float] = []
        sums = dict.fromkeys(self.metrics, 0.0)
        count = 0
        with (
            evaluating(self.net),
            evaluating(self.net if self.criterion is None else self.criterion),
        ):
            for inputs, target in self.source(batches, "validate on").pairs():
                loss, outputs = steps.judge(self._with_states(inputs, states), target)
                if math.isnan(loss) and (empty := empty_in(inputs, target)):
                    number = len(losses) + 1
                    raise DataError(f"Batch {number} to validate on has no loss: the {empty}")
                losses.append(loss)
                states = self._states_in(outputs)
                if self.metrics:
                    judged, size = selected(outputs, steps.select), size_of(inputs, target)
                    count += size
                    for name, metric in self.metrics.items():
                        sums[name] += size * measured(name, metric, judged, target)
                if each is not None:
                    each()
        means = {name: total / count for name, total in sums.items()}
        return {"loss": math.fsum(losses) / len(losses), **means}

    def source(self, batches: Batches, purpose: str) -> BatchSource:
        """Batches of pairs, or without a criterion of inputs; raises DataError for others."""
        return BatchSource(batches, purpose, has_target=self.criterion is not None)

    def computing(self) -> Steps:
        """What computes batches, for the present criterion."""
        if self._steps.criterion is not self.criterion:
            kind = type(self._steps)
            self._steps = kind(self.net, self.criterion, self._steps.select)
        return self._steps

    def _with_states(self, inputs: Any, states: Sequence[NDArray]) -> Any:
        if not states:
            return inputs
        is_whole = self.criterion is None and table.is_table(inputs)  # all entries of the input
        return [*(inputs if is_whole else [inputs]), *table.unflatten(self._structure, states)]

    def _states_in(self, outputs: Any) -> list[NDArray]:
        return table.flatten(outputs[1:])[0] if self.initial_states else []

    def _not_finite(self, problem: str, inputs: Any, target: Any) -> NumericsError:
        problem = f"{problem} at batch {self.batches_done + 1}"
        advice = "Try a smaller learning rate, or clip the gradients."
        if empty := empty_in(inputs, target):
            problem = f"{problem}: the {empty}"
            advice = "The mean over nothing is no number: leave this batch out."
        elif found := not_finite_in(inputs, target):
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
