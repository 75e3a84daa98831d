"""CriterionOfProbabilities: tells an input that holds none, and a pair in the wrong order."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import NumericsError
from graphnet.graph.running.run import last_run
from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.criterion import Criterion
from graphnet.source import warn


class CriterionOfProbabilities(Criterion):
    """The base of criteria whose input and target have one shape and lie between 0 and 1.

    ``forward`` raises NumericsError for an input of other numbers, whose logarithm is none, and
    warns of a pair that was swapped: the input holds nothing but 0 and 1, and the target does not.
    """

    def forward(self, /, *inputs: Any, check_finite: bool = False, **named: Any) -> Any:
        """The loss of an input of probabilities and a target, arrays of one shape."""
        loss = super().forward(*inputs, check_finite=check_finite, **named)
        run = last_run(self)
        assert run is not None
        input, target = map(np.asarray, run.inputs)
        if loss != loss:
            require_probabilities(type(self).__name__, input)
        elif are_swapped(input, target):
            warn(
                f"{type(self).__name__} receives an input of 0 and 1 alone, and a target between "
                "them: were output and target swapped? criterion(output, target)"
            )
        return loss


def are_swapped(input: NDArray, target: NDArray) -> bool:
    """Whether the input looks like a target; its first number nearly always says no."""
    begins_so = input.size > 1 and is_certain(input.flat[:1])
    return begins_so and is_certain(input) and not is_certain(target)


def is_certain(array: NDArray) -> bool:
    """Whether all are 0 or 1."""
    return bool(((array == 0) | (array == 1)).all())


def require_probabilities(name: str, input: NDArray) -> None:
    """Raise NumericsError for a number below 0 or above 1."""
    wrong = input[(input < 0) | (input > 1)]
    if wrong.size:
        raise NumericsError(
            f"receives an input of {wrong.flat[0]:.4g}, expected probabilities from 0 to 1",
            "nn.Sigmoid()(output) makes probabilities of any numbers.",
            name,
        )
