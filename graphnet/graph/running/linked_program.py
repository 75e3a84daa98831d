"""LinkedProgram: a program, the sources of its inputs, and its outputs that are gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.sources import Source
from graphnet.ir.core.program import Program
from graphnet.ir.core.types import ArrayType


@dataclass(frozen=True, eq=False, slots=True)
class Vector:
    """A source: the flat vector of all parameters of a net, with the offset of each."""

    type: ArrayType
    starts: Mapping[Parameter, int]


@dataclass(frozen=True, eq=False, slots=True)
class LinkedProgram:
    """A program, the sources of its inputs, and the positions of gradients among its outputs."""

    program: Program
    sources: Sequence[Source]
    gradients: Mapping[Source, int] = field(default_factory=dict)
    """By source: a Parameter, the number of a leaf, or the Vector."""

    def parameters(self) -> list[Parameter]:
        """The parameters that are inputs of their own."""
        return [source for source in self.sources if isinstance(source, Parameter)]
