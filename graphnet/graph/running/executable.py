"""Executable: the prepared programs of one signature, and what fills their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.accumulation import Accumulator
from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.running.prepared_program import PreparedProgram
from graphnet.graph.tracing.staleness import ArraysSnapshot, BothSnapshots, DtypesSnapshot
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.memory import remembering
from graphnet.graph.values.parameter import Flat, Parameter
from graphnet.graph.values.random import drawn
from graphnet.graph.values.sources import Draw, Remembered
from graphnet.ir.core.types import ArrayType, NDArray


class Executable:
    """A program ready to run for one signature of a module's input; final.

    In training mode it also returns the residuals for backward. A training step has an
    ``accumulator``: it is bound to the arrays of gradients, and to the ``flat`` vectors if its
    parameters are one input. ``leaves``, ``parameters`` and ``drawn`` (random numbers, states and
    buffers) are sources of inputs, with their positions.
    """

    def __init__(
        self,
        module: BaseModule,
        traced: Traced,
        linked: LinkedProgram,
        accumulator: Accumulator | None = None,
        flat: Flat | None = None,
    ) -> None:
        self.module, self.traced, self.linked = module, traced, linked
        self.accumulator = accumulator
        self.prepared = PreparedProgram(module, linked.program, traced.updates)
        self.has_residuals = accumulator is None and linked.program is not traced.program
        self.has_casts = any(cast is not None for cast in traced.casts)
        self.leaves: list[tuple[int, int]] = []
        self.parameters: list[tuple[int, Parameter]] = []
        self.drawn: list[tuple[int, Draw | Remembered | Buffer]] = []
        self._modules = traced.modules
        self._snapshot = snapshot_of(traced, accumulator)
        self._forward_again: PreparedProgram | None = None
        self._backward: PreparedProgram | None = None
        self._template: list[Any] = [None] * len(linked.sources)
        for position, source in enumerate(linked.sources):
            if isinstance(source, int):
                self.leaves.append((position, source))
            elif isinstance(source, Parameter):
                self.parameters.append((position, source))
            elif isinstance(source, Vector):
                assert flat is not None
                self._template[position] = flat.data
            else:
                self.drawn.append((position, source))

    def is_valid(self) -> bool:
        """Whether the trace is current, and parameters kept the arrays that a step is bound to."""
        return self._modules.are_current() and self._snapshot.are_kept()

    def buffers(self) -> list[tuple[int, Buffer]]:
        """The buffers that are inputs, with their positions."""
        return [(at, source) for at, source in self.drawn if isinstance(source, Buffer)]

    # ---- one call

    def cast(self, leaves: Sequence[Any], take: Any = np.asarray) -> list[NDArray]:
        """The leaves of the input in the dtypes of the trace."""
        pairs = zip(leaves, self.traced.casts, strict=True)
        return [take(leaf, dtype=cast) for leaf, cast in pairs]

    def inputs(self, leaves: Sequence[NDArray]) -> list[NDArray]:
        """The inputs of the program: leaves, values of parameters, random numbers, states."""
        values: list[NDArray] = self._template.copy()
        for position, leaf in self.leaves:
            values[position] = leaves[leaf]
        for position, parameter in self.parameters:
            values[position] = parameter._data
        if self.drawn:
            self._draw(values)
        return values

    @remembering.guards
    def _draw(self, values: list[NDArray]) -> None:
        for position, source in self.drawn:
            if isinstance(source, Buffer):
                values[position] = source._data
            elif isinstance(source, Draw):
                values[position] = drawn(partial(uniform, source.type), self.module.generator)
            else:
                values[position] = source.memory.recalled(source.type)

    def residuals(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool
    ) -> list[NDArray]:
        """What backward reads of forward, computed once more; no state is written."""
        if self._forward_again is None:
            program = self.traced.differentiated().forward
            self._forward_again = PreparedProgram(self.module, program)
        found = self._forward_again.run(arrays, inputs, native, check_finite)
        return found[len(self.traced.program.outputs) :]

    def backward(self) -> PreparedProgram:
        """From residuals and gradients of outputs to gradients; made at the first call."""
        if self._backward is None:
            program = self.traced.differentiated().backward
            self._backward = PreparedProgram(self.module, program)
        return self._backward

    def gradients(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool
    ) -> list[NDArray | None]:
        """The gradients that the trace's derivative lists, from residuals and gradients of outputs.

        None for zeros.
        """
        results = self.backward().run(arrays, inputs, native, check_finite)
        slots = self.traced.differentiated().slots
        return [None if slot is None else results[slot] for slot in slots]


def snapshot_of(
    traced: Traced, accumulator: Accumulator | None
) -> DtypesSnapshot | ArraysSnapshot | BothSnapshots:
    """What must be kept of parameters and buffers, so that an executable is valid."""
    if accumulator is None:
        return traced.dtypes
    buffers = [source for source in traced.sources if isinstance(source, Buffer)]
    return (
        BothSnapshots(accumulator.arrays, DtypesSnapshot(buffers))
        if buffers
        else (accumulator.arrays)
    )


def uniform(type: ArrayType, generator: np.random.Generator) -> NDArray:
    """Random numbers from [0, 1)."""
    dtype = np.float64 if type.dtype == np.float64 else np.float32
    return generator.random(type.shape, dtype=dtype).astype(type.dtype, copy=False)
