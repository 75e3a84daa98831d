"""Names of the nodes of a graph: taken from variables, unique, without conflicts with paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.nodes.node import Node


def name_by_variables(variables: Any) -> set[Node]:
    """Name nodes without a name after the first variable that holds them; returns those."""
    named = set()
    for name, value in list(variables.items()):
        if isinstance(value, Node) and value.name is None and not name.startswith("_"):
            value.name = name
            named.add(value)
    return named


def check_paths(nodes: Sequence[Node], names: Sequence[str]) -> None:
    """Raise GraphError for a dotted name that is the path of a part of another node."""
    by_name = dict(zip(names, nodes, strict=True))
    inner: dict[Node, set[str]] = {}
    for name, node in by_name.items():
        words = name.split(".")
        for cut in range(1, len(words)):
            owner = by_name.get(".".join(words[:cut]))
            if owner is None:
                continue
            if owner not in inner:
                inner[owner] = {p for path, _ in inner_paths(owner.module) for p in prefixes(path)}
            if ".".join(words[cut:]) in inner[owner]:
                raise GraphError(f"{node} has the name of a part of {owner}", "Rename one of them.")


def prefixes(path: str) -> Iterator[str]:
    """The prefixes of a path: ``a``, ``a.b``, ``a.b.c``."""
    words = path.split(".")
    return (".".join(words[:cut]) for cut in range(1, len(words) + 1))


def inner_paths(module: BaseModule) -> Iterator[tuple[str, Any]]:
    yield from module.named_children()
    yield from module.own_parameters()
    if module.inside:
        yield from inner_paths(dict(module.named_children())[module.inside])


def unique_names(nodes: Sequence[Node]) -> list[str]:
    """A name for each node: its own, or its module's in small letters; numbered where repeated."""
    taken = {node.name for node in nodes if node.name}
    counts: dict[str, int] = {}
    names = []
    for node in nodes:
        base = node.name or type(node.module).__name__.lower()
        counts[base] = counts.get(base, 0) + 1
        name = base if counts[base] == 1 else f"{base}_{counts[base]}"
        while (name in taken) if name != node.name else False:
            counts[base] += 1
            name = f"{base}_{counts[base]}"
        names.append(name)
        taken.add(name)
    return names
