"""From a module to a picture: nodes become vertices, tables and splits become labels on edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from graphnet.drawing.picture.flow import (
    Flow,
    Wire,
    at_one_step,
    element,
    entries,
    leaves,
    slot_text,
    without_steps,
)
from graphnet.drawing.picture.groups import Prefixes
from graphnet.drawing.picture.picture import Edge, Group, Kind, Picture, Vertex
from graphnet.graph import GModule, Module, Node
from graphnet.graph.values.selection import join_path
from graphnet.graph.wiring.table_modules import Element, Identity, OptionalInput, Pack, Split
from graphnet.nn import ConcatTable, ParallelTable, Recurrent, Sequential, State

UNORDERED = ("+", "×")
"""Signs of commutative operations: their parents need no numbers."""

DEEPEST = 100
"""The maximum depth of opened nested graphs."""


def picture_of(module: Module, depth: int, shapes: Mapping[str, str]) -> Picture:
    """The forward graph of a module, with ``depth`` levels of nested graphs opened.

    ``shapes`` gives the known output shapes by node path, as text. A module that is no graph is
    drawn between an input and an output.
    """
    builder = PictureBuilder(shapes)
    depth = min(depth, DEEPEST)
    if isinstance(module, GModule):
        outputs = builder.graph(module, "", None, depth, None)
        names = [node.name or "" for node in module.outputs]
    else:
        start = Wire(builder.picture.add(Vertex(Kind.INPUT, "input", "input")))
        outputs = [builder.part(module, "", "", None, depth + 1, start)]
        names = [""]
    builder.mark_outputs(outputs, names)
    return builder.picture


class PictureBuilder:
    """Adds modules to a picture, level by level."""

    def __init__(self, shapes: Mapping[str, str]) -> None:
        self.picture = Picture()
        self.shapes = shapes
        self.ports: dict[str, int] = {}

    def graph(
        self, net: GModule, path: str, group: int | None, depth: int, given: Sequence[Flow] | None
    ) -> list[Flow]:
        """Draw the nodes of a graph; ``given`` are the flows into its inputs (None at the top)."""
        groups = Prefixes(
            self.picture,
            [name for node, name in zip(net.nodes, net.names, strict=True) if is_drawn(node)],
            group,
        )
        arguments = dict(zip(net.inputs, given, strict=True)) if given is not None else {}
        flows: dict[Node, Flow] = {}
        for node, name in zip(net.nodes, net.names, strict=True):
            parents = [flows[parent] for parent in node.parents]
            flows[node] = self.node(node, name, path, groups, depth, parents, arguments.get(node))
        return [flows[node] for node in net.outputs]

    def node(
        self,
        node: Node,
        name: str,
        path: str,
        groups: Prefixes,
        depth: int,
        parents: Sequence[Flow],
        argument: Flow | None,
    ) -> Flow:
        """Draw one node, or find its flow if it only passes table entries on."""
        full = join_path(path, name)
        shape = self.shapes.get(full, "")
        if isinstance(node.module, Pack):
            return tuple(parents)
        if isinstance(node.module, Split) and isinstance(parents[0], tuple):
            return parents[0]
        if isinstance(node.module, Element):
            return element(parents[0], node, shape)
        group, title, told = groups.place(name)
        vertex = Vertex(Kind.LAYER, full, "" if told else title, node.module, node, group, shape)
        if told and title and not node.module.symbol:
            vertex.title = title
        if node.is_input:
            return self.input(vertex, argument, groups.outer)
        flow = gathered(node, parents)
        if depth > 0 and can_open(node.module):
            return self.opened(node.module, full, name, group, depth, flow)
        vertex.kind = kind_of(node.module)
        if told and not title and vertex.kind == Kind.OPERATION and group is not None:
            vertex.title, vertex.gate = self.picture.groups[group].title, True
        elif vertex.kind in (Kind.OPERATION, Kind.GRAPH) and node.name is None:
            vertex.title = ""
        return self.place(vertex, flow)

    def place(self, vertex: Vertex, flow: Flow) -> Wire:
        """Add a vertex and the edges into it."""
        position = self.picture.add(vertex)
        self.connect(flow, position)
        return Wire(position, "", vertex.shape)

    def input(self, vertex: Vertex, argument: Flow | None, group: int | None) -> Flow:
        """An input: a pill at the top, a name inside. A module other than Identity follows it."""
        plain = kind_of(vertex.module) == Kind.NAME
        kind = Kind.INPUT if argument is None else Kind.NAME
        port = replace(vertex, kind=kind, title=named(vertex.node) or "input", group=group)
        if not plain:
            port.module, port.node, port.shape, port.title = None, None, "", "input"
        wire = self.place(port, argument if argument is not None else ())
        self.ports[vertex.name] = wire.source
        if plain:
            return wire
        vertex.kind = kind_of(vertex.module)
        return self.place(vertex, wire)

    def connect(self, flow: Flow, target: int) -> None:
        """Edges from every wire of a flow; ``slot`` numbers parents if their order matters."""
        module = self.picture.vertices[target].module
        several = isinstance(flow, tuple) and len(flow) > 1
        ordered = several and (module is None or module.symbol not in UNORDERED)
        for place, wire in leaves(flow):
            slot = slot_text(module, place) if ordered or len(place) > 1 else ""
            self.picture.edges.append(Edge(wire.source, target, wire.shape, wire.label, slot))

    def opened(
        self, module: Module, path: str, name: str, group: int | None, depth: int, flow: Flow
    ) -> Flow:
        """Draw a module's parts inside a cluster; returns its outputs."""
        note = "" if type(module) is GModule or not name else module.description()
        note = note.removesuffix("()")
        title = name or type(module).__name__
        if isinstance(module, GModule) and note and title == type(module).__name__.lower():
            title, note = note, ""  # it has no other name
        inside = self.picture.add_group(Group(title, group, opened=True, note=note))
        if isinstance(module, GModule):
            given = [flow] if len(module.inputs) == 1 else entries(flow, len(module.inputs))
            outputs = self.graph(module, path, inside, depth - 1, given)
            return outputs[0] if len(outputs) == 1 else tuple(outputs)
        parts = list(module.named_children())
        if len(parts) == 1:  # a wrapper is opened together with its module
            return self.wrapped(module, path, *parts[0], inside, depth, flow)
        given = (
            entries(flow, len(parts)) if isinstance(module, ParallelTable) else [flow] * len(parts)
        )
        ends: list[Flow] = []
        for (label, part), start in zip(parts, given, strict=True):
            chained = ends[-1] if ends and isinstance(module, Sequential) else start
            ends.append(self.part(part, join_path(path, label), label, inside, depth - 1, chained))
        return ends[-1] if isinstance(module, Sequential) else tuple(ends)

    def wrapped(
        self,
        module: Module,
        path: str,
        label: str,
        part: Module,
        group: int,
        depth: int,
        flow: Flow,
    ) -> Flow:
        """Draw the only part of a module."""
        if isinstance(module, Recurrent):
            return self.recurrent(module, path, group, depth, flow)
        return self.part(part, join_path(path, label), label, group, depth, flow)

    def recurrent(
        self, module: Recurrent, path: str, group: int, depth: int, flow: Flow
    ) -> tuple[Flow, ...]:
        """Draw the cell inside; its states return as those of the next step."""
        cell, states = module.cell, module.state_names()
        names = [*module.required_names()[1:], *module.optional_inputs()]
        required = module.required_inputs()
        if isinstance(flow, Wire):  # what is not given is left out
            whole: list[Flow] = [flow] if required == 1 else entries(flow, required)
            whole += [()] * (1 + len(names) - required)
        else:
            whole = entries(flow, 1 + len(names))
        given = dict(zip(names, whole[1:], strict=True))
        inputs = [whole[0], *[given.get(cell.name_of(node), ()) for node in cell.inputs[1:]]]
        outputs = self.graph(cell, path, group, depth - 1, inputs)
        if given["lengths"] != ():
            lengths = Vertex(Kind.NAME, join_path(path, "lengths"), "lengths", group=group)
            self.place(lengths, given["lengths"])
        for name, output in zip(states, outputs, strict=False):
            target = self.ports.get(join_path(path, name))
            if target is not None:
                for _, wire in leaves(output):
                    shape = without_steps(wire.shape)
                    again = Edge(wire.source, target, shape, "next step", again=True)
                    self.picture.edges.append(again)
        stacked = module.shown(outputs)
        finals = [at_one_step(output) for output in outputs[: len(states)]]
        return (stacked[0] if len(stacked) == 1 else tuple(stacked), *finals)

    def part(
        self, part: Module, path: str, label: str, group: int | None, depth: int, flow: Flow
    ) -> Flow:
        """Draw one part of a module that is no graph."""
        if depth > 0 and can_open(part):
            return self.opened(part, path, label, group, depth, flow)
        shape = self.shapes.get(path, "")
        title = "" if part.symbol or label.isdecimal() else label
        name = path or type(part).__name__
        return self.place(Vertex(kind_of(part), name, title, part, None, group, shape), flow)

    def mark_outputs(self, flows: Sequence[Flow], names: Sequence[str]) -> None:
        """A pill for each output of the whole; an operation gives its name to it."""
        for index, (flow, name) in enumerate(zip(flows, names, strict=True)):
            number = f" {index + 1}" if len(flows) > 1 else ""
            path = name or f"output{number}"
            marker = self.picture.add(Vertex(Kind.OUTPUT, path, path))
            self.connect(flow, marker)
            if isinstance(flow, Wire):
                maker = self.picture.vertices[flow.source]
                if name and maker.kind == Kind.OPERATION and maker.name == name:
                    maker.title = ""


def gathered(node: Node, parents: Sequence[Flow]) -> Flow:
    """The input of the module of a node; nothing for a missing optional input."""
    if node.slots:
        at = dict(zip(node.slots, parents, strict=True))
        return tuple(at.get(slot, ()) for slot in range(max(node.slots) + 1))
    return parents[0] if len(parents) == 1 else tuple(parents)


def named(node: Node | None) -> str:
    return (node.name or "") if node is not None else ""


def is_drawn(node: Node) -> bool:
    return not (node.is_input or isinstance(node.module, Element | Pack))


def kind_of(module: Module | None) -> Kind:
    """How a module is drawn."""
    if isinstance(module, Split):
        return Kind.JOINT
    if isinstance(module, Identity | OptionalInput | State):
        return Kind.NAME
    if module is not None and has_parts(module):
        return Kind.GRAPH
    sign = module.symbol if module is not None else ""
    bare = module is not None and next(module.own_parameters(), None) is None
    return Kind.OPERATION if 0 < len(sign) < 6 and bare else Kind.LAYER


def has_parts(module: Module) -> bool:
    return next(module.named_children(), None) is not None


def can_open(module: Module) -> bool:
    """Whether the wiring of the parts is known."""
    if isinstance(module, GModule | Sequential | ConcatTable | ParallelTable):
        return has_parts(module)
    return len(list(islice(module.named_children(), 2))) == 1
