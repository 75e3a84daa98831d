"""Call frames: the memory of one run of a plan, and the addresses of its arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.llvm.cache_line import LINE
from graphnet.native.runtime import arena_pool
from graphnet.native.scheduling.buffers import Base
from graphnet.native.scheduling.execution_plan import ExecutionPlan

HEAD = object.__basicsize__
EMPTY = np.empty(0, np.uint8)
SMALL = 2**16
"""Bytes up to which frames keep their memory, and results are copied out of it: to copy a few small
ones takes less than the microseconds of a lease."""


def address_in_head(array: NDArray) -> int:
    """The address of an array's elements, read from the first field of NumPy's object.

    Asking NumPy takes some microseconds, which is what a small net takes to run.
    """
    return ctypes.c_void_p.from_address(id(array) + HEAD).value or 0


def address_by_numpy(array: NDArray) -> int:
    return int(array.ctypes.data)


def fastest_address() -> Callable[[NDArray], int]:
    """The quick way, if it is right here."""
    whole = np.arange(24.0).reshape(4, 6)
    samples = [whole, whole[1:, 2:], whole.T, np.zeros(3, np.int8), np.array(1.0)]
    right = all(address_in_head(array) == address_by_numpy(array) for array in samples)
    return address_in_head if right else address_by_numpy


address_of = fastest_address()


@dataclass(slots=True, eq=False)
class Frame:
    """The memory of a run: the flag that kernels set, the addresses of everything, the arena."""

    flag: NDArray
    bases: ctypes.Array[ctypes.c_void_p]
    address: int
    """Of the bases."""
    held: Sequence[NDArray]
    arena: NDArray
    start: int
    """The offset of the first cache line in the arena."""


Export = Callable[[Frame], NDArray]


class Frames:
    """Frames of one plan, used again; final."""

    def __init__(self, plan: ExecutionPlan) -> None:
        self.plan = plan
        self.keep_memory = plan.arena <= SMALL
        self.idle: list[Frame] = []
        exports = [exporter(place, plan) for place in plan.results]
        self.exports = list(map(copying, exports)) if self.keep_memory else exports

    def take(self, arrays: Sequence[NDArray]) -> Frame:
        """A frame with these inputs, and memory of its own."""
        try:
            frame = self.idle.pop()
        except IndexError:
            frame = self.new()
        bases = frame.bases
        frame.held = held = [
            array
            if type(array) is np.ndarray and (flags := array.flags).c_contiguous and flags.aligned
            else np.require(array, requirements=["C", "A"])
            for array in arrays
        ]
        for position, array in enumerate(held):
            bases[position] = address_of(array)
        if not self.keep_memory:
            lay(frame, arena_pool.take(self.plan.arena))
        return frame

    def new(self) -> Frame:
        plan = self.plan
        flag = np.zeros(1, np.int64)
        count = plan.bases.inputs + len(plan.constants)
        bases = (ctypes.c_void_p * (count + 2))()
        for position, array in enumerate(plan.constants, start=plan.bases.inputs):
            bases[position] = address_of(array)
        bases[count + 1] = address_of(flag)
        frame = Frame(flag, bases, ctypes.addressof(bases), (), EMPTY, 0)
        if self.keep_memory:
            lay(frame, np.empty(plan.arena + LINE, np.uint8))
        return frame

    def finish(self, frame: Frame) -> list[NDArray]:
        """The results of a run that ended well: the flag is as it was before."""
        results = [export(frame) for export in self.exports]
        frame.held = ()
        if not self.keep_memory:
            frame.arena = EMPTY
        self.idle.append(frame)
        return results


def lay(frame: Frame, arena: NDArray) -> None:
    """Let a frame work in an arena, from its first line on."""
    address = address_of(arena)
    frame.arena, frame.start = arena, -address % LINE
    frame.bases[len(frame.bases) - 2] = address + frame.start


def exporter(place: StridedView, plan: ExecutionPlan) -> Export:
    """The function that makes an output of a frame: a view of its memory."""
    type, base, i = place.type, place.pointer.base, place.pointer.position
    strides = tuple(stride * type.dtype.itemsize for stride in place.strides)
    offset = place.offset * type.dtype.itemsize
    if not type.size:
        return partial(of_nothing, type.shape, type.dtype)
    if base is Base.INPUT:
        return lambda frame: np.ndarray(type.shape, type.dtype, frame.held[i], offset, strides)
    if base is Base.CONSTANT:
        constant = plan.constants[i]
        return lambda frame: np.ndarray(type.shape, type.dtype, constant, offset, strides)
    shape, dtype, begin = type.shape, type.dtype, offset + i
    return lambda frame: np.ndarray(shape, dtype, frame.arena, frame.start + begin, strides)


def copying(export: Export) -> Export:
    return lambda frame: np.array(export(frame))


def of_nothing(shape: tuple[int, ...], dtype: np.dtype[np.generic], frame: Frame) -> NDArray:
    return np.empty(shape, dtype)
