"""Nodes of a graph as plain data, from such data, and as copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.errors import FormatError
from graphnet.graph.files.decoding import (
    checked_attributes,
    checked_name,
    checked_slots,
    numbered,
    parsed_place,
)
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.nodes.node import Node

Data = dict[str, Any]


def node_data(node: Node, numbers: Mapping[int, int], position: Mapping[Node, int]) -> Data:
    """A node as plain data; ``numbers`` are those of modules, by id."""
    entry: Data = {
        "module": numbers[id(node.module)],
        "parents": [position[parent] for parent in node.parents],
        "place": node.place,
    }
    if node.slots:
        entry["slots"] = list(node.slots)
    if node.name:
        entry["name"] = node.name
    if node.description:
        entry["description"] = node.description
    if node.attributes:
        entry["attributes"] = node.attributes
    return entry


def nodes_of_data(entries: Sequence[Data], modules: Sequence[BaseModule]) -> list[Node]:
    """The nodes of a graph entry; raises FormatError where one refers to what is not there."""
    nodes: list[Node] = []
    for index, data in enumerate(entries):
        if any(not 0 <= i < index for i in data["parents"]):
            raise FormatError(
                f"holds a graph whose node {index} has the parents {data['parents']!r:.60}",
                "A node can only follow its parents: the graph would have a cycle.",
            )
        parents = tuple(nodes[i] for i in data["parents"])
        slots = checked_slots(data.get("slots", []), len(parents))
        module = numbered(modules, data["module"])
        node = Node(module, parents, *parsed_place(data["place"]), slots)
        attributes = checked_attributes(data.get("attributes", {}))
        node.annotate(checked_name(data.get("name")), data.get("description"), attributes)
        nodes.append(node)
    return nodes


def copy_of(node: Node, memo: Mapping[int, Any]) -> Node:
    """A copy of a node whose module and parents are in the memo (by id) already."""
    parents = tuple(memo[id(parent)] for parent in node.parents)
    result = Node(memo[id(node.module)], parents, node.file, node.line, node.slots)
    result.name, result.description = node.name, node.description
    result.attributes = dict(node.attributes)
    result.number = node.number
    return result
