"""The default random generator: it draws initial parameters and seeds the generators of nets."""

from __future__ import annotations

import numpy as np

_default = np.random.default_rng()


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


def new_generator() -> np.random.Generator:
    """A generator seeded by the default one."""
    return np.random.default_rng(_default.integers(2**63))
