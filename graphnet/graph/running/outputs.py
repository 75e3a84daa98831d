"""Results that are handed out: the user may keep and change them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.native import is_of_run

LARGE = 2**16
"""Bytes from which on a result is handed out as it lies in the memory of its run. It holds on to
all of that memory, so states, which stay until the next step, are copied."""


def handed_out(values: Iterable[NDArray | None]) -> list[Any]:
    """Results that the user may keep and change, each without effect on another."""
    found: list[Any] = []
    for value in values:
        if value is not None:
            shared = value.nbytes < LARGE or not is_of_run(value)
            if shared or any(o is not None and np.may_share_memory(value, o) for o in found):
                value = np.array(value)
        found.append(value)
    return found
