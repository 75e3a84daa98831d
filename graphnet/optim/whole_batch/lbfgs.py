"""L-BFGS: Newton's direction from the last few changes of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, final

import numpy as np

from graphnet.errors import FormatError
from graphnet.ir.core.types import NDArray
from graphnet.optim.base import saved_state
from graphnet.optim.base.optimizer import Closure, Optimizer, require_closure, require_number
from graphnet.optim.base.several_nets import Trained
from graphnet.optim.whole_batch.line_search import Sample, largest, strong_wolfe
from graphnet.optim.whole_batch.objective import Objective

NUMBERS = ("step_length", "scale", "loss_before", "iterations")
SMALLEST_CURVATURE = 1e-10


@final
class LBFGS(Optimizer):
    """L-BFGS: up to ``max_iter`` steps along the Newton direction of all data, in one ``step``.

    ``step(closure)`` evaluates a closure that computes loss and gradients (``zero_grad``, forward,
    backward) and returns the loss, the first of which it returns. It ends after ``max_eval``
    evaluations (1.25 ``max_iter``), where the largest gradient is at most ``tolerance_grad``, or
    where step or loss change by less than ``tolerance_change``. ``history_size`` pairs of changes
    are kept. With ``line_search_fn="strong_wolfe"`` each step is as long as the strong Wolfe
    conditions ask for; else its length is the ``learning_rate``. Torch's optim/lbfgs.lua in the
    form of PyTorch (Nocedal 1980); Torch's ``tolFun``, ``tolX`` and ``nCorrection`` are
    tolerance_grad, tolerance_change and history_size.

    Raises ValueError for an argument out of range, GraphError if ``net`` is no module, and from
    ``step`` without a closure. ``load_state`` raises FormatError for another state.
    """

    evaluates, has_groups = True, False

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 1.0,
        *,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Literal["strong_wolfe"] | None = None,
    ) -> None:
        require_number("max_iter", max_iter, 1)
        require_number("max_eval", 1 if max_eval is None else max_eval, 1)
        require_number("tolerance_grad", tolerance_grad, 0.0)
        require_number("tolerance_change", tolerance_change, 0.0)
        require_number("history_size", history_size, 1)
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(
                f"line_search_fn is {line_search_fn!r}, expected None or 'strong_wolfe'"
            )
        self.max_iter = max_iter
        self.max_eval = max_eval
        self.tolerance_grad = tolerance_grad
        self.tolerance_change = tolerance_change
        self.history_size = history_size
        self.line_search_fn = line_search_fn
        self.step_length, self.scale, self.loss_before, self.iterations = 0.0, 1.0, 0.0, 0
        super().__init__(net, learning_rate)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        require_closure(self, None)  # step evaluates and moves by itself

    def step(self, closure: Closure | None = None) -> Any:
        objective = Objective(self, require_closure(self, closure))
        self.steps += 1
        first, gradient = objective.here()
        if largest(gradient) <= self.tolerance_grad:
            return first
        loss, x = first, objective.point()
        limit = self.max_iter * 5 // 4 if self.max_eval is None else self.max_eval
        for number in range(1, self.max_iter + 1):
            direction = self._direction(gradient)
            slope = float(gradient @ direction)
            self._note(direction, gradient, loss)
            if slope > -self.tolerance_change:
                break
            is_last = number == self.max_iter
            before = Sample(0.0, loss, gradient, slope)
            found = self._along(objective, x, direction, before, is_last)
            self.step_length = found.t
            x = x + found.t * direction
            objective.move(x)
            loss, gradient = found.loss, found.gradient
            if is_last or objective.evaluations >= limit or self._has_ended(found, direction):
                break
        return first

    def _along(
        self, objective: Objective, x: NDArray, direction: NDArray, start: Sample, is_last: bool
    ) -> Sample:
        """The step taken along the direction; after the last of all the loss is not computed."""
        length = float(self.rate)
        if self.iterations == 1:
            length *= min(1.0, 1.0 / float(np.abs(start.gradient).sum()))

        def evaluate(t: float) -> Sample:
            loss, gradient = objective.at(x + t * direction)
            return Sample(t, loss, gradient, float(gradient @ direction))

        if self.line_search_fn is None:
            if is_last:
                return Sample(length, start.loss, start.gradient, start.slope)
            return evaluate(length)
        width = largest(direction)
        return strong_wolfe(evaluate, start, length, width, self.tolerance_change)

    def _has_ended(self, found: Sample, direction: NDArray) -> bool:
        return (
            largest(found.gradient) <= self.tolerance_grad
            or largest(direction) * found.t <= self.tolerance_change
            or abs(found.loss - self.loss_before) < self.tolerance_change
        )

    # ---- the direction, from the changes before

    def _direction(self, gradient: NDArray) -> NDArray:
        """``-H · gradient``, for the inverse Hessian H that the changes so far suggest."""
        if self.iterations:
            self._remember(gradient - self.vectors["gradient_before"])
        pairs = self._pairs()
        direction = -gradient
        weights = []
        for step, change in reversed(pairs):
            weights.append(float(step @ direction) / float(step @ change))
            direction = direction - weights[-1] * change
        direction = direction * self.scale
        for (step, change), weight in zip(pairs, reversed(weights), strict=True):
            direction += (weight - float(change @ direction) / float(step @ change)) * step
        return direction

    def _remember(self, change: NDArray) -> None:
        """Keep the last step with its change of the gradient, where the loss curves upwards."""
        step = self.vectors["direction"] * self.step_length
        curvature = float(change @ step)
        if curvature <= SMALLEST_CURVATURE:
            return
        pairs = [*self._pairs(), (step, change)][-self.history_size :]
        for number, (kept_step, kept_change) in enumerate(pairs):
            self.vectors[f"step_{number}"] = kept_step
            self.vectors[f"change_{number}"] = kept_change
        self.scale = curvature / float(change @ change)

    def _pairs(self) -> list[tuple[NDArray, NDArray]]:
        count = sum(name.startswith("step_") for name in self.vectors)
        return [(self.vectors[f"step_{i}"], self.vectors[f"change_{i}"]) for i in range(count)]

    def _note(self, direction: NDArray, gradient: NDArray, loss: float) -> None:
        self.vectors["direction"], self.vectors["gradient_before"] = direction, gradient
        self.loss_before = loss
        self.iterations += 1

    # ---- state

    def state(self) -> dict[str, Any]:
        return {**super().state(), **{name: getattr(self, name) for name in NUMBERS}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.check_state(state)
        self.vectors = {name: np.array(state[name]) for name in vectors_in(state)}
        for name in (*NUMBERS, "learning_rate", "steps"):
            setattr(self, name, type(getattr(self, name))(state[name]))

    def check_state(self, state: Mapping[str, Any]) -> None:
        kind, names = type(self).__name__, vectors_in(state)
        missing = {*NUMBERS, "learning_rate", "steps"} - set(state)
        if missing or (state["iterations"] and not {"direction", "gradient_before"} <= set(names)):
            raise FormatError(
                f"receives a state with {sorted(state)}, without {sorted(missing) or 'direction'}",
                "Was it saved by an optimiser of another kind?",
                kind,
            )
        saved_state.check_counts(state, kind)
        for name in names:
            saved_state.check_vector(name, self._work, state[name], kind)


def vectors_in(state: Mapping[str, Any]) -> list[str]:
    """The names of the vectors of a state."""
    return [
        name
        for name in state
        if name in ("direction", "gradient_before")
        or (name.startswith(("step_", "change_")) and name not in NUMBERS)
    ]
