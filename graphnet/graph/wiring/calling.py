"""What it means to call a module: on nodes, on nothing, on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.module import Module
from graphnet.graph.modules.optional import arranged
from graphnet.graph.tracing.tracing import current_tracing
from graphnet.graph.values import table
from graphnet.graph.wiring.node import Node
from graphnet.graph.wiring.split import Pack
from graphnet.ir.core.array import Array
from graphnet.source import calling_line, place


def apply_module(module: Module, inputs: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """What ``module(...)`` means: a node, an input node, or the output for arrays."""
    if not inputs and not named:
        return Node(module, (), *calling_line())
    value = arranged(module, inputs, named)
    if isinstance(value, Node):
        return Node(module, (value,), *calling_line())
    leaves, _ = table.flatten(value, absent=bool(module.optional_inputs()))
    if any(isinstance(leaf, Node) for leaf in leaves) or not all(map(is_array, leaves)):
        value, slots = given_entries(module, value)
        return Node(module, parents_of(module, value), *calling_line(), slots)
    if not leaves:
        raise GraphError(
            f"{describe_call(module)} received an empty table of inputs",
            "For an input node, leave the parentheses empty: module().",
        )
    return module.call(value) if current_tracing.get() else module.forward(value)


def given_entries(module: Module, value: Any) -> tuple[Any, tuple[int, ...]]:
    """What is given of a module's input table, and at which positions if anything is left out."""
    if not (module.optional_inputs() and table.is_table(value) and any(v is None for v in value)):
        return value, ()
    slots = tuple(slot for slot, part in enumerate(value) if part is not None)
    return [value[slot] for slot in slots], slots


def is_array(value: Any) -> bool:
    return isinstance(value, Array | int | float) or (
        hasattr(value, "__array__") and not isinstance(value, Node | str)
    )


def describe_call(module: Module) -> str:
    return f"{type(module).__name__} ({place(*calling_line())})"


def parents_of(module: Module, value: Any) -> tuple[Node, ...]:
    """The parent nodes of a call; a list inside the list becomes a node that makes that table."""
    if not table.is_table(value):
        require_node(value, "input", module)
    parents = []
    for index, part in enumerate(value):
        if table.is_table(part) and part:
            inner = parents_of(module, part)
            parents.append(Node(Pack(len(inner)), inner, *calling_line()))
        else:
            parents.append(require_node(part, f"inputs[{index}]", module))
    return tuple(parents)


def require_node(value: Any, what: str, module: Module | None = None) -> Node:
    """The node, or a GraphError that names the likely mistake."""
    if isinstance(value, Node):
        return value
    user = f"{type(module).__name__} " if module else "GModule "
    where = f"{user}({place(*calling_line())}): {what}"
    if value is None:
        raise GraphError(
            f"{where} is None", "Is a name mistyped, or did a function return nothing?"
        )
    if isinstance(value, Module):
        raise GraphError(
            f"{where} is the module {value.description()}, expected a node",
            "Did you forget a second pair of parentheses, which makes a node of a module?",
        )
    if isinstance(value, Array) or hasattr(value, "__array__"):
        raise GraphError(
            f"{where} is an array, expected a node",
            "Nodes and arrays cannot be mixed: wire the graph first, then run it on arrays.",
        )
    raise GraphError(f"{where} is {value!r} of type {type(value).__name__}, expected a node")
