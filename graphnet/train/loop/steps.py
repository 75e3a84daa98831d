"""Computation of a batch by a trainer: one compiled program, or net and criterion in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph import Module, Run
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.loss import (
    asking_which,
    own_entry,
    own_loss,
    refuse_target,
    require_one_number,
    selected,
)
from graphnet.graph.training_step import TrainingStep


class Steps(ABC):
    """Loss and outputs of batches; the criterion takes the entry ``select`` of the outputs.

    Without a criterion that entry is the loss, and targets are None.
    """

    def __init__(self, net: Module, criterion: Module | None, select: int | None) -> None:
        require_criterion(criterion)
        self.net = net
        self.criterion = criterion
        self.select = select

    @property
    @abstractmethod
    def will_compile(self) -> bool:
        """Whether the next batch waits for the compiler."""

    @abstractmethod
    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        """As ``judge``; the parameters' ``grad`` is this batch's gradient then, and no other's."""

    @abstractmethod
    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        """The loss, and the outputs of the net."""


def require_criterion(criterion: object) -> None:
    """Raise GraphError for what is no criterion: a class of them, an optimiser, a function."""
    if criterion is None or isinstance(criterion, BaseModule):
        return
    if isinstance(criterion, type) and issubclass(criterion, BaseModule):
        raise GraphError(
            f"The trainer received the class {criterion.__name__} as its criterion",
            f"Make one of it: nn.{criterion.__name__}().",
        )
    raise GraphError(
        f"The trainer received {type(criterion).__name__} as its criterion, expected a module",
        "The order is Trainer(net, criterion, optimizer), with nn.MSECriterion() for example.",
    )


class CompiledSteps(Steps):
    """Network, criterion and backward as machine code: see ``graphnet.compile_step``."""

    def __init__(self, net: Module, criterion: Module | None, select: int | None) -> None:
        super().__init__(net, criterion, select)
        self._step = TrainingStep(net, criterion, select=select, accumulate=False)

    @property
    def will_compile(self) -> bool:
        return not self._step.is_prepared()

    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        self._step.loss_scale = loss_scale
        if self.select is None:  # the outputs are not needed
            return self._step(inputs, target), None
        result = self._step.run(inputs, target)
        return result.loss, result.outputs

    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        result = self._step.judge(inputs, target)
        return result.loss, result.outputs


class InterpretedSteps(Steps):
    """A run of the net, then one of the criterion, and back."""

    will_compile = False

    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        run = self.net.run(inputs, keep=False)
        entry, gradient = self.select, np.asarray(loss_scale)
        if self.criterion is None:
            refuse_target(target)
            entry = own_entry(run.outputs, entry)
            loss = own_loss(run.outputs, entry)
        else:
            judged = self._judged(self.criterion, run.outputs, target)
            gradient, _ = judged.backward(gradient)
            loss = judged.outputs
        self.net.zero_grad()
        run.backward(gradient if entry is None else at_entry(gradient, entry, run.outputs))
        return float(loss), run.outputs

    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        outputs = self.net.run(inputs, keep=False).outputs
        if self.criterion is None:
            refuse_target(target)
            return float(own_loss(outputs, self.select)), outputs
        return float(self._judged(self.criterion, outputs, target).outputs), outputs

    def _judged(self, criterion: Module, outputs: Any, target: Any) -> Run:
        """The run of the criterion."""
        pair = [selected(outputs, self.select), target]
        with asking_which(outputs, target, self.select):
            judged = criterion.run(pair, keep=False)
        require_one_number(criterion, judged.outputs)
        return judged


def at_entry(gradient: Any, entry: int, outputs: Any) -> list[Any]:
    """The gradients of the outputs where one has this gradient, and the others none."""
    gradients: list[Any] = [None] * len(outputs)
    gradients[entry] = gradient
    return gradients
