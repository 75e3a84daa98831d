"""Criteria and modules: a module made of a criterion, and a criterion behind modules."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.criteria.of_pair import CriterionOfPair
from graphnet.ops import stop_gradient

__all__ = ["ModuleCriterion", "ModuleFromCriterion"]


class ModuleFromCriterion(CriterionOfPair):
    """A criterion without a gradient of the target, whose loss is a vector (1,).

    [input, target] of the shapes that the criterion takes. nngraph's ModuleFromCriterion.lua.
    Raises GraphError if the input is no pair.
    """

    symbol = "loss"

    def __init__(self, criterion: Module) -> None:
        self.criterion = criterion

    def compute(self, table: Any) -> Any:
        input, target = require_pair(table)
        return self.criterion.call([input, stop_gradient(target)]).reshape(1)


class ModuleCriterion(CriterionOfPair):
    """A criterion of what two modules make of its input and its target.

    [input, target] of the shapes that ``input_module`` and ``target_module`` take, or where one is
    None those of the criterion; the loss is that of the criterion. Element-Research dpnn's
    ModuleCriterion.lua. Raises GraphError if the input is no pair.
    """

    symbol = "loss"

    def __init__(
        self,
        criterion: Module,
        input_module: Module | None = None,
        target_module: Module | None = None,
    ) -> None:
        self.criterion = criterion
        self.input_module = input_module
        self.target_module = target_module

    def compute(self, table: Any) -> Any:
        input, target = require_pair(table)
        if self.input_module is not None:
            input = self.input_module.call(input)
        if self.target_module is not None:
            target = self.target_module.call(target)
        return self.criterion.call([input, target])
