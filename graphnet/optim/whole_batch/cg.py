"""Conjugate gradients with a line search by cubic interpolation."""

from __future__ import annotations

from math import inf, isfinite, nan, sqrt
from typing import Any, final

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Closure, Optimizer, require_closure, require_number
from graphnet.optim.base.several_nets import Trained
from graphnet.optim.whole_batch.line_search import Sample
from graphnet.optim.whole_batch.objective import Objective


@final
class CG(Optimizer):
    """Conjugate gradients of Polak and Ribière, for the gradient of all data.

    ``step(closure)`` evaluates a closure that computes loss and gradients (``zero_grad``, forward,
    backward) and returns the loss, about ``max_eval`` times (1.25 ``max_iter`` by default), and
    returns the first loss. Each line search takes at most ``max_iter`` evaluations; it ends where
    the Wolfe-Powell conditions hold: the loss falls by at least ``rho`` times the slope, and the
    slope to less than ``sig`` of what it was. New trials keep ``interpolation`` of the interval
    away from its ends, and go at most ``extrapolation`` times as far; the first trial is at most
    ``ratio`` times the slopes' ratio. Torch's optim/cg.lua, after Rasmussen's minimize.m.

    Raises ValueError for an argument out of range, GraphError if ``net`` is no module, and from
    ``step`` without a closure.
    """

    evaluates, has_groups = True, False

    def __init__(
        self,
        net: Trained,
        *,
        max_iter: int = 20,
        max_eval: int | None = None,
        rho: float = 0.01,
        sig: float = 0.5,
        interpolation: float = 0.1,
        extrapolation: float = 3.0,
        ratio: float = 100.0,
    ) -> None:
        require_number("max_iter", max_iter, 1)
        require_number("max_eval", 1 if max_eval is None else max_eval, 1)
        require_number("rho", rho, 0.0, below=1.0)
        require_number("sig", sig, rho, below=1.0)
        require_number("interpolation", interpolation, 0.0, below=0.5)
        require_number("extrapolation", extrapolation, 1.0)
        require_number("ratio", ratio, 0.0)
        self.max_iter = max_iter
        self.max_eval = max_eval
        self.rho = rho
        self.sig = sig
        self.interpolation = interpolation
        self.extrapolation = extrapolation
        self.ratio = ratio
        super().__init__(net, 1.0)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        require_closure(self, None)  # step evaluates and moves by itself

    def step(self, closure: Closure | None = None) -> Any:
        objective = Objective(self, require_closure(self, closure))
        self.steps += 1
        limit = self.max_iter * 1.25 if self.max_eval is None else self.max_eval
        first, gradient = objective.here()
        loss, x, direction = first, objective.point(), -gradient
        slope = -float(direction @ direction)
        length = 1.0 / (1.0 - slope)
        while objective.evaluations < limit:
            start = Sample(0.0, loss, gradient, slope)
            found = self._search(objective, x, direction, start, length, limit)
            if found is None:
                objective.move(x)
                break
            x = x + found.t * direction
            change = float(found.gradient @ found.gradient) - float(found.gradient @ gradient)
            direction = direction * (change / float(gradient @ gradient)) - found.gradient
            loss, gradient = found.loss, found.gradient
            before, slope = slope, float(gradient @ direction)
            if slope > 0:  # no descent: along the gradient again
                direction = -gradient
                slope = -float(direction @ direction)
            if slope == 0:
                break
            length = found.t * min(self.ratio, before / slope)
        return first

    def _search(
        self,
        objective: Objective,
        x: NDArray,
        direction: NDArray,
        start: Sample,
        length: float,
        limit: float,
    ) -> Sample | None:
        """A point of the line where the conditions hold; None if none was found."""

        def evaluate(t: float) -> Sample:
            loss, gradient = objective.at(x + t * direction)
            return Sample(t, loss, gradient, float(gradient @ direction))

        behind, here, bound = start, evaluate(length), nan
        left = min(self.max_iter, limit - objective.evaluations)
        while True:
            while self._is_too_far(here, start) and left > 0:
                bound = here.t
                here, behind = evaluate(here.t + self._nearer(behind, here, start)), behind
                left -= 1
            if self._is_too_far(here, start):
                return None
            if here.slope > self.sig * start.slope:
                return here
            if left <= 0:
                return None
            further = self._further(behind, here, bound)
            here, behind = evaluate(here.t + further), here
            left -= 1

    def _is_too_far(self, here: Sample, start: Sample) -> bool:
        """Whether the loss fell too little, or its slope is too steep upwards."""
        return (
            here.loss > start.loss + here.t * self.rho * start.slope
            or here.slope > -self.sig * start.slope
        )

    def _nearer(self, behind: Sample, here: Sample, start: Sample) -> float:
        """How far to go from ``here``, back to the minimum before it."""
        back = behind.t - here.t
        if here.loss > start.loss:  # a parabola
            divisor = behind.slope * back + here.loss - behind.loss
            step = back - (0.5 * behind.slope * back * back) / divisor if divisor else nan
        else:
            a, b = cubic(behind, here)
            step = (root(b * b - a * here.slope * back * back) - b) / a if a else nan
        if not isfinite(step):
            step = back / 2
        return max(min(step, self.interpolation * back), (1 - self.interpolation) * back)

    def _further(self, behind: Sample, here: Sample, bound: float) -> float:
        """How far to go on from ``here``; ``bound`` is a point too far, or no number."""
        back = behind.t - here.t
        a, b = cubic(behind, here)
        divisor = b + root(b * b - a * here.slope * back * back)
        step = -here.slope * back * back / divisor if divisor else inf
        is_bounded = bound == bound
        if not isfinite(step) or step < 0:
            return (bound - here.t) / 2 if is_bounded else here.t * (self.extrapolation - 1)
        if is_bounded and here.t + step > bound:
            return (bound - here.t) / 2
        if not is_bounded and here.t + step > here.t * self.extrapolation:
            return here.t * (self.extrapolation - 1)
        if step < -back * self.interpolation:
            return -back * self.interpolation
        if is_bounded and step < (bound - here.t) * (1 - self.interpolation):
            return (bound - here.t) * (1 - self.interpolation)
        return step


def cubic(behind: Sample, here: Sample) -> tuple[float, float]:
    """The coefficients of the cubic through two points with their slopes; none for one point."""
    back = behind.t - here.t
    if not back:
        return nan, nan
    a = 6 * (here.loss - behind.loss) / back + 3 * (here.slope + behind.slope)
    return a, 3 * (behind.loss - here.loss) - back * (behind.slope + 2 * here.slope)


def root(square: float) -> float:
    """The square root, no number where there is none."""
    return sqrt(square) if square >= 0 else nan
