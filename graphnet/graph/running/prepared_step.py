"""A training step prepared for one kind of input: what a call needs, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.accumulation import add_to_arrays, replace
from graphnet.graph.running.outputs import handed_out
from graphnet.graph.running.run import fill
from graphnet.graph.running.step_program import StepProgram, Vector, leaves_of_input, on_vector
from graphnet.graph.tracing.staleness import Arrays, Modules
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values import table
from graphnet.graph.values.flat import contiguous, flatten
from graphnet.graph.values.memory import remembering
from graphnet.graph.values.parameter import Flat, Parameter
from graphnet.graph.values.sources import Source
from graphnet.ir.core.interpreter import Interpreter
from graphnet.ir.core.program import Program
from graphnet.ir.core.types import ArrayType, NDArray

SMALL = 2**14
"""Numbers in a parameter, on average, up to which calls cost more than copies of gradients."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A program with the arrays of the parameters in place."""

    arrays: Arrays
    run: Interpreter
    given: list[NDArray | None]
    """The inputs of the program; None for what is filled at each call."""
    leaves: list[tuple[int, int]]
    """Inputs of the program that are leaves of the input: position and number of the leaf."""
    drawn: list[tuple[int, Source]]
    totals: list[NDArray]
    """Arrays of gradients."""
    places: list[int]
    """Where among the outputs is what they get."""
    idle: list[NDArray]
    """Gradients of parameters that take no part."""
    by_inputs: dict[int, int]
    step: StepProgram
    """What ``run`` was made of."""

    def filled(self, net: BaseModule, leaves: Sequence[NDArray]) -> list[NDArray]:
        """The inputs of the program for one call."""
        values: list[NDArray] = self.given.copy()  # type: ignore[assignment]
        for position, leaf in self.leaves:
            values[position] = leaves[leaf]
        if self.drawn:
            self._fill_drawn(net, leaves, values)
        return values

    @remembering.guards
    def _fill_drawn(
        self, net: BaseModule, leaves: Sequence[NDArray], values: list[NDArray]
    ) -> None:
        for position, source in self.drawn:
            values[position] = fill(net, source, leaves)

    def hand_on(self, results: Sequence[NDArray], add: bool) -> None:
        """Add the gradients to those of the parameters, or put them in their place."""
        found = map(results.__getitem__, self.places)
        if add:
            add_to_arrays(self.totals, found)
        else:
            replace(self.totals, found, self.idle)


class Prepared:
    """The program of a step for one kind of input; final."""

    def __init__(self, net: BaseModule, traced: Traced, step: StepProgram, learns: bool) -> None:
        self.learns = learns
        self._net, self._traced, self._step = net, traced, step
        self._on_vector: tuple[Vector, StepProgram] | None = None
        self._runs: dict[Program, Interpreter] = {}
        self._modules = Modules(traced.states)
        self.casts = traced.casts if any(cast is not None for cast in traced.casts) else None
        self.count = traced.output_count
        self.structure = traced.output_structure
        self.updates = traced.updates
        self._fits_vector = fits_vector(net, step)
        self._float_leaves = float_leaves(traced)
        self.bound = self._bind()

    def is_current(self) -> bool:
        """Whether modules are as they were traced; takes parameters at their present places."""
        if not self._modules.are_current():
            return False
        if not self.bound.arrays.are_current():
            if not self._traced.is_current():
                return False
            self.bound = self._bind()
        return True

    def cast(self, leaves: list[NDArray]) -> list[NDArray]:
        """Floating inputs in the dtype of the parameters."""
        if self.casts is None:
            return leaves
        return [np.asarray(a, dtype=cast) for a, cast in zip(leaves, self.casts, strict=True)]

    def handed(
        self, results: Sequence[NDArray], bound: Bound, by_inputs: bool
    ) -> tuple[float, Any, Any]:
        """The loss, the outputs of the net and the gradient of its input, nested as they are."""
        leaves = range(len(self._traced.casts)) if by_inputs else ()
        gradients = [self._gradient(results, bound, i) for i in leaves]
        found = handed_out([*results[: self.count], *gradients])
        loss, outputs = table.unflatten(self.structure, found[: self.count])
        if not by_inputs:
            return float(loss), outputs, None
        return (
            float(loss),
            outputs,
            table.unflatten(self._traced.input_structure, found[self.count :])[0],
        )

    def _gradient(self, results: Sequence[NDArray], bound: Bound, leaf: int) -> NDArray | None:
        """The gradient of a leaf of the input: zeros where nothing reads it, None for indices."""
        if leaf in bound.by_inputs:
            return results[bound.by_inputs[leaf]]
        type = self._float_leaves.get(leaf)
        return None if type is None else np.zeros(type.shape, type.dtype)

    def _bind(self) -> Bound:
        parameters = list(self._net.parameters())
        flat = flat_of(parameters) if self._fits_vector else None
        if flat is None:
            return bound(self._step, self._run(self._step), parameters, None)
        if self._on_vector is None or list(self._on_vector[0].starts) != parameters:
            vector = vector_of(parameters, flat)
            self._on_vector = vector, on_vector(self._step, vector)
        step = self._on_vector[1]
        return bound(step, self._run(step), parameters, flat)

    def _run(self, step: StepProgram) -> Interpreter:
        """A program is compiled when it is first needed."""
        if step.program not in self._runs:
            self._runs[step.program] = step.prepared()
        return self._runs[step.program]


def fits_vector(net: BaseModule, step: StepProgram) -> bool:
    """Whether it pays to see the parameters as one vector."""
    sizes = [parameter.size for parameter in net.parameters()]
    return sum(sizes) <= SMALL * len(sizes) and step.is_native()


def float_leaves(traced: Traced) -> dict[int, ArrayType]:
    """The types of the leaves of the net's input that are no indices."""
    count = leaves_of_input(traced.input_structure)
    pairs = zip(traced.program.inputs, traced.sources, strict=True)
    types = {source: v.type for v, source in pairs if isinstance(source, int)}
    return {i: t for i, t in types.items() if i < count and t.is_float}


def vector_of(parameters: Sequence[Parameter], flat: Flat) -> Vector:
    ends = accumulate(parameter.size for parameter in parameters)
    starts = {p: end - p.size for p, end in zip(parameters, ends, strict=True)}
    return Vector(ArrayType(flat.data.shape, flat.data.dtype), starts)


def flat_of(parameters: Sequence[Parameter]) -> Flat | None:
    """The vectors that all parameters lie in, in their order.

    None where a net that shares some was flattened later, or for several dtypes.
    """
    if not parameters:
        return None
    if any(parameter._flat is None for parameter in parameters):
        flatten(parameters)
    return contiguous(parameters)


def bound(
    step: StepProgram, run: Interpreter, parameters: Sequence[Parameter], flat: Flat | None
) -> Bound:
    sources = step.sources
    taking_part = [source for source in sources if isinstance(source, Parameter)]
    gradients = [(parameter.grad, at) for parameter, at in step.gradients.items()]
    idle = [p.grad for p in parameters if p not in step.gradients]
    if flat is not None:
        idle = [] if step.by_vector is not None else [flat.grad]
        gradients += [] if step.by_vector is None else [(flat.grad, step.by_vector)]
    return Bound(
        Arrays([*parameters, *(p for p in taking_part if p not in set(parameters))]),
        run,
        [given(source, flat) for source in sources],
        [(i, source) for i, source in enumerate(sources) if isinstance(source, int)],
        [(i, source) for i, source in enumerate(sources) if is_drawn(source)],
        [total for total, _ in gradients],
        [place for _, place in gradients],
        idle,
        dict(step.by_inputs),
        step,
    )


def given(source: Source, flat: Flat | None) -> NDArray | None:
    if isinstance(source, Parameter):
        return source.data
    if isinstance(source, Vector):
        assert flat is not None
        return flat.data
    return None


def is_drawn(source: Source) -> bool:
    return not isinstance(source, int | Parameter | Vector)
