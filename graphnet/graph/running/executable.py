"""Executable: a traced program that takes inputs, runs, and writes states back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.accumulation import Accumulator
from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values import table
from graphnet.graph.values.memory import remember, remembering
from graphnet.graph.values.parameter import Flat, Parameter
from graphnet.graph.values.random import drawn
from graphnet.graph.values.sources import Draw, Remembered
from graphnet.ir.core.interpreter import Interpreter, interpreter
from graphnet.ir.core.program import Program
from graphnet.ir.core.types import ArrayType, NDArray
from graphnet.ir.gc_disabled import gc_disabled
from graphnet.native import compiled


class Executable:
    """A program ready to run for one signature of a module's input; final.

    A training step has an ``accumulator``: it is bound to the arrays of gradients, and to the
    ``flat`` vectors if its parameters are one input.
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
        self.program = linked.program
        self.has_casts = any(cast is not None for cast in traced.casts)
        self._modules, self._updates = traced.snapshot.modules, traced.updates
        self._native: Interpreter | None = None
        self._interpreted: Interpreter | None = None
        self._template: list[Any] = [None] * len(linked.sources)
        self._leaves: list[tuple[int, int]] = []
        self._parameters: list[tuple[int, Parameter]] = []
        self._drawn: list[tuple[int, Draw | Remembered]] = []
        for position, source in enumerate(linked.sources):
            if isinstance(source, int):
                self._leaves.append((position, source))
            elif isinstance(source, Parameter):
                self._parameters.append((position, source))
            elif isinstance(source, Vector):
                assert flat is not None
                self._template[position] = flat.data
            else:
                self._drawn.append((position, source))

    def is_current(self) -> bool:
        """Whether modules and parameters are those that were traced and bound."""
        if self.accumulator is None:
            return self.traced.is_current()
        return self._modules.are_current() and self.accumulator.arrays.are_current()

    # ---- one call

    def cast(self, leaves: Sequence[Any], take: Any = np.asarray) -> list[NDArray]:
        """The leaves of the input in the dtypes of the trace."""
        pairs = zip(leaves, self.traced.casts, strict=True)
        return [take(leaf, dtype=cast) for leaf, cast in pairs]

    def inputs(self, leaves: Sequence[NDArray]) -> list[NDArray]:
        """The inputs of the program: leaves, values of parameters, random numbers, states."""
        values: list[NDArray] = self._template.copy()
        for position, leaf in self._leaves:
            values[position] = leaves[leaf]
        for position, parameter in self._parameters:
            values[position] = parameter._data
        if self._drawn:
            self._draw(values)
        return values

    @remembering.guards
    def _draw(self, values: list[NDArray]) -> None:
        for position, source in self._drawn:
            if isinstance(source, Draw):
                values[position] = drawn(partial(uniform, source.type), self.module.generator)
            else:
                values[position] = source.memory.recalled(source.type)

    def run(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool = False
    ) -> list[NDArray]:
        """The outputs of the program, as machine code if ``native``; states are written back.

        Errors describe ``inputs``, the caller's value.
        """
        if check_finite:
            results = self._execute(self.program, arrays, inputs, native, check_finite)
        else:
            run = self._native if native else self._interpreted
            try:
                results = (run or self.prepared(native))(arrays)
            except GraphnetError as error:
                self._locate(error, inputs)
                raise
        if self._updates:
            remember(self._updates, results)
        return results

    def residuals(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool
    ) -> list[NDArray]:
        """What backward reads of forward, computed once more; no state is written."""
        program = self.traced.differentiated().forward
        found = self._execute(program, arrays, inputs, native, check_finite)
        return found[len(self.traced.program.outputs) :]

    def gradients(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool
    ) -> list[NDArray | None]:
        """The gradients that the trace's derivative lists, from residuals and gradients of outputs.

        None for zeros.
        """
        derivative = self.traced.differentiated()
        results = self._execute(derivative.backward, arrays, inputs, native, check_finite)
        return [None if slot is None else results[slot] for slot in derivative.slots]

    def _execute(
        self,
        program: Program,
        arrays: Sequence[NDArray],
        inputs: Any,
        native: bool,
        check_finite: bool,
    ) -> list[NDArray]:
        try:
            return interpreter(compiled(program) if native else program, check_finite)(arrays)
        except GraphnetError as error:
            self._locate(error, inputs)
            raise

    def prepared(self, native: bool) -> Interpreter:
        """The program ready to run; compiled at the first call."""
        with gc_disabled():
            made = interpreter(compiled(self.program) if native else self.program)
        if native:
            self._native = made
        else:
            self._interpreted = made
        return made

    def _locate(self, error: GraphnetError, inputs: Any) -> None:
        """Add the module (unless it is part of a graph) and the shapes of its input to an error."""
        error.locate(type(self.module).__name__, (f"input  {table.describe(inputs)}",))


def uniform(type: ArrayType, generator: np.random.Generator) -> NDArray:
    """Random numbers from [0, 1)."""
    dtype = np.float64 if type.dtype == np.float64 else np.float32
    return generator.random(type.shape, dtype=dtype).astype(type.dtype, copy=False)
