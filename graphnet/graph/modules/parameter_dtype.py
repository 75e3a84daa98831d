"""The dtype of a module: that of its first parameter."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from graphnet.graph.modules.base import BaseModule

T = TypeVar("T")


def parameter_dtype(module: BaseModule, default: T) -> np.dtype[Any] | T:
    """The dtype that floating inputs of a module take; ``default`` without parameters."""
    return next((parameter.dtype for _, parameter in module.named_parameters()), default)
