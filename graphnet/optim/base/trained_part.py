"""The parameters of a net that an optimiser trains, and their places in the flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.patterns import matching_paths
from graphnet.ir.core.types import NDArray


@final
class TrainedPart:
    """Parameters that are trained, by path, with the slice of each in their joined vector.

    ``spans`` are the slices of the net's flat vector that hold them; ``is_whole`` says that this is
    all of it. Raises GraphError if a pattern fits no parameter, or if none is left to train.
    """

    def __init__(self, net: Module, frozen: Sequence[str], owner: str) -> None:
        named = dict(net.named_parameters())
        fixed = {path for pattern in frozen for path in matching_paths(pattern, named, owner)}
        self.frozen = [path for path in named if path in fixed]
        self.parameters: dict[str, Parameter] = {}
        self.slices: dict[str, slice] = {}
        self.spans: list[slice] = []
        start = size = 0
        for path, parameter in named.items():
            if path not in fixed:
                self.parameters[path] = parameter
                self.slices[path] = slice(size, size + parameter.size)
                self._extend(start, start + parameter.size)
                size += parameter.size
            start += parameter.size
        if named and not self.parameters:
            raise GraphError(f"{owner} has nothing left to train", "All parameters are frozen.")
        self.size, self.is_whole = size, size == start

    def _extend(self, start: int, stop: int) -> None:
        if self.spans and self.spans[-1].stop == start:
            start = self.spans.pop().start
        self.spans.append(slice(start, stop))

    def of(self, vector: NDArray) -> NDArray:
        """The trained numbers (size,) of the flat vector: a view, where they lie together."""
        if len(self.spans) == 1:
            return vector[self.spans[0]]
        return np.concatenate([vector[span] for span in self.spans])

    def write(self, numbers: NDArray, vector: NDArray) -> None:
        """Put what ``of`` gave, changed, back into the flat vector."""
        if len(self.spans) == 1:
            return
        start = 0
        for span in self.spans:
            stop = start + span.stop - span.start
            vector[span] = numbers[start:stop]
            start = stop
