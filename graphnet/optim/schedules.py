"""Schedules by step: the factor on the learning rate in each step, counted from 0."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

from graphnet.graph.modules.calls import checked

__all__ = [
    "Schedule",
    "constant",
    "cosine",
    "exponential",
    "inverse_decay",
    "inverse_square_root",
    "linear",
    "step_decay",
    "warm_up",
]

Schedule = Callable[[int], float]
"""A function of the number of steps done so far; any of yours will do."""


def constant(step: int) -> float:
    """The same learning rate in all steps."""
    return 1.0


@checked
def warm_up(steps: int, then: Schedule = constant) -> Schedule:
    """From 1/steps to 1 in equal parts, and what follows, ``then``, which begins at its step 0.

    Raises ValueError unless ``steps`` is positive (Goyal et al. 2017).

    >>> schedule = warm_up(4)
    >>> [schedule(step) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    require_steps("steps", steps)

    def schedule(step: int) -> float:
        return (step + 1) / steps if step < steps else then(step - steps)

    return schedule


@checked
def cosine(steps: int, final: float = 0.0) -> Schedule:
    """Half a cosine from 1 to ``final`` within ``steps`` steps, then ``final``.

    Raises ValueError unless ``steps`` is positive (Loshchilov & Hutter 2017, without restarts).

    >>> schedule = cosine(4)
    >>> [round(schedule(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    require_steps("steps", steps)

    def schedule(step: int) -> float:
        return final + (1.0 - final) * 0.5 * (1.0 + cos(pi * min(step / steps, 1.0)))

    return schedule


@checked
def linear(steps: int, final: float = 0.0) -> Schedule:
    """A straight line from 1 to ``final`` within ``steps`` steps, then ``final``.

    Raises ValueError unless ``steps`` is positive.

    >>> schedule = linear(4, final=0.2)
    >>> [round(schedule(step), 3) for step in (0, 2, 4, 9)]
    [1.0, 0.6, 0.2, 0.2]
    """
    require_steps("steps", steps)

    def schedule(step: int) -> float:
        return 1.0 + (final - 1.0) * min(step / steps, 1.0)

    return schedule


@checked
def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Multiplied by ``factor`` after each ``every`` steps; raises ValueError unless positive.

    >>> schedule = step_decay(100, factor=0.5)
    >>> schedule(0), schedule(99), schedule(100), schedule(250)
    (1.0, 1.0, 0.5, 0.25)
    """
    require_steps("every", every)

    def schedule(step: int) -> float:
        return float(factor ** (step // every))

    return schedule


@checked
def exponential(factor: float) -> Schedule:
    """Multiplied by ``factor`` after each step.

    >>> schedule = exponential(0.5)
    >>> schedule(0), schedule(3)
    (1.0, 0.125)
    """

    def schedule(step: int) -> float:
        return float(factor**step)

    return schedule


@checked
def inverse_decay(rate: float) -> Schedule:
    """``1 / (1 + rate · step)``: the ``learningRateDecay`` of Torch's optimisers.

    >>> schedule = inverse_decay(0.5)
    >>> schedule(0), schedule(2)
    (1.0, 0.5)
    """

    def schedule(step: int) -> float:
        return 1.0 / (1.0 + step * rate)

    return schedule


@checked
def inverse_square_root(steps: int) -> Schedule:
    """A line up to 1 at ``steps`` steps, then ``sqrt(steps / step)`` (Vaswani et al. 2017).

    Raises ValueError unless ``steps`` is positive.

    >>> schedule = inverse_square_root(4)
    >>> schedule(0), schedule(3), schedule(15)
    (0.25, 1.0, 0.5)
    """
    require_steps("steps", steps)

    def schedule(step: int) -> float:
        number = step + 1
        return float(min(number / steps, (steps / number) ** 0.5))

    return schedule


def require_steps(name: str, steps: int) -> None:
    if steps < 1:
        raise ValueError(f"{name} is {steps}, expected a positive whole number")
