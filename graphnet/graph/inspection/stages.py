"""Stages: the programs of a run, with the inputs that hold weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.program import Atom, Program, Var, is_var
from graphnet.native.analysis.attribution import Attribution, walk


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """A program as it was traced, before any pass; ``weights`` are inputs that hold parameters.

    The first outputs, ``values`` of them, are values; those after them are gradients.
    """

    name: str
    program: Program
    weights: frozenset[Var]
    values: int

    def attribution(self, rewritten: Program) -> Attribution:
        """The nodes that the equations of the rewritten program belong to."""
        return Attribution(self.program, rewritten, self.weights)

    def nodes(self) -> dict[str, str]:
        """The path of each node that computes something, with the name of its module."""
        origins = [equation.origin for equation in walk(self.program)]
        known = [origin for origin in origins if origin and (origin.path or origin.module)]
        return {origin.path: origin.module for origin in known}


def stages_of(traced: Traced, is_training: bool) -> list[Stage]:
    """Forward; in training mode forward with residuals, and backward."""
    weights = frozenset(var for var, _ in traced.parameters())
    if not is_training:
        return [Stage("forward", traced.program, weights, len(traced.program.outputs))]
    derivative = traced.differentiated()
    views = views_of(derivative.forward, weights)
    pairs = zip(derivative.residuals, derivative.backward.inputs, strict=False)
    again = frozenset(inner for atom, inner in pairs if atom in views)
    return [
        Stage("forward", derivative.forward, weights, len(derivative.forward.outputs)),
        Stage("backward", derivative.backward, again, 0),
    ]


def stage_of_step(step: LinkedProgram) -> Stage:
    """A training step is one program."""
    pairs = zip(step.program.inputs, step.sources, strict=True)
    weights = frozenset(var for var, source in pairs if isinstance(source, Parameter | Vector))
    values = min(step.gradients.values(), default=len(step.program.outputs))
    return Stage("training step", step.program, weights, values)


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
