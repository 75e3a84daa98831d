"""What a case says of constructor arguments: Torch's name, ours, a value that is no default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4))
CUBE = RNG.normal(size=(2, 3, 4))
SEQUENCE = RNG.normal(size=(5, 2, 3))
WORDS = np.array([[1, 3], [0, 2]])
PAIR = [RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))]
SQUARE = [RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))]


@dataclass(frozen=True)
class Case:
    """``required`` and ``optional`` arguments: by Torch's name, ours and the value.

    Each optional one changes what comes of ``input``, in training (or in ``evaluation``) or in the
    gradients. ``positional`` are those that have no name.
    """

    make: Callable[..., Any]
    input: Any
    required: tuple[tuple[str, str, Any], ...] = ()
    optional: tuple[tuple[str, str, Any], ...] = ()
    positional: tuple[Any, ...] = ()
    evaluation: bool = False


def sizes(first: str = "in_features", second: str = "out_features") -> Any:
    return (("inputSize", first, 4), ("outputSize", second, 2))
