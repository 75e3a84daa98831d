"""GModule: a graph of nodes closed into a module, checked at once and completely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import networkx as nx

from graphnet.errors import GraphError
from graphnet.graph.files.decoding import numbered, parsed_place
from graphnet.graph.module import Module
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.optional import RESERVED, whole_table
from graphnet.graph.modules.parts import private
from graphnet.graph.nodes.node import Node
from graphnet.graph.tracing.tracing import active_tracing
from graphnet.graph.values import table
from graphnet.graph.wiring.checks import check_graph, checked_nodes
from graphnet.graph.wiring.names import check_paths, name_by_variables, unique_names
from graphnet.graph.wiring.node_data import Data, copy_of, node_data, nodes_of_data
from graphnet.graph.wiring.table_modules import OptionalInput
from graphnet.source import GRAPH, calling_frame, calling_line, place, short_name
from graphnet.text_table import aligned


class GModule(Module):
    """The graph between input nodes and output nodes, as one module (nngraph's ``gModule``).

    ``inputs`` and ``outputs`` are a node or a list of nodes. With one input the graph takes the
    value itself, with several a table; the same holds for outputs. Nodes without a name take the
    name of the local variable that holds them. ``net["name"]`` is the node of that name, at any
    depth (``net["layer1.gate"]``). Raises GraphError for an unused input or split output, a node
    that does not reach an output, an input that is not listed, a cycle, or what is no node.

    >>> import numpy as np, graphnet as gn
    >>> from graphnet import nn
    >>> x, y = gn.input(), gn.input()
    >>> product = nn.CMulTable()([x, nn.Tanh()(y)])
    >>> net = gn.GModule([x, y], [product])
    >>> net.forward([np.ones(2), np.zeros(2)])
    array([0., 0.])
    >>> net["product"].parents[0] is x
    True
    """

    def __init__(self, inputs: Node | Sequence[Node], outputs: Node | Sequence[Node]) -> None:
        self.inputs = checked_nodes(inputs, "inputs")
        self.outputs = checked_nodes(outputs, "outputs")
        self.file, self.line = calling_line()
        named = name_by_variables(calling_frame(GRAPH).f_locals)  # before a check can fail
        self.nodes = check_graph(self.inputs, self.outputs, place(self.file, self.line))
        for node in named.difference(self.nodes):
            node.name = None
        self.names = tuple(unique_names(self.nodes))
        check_paths(self.nodes, self.names)
        self._set_layout()
        check_optional(self)

    def _set_layout(self) -> None:
        """Indices of the nodes by node and by name."""
        self._position = {node: i for i, node in enumerate(self.nodes)}
        self._by_name = dict(zip(self.names, self.nodes, strict=True))
        inside = set(self.nodes)
        for node in self.nodes:
            node.close(inside)

    @property
    def graph(self) -> nx.MultiDiGraph:
        """The graph in networkx: nodes carry ``name`` and ``module``, edges have slots as keys."""
        return private(self, "_graph", self._make_graph)

    def _make_graph(self) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        for node, name in zip(self.nodes, self.names, strict=True):
            graph.add_node(node, name=name, module=node.module)
        for node in self.nodes:
            slots = node.slots or range(len(node.parents))
            graph.add_edges_from(
                (parent, node, slot) for slot, parent in zip(slots, node.parents, strict=True)
            )
        return graph

    def name_of(self, node: Node) -> str:
        """The name of a node in this graph."""
        return self.names[self._position[node]]

    def optional_inputs(self) -> tuple[str, ...]:
        return tuple(self.name_of(node) for node in self.inputs if is_optional(node))

    def required_inputs(self) -> int:
        return sum(not is_optional(node) for node in self.inputs)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        for node, name in zip(self.nodes, self.names, strict=True):
            yield name, node.module

    def __contains__(self, path: object) -> bool:
        """Whether there is a node, or a part of one, at a dotted path."""
        if path in self._by_name or not isinstance(path, str):
            return path in self._by_name
        try:
            self[path]
        except GraphError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, path: str) -> Any:
        """The node (or, below a module that is no graph, the part) at a dotted path."""
        found = self._by_name.get(path)
        if found is not None:
            return found
        parts = path.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            node = self._by_name.get(".".join(parts[:cut]))
            if node is not None:
                return part_at(node.module, parts[cut:], path)
        inner = (p for p, _ in self.named_modules())
        longer = [p for p in inner if p.endswith(f".{path}")]
        raise unknown_name(path, longer or list(self._by_name))

    def compute(self, input: Any) -> Any:
        values: list[Any] = [None] * len(self.nodes)
        inputs = input_values(self, input)
        for index, (node, name) in enumerate(zip(self.nodes, self.names, strict=True)):
            if node.parents:
                parents = [values[self._position[parent]] for parent in node.parents]
            else:
                parents = [inputs[node]]
            if any(parent is not None for parent in parents):
                values[index] = compute_node(self, node, name, parents)
        results = [values[self._position[node]] for node in self.outputs]
        for node, result in zip(self.outputs, results, strict=True):
            if result is None:
                raise GraphError(
                    f"gives nothing for its output {self.name_of(node)}",
                    "It depends on an optional input that was not given.",
                )
        return results[0] if len(results) == 1 else results

    def _wiring(self, numbers: Mapping[int, int]) -> Data:
        position = self._position
        return {
            "place": place(self.file, self.line),
            "nodes": [node_data(node, numbers, position) for node in self.nodes],
            "inputs": [position[node] for node in self.inputs],
            "outputs": [position[node] for node in self.outputs],
        }

    @classmethod
    def _from_wiring(cls, data: Mapping[str, Any], modules: Sequence[BaseModule]) -> GModule:
        nodes = nodes_of_data(data["nodes"], modules)
        inputs = [numbered(nodes, i) for i in data["inputs"]]
        net = GModule(inputs, [numbered(nodes, i) for i in data["outputs"]])
        net.file, net.line = parsed_place(data["place"])
        return net

    def _copy_wiring(self, memo: dict[int, Any]) -> None:
        for node in self.nodes:
            memo[id(node)] = copy_of(node, memo)

    def _after_copy(self) -> None:
        self._set_layout()

    def description(self) -> str:
        inputs = ", ".join(self.name_of(node) for node in self.inputs)
        outputs = ", ".join(self.name_of(node) for node in self.outputs)
        return f"GModule(({inputs}) -> ({outputs}), {len(self.nodes)} nodes)"

    def __repr__(self) -> str:
        lines = [self.description()]
        for node, name in zip(self.nodes, self.names, strict=True):
            parents = ", ".join(self.name_of(parent) for parent in node.parents)
            lines.append(f"  {name} = {node.module.description()}({parents})")
        return "\n".join(lines)


def compute_node(net: GModule, node: Node, name: str, values: list[Any]) -> Any:
    """Trace the module of one node; errors and equations carry its path and source line."""
    tracing = active_tracing()
    assert tracing is not None
    here = tracing.origin_of(node.module, name, short_name(node.file), node.line)
    context = partial(parent_lines, net, node, values)
    if any(v is None for v in values) and not node.module.optional_inputs():
        missing = net.name_of(node.parents[[v is None for v in values].index(True)])
        error = GraphError(
            f"needs {missing}, which was left out", "Give it, or leave out what goes with it too."
        )
        error.locate(str(here), context())
        raise error
    return tracing.compute(node.module, node.gathered(values), here, context, node)


def is_optional(node: Node) -> bool:
    return isinstance(node.module, OptionalInput) and node.is_input


def check_optional(net: GModule) -> None:
    """Optional inputs come last, after at least one other."""
    for name in net.optional_inputs():
        if name in RESERVED:
            raise GraphError(
                f"GModule ({place(net.file, net.line)}): an optional input is named {name!r}",
                "run() and forward() have an argument of that name.",
            )
    flags = [is_optional(node) for node in net.inputs]
    if flags[0] or flags != sorted(flags):
        node = net.inputs[flags.index(True)]
        raise GraphError(
            f"GModule ({place(net.file, net.line)}): {node} is optional and comes before "
            "an input that is not",
            "List the inputs that may be left out last.",
        )


def parent_lines(net: GModule, node: Node, values: list[Any]) -> tuple[str, ...]:
    """A table of a node's inputs: parent, shape, module, source line."""
    nodes = list(node.parents) or [node]
    rows = [
        (
            net.name_of(parent),
            table.describe(part),
            "input" if parent.is_input else type(parent.module).__name__,
            parent.place,
        )
        for parent, part in zip(nodes, values, strict=True)
    ]
    return tuple(aligned(rows))


def input_values(net: GModule, value: Any) -> dict[Node, Any]:
    """The value of each input node, None for an optional input that is not given."""
    if len(net.inputs) == 1:
        return {net.inputs[0]: value}
    if optional := net.optional_inputs():
        value = whole_table(net, value, len(net.inputs) - len(optional), optional)
    count = len(net.inputs)
    if not table.is_table(value) or len(value) != count:
        received = f"a table of {len(value)}" if table.is_table(value) else table.describe(value)
        names = ", ".join(net.name_of(node) for node in net.inputs)
        error = GraphError(
            f"expects a table of {count} inputs ({names}), received {received}",
            "Pass a list with one entry for each input, in the order given to GModule.",
        )
        error.locate(f"GModule ({place(net.file, net.line)})")
        raise error
    return dict(zip(net.inputs, value, strict=True))


def part_at(module: BaseModule, parts: Sequence[str], path: str) -> Any:
    """Walk down from a module along the rest of a path."""
    if isinstance(module, GModule):
        return module[".".join(parts)]
    children = dict(module.named_children())
    if module.inside and parts[0] != module.inside:
        return part_at(children[module.inside], parts, path)
    for cut in range(len(parts), 0, -1):
        child = children.get(".".join(parts[:cut]))
        if child is not None:
            return part_at(child, parts[cut:], path) if parts[cut:] else child
    raise unknown_name(path, list(children))


def unknown_name(path: str, names: Sequence[str]) -> GraphError:
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return GraphError(f"There is no node named {path!r}", f"There are: {shown}")
