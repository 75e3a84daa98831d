"""A module as plain data: types, arguments, wiring, names, sharing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.clone import leaves_first
from graphnet.graph.gmodule import GModule
from graphnet.graph.module import Module
from graphnet.graph.node import Node
from graphnet.graph.parameter import Parameter
from graphnet.graph.registry import type_key
from graphnet.source import place

Data = dict[str, Any]


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
            name: encode(value, Numbers(numbers, parameters, part))
            for name, value in part.arguments().items()
        }
        entry["parts"] = {name: numbers[id(child)] for name, child in part.named_children()}
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
    if node.slots:
        entry["slots"] = list(node.slots)
    if node.name:
        entry["name"] = node.name
    if node.description:
        entry["description"] = node.description
    if node.attributes:
        entry["attributes"] = node.attributes
    return entry


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of modules (by id) and parameters, and whose argument is being written."""

    modules: Mapping[int, int]
    parameters: Mapping[Parameter, int]
    owner: Module


def encode(value: Any, numbers: Numbers) -> Any:
    """An argument as JSON; modules become ``{"module": number}``, tuples ``{"tuple": […]}``."""
    if isinstance(value, Module):
        return {"module": numbers.modules[id(value)]}
    if isinstance(value, Parameter):
        return {"parameter": numbers.parameters[value]}
    if isinstance(value, tuple):
        return {"tuple": [encode(part, numbers) for part in value]}
    if isinstance(value, list):
        return [encode(part, numbers) for part in value]
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
        type(numbers.owner).__name__,
    )
