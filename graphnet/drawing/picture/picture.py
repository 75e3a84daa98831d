"""Picture: a model of the drawing (vertices, edges, groups), before any DOT is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from graphnet.graph import Module, Node


class Kind(str, Enum):
    """The role of a vertex; also its CSS class in SVG."""

    INPUT = "input"
    OUTPUT = "output"
    NAME = "name"  # an Identity inside the graph: a name and nothing more
    OPERATION = "operation"  # a module with a sign: σ, tanh, +, ×
    LAYER = "layer"
    GRAPH = "graph"  # a module with parts, drawn closed
    JOINT = "joint"  # a split of a table
    SUM = "sum"  # a sum of gradients
    FOLDED = "folded"  # many vertices drawn as one


@dataclass(slots=True)
class Vertex:
    """One vertex of the picture. ``name`` is its full path, ``title`` its text."""

    kind: Kind
    name: str
    title: str = ""
    module: Module | None = None
    node: Node | None = None
    group: int | None = None
    shape: str = ""
    folded: int = 0
    gradient: bool = False
    gate: bool = False  # the title is that of the enclosing group
    share: float | None = None  # its fraction of the sum of an overlay
    heat: float = 0.0  # its share relative to the largest


@dataclass(slots=True)
class Edge:
    """An arrow for an array of a ``shape``; ``label`` is its table entry."""

    source: int
    target: int
    shape: str = ""
    label: str = ""
    slot: str = ""
    again: bool = False  # to the next step of a recurrent module, against the order


@dataclass(slots=True)
class Group:
    """A cluster: a gate (names with one prefix) or an opened graph (``opened``)."""

    title: str
    parent: int | None = None
    opened: bool = False
    note: str = ""


@dataclass(slots=True)
class Picture:
    """Vertices in order of computation; edges and groups refer to them by position."""

    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def add(self, vertex: Vertex) -> int:
        """Append a vertex; returns its position."""
        self.vertices.append(vertex)
        return len(self.vertices) - 1

    def add_group(self, group: Group) -> int:
        """Append a group; returns its position."""
        self.groups.append(group)
        return len(self.groups) - 1
