"""PyTorch, with which results are compared; where it is missing, those tests alone are skipped."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["F", "Tensor", "torch"]


class Missing:
    """Stands for PyTorch in tables and annotations; whoever computes with it is skipped."""

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **options: Any) -> None:
        pytest.skip("PyTorch is not installed: nothing to compare with")


try:
    import torch
    import torch.nn.functional as F
    from torch import Tensor
except ModuleNotFoundError as problem:
    if problem.name != "torch":
        raise
    torch = F = Tensor = Missing()
