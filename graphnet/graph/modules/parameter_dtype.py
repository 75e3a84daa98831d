"""The dtype of a module: that of its first parameter, or of its first floating buffer."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeVar

import numpy as np

from graphnet.graph.modules.base import BaseModule

T = TypeVar("T")


def parameter_dtype(module: BaseModule, default: T) -> np.dtype[Any] | T:
    """The dtype that floating inputs of a module take; ``default`` without such arrays."""
    arrays = (array for _, array in chain(module.named_parameters(), module.named_buffers()))
    return next((array.dtype for array in arrays if array.dtype.kind == "f"), default)
