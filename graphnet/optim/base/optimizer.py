"""Optimizer: the base of all update rules, with flat vectors, weight decay and rates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import DtypeError, GraphError
from graphnet.graph import Parameter
from graphnet.graph.modules.calls import check_constructor, refuse_misspelt
from graphnet.graph.tracing.staleness import FlatVectors
from graphnet.graph.values.changes import changes
from graphnet.ir.core.types import NDArray
from graphnet.optim.base import saved_state
from graphnet.optim.base.groups import Group, described, vector_of
from graphnet.optim.base.several_nets import Trained, as_one
from graphnet.optim.base.trained_part import TrainedPart
from graphnet.optim.schedules import Schedule
from graphnet.tracebacks import public

Self = TypeVar("Self", bound="Optimizer")
Closure = Callable[[], Any]
"""Computes the loss and its gradients anew: ``zero_grad``, forward, backward; returns the loss."""


class Optimizer(ABC):
    """An update rule for the parameters of a net, or of several: ``[encoder, decoder]``.

    ``learning_rate`` may be changed between steps; a ``schedule`` (``optim.schedules``) gives the
    factor on it in each step. ``weight_decay`` times the parameters is added to their gradients.
    ``group`` sets both for the parameters of a name, ``freeze`` leaves some as they are. A rule
    lists its state vectors in ``memory`` (they start at zero; each is (numbers,), as the flat
    vector of all trained parameters), its numbers in ``settings``, and defines ``update``. Make the
    optimiser after ``net.float()``: it works in the dtype that the parameters have then.

    Raises GraphError if ``net`` is no module or has parameters of several dtypes, ValueError for an
    argument out of range. ``step`` raises DtypeError or GraphError if the parameters have changed
    their dtype or number, ``load_state`` FormatError for another state.
    """

    memory: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    evaluates = False
    """Whether ``step`` needs a closure, since it evaluates the loss at several points."""
    has_groups = True
    """Whether parameters may have rates and decays of their own."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in vars(self):
            refuse_misspelt(self, name)
        object.__setattr__(self, name, value)

    def __init__(self, net: Trained, learning_rate: float, weight_decay: float = 0.0) -> None:
        require_number("learning_rate", learning_rate, 0.0)
        require_number("weight_decay", weight_decay, 0.0)
        self.net = as_one(net, type(self).__name__)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule: Schedule | None = None
        self.steps = 0
        self._rates: NDArray | None = None
        self._decays: NDArray | None = None
        self._groups: list[Group] = []
        self._frozen: list[str] = []
        values, _ = self.net.flatten_parameters()
        self._total, self._dtype = values.size, values.dtype
        self._part = TrainedPart(self.net, (), type(self).__name__)
        self._allocate(values.size)

    def _allocate(self, size: int) -> None:
        """Memory for so many numbers, zeros where it is remembered."""
        self.vectors = {name: np.zeros(size, self._dtype) for name in self.memory}
        self._work = np.empty(size, self._dtype)
        self._decayed = np.empty(size, self._dtype)

    # ---- which parameters, and at which rates

    @public
    def group(
        self: Self,
        pattern: str,
        *,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
    ) -> Self:
        """Settings of their own for the parameters that a pattern (``*.bias``) names.

        The ``learning_rate`` keeps its ratio to the optimiser's, also when that changes. Of groups
        that overlap, the last one counts. Returns the optimiser. Raises GraphError if there is no
        such parameter, or for LBFGS and CG, ValueError for a number out of range.

        >>> from graphnet import nn, optim
        >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        >>> optim.SGD(net, 0.1, weight_decay=0.01).group("*.bias", weight_decay=0.0)
        SGD(learning_rate=0.1, weight_decay=0.01) of 26 numbers, after 0 steps
          *.bias: weight_decay=0.0
        """
        if not self.has_groups:
            raise GraphError(
                "moves all parameters along one direction, so it has no groups",
                "Its freeze(pattern) leaves some as they are.",
                type(self).__name__,
            )
        self._groups.append(Group.made(self, pattern, learning_rate, weight_decay))
        self._arrange()
        return self

    @public
    def freeze(self: Self, *patterns: str) -> Self:
        """Leave the parameters that patterns (``encoder.*``) name as they are, without any state.

        Returns the optimiser. Raises GraphError if there is no such parameter, if none is left to
        train, or after the first step.
        """
        if self.steps:
            raise GraphError(
                f"freezes {', '.join(patterns)} after {self.steps} steps",
                "Freeze before the first step, or make a new optimiser.",
                type(self).__name__,
            )
        frozen = [*self._frozen, *patterns]
        self._part = TrainedPart(self.net, frozen, type(self).__name__)
        self._frozen, self._rates, self._decays = frozen, None, None
        self._allocate(self._part.size)
        self._arrange()
        return self

    def with_schedule(self: Self, schedule: Schedule) -> Self:
        """Let ``schedule(step)`` be the factor on the learning rate; returns the optimiser."""
        self.schedule = schedule
        return self

    def parameters(self) -> dict[str, Parameter]:
        """The parameters that are trained, by their paths."""
        return dict(self._part.parameters)

    @property
    def learning_rates(self) -> NDArray | None:
        """Factors (numbers,) on the learning rate, for each trained number; None: 1 for all."""
        return self._rates

    @learning_rates.setter
    def learning_rates(self, factors: Any) -> None:
        self._rates = vector_of(self, "learning_rates", factors, self._part.size, self._dtype)

    @property
    def weight_decays(self) -> NDArray | None:
        """Weight decays (numbers,) of each trained number; None: ``weight_decay`` for all."""
        return self._decays

    @weight_decays.setter
    def weight_decays(self, decays: Any) -> None:
        self._decays = vector_of(self, "weight_decays", decays, self._part.size, self._dtype)

    def _arrange(self) -> None:
        """The vectors of rates and decays that the groups make."""
        for group in self._groups:
            group.apply(self, self._part)

    @property
    def rate(self) -> Any:
        """The learning rate of this step: a number, or one for each trained number."""
        schedule, rates = self.schedule, self._rates
        if schedule is None:
            return self.learning_rate if rates is None else rates * self.learning_rate
        rate = self.learning_rate * schedule(self.steps - 1)
        return rate if rates is None else rates * rate

    # ---- steps

    @abstractmethod
    def update(self, values: NDArray, gradients: NDArray) -> None:
        """Change the vector of trained values (numbers,) in place, by ``self.rate``.

        ``gradients``, of the same shape, must not be changed; they include the weight decay.
        """

    def step(self, closure: Closure | None = None) -> Any:
        """Update all parameters from their gradients, which are kept: see ``zero_grad``.

        A ``closure`` computes loss and gradients first, and its loss is returned. Raises DtypeError
        or GraphError if the parameters have changed their dtype or number.
        """
        loss = None if closure is None else closure()
        vectors = FlatVectors.of(self.net)
        values, gradients = vectors.flat.data, vectors.flat.grad
        self._require_same_parameters(values)
        vars(self)["steps"] += 1  # without the check of new names
        changes.note(vectors.parameters)
        if self._part.is_whole:
            self.update(values, self._with_decay(values, gradients))
        else:
            part = self._part
            mine = part.of(values)
            self.update(mine, self._with_decay(mine, part.of(gradients)))
            part.write(mine, values)
        return loss

    def zero_grad(self) -> None:
        """Set all gradients of the net to zero."""
        self.net.flatten_parameters()[1].fill(0)

    def _with_decay(self, values: NDArray, gradients: NDArray) -> NDArray:
        if self._decays is not None:
            np.multiply(values, self._decays, out=self._decayed)
        elif self.weight_decay:
            np.multiply(values, self.weight_decay, out=self._decayed)
        else:
            return gradients
        return np.add(gradients, self._decayed, out=self._decayed)

    def _require_same_parameters(self, values: NDArray) -> None:
        same = values.dtype is self._dtype or values.dtype == self._dtype
        if same and values.size == self._total:
            return
        name = type(self).__name__
        if not same:
            raise DtypeError(
                f"was made for {self._dtype} parameters, which are {values.dtype} now",
                "Convert the net first, then make the optimiser.",
                name,
            )
        raise GraphError(
            f"was made for {self._total} numbers, the net has {values.size} now",
            "Make a new optimiser after changing the net.",
            name,
        )

    # ---- state

    def state(self) -> dict[str, Any]:
        """The whole state of the rule: numbers, and copies of its vectors (numbers,)."""
        return saved_state.state_of(self)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a ``state()``, learning rate included.

        Raises FormatError, and changes nothing, if it is of another rule, of other settings
        (momentum, decay, …) or of a net of another size.
        """
        self.check_state(state)  # its settings are our own
        for name, vector in self.vectors.items():
            vector[...] = state[name]
        self.learning_rate = float(state["learning_rate"])
        self.steps = int(state["steps"])

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Raise FormatError if ``load_state`` cannot continue from this state."""
        saved_state.check(self, state)

    def __repr__(self) -> str:
        return described(self, self._part, self._groups)


def take_in(average: NDArray, vector: NDArray, decay: float, work: NDArray) -> None:
    """``average = decay · average + (1 - decay) · vector`` in place; ``work`` may be the vector."""
    np.multiply(vector, 1 - decay, out=work)
    average *= decay
    average += work


def require_closure(optimizer: Optimizer, closure: Closure | None) -> Closure:
    """The closure; raises GraphError without one."""
    if closure is None:
        raise GraphError(
            "evaluates the loss several times in a step, and received no closure",
            "Give it a function that computes loss and gradients: step(closure).",
            type(optimizer).__name__,
        )
    return closure


def require_number(name: str, value: float, low: float, below: float = float("inf")) -> None:
    """Raise ValueError unless ``low <= value < below``."""
    if not low <= value < below:
        bounds = f"{low:g} <= {name}" + ("" if below == float("inf") else f" < {below:g}")
        raise ValueError(f"{name} is {value}, expected {bounds}")
