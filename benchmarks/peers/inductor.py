"""torch.compile's side: the composed net compiled as a whole, or one step of it."""

from __future__ import annotations

import os
import tempfile
from functools import cache, partial
from typing import Any

import torch
from measuring.turns import seconds

from peers.case import Case, Data
from peers.limit import COMPILE_SECONDS, at_most
from peers.ours import Side
from peers.pytorch import Composed, Direction, composed_side


@cache
def fresh_cache() -> tempfile.TemporaryDirectory[str]:
    """An empty folder for what inductor keeps, so that compile times are those of a first time."""
    folder = tempfile.TemporaryDirectory(prefix="inductor")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder.name
    return folder


def wrap_whole(model: Composed) -> Any:
    return torch.compile(model, dynamic=False)


def wrap_cell(model: Composed) -> Any:
    """The loop stays in Python."""
    for direction in model.directions:
        assert isinstance(direction, Direction)
        direction.cell = torch.compile(direction.cell, dynamic=False)  # type: ignore[method-assign]
    return model


def compiled_side(case: Case, net: Any, data: Data, whole: bool = True) -> Side:
    """Compiled by a first step; raises TooSlow where that takes too long."""
    fresh_cache()
    torch._dynamo.reset()
    torch._dynamo.config.recompile_limit = 64  # a cell compiles once for each layer and direction
    side = composed_side(case, net, data, wrap_whole if whole else wrap_cell)
    with at_most(COMPILE_SECONDS):
        first = seconds(side.step)
        second = min(seconds(side.step) for _ in range(2))
    return Side(side.step, side.results, max(0.0, first - second))


cell_side = partial(compiled_side, whole=False)
