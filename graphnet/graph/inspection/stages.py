"""Stages: the programs of an executable, with the inputs that hold weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphnet.graph.running.executable import Executable
from graphnet.graph.running.linked_program import Vector
from graphnet.graph.running.prepared_program import PreparedProgram
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.program import Atom, Program, Var, is_var
from graphnet.native.analysis.attribution import Attribution, walk


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """A program of an executable; ``weights`` are inputs that hold parameters.

    The first outputs, ``values`` of them, are values; those after them are gradients.
    """

    name: str
    prepared: PreparedProgram
    weights: frozenset[Var]
    values: int

    @property
    def program(self) -> Program:
        """As it was traced, before any pass."""
        return self.prepared.program

    def attribution(self, rewritten: Program) -> Attribution:
        """The nodes that the equations of the rewritten program belong to."""
        return Attribution(self.program, rewritten, self.weights)

    def nodes(self) -> dict[str, str]:
        """The path of each node that computes something, with the name of its module."""
        origins = [equation.origin for equation in walk(self.program)]
        known = [origin for origin in origins if origin and (origin.path or origin.module)]
        return {origin.path: origin.module for origin in known}


def stages_of(executable: Executable) -> list[Stage]:
    """Forward, with residuals also backward; a training step is one program."""
    linked = executable.linked
    pairs = zip(linked.program.inputs, linked.sources, strict=True)
    weights = frozenset(var for var, source in pairs if isinstance(source, Parameter | Vector))
    count = len(linked.program.outputs)
    if executable.accumulator is not None:
        values = min(linked.gradients.values(), default=count)
        return [Stage("training step", executable.prepared, weights, values)]
    forward = Stage("forward", executable.prepared, weights, count)
    if not executable.has_residuals:
        return [forward]
    backward = executable.backward()
    views = views_of(linked.program, weights)
    residuals = executable.traced.differentiated().residuals
    pairs_again = zip(residuals, backward.program.inputs, strict=False)
    again = frozenset(inner for atom, inner in pairs_again if atom in views)
    return [forward, Stage("backward", backward, again, 0)]


def values_of(program: Program, count: int) -> set[Var]:
    """The values that the first ``count`` outputs depend on, in the bodies of scans too.

    Of a training step all else belongs to backward, whatever passes made of it.
    """
    needed: set[Atom] = set(program.outputs[:count])
    for equation in reversed(list(walk(program))):
        if needed.intersection(equation.outputs):
            needed.update((*equation.inputs, *equation.outputs))
            for body in equation.bodies():
                needed.update(var for inner in walk(body) for var in inner.outputs)
    return {atom for atom in needed if is_var(atom)}


def views_of(program: Program, weights: Iterable[Var]) -> set[Atom]:
    """These inputs, and views of them."""
    found: set[Atom] = set(weights)
    for equation in program.equations:
        if equation.primitive.is_view and equation.inputs[0] in found:
            found.update(equation.outputs)
    return found


def nodes_of(stages: Sequence[Stage]) -> dict[str, str]:
    """The nodes of all stages, in the order in which they first compute."""
    found: dict[str, str] = {}
    for stage in stages:
        for path, module in stage.nodes().items():
            found.setdefault(path, module)
    return found
