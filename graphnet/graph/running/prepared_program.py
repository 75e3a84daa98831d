"""PreparedProgram: a program with the interpreters that run it, plain or with machine code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.errors import GraphnetError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values import table
from graphnet.graph.values.memory import RunState, remember
from graphnet.ir.core.interpreter import Interpreter, interpreter
from graphnet.ir.core.program import Program
from graphnet.ir.core.types import NDArray
from graphnet.ir.gc_disabled import gc_disabled
from graphnet.native import compiled


class PreparedProgram:
    """A program of a module, prepared at its first run; final.

    ``updates`` are the states that a run writes, with their positions among the outputs.
    """

    def __init__(
        self, module: BaseModule, program: Program, updates: Mapping[RunState, int] | None = None
    ) -> None:
        self.program = program
        self._module, self._updates = module, updates
        self._compiled: Interpreter | None = None
        self._interpreted: Interpreter | None = None

    def run(
        self, arrays: Sequence[NDArray], inputs: Any, native: bool, check_finite: bool = False
    ) -> list[NDArray]:
        """The outputs, as machine code if ``native``; states are written back.

        Errors describe ``inputs``, the caller's value.
        """
        run = self._compiled if native else self._interpreted
        try:
            if check_finite:
                run = interpreter(self.program, check_finite=True)
            results = (run or self._prepared(native))(arrays)
        except GraphnetError as error:
            self._locate(error, inputs)
            raise
        if self._updates:
            remember(self._updates, results)
        return results

    def compiled_if(self, native: bool) -> Program:
        """The program as it is executed: compiled if ``native``."""
        return compiled(self.program) if native else self.program

    def _prepared(self, native: bool) -> Interpreter:
        with gc_disabled():
            made = interpreter(self.compiled_if(native))
        if native:
            self._compiled = made
        else:
            self._interpreted = made
        return made

    def _locate(self, error: GraphnetError, inputs: Any) -> None:
        """Add the module (unless it is part of a graph) and the shapes of its input to an error."""
        error.locate(type(self._module).__name__, (f"input  {table.describe(inputs)}",))
