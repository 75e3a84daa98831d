"""Optimizer: the base of all update rules, with flat vectors, weight decay and saved state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, FormatError, GraphError
from graphnet.graph.modules.calls import check_constructor, refuse_misspelt
from graphnet.graph.modules.spellings import former_name
from graphnet.graph.tracing.staleness import FlatVectors
from graphnet.graph.values.changes import changes
from graphnet.ir.core.types import NDArray
from graphnet.optim.several_nets import Trained, as_one


class Optimizer(ABC):
    """An update rule for the parameters of a net, or of several: ``[encoder, decoder]``.

    ``learning_rate`` may be changed between steps. ``weight_decay`` times the parameters is added
    to their gradients. A rule lists its state vectors in ``memory`` (they start at zero; each is
    (numbers,), as the flat vector of all parameters), its numbers in ``settings``, and defines
    ``update``. Make the optimiser after ``net.float()``: it works in the dtype that the parameters
    have then.

    Raises GraphError if ``net`` is no module or has parameters of several dtypes, ValueError for an
    argument out of range. ``step`` raises DtypeError or GraphError if the parameters have changed
    their dtype or number, ``load_state`` FormatError for another state.
    """

    memory: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

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
        self.steps = 0
        values, _ = self.net.flatten_parameters()
        self.vectors = {name: np.zeros_like(values) for name in self.memory}
        self._work = np.empty_like(values)
        self._decayed = np.empty_like(values)

    @abstractmethod
    def update(self, values: NDArray, gradients: NDArray) -> None:
        """Change the flat vector of values (numbers,) in place; ``gradients`` must not be changed.

        ``gradients``, of the same shape, include the weight decay.
        """

    def step(self) -> None:
        """Update all parameters from their gradients, which are kept: see ``zero_grad``.

        Raises DtypeError or GraphError if the parameters have changed their dtype or number.
        """
        vectors = FlatVectors.of(self.net)
        values, gradients = vectors.flat.data, vectors.flat.grad
        self._require_same_parameters(values)
        vars(self)["steps"] += 1  # without the check of new names
        changes.note(vectors.parameters)
        self.update(values, self._with_decay(values, gradients))

    def zero_grad(self) -> None:
        """Set all gradients of the net to zero."""
        self.net.flatten_parameters()[1].fill(0)

    def state(self) -> dict[str, NDArray | float | int]:
        """The whole state of the rule: numbers, and copies of its vectors (numbers,)."""
        vectors = {name: vector.copy() for name, vector in self.vectors.items()}
        numbers = {"learning_rate": float(self.learning_rate), "steps": self.steps}
        return {**numbers, **self._settings(), **vectors}

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
        settings = self._settings()
        expected = {"learning_rate", "steps", *settings, *self.vectors}
        state = {former_name(name, expected): value for name, value in state.items()}
        if set(state) != expected:
            raise FormatError(
                f"receives a state with {sorted(state)}, expected {sorted(expected)}",
                "Was it saved by an optimiser of another kind?",
                type(self).__name__,
            )
        for name, value in settings.items():
            if state[name] != value:
                raise FormatError(
                    f"receives a state with {name} {state[name]}, it has {name} {value}",
                    "Make it with the settings that it was saved with.",
                    type(self).__name__,
                )
        self._check_counts(state)
        self._check_vectors(state)

    def _settings(self) -> dict[str, Any]:
        """The constant numbers of the rule, as plain values."""
        names = ("weight_decay", *self.settings)
        return {name: np.asarray(getattr(self, name)).item() for name in names}

    def _check_counts(self, state: Mapping[str, Any]) -> None:
        for name, kinds in (("learning_rate", (int, float)), ("steps", int)):
            value = state[name]
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < np.inf:
                raise FormatError(
                    f"receives a state with {name} {value!r}", "", type(self).__name__
                )

    def _check_vectors(self, state: Mapping[str, Any]) -> None:
        for name, vector in self.vectors.items():
            given = np.asarray(state[name])
            if given.shape != vector.shape or given.dtype != vector.dtype:
                raise FormatError(
                    f"receives {name} of type {given.dtype}{list(given.shape)}, "
                    f"expected {vector.dtype}{list(vector.shape)}",
                    "Was it saved for a net of another size?",
                    type(self).__name__,
                )

    def _with_decay(self, values: NDArray, gradients: NDArray) -> NDArray:
        if not self.weight_decay:
            return gradients
        np.multiply(values, self.weight_decay, out=self._decayed)
        return np.add(gradients, self._decayed, out=self._decayed)

    def _require_same_parameters(self, values: NDArray) -> None:
        expected = self._work
        name = type(self).__name__
        if values.dtype != expected.dtype:
            raise DtypeError(
                f"was made for {expected.dtype} parameters, which are {values.dtype} now",
                "Convert the net first, then make the optimiser.",
                name,
            )
        if values.shape != expected.shape:
            raise GraphError(
                f"was made for {expected.size} numbers, the net has {values.size} now",
                "Make a new optimiser after changing the net.",
                name,
            )


def take_in(average: NDArray, vector: NDArray, decay: float, work: NDArray) -> None:
    """``average = decay · average + (1 - decay) · vector`` in place; ``work`` may be the vector."""
    np.multiply(vector, 1 - decay, out=work)
    average *= decay
    average += work


def require_number(name: str, value: float, low: float, below: float = float("inf")) -> None:
    """Raise ValueError unless ``low <= value < below``."""
    if not low <= value < below:
        bounds = f"{low:g} <= {name}" + ("" if below == float("inf") else f" < {below:g}")
        raise ValueError(f"{name} is {value}, expected {bounds}")
