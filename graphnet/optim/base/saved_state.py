"""The state of an optimiser as plain data: written, and checked before it is taken over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph.modules.spellings import former_name


def state_of(optimizer: Any) -> dict[str, Any]:
    """Learning rate, number of steps, settings, and copies of the vectors."""
    vectors = {name: vector.copy() for name, vector in optimizer.vectors.items()}
    numbers = {"learning_rate": float(optimizer.learning_rate), "steps": optimizer.steps}
    return {**numbers, **settings_of(optimizer), **vectors}


def settings_of(optimizer: Any) -> dict[str, Any]:
    """The constant numbers of the rule, as plain values."""
    names = ("weight_decay", *optimizer.settings)
    return {name: np.asarray(getattr(optimizer, name)).item() for name in names}


def check(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Raise FormatError if the optimiser cannot continue from this state."""
    settings, kind = settings_of(optimizer), type(optimizer).__name__
    expected = {"learning_rate", "steps", *settings, *optimizer.vectors}
    state = {former_name(name, expected): value for name, value in state.items()}
    if set(state) != expected:
        raise FormatError(
            f"receives a state with {sorted(state)}, expected {sorted(expected)}",
            "Was it saved by an optimiser of another kind?",
            kind,
        )
    for name, value in settings.items():
        if state[name] != value:
            raise FormatError(
                f"receives a state with {name} {state[name]}, it has {name} {value}",
                "Make it with the settings that it was saved with.",
                kind,
            )
    check_counts(state, kind)
    for name, vector in optimizer.vectors.items():
        check_vector(name, vector, state[name], kind)


def check_counts(state: Mapping[str, Any], kind: str) -> None:
    for name, kinds in (("learning_rate", (int, float)), ("steps", int)):
        value = state[name]
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < np.inf:
            raise FormatError(f"receives a state with {name} {value!r}", "", kind)


def check_vector(name: str, vector: Any, found: Any, kind: str) -> None:
    given = np.asarray(found)
    if given.shape != vector.shape or given.dtype != vector.dtype:
        raise FormatError(
            f"receives {name} of type {given.dtype}{list(given.shape)}, "
            f"expected {vector.dtype}{list(vector.shape)}",
            "Was it saved for a net of another size?",
            kind,
        )
