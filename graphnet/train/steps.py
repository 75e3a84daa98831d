"""How a trainer computes a batch: in one compiled program, or net and criterion one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import Any

import numpy as np

from graphnet.graph import Module
from graphnet.graph.training_step import TrainingStep, require_one_number


class Steps(ABC):
    """Loss and outputs of batches; with ``has_states`` the criterion judges the first output."""

    def __init__(self, net: Module, criterion: Module, has_states: bool) -> None:
        self.net = net
        self.criterion = criterion
        self.has_states = has_states

    @property
    @abstractmethod
    def will_compile(self) -> bool:
        """Whether the next batch waits for the compiler."""

    @abstractmethod
    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        """As ``judge``; the parameters' ``grad`` is this batch's gradient then, and no other's."""

    @abstractmethod
    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        """The loss, and what the net gives."""


class Compiled(Steps):
    """Network, criterion and backward as machine code: see ``graphnet.compile_step``."""

    def __init__(self, net: Module, criterion: Module, has_states: bool) -> None:
        super().__init__(net, criterion, has_states)
        select = 0 if has_states else None
        self._step = TrainingStep(net, criterion, select=select, accumulate=False)

    @property
    def will_compile(self) -> bool:
        return not self._step.is_prepared()

    def learn(self, inputs: Any, target: Any, loss_scale: float) -> tuple[float, Any]:
        self._step.loss_scale = loss_scale
        if not self.has_states:
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
        judged = self.criterion.run([self._judged(run.outputs), target], keep=False)
        require_one_number(self.criterion, judged.outputs)
        gradient, _ = judged.backward(np.asarray(loss_scale))
        self.net.zero_grad()
        if self.has_states:
            gradient = [gradient, *[None] * (len(run.outputs) - 1)]
        run.backward(gradient)
        return float(judged.outputs), run.outputs

    def judge(self, inputs: Any, target: Any) -> tuple[float, Any]:
        outputs = self.net.run(inputs, keep=False).outputs
        judged = self.criterion.run([self._judged(outputs), target], keep=False)
        require_one_number(self.criterion, judged.outputs)
        return float(judged.outputs), outputs

    def _judged(self, outputs: Any) -> Any:
        return outputs[0] if self.has_states else outputs


def can_compile() -> bool:
    """Whether llvmlite is there."""
    return find_spec("llvmlite") is not None
