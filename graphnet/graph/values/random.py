"""The default random generator: it draws initial parameters and seeds the generators of nets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from graphnet import forkable

T = TypeVar("T")

_default = np.random.default_rng()
_drawing = forkable.Lock(delays_forks=True)
"""A generator has a lock of its own, which a forked process might inherit locked."""


def default_generator() -> np.random.Generator:
    """The generator of whatever has none of its own."""
    return _default


def manual_seed(seed: int) -> None:
    """Seed the default generator: initial parameters, dropout masks, shuffles.

    >>> import graphnet as gn
    >>> gn.manual_seed(1)
    """
    global _default
    _default = np.random.default_rng(seed)


@_drawing.guards
def drawn(
    draw: Callable[[np.random.Generator], T], generator: np.random.Generator | None = None
) -> T:
    """A draw from a generator, by default from the default one."""
    return draw(_default if generator is None else generator)


def new_generator() -> np.random.Generator:
    """A generator seeded by the default one."""
    return np.random.default_rng(drawn(lambda generator: int(generator.integers(2**63))))
