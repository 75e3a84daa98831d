"""A line search for a step that satisfies the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from graphnet.ir.core.types import NDArray

DECREASE, CURVATURE, MOST = 1e-4, 0.9, 25
"""The two Wolfe constants, and the most evaluations after the first."""


@dataclass(frozen=True)
class Sample:
    """The step length, with the loss, the gradient and the slope along the line there."""

    t: float
    loss: float
    gradient: NDArray
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Sample], start: Sample, t: float, width: float, tolerance: float
) -> Sample:
    """A step along a line that decreases the loss enough and flattens its slope.

    ``start`` is the point at t = 0, ``t`` the first trial, ``width`` the largest entry of the
    direction, by which an interval counts as closed below ``tolerance``. Nocedal & Wright 2006,
    algorithms 3.5 and 3.6, with the safeguards of Schmidt's minFunc and of PyTorch.
    """
    sample, before = evaluate(t), start
    for tries in range(MOST):
        if too_high(sample, start) or (tries > 1 and sample.loss >= before.loss):
            return zoomed(evaluate, start, before, sample, tries, width, tolerance)
        if is_flat(sample, start):
            return sample
        if sample.slope >= 0:
            return zoomed(evaluate, start, before, sample, tries, width, tolerance)
        bounds = sample.t + 0.01 * (sample.t - before.t), sample.t * 10
        further = minimum_of_cubic(before, sample, bounds)
        sample, before = evaluate(further), sample
    return start if start.loss <= sample.loss else sample


def zoomed(
    evaluate: Callable[[float], Sample],
    start: Sample,
    one: Sample,
    other: Sample,
    tries: int,
    width: float,
    tolerance: float,
) -> Sample:
    """The best step found within a bracket that holds one that is good enough."""
    low, high = (one, other) if one.loss <= other.loss else (other, one)
    was_near = False
    while tries < MOST and abs(high.t - low.t) * width >= tolerance:
        ends = min(low.t, high.t), max(low.t, high.t)
        t, was_near = kept_inside(minimum_of_cubic(low, high, ends), *ends, was_near)
        sample = evaluate(t)
        tries += 1
        if too_high(sample, start) or sample.loss >= low.loss:
            low, high = (low, sample) if low.loss <= sample.loss else (sample, low)
            continue
        if is_flat(sample, start):
            return sample
        if sample.slope * (high.t - low.t) >= 0:
            high = low
        low = sample
    return low


def too_high(sample: Sample, start: Sample) -> bool:
    """Whether the loss did not fall enough for the length of the step."""
    return sample.loss > start.loss + DECREASE * sample.t * start.slope


def is_flat(sample: Sample, start: Sample) -> bool:
    """Whether the slope became small against that at the start."""
    return abs(sample.slope) <= -CURVATURE * start.slope


def kept_inside(t: float, low: float, high: float, was_near: bool) -> tuple[float, bool]:
    """A trial at least a tenth of the interval away from its ends, at the second time it is not."""
    margin = 0.1 * (high - low)
    if min(high - t, t - low) >= margin:
        return t, False
    if was_near or not low < t < high:
        return (high - margin if abs(t - high) < abs(t - low) else low + margin), False
    return t, True


def minimum_of_cubic(one: Sample, other: Sample, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points with their slopes is least, within bounds.

    The middle of the bounds where it has no minimum (Nocedal & Wright 2006, equation 3.59).
    """
    low, high = bounds
    a, b = (one, other) if one.t <= other.t else (other, one)
    if a.t == b.t:
        return (low + high) / 2
    d1 = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.t - other.t)
    square = d1 * d1 - one.slope * other.slope
    if not square >= 0:
        return (low + high) / 2
    d2 = sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return (low + high) / 2
    return float(min(max(b.t - (b.t - a.t) * ((b.slope + d2 - d1) / divisor), low), high))


def largest(vector: NDArray) -> float:
    """The largest absolute entry."""
    return float(np.abs(vector).max(initial=0.0))
