"""Groups of parameters by name: their learning rates and weight decays as vectors."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph.values.patterns import matching_paths
from graphnet.ir.core.types import NDArray
from graphnet.optim.base.trained_part import TrainedPart


@dataclass(frozen=True)
class Group:
    """Settings of the parameters that a pattern names; None leaves those of the optimiser."""

    pattern: str
    learning_rate: float | None
    weight_decay: float | None
    factor: float | None
    """The learning rate over that of the optimiser, when the group was made."""

    @staticmethod
    def made(
        optimizer: Any, pattern: str, learning_rate: float | None, weight_decay: float | None
    ) -> Group:
        """Raises GraphError if there is no such parameter, ValueError for a number out of range."""
        kind = type(optimizer).__name__
        matching_paths(pattern, dict(optimizer.net.named_parameters()), kind)
        for name, number in (("learning_rate", learning_rate), ("weight_decay", weight_decay)):
            if number is not None and not 0 <= number < np.inf:
                raise ValueError(f"{name} is {number}, expected 0 <= {name}")
        factor = None
        if learning_rate is not None:
            if not optimizer.learning_rate:
                raise ValueError(
                    f"{kind} has the learning_rate 0, expected a positive one: that of a group "
                    f"keeps its ratio to it"
                )
            factor = learning_rate / optimizer.learning_rate
        return Group(pattern, learning_rate, weight_decay, factor)

    def apply(self, optimizer: Any, part: TrainedPart) -> None:
        """Enter the settings into the optimiser's vectors."""
        kind = type(optimizer).__name__
        every = [*part.slices, *part.frozen]
        paths = [p for p in matching_paths(self.pattern, every, kind) if p in part.slices]
        if self.factor is not None:
            rates = filled(optimizer.learning_rates, 1.0, part)
            for path in paths:
                rates[part.slices[path]] = self.factor
            optimizer.learning_rates = rates
        if self.weight_decay is not None:
            decays = filled(optimizer.weight_decays, optimizer.weight_decay, part)
            for path in paths:
                decays[part.slices[path]] = self.weight_decay
            optimizer.weight_decays = decays

    def __str__(self) -> str:
        pairs = (("learning_rate", self.learning_rate), ("weight_decay", self.weight_decay))
        return f"{self.pattern}: " + ", ".join(f"{n}={v}" for n, v in pairs if v is not None)


def filled(known: NDArray | None, value: float, part: TrainedPart) -> NDArray:
    """The vector there is, or a new one (numbers,) of one value."""
    return np.full(part.size, value) if known is None or known.size != part.size else known.copy()


def vector_of(optimizer: Any, name: str, given: Any, size: int, dtype: Any) -> NDArray | None:
    """A vector (numbers,) in the dtype of the parameters; raises ShapeError for another shape."""
    if given is None:
        return None
    array = np.asarray(given, dtype)
    if array.shape != (size,):
        raise ShapeError(
            f"receives {name} {array.shape}, expected {(size,)}",
            "There is one for each trained number, in the order of net.flatten_parameters().",
            type(optimizer).__name__,
        )
    return array


def described(optimizer: Any, part: TrainedPart, groups: list[Group]) -> str:
    """The call that makes the optimiser, without defaults; its size, steps, groups."""
    cls = type(optimizer)
    shown = []
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        value = getattr(optimizer, name, None)
        if name in ("self", "net") or not hasattr(optimizer, name):
            continue
        if name == "learning_rate" or value != parameter.default:
            shown.append(f"{name}={value!r}")
    lines = [
        f"{cls.__name__}({', '.join(shown)}) of {part.size:,} numbers, "
        f"after {optimizer.steps:,} step{'s' * (optimizer.steps != 1)}"
    ]
    if optimizer.schedule is not None:
        name = getattr(optimizer.schedule, "__qualname__", type(optimizer.schedule).__name__)
        lines.append(f"  schedule: {name.partition('.')[0]}")
    lines += [f"  {group}" for group in groups]
    if part.frozen:
        lines.append(f"  frozen: {', '.join(part.frozen)}")
    return "\n".join(lines)
