"""The default random generator: it draws initial parameters and seeds the generators of nets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from graphnet import forkable

T = TypeVar("T")

_default = np.random.default_rng()
_drawing = forkable.Lock(delays_forks=True)
"""A generator has a lock inside, which a forked process might find taken for ever."""


def default_generator() -> np.random.Generator:
    """The generator that everything not given one of its own draws from."""
    return _default


def manual_seed(seed: int) -> None:
    """Make what follows repeatable: initial parameters, dropout masks, shuffles.

    >>> import graphnet as gn
    >>> gn.manual_seed(1)
    """
    global _default
    _default = np.random.default_rng(seed)


@_drawing.guards
def drawn(
    draw: Callable[[np.random.Generator], T], generator: np.random.Generator | None = None
) -> T:
    """What is drawn from a generator, without one from the default one."""
    return draw(_default if generator is None else generator)


def new_generator() -> np.random.Generator:
    """A generator seeded by the default one."""
    return np.random.default_rng(drawn(lambda generator: int(generator.integers(2**63))))
