"""Names of the nodes of a graph: taken from variables, unique, without conflicts with paths."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import count
from operator import attrgetter
from types import FrameType
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.nodes.assignment import scope_of
from graphnet.graph.nodes.node import Node, named_by_module
from graphnet.graph.wiring.table_modules import Element, Split

made = attrgetter("number")
"""The place of a node in the order in which nodes were made."""


def name_by_variables(frame: FrameType) -> set[Node]:
    """Name nodes without a name after the first variable of a frame that holds them; returns those.

    Arguments of a function are names for what its caller has named already, if the source tells.
    """
    named = set()
    code = frame.f_code
    arguments = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    for name, value in list(frame.f_locals.items()):
        if not isinstance(value, Node) or value.name is not None or name.startswith("_"):
            continue
        told = value.assigned is not None and name in arguments
        if not told and named_by_module(value.module) is None:
            value.name = name
            named.add(value)
    return named


def complete_names(nodes: Sequence[Node], held: Container[Node], frame: FrameType) -> None:
    """Name the nodes of a graph after their modules or after what they are assigned to.

    ``held`` are nodes that variables of the ``frame`` that closes the graph hold. Of several nodes
    assigned to one variable an input has the plain name, else the only one of that frame;
    others count from 1, those of a list from 0. A line that makes nodes of several modules
    (``h = layer(h)``) tells less of them than their modules do.
    """
    scope = scope_of(frame)
    kinds: dict[int, set[type]] = {}
    for node in nodes:
        if node.assigned is not None:
            kinds.setdefault(id(node.assigned.target), set()).add(type(node.module))
    groups: dict[tuple[str, bool], list[Node]] = {}
    for node in sorted(nodes, key=made):
        if node.name is None:
            node.name = named_by_module(node.module)
        if node.name is not None:
            if node in held:
                groups.setdefault((node.name, False), []).append(node)
        elif node.assigned is not None:
            name, is_list, _, target = node.assigned
            if is_list or len(target.names) > 1 or len(kinds[id(target)]) == 1:
                groups.setdefault((name, is_list), []).append(node)
    taken = {node.name for node in nodes if node.name and node not in held}
    given = frozenset(taken)
    taken.update(name for name, _ in groups)
    for (name, is_list), group in groups.items():
        plain = None if is_list or name in given else plain_one(group, held, scope)
        if plain is not None:
            plain.name = name
            group.remove(plain)
        numbers = count(0 if is_list else 2 if name in given else 1)
        for node in group:
            node.name = next(n for i in numbers if (n := f"{name}_{i}") not in taken)
            taken.add(node.name)


def plain_one(group: Sequence[Node], held: Container[Node], scope: int) -> Node | None:
    """The one of several nodes assigned to a variable that is named as the variable is."""
    inputs = [node for node in group if node.is_input]
    if len(group) == 1 or len(inputs) == 1:
        return group[0] if len(group) == 1 else inputs[0]
    here = [node for node in group if node in held or is_assigned_in(scope, node)]
    return here[0] if len(here) == 1 else None


def is_assigned_in(scope: int, node: Node) -> bool:
    return node.assigned is not None and node.assigned.scope == scope


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
    yield from module.own_buffers()
    if module.inside:
        yield from inner_paths(dict(module.named_children())[module.inside])


def unique_names(nodes: Sequence[Node]) -> list[str]:
    """A name for each node: its own, or its module's in small letters; numbered where repeated.

    An entry of a split is named after the table. Nodes count in the order in which they were made.
    """
    taken = {node.name for node in nodes if node.name}
    counts: dict[str, int] = {}
    found: dict[Node, str] = {}
    for node in sorted(nodes, key=made):
        base = node.name or type(node.module).__name__.lower()
        counts[base] = number = counts.get(base, 0) + 1
        name = base if number == 1 else f"{base}_{number}"
        if node.name is None and isinstance(node.module, Element):
            base, number = found.get(table_of_entry(node), base), 1 + node.module.index
            name = f"{base}_{number}"
        while name in taken and name != node.name:
            number += 1
            name = f"{base}_{number}"
        counts[base] = max(number, counts.get(base, 0))
        found[node] = name
        taken.add(name)
    return [found[node] for node in nodes]


def table_of_entry(node: Node) -> Node:
    """The table that a node is an entry of, by ``split``; the node itself if it has no parents."""
    whole = node.parents[0] if node.parents else node
    return whole.parents[0] if isinstance(whole.module, Split) and whole.parents else whole
