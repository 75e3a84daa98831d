"""A module as plain data, and back: types, arguments, wiring, names, sharing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isinf, isnan
from typing import Any

import numpy as np

from graphnet.errors import FormatError, GraphError
from graphnet.graph.clone import leaves_first
from graphnet.graph.gmodule import GModule
from graphnet.graph.module import Module
from graphnet.graph.node import Node
from graphnet.graph.parameter import Parameter
from graphnet.graph.parts import put
from graphnet.graph.registry import MODULE_TYPES, make, type_key
from graphnet.graph.source import place
from graphnet.graph.tracing import initialising
from graphnet.ir.types import NDArray

Data = dict[str, Any]

# ---- to plain data


def describe(module: Module) -> tuple[Data, list[Parameter]]:
    """The description of a module, and its parameters in the order of their numbers.

    Modules are numbered so that each comes after its parts: ``{"modules": […]}``, the last is the
    whole. A graph entry lists its nodes by position.
    """
    modules = leaves_first(module)
    numbers = {id(part): i for i, part in enumerate(modules)}
    parameters: dict[Parameter, int] = {}
    for part in modules:
        for _, parameter in part.own_parameters():
            parameters.setdefault(parameter, len(parameters))
    entries = [describe_part(part, numbers, parameters) for part in modules]
    return {"modules": entries}, list(parameters)


def describe_part(
    part: Module, numbers: Mapping[int, int], parameters: Mapping[Parameter, int]
) -> Data:
    entry: Data = {"type": type_key(type(part))}
    if isinstance(part, GModule):
        entry.update(describe_graph(part, numbers))
    else:
        entry["arguments"] = {
            name: encode(value, numbers, part) for name, value in part.arguments().items()
        }
    entry["parameters"] = {name: parameters[p] for name, p in part.own_parameters()}
    if not part.is_training:
        entry["training"] = False
    return entry


def describe_graph(net: GModule, numbers: Mapping[int, int]) -> Data:
    position = {node: i for i, node in enumerate(net.nodes)}
    return {
        "place": place(net.file, net.line),
        "nodes": [describe_node(node, numbers, position) for node in net.nodes],
        "inputs": [position[node] for node in net.inputs],
        "outputs": [position[node] for node in net.outputs],
    }


def describe_node(node: Node, numbers: Mapping[int, int], position: Mapping[Node, int]) -> Data:
    entry: Data = {
        "module": numbers[id(node.module)],
        "parents": [position[parent] for parent in node.parents],
        "place": node.place,
    }
    if node.name:
        entry["name"] = node.name
    if node.description:
        entry["description"] = node.description
    if node.attributes:
        entry["attributes"] = node.attributes
    return entry


def encode(value: Any, numbers: Mapping[int, int], owner: Module) -> Any:
    """An argument as JSON; modules become ``{"module": number}``, tuples ``{"tuple": […]}``."""
    if isinstance(value, Module):
        return {"module": numbers[id(value)]}
    if isinstance(value, tuple):
        return {"tuple": [encode(part, numbers, owner) for part in value]}
    if isinstance(value, list):
        return [encode(part, numbers, owner) for part in value]
    if isinstance(value, float) and (isinf(value) or isnan(value)):
        return {"float": str(value)}
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        plain = value.tolist()
        return {"array": plain, "dtype": str(value.dtype)} if value.ndim else plain
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise GraphError(
        f"cannot be saved: its argument {value!r} is a {type(value).__name__}",
        "Only numbers, strings, lists, arrays and modules can be written.",
        type(owner).__name__,
    )


# ---- and back


def build(
    description: Data, parameters: Mapping[str, NDArray], classes: Sequence[type[Module]] = ()
) -> Module:
    """The module of a description; every claim of it is checked. Raises FormatError."""
    known = {**MODULE_TYPES, **{type_key(cls): cls for cls in classes}}
    shared: dict[int, Parameter] = {}
    modules: list[Module] = []
    token = initialising.set(False)
    try:
        for number, entry in enumerate(description["modules"]):
            try:
                part = build_part(entry, modules, known)
            except (GraphError, TypeError, ValueError, MemoryError, OverflowError) as error:
                if isinstance(error, FormatError):
                    raise
                raise FormatError(f"holds a module {number} that cannot be made: {error}") from None
            fill_parameters(part, entry, number, parameters, shared)
            if entry.get("training") is False:
                part.is_training = False
            modules.append(part)
    finally:
        initialising.reset(token)
    if not modules:
        raise FormatError("holds no module")
    return modules[-1]


def build_part(entry: Data, modules: Sequence[Module], known: Mapping[str, type[Module]]) -> Module:
    cls = known.get(entry["type"])
    if cls is None:
        raise FormatError(
            f"names the module class {entry['type']!r}, which is not known",
            "Import the module that defines it before loading, or pass classes=[…].",
        )
    if cls is GModule:
        return build_graph(entry, modules)
    arguments = {name: decode(value, modules) for name, value in entry["arguments"].items()}
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
        node = Node(numbered(modules, data["module"]), parents, *parsed_place(data["place"]))
        node.annotate(data.get("name"), data.get("description"), data.get("attributes"))
        nodes.append(node)
    inputs = [numbered(nodes, i) for i in entry["inputs"]]
    net = GModule(inputs, [numbered(nodes, i) for i in entry["outputs"]])
    net.file, net.line = parsed_place(entry["place"])
    return net


def parsed_place(text: Any) -> tuple[str, int]:
    file, _, line = str(text).rpartition(":")
    return file, int(line)


def numbered(items: Sequence[Any], number: Any) -> Any:
    if not isinstance(number, int) or not 0 <= number < len(items):
        raise FormatError(f"refers to number {number!r} of {len(items)} parts")
    return items[number]


def decode(value: Any, modules: Sequence[Module]) -> Any:
    if isinstance(value, list):
        return [decode(part, modules) for part in value]
    if isinstance(value, dict):
        (kind, content), *rest = value.items()
        if kind == "module":
            return numbered(modules, content)
        if kind == "tuple":
            return tuple(decode(part, modules) for part in content)
        if kind == "float":
            return float(content)
        if kind == "array":
            return np.array(content, dtype=dict(rest)["dtype"])
        raise FormatError(f"holds an argument of unknown kind {kind!r}")
    return value


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
