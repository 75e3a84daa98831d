"""Computation of a batch by a trainer: one compiled program, or net and criterion in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from graphnet.graph import Module, Run
from graphnet.graph.running.loss import asking_which, require_one_number, selected
from graphnet.graph.training_step import TrainingStep


class Steps(ABC):
    """Loss and outputs of batches; the criterion takes the entry ``select`` of the outputs."""

    def __init__(self, net: Module, criterion: Module, select: int | None) -> None:
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


class Compiled(Steps):
    """Network, criterion and backward as machine code: see ``graphnet.compile_step``."""

    def __init__(self, net: Module, criterion: Module, select: int | None) -> None:
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


class Interpreted(Steps):
    """A run of the net, then one of the criterion, and back."""

    will_compile = False

    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        run = self.net.run(inputs, keep=False)
        judged = self._judged(run.outputs, target)
        gradient, _ = judged.backward(np.asarray(loss_scale))
        self.net.zero_grad()
        if self.select is not None:
            gradients = [None] * len(run.outputs)
            gradients[self.select] = gradient
            gradient = gradients
        run.backward(gradient)
        return float(judged.outputs), run.outputs

    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        outputs = self.net.run(inputs, keep=False).outputs
        return float(self._judged(outputs, target).outputs), outputs

    def _judged(self, outputs: Any, target: Any) -> Run:
        """The run of the criterion."""
        pair = [selected(outputs, self.select), target]
        with asking_which(outputs, target, self.select):
            judged = self.criterion.run(pair, keep=False)
        require_one_number(self.criterion, judged.outputs)
        return judged
