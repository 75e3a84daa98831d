"""A module from the plain data that describes it; every claim of the data is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import FormatError, GraphError
from graphnet.graph.description import Data, describe
from graphnet.graph.gmodule import GModule
from graphnet.graph.module import Module
from graphnet.graph.node import Node
from graphnet.graph.parameter import Parameter
from graphnet.graph.parts import put
from graphnet.graph.registry import MODULE_TYPES, make, type_key
from graphnet.graph.tracing import initialising
from graphnet.ir.types import NDArray

LARGEST = 10_000_000
"""How many modules a file may stand for, each counted as often as it is used."""


def build(
    description: Data, parameters: Mapping[str, NDArray], classes: Sequence[type[Module]] = ()
) -> Module:
    """The module of a description; every claim of it is checked. Raises FormatError."""
    known = {**MODULE_TYPES, **{type_key(cls): cls for cls in classes}}
    check_size(description["modules"])
    shared: dict[int, Parameter] = {}
    modules: list[Module] = []
    before = initialising.get()
    try:
        initialising.set(False)
        for number, entry in enumerate(description["modules"]):
            try:
                part = build_part(entry, modules, known, parameters)
                take_parts(part, entry, modules)
            except (GraphError, TypeError, ValueError, MemoryError, OverflowError) as error:
                if isinstance(error, FormatError):
                    raise
                raise FormatError(f"holds a module {number} that cannot be made: {error}") from None
            fill_parameters(part, entry, number, parameters, shared)
            if entry.get("training") is False:
                part.is_training = False
            modules.append(part)
    finally:
        initialising.set(before)
    if not modules:
        raise FormatError("holds no module")
    return modules[-1]


def check_size(entries: Sequence[Data]) -> None:
    """Refuse a small file whose modules contain each other so often that they are too many."""
    sizes: list[int] = []
    for entry in entries:
        nodes = [node["module"] for node in entry.get("nodes", ())]
        parts = [*nodes, *entry.get("parts", {}).values()]
        sizes.append(1 + sum(sizes[i] for i in parts if isinstance(i, int) and 0 <= i < len(sizes)))
        if sizes[-1] > LARGEST:
            raise FormatError(
                f"stands for more than {LARGEST:,} modules", "Its modules contain each other."
            )


def reduced(module: Module) -> tuple[Any, ...]:
    """How pickle is to write a module."""
    description, parameters = describe(module)
    return build, (description, {str(i): p.data for i, p in enumerate(parameters)})


def build_part(
    entry: Data,
    modules: Sequence[Module],
    known: Mapping[str, type[Module]],
    stored: Mapping[str, NDArray],
) -> Module:
    cls = known.get(entry["type"])
    if cls is None:
        raise FormatError(
            f"names the module class {entry['type']!r}, which is not known",
            "Import the module that defines it before loading, or pass classes=[…].",
        )
    if cls is GModule:
        return build_graph(entry, modules)
    arguments = {n: decode(value, modules, stored) for n, value in entry["arguments"].items()}
    return make(cls, arguments)


def build_graph(entry: Data, modules: Sequence[Module]) -> GModule:
    nodes: list[Node] = []
    for index, data in enumerate(entry["nodes"]):
        if any(not isinstance(i, int) or not 0 <= i < index for i in data["parents"]):
            raise FormatError(
                f"holds a graph whose node {index} has the parents {data['parents']}",
                "A node can only follow its parents: the graph would have a cycle.",
            )
        parents = tuple(nodes[i] for i in data["parents"])
        slots = checked_slots(data.get("slots", []), len(parents))
        module = numbered(modules, data["module"])
        node = Node(module, parents, *parsed_place(data["place"]), slots)
        node.annotate(data.get("name"), *checked_annotations(data))
        nodes.append(node)
    inputs = [numbered(nodes, i) for i in entry["inputs"]]
    net = GModule(inputs, [numbered(nodes, i) for i in entry["outputs"]])
    net.file, net.line = parsed_place(entry["place"])
    return net


def checked_slots(slots: Any, count: int) -> tuple[int, ...]:
    """Which inputs of its module the parents of a node are; raises FormatError."""
    whole = isinstance(slots, list) and all(type(n) is int and 0 <= n < 1000 for n in slots)
    if not whole or (slots and (len(slots) != count or sorted(set(slots)) != slots)):
        raise FormatError(f"gives {count} parents of a node the input positions {slots!r}")
    return tuple(slots)


SAFE_ATTRIBUTES = {
    *("bgcolor", "color", "fillcolor", "fontcolor", "fontname", "fontsize", "label", "xlabel"),
    *("group", "height", "width", "margin", "fixedsize", "labelloc", "ordering", "rank", "weight"),
    *("shape", "sides", "orientation", "peripheries", "penwidth", "style", "tooltip"),
}
"""What a file may set in Graphviz: nothing that refers to other files, or to addresses."""


def checked_annotations(data: Data) -> tuple[str | None, dict[str, str]]:
    """The description and attributes of a node; raises FormatError for what is no plain text."""
    description, attributes = data.get("description"), data.get("attributes", {})
    texts = [*attributes, *attributes.values(), "" if description is None else description]
    if not all(isinstance(text, str) for text in texts):
        raise FormatError(f"annotates a node with {description!r} and {attributes!r}, not text")
    for name, value in attributes.items():
        if name not in SAFE_ATTRIBUTES or value.lstrip().startswith("<"):
            raise FormatError(
                f"sets the Graphviz attribute {name}={value!r}",
                "A file may set colours, sizes, shapes and plain labels only.",
            )
    return description, attributes


def parsed_place(text: Any) -> tuple[str, int]:
    file, _, line = str(text).rpartition(":")
    return file, int(line)


def numbered(items: Sequence[Any], number: Any) -> Any:
    if not isinstance(number, int) or not 0 <= number < len(items):
        raise FormatError(f"refers to number {number!r} of {len(items)} parts")
    return items[number]


def take_parts(part: Module, entry: Data, modules: Sequence[Module]) -> None:
    """Replace the parts that a constructor made by those of the file."""
    if isinstance(part, GModule):
        return
    own, given = dict(part.named_children()), entry.get("parts", {})
    if set(own) != set(given):
        raise FormatError(
            f"holds a {entry['type']} with the parts {sorted(given)}, expected {sorted(own)}",
            "Has the class changed since the file was written?",
        )
    for name, number in given.items():
        if own[name] is not numbered(modules, number):
            put(part, name, modules[number])


def decode(value: Any, modules: Sequence[Module], stored: Mapping[str, NDArray]) -> Any:
    if isinstance(value, list):
        return [decode(part, modules, stored) for part in value]
    if isinstance(value, dict):
        (kind, content), *rest = value.items()
        if kind == "module":
            return numbered(modules, content)
        if kind == "tuple":
            return tuple(decode(part, modules, stored) for part in content)
        if kind == "parameter":
            return stored[str(content)]
        if kind == "float":
            return float(content)
        if kind == "array":
            return plain_array(content, dict(rest)["dtype"])
        raise FormatError(f"holds an argument of unknown kind {kind!r}")
    return value


def plain_array(content: Any, dtype: Any) -> NDArray:
    if np.dtype(dtype).kind not in "biuf":
        raise FormatError(f"holds an array of dtype {dtype}, expected numbers")
    return np.array(content, dtype=dtype)


def fill_parameters(
    part: Module,
    entry: Data,
    number: int,
    stored: Mapping[str, NDArray],
    shared: dict[int, Parameter],
) -> None:
    """Give a module its stored values; a number met before means the same parameter."""
    own = dict(part.own_parameters())
    given: Mapping[str, int] = entry["parameters"]
    if set(own) != set(given):
        raise FormatError(
            f"holds a {entry['type']} with the parameters {sorted(given)}, expected {sorted(own)}"
        )
    for name, index in given.items():
        if index not in shared:
            values = stored.get(str(index))
            if values is None or values.shape != own[name].shape or values.dtype.kind != "f":
                found = "nothing" if values is None else f"{values.dtype}{list(values.shape)}"
                raise FormatError(
                    f"holds {found} for the {name} of module {number} ({entry['type']}), "
                    f"expected floating point numbers of shape {own[name].shape}"
                )
            shared[index] = Parameter(values)
        elif shared[index].shape != own[name].shape:
            raise FormatError(f"shares a parameter of shape {shared[index].shape} as {name} of "
                              f"module {number}, expected {own[name].shape}")  # fmt: skip
        put(part, name, shared[index])
