"""GModule: a graph of nodes closed into a module, checked at once and completely."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import networkx as nx

from graphnet.errors import GraphError
from graphnet.graph.files.decoding import numbered, parsed_place
from graphnet.graph.module import Module
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.optional import whole_table
from graphnet.graph.modules.parts import private
from graphnet.graph.nodes.node import Node
from graphnet.graph.values import table
from graphnet.graph.wiring.attributes import check_held, fixed_attributes
from graphnet.graph.wiring.checks import (
    check_graph,
    check_optional,
    checked_nodes,
    is_optional,
)
from graphnet.graph.wiring.lookup import inner_names, part_at, unknown_name
from graphnet.graph.wiring.names import (
    check_paths,
    complete_names,
    made,
    name_by_variables,
    unique_names,
)
from graphnet.graph.wiring.node_computing import compute_node
from graphnet.graph.wiring.node_data import Data, copy_of, node_data, nodes_of_data
from graphnet.source import GRAPH, calling_frame, calling_line, place
from graphnet.tracebacks import public

Self = TypeVar("Self", bound="Graph")
Outputs = Node | Sequence[Node | Sequence[Any]]


class Graph(Module):
    """A closed graph: what its kinds have in common. Each says what it is made from."""

    _is_wired = True

    @abstractmethod
    def __init__(self) -> None:
        """Make the nodes, and ``_close`` the graph."""

    def _close(self, inputs: Node | Sequence[Node], outputs: Outputs) -> None:
        """Check and name the nodes between inputs and outputs; attributes stay as they are then."""
        self._wire(inputs, outputs)
        for name, value in list(self.__dict__.items()):
            check_held(self, name, value)

    def _wire(self, inputs: Node | Sequence[Node], outputs: Outputs) -> None:
        """``_close``, whatever the other attributes hold: files of former releases are read."""
        self.inputs = checked_nodes(inputs, "inputs")
        self.outputs = checked_nodes(outputs, "outputs")
        self.file, self.line = calling_line()
        frame = calling_frame(GRAPH)
        held = name_by_variables(frame)  # before a check can fail
        self.nodes = check_graph(self.inputs, self.outputs, place(self.file, self.line))
        for node in held.difference(self.nodes):
            node.name = None
        complete_names(self.nodes, held, frame)
        self.names = tuple(unique_names(self.nodes))
        check_paths(self.nodes, self.names)
        self._set_layout()
        check_optional(self.inputs, self.optional_inputs(), place(self.file, self.line))

    def __setattr__(self, name: str, value: Any) -> None:
        if "_by_name" in self.__dict__:  # closed
            if name in self.__dict__ and name in fixed_attributes(type(self)):
                if self.__dict__[name] is value:
                    return
                kind = type(self).__name__
                raise GraphError(f"cannot change its {name}", f"Make a new {kind}.", kind)
            check_held(self, name, value)
        super().__setattr__(name, value)

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
        return private(self, "_graph", self._networkx)

    def _networkx(self) -> nx.MultiDiGraph:
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

    def required_names(self) -> tuple[str, ...]:
        return tuple(self.name_of(node) for node in self.inputs if not is_optional(node))

    def takes_steps(self) -> bool:
        readers = [node for node in self.nodes if self.inputs[0] in node.parents]
        return len(self.inputs) == 1 and any(node.module.takes_steps() for node in readers)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        for node, name in zip(self.nodes, self.names, strict=True):
            yield name, node.module

    def _put_part(self, name: str, part: BaseModule) -> None:
        node = self._by_name[name]
        node.module.touch()  # for the traces of other graphs
        node._module = part
        self.touch()
        self.__dict__.pop("_graph", None)

    def _listed_children(self) -> Iterator[tuple[str, Module]]:
        for node in sorted(self.nodes, key=made):
            yield self.name_of(node), node.module

    def __contains__(self, path: object) -> bool:
        """Whether there is a node, a part of one or a parameter at a dotted path."""
        return self.find(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @public
    def __getitem__(self, path: str) -> Any:
        """The node at a dotted path; below a module that is no graph, the part or parameter.

        Raises GraphError for a name of neither.
        """
        found = self.find(path)
        if found is None:
            raise unknown_name(self, self.names, path)
        return found

    def find(self, path: object) -> Any:
        """What ``net[path]`` gives, or None."""
        if not isinstance(path, str):
            return None
        found = self._by_name.get(path)
        if found is not None:
            return found
        parts = path.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            if (node := self._by_name.get(".".join(parts[:cut]))) is not None:
                return part_at(node.module, parts[cut:])
        return None

    def _ipython_key_completions_(self) -> list[str]:
        return list(dict.fromkeys([*self.names, *inner_names(self)]))

    def compute(self, input: Any) -> Any:
        values: list[Any] = [None] * len(self.nodes)
        inputs = input_values(self, input)
        for index, (node, name) in enumerate(zip(self.nodes, self.names, strict=True)):
            if node.is_input:
                parents = [inputs[node]]
            else:
                parents = [values[self._position[parent]] for parent in node.parents]
            if not parents or any(parent is not None for parent in parents):
                values[index] = compute_node(node, name, parents, self.name_of)
        results = [values[self._position[node]] for node in self.outputs]
        for node, result in zip(self.outputs, results, strict=True):
            if result is None:
                raise GraphError(
                    f"gives nothing for its output {self.name_of(node)}",
                    "It depends on an optional input that was not given.",
                )
        return results[0] if len(results) == 1 else results

    def _wiring(self, numbers: Mapping[int, int]) -> Data:
        nodes = sorted(self.nodes, key=made)
        position = {node: i for i, node in enumerate(nodes)}
        return {
            "place": place(self.file, self.line),
            "nodes": [node_data(node, numbers, position) for node in nodes],
            "inputs": [position[node] for node in self.inputs],
            "outputs": [position[node] for node in self.outputs],
        }

    @classmethod
    def _from_wiring(
        cls: type[Self],
        data: Mapping[str, Any],
        modules: Sequence[BaseModule],
        arguments: Mapping[str, Any],
    ) -> Self:
        nodes = nodes_of_data(data["nodes"], modules)
        inputs = [numbered(nodes, i) for i in data["inputs"]]
        net = cls.__new__(cls)
        for name, value in arguments.items():
            setattr(net, name, value)
        net._wire(inputs, [numbered(nodes, i) for i in data["outputs"]])
        net.file, net.line = parsed_place(data["place"])
        return net

    def _copy_wiring(self, memo: dict[int, Any]) -> None:
        for node in self.nodes:
            memo[id(node)] = copy_of(node, memo)

    def _after_copy(self) -> None:
        self._set_layout()

    def __repr__(self) -> str:
        lines = [self.description()]
        for node in sorted(self.nodes, key=made):
            parents = ", ".join(self.name_of(parent) for parent in node.parents)
            lines.append(f"  {self.name_of(node)} = {node.module.description()}({parents})")
        return "\n".join(lines)


class GModule(Graph):
    """The graph between input nodes and output nodes, as one module (nngraph's ``gModule``).

    ``inputs`` and ``outputs`` are a node or a list of nodes, ``outputs`` also a nested one
    (``[a, [b, c]]``). With one input the graph takes the value itself, with several a table; the
    same holds for outputs. Nodes without a name take that
    of their module (``module.name``), of the local variable that holds them, or of the one that
    their line assigns them to (``h_1``, ``h_2`` in a loop, ``layers_0`` in a list). ``net["name"]``
    is the node of that name, at any depth (``net["layer1.gate"]``), ``net["linear.weight"]`` the
    parameter. Raises GraphError for an unused input or split output, a node that does not reach an
    output, an input that is not listed, a cycle, or what is no node.

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

    def __init__(self, inputs: Node | Sequence[Node], outputs: Outputs) -> None:
        self._close(inputs, outputs)

    def description(self) -> str:
        inputs = ", ".join(self.name_of(node) for node in self.inputs)
        outputs = ", ".join(self.name_of(node) for node in self.outputs)
        return f"GModule(({inputs}) -> ({outputs}), {len(self.nodes)} nodes)"


def input_values(net: Graph, value: Any) -> dict[Node, Any]:
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
            "Pass one argument for each, or one list, in the order given to GModule; or names.",
        )
        error.locate(f"GModule ({place(net.file, net.line)})")
        raise error
    return dict(zip(net.inputs, value, strict=True))
