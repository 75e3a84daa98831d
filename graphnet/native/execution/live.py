"""A program run again and again on small input: everything prepared, nothing allocated."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from graphnet.ir.core.program import Program
from graphnet.ir.core.types import NDArray
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.execution.call_frame import Frame, exporter
from graphnet.native.llvm.cache_line import LINE
from graphnet.native.llvm.target import host
from graphnet.native.runtime.arena_pool import start_of
from graphnet.native.runtime.dispatcher import driver, lone_driver, record_of
from graphnet.native.scheduling.buffers import Base
from graphnet.native.scheduling.execution_plan import planned
from graphnet.native.scheduling.rules import scheduled


class LiveProgram:
    """A program with memory of its own, in one thread; final.

    ``fixed`` gives the arrays of inputs that stay the same, by position: what is computed from them
    alone (packed weights) is computed by ``refresh``. The other inputs are ``inputs[position]``, to
    be written before ``run``. Of two sets of results, ``run`` writes the one that it did not write
    the last time: with ``again``, the other one's first results are read as the inputs at
    ``returning``, where they lie.
    """

    def __init__(
        self, program: Program, fixed: dict[int, NDArray], returning: Sequence[int] = ()
    ) -> None:
        kernels = Kernels(host(), threads=1)
        scheduler = scheduled(program, kernels)
        for atom in program.outputs:  # what is an input or a weight becomes a result of each run
            place = scheduler.at(atom)
            if place.pointer.base is not Base.ARENA:
                scheduler.places[atom] = scheduler.copied(place)
        kernels.compile()
        self._plan = plan = planned(scheduler, program, frozenset(fixed))
        self._drive = driver()
        self.inputs = [
            fixed[i] if i in fixed else np.zeros(var.type.shape, var.type.dtype)
            for i, var in enumerate(program.inputs)
        ]
        self.flag = ctypes.c_int64()
        self._kept = np.empty(plan.kept + LINE, np.uint8)
        self._sides = [np.empty(plan.arena + LINE, np.uint8) for _ in range(2)]
        self.results = [self._results(side) for side in self._sides]
        self._bases = [self._addresses(side, self.inputs) for side in self._sides]
        for side, results in zip(self._sides, reversed(self.results), strict=True):
            inputs = list(self.inputs)
            for position, result in zip(returning, results, strict=False):
                inputs[position] = result
            self._bases.append(self._addresses(side, inputs))
        self._pointers = [ctypes.addressof(bases) for bases in self._bases]
        table = plan.table.ctypes.data, len(plan.table)
        self._records = [record_of(*table, bases) for bases in self._pointers]
        self._addresses_of_records = [ctypes.addressof(record) for record in self._records]
        self._run = lone_driver()
        self.side = 0
        self.refresh()

    def _addresses(self, side: NDArray, inputs: Sequence[NDArray]) -> ctypes.Array[ctypes.c_void_p]:
        arrays = (*inputs, *self._plan.constants)
        addresses = [array.ctypes.data for array in arrays]
        addresses.append(side.ctypes.data + start_of(side))
        addresses.append(ctypes.addressof(self.flag))
        addresses.append(self._kept.ctypes.data + start_of(self._kept))
        return (ctypes.c_void_p * len(addresses))(*addresses)

    def _results(self, side: NDArray) -> list[NDArray]:
        bases = self._addresses(side, self.inputs)
        frame = Frame(np.zeros(1, np.int64), bases, 0, self.inputs, side, start_of(side))
        return [exporter(place, self._plan)(frame) for place in self._plan.results]

    def refresh(self) -> None:
        """Compute anew what depends on the fixed inputs alone."""
        setup = self._plan.setup
        self._drive(setup.ctypes.data, len(setup), self._pointers[0], 1)

    def run(self, again: bool = False) -> int:
        """The index of the written one of ``results``."""
        side = 1 - self.side
        self._run(self._addresses_of_records[2 + side if again else side])
        self.side = side  # not before: where Ctrl-C strikes, it has not been
        return side

    def undo(self) -> None:
        """After a run in which an index was out of range: as if it had not been."""
        self.flag.value = 0
        self.side = 1 - self.side
