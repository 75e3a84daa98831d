"""Calls of kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.kernel_cache import KernelCode
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.buffers import Buffer, BufferRole

FLAG = ArrayType((), np.dtype(np.int64))

Pointer = tuple[Buffer | None, int]
"""A buffer and the distance from its beginning, in bytes; or nothing."""


@dataclass(eq=False)
class KernelCall:
    """One call of a kernel."""

    code: KernelCode
    pointers: list[Pointer]
    arguments: list[int]
    cost: float
    """A rough number of operations, which decides whether threads pay."""
    sharing: WorkSharing
    """The threads for it, if its cost is worth several."""
    equations: tuple[Equation, ...]
    """The equations that it computes, or prepares."""
    memory: Buffer | None = None
    """Working memory of a scan, whose size is known when its code is made, for so many rows."""
    rows: int = 1
    counters: Buffer | None = None
    """Of a timed scan: the cycles of each equation of its body."""

    @property
    def served(self) -> tuple[Equation, ...]:
        """The equations that it works for: of what packs a matrix, the readers of that."""
        target = self.pointers[-1][0]
        packs = target is not None and target.role is BufferRole.PANELS and bool(target.equations)
        return target.equations if target is not None and packs else self.equations


def nbytes(type: ArrayType) -> int:
    return type.size * type.dtype.itemsize


def pointer(place: StridedView) -> Pointer:
    return place.pointer, place.offset * place.type.dtype.itemsize
