"""Calls of modules on nodes: the parents of the new node, and checks of the arguments."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import new
from graphnet.graph.nodes.node import Node, node_here
from graphnet.graph.values import table
from graphnet.ir.core.array import Array
from graphnet.source import calling_line, place


def node_of_call(module: BaseModule, value: Any) -> Node | None:
    """The node that a call of a module on a node or a table of nodes makes; None for arrays.

    Raises GraphError for anything else.
    """
    if isinstance(value, Node):
        return node_here(module, (value,))
    leaves, _ = table.flatten(value, absent=bool(module.optional_inputs()))
    if any(isinstance(leaf, Node) for leaf in leaves) or not all(map(is_array, leaves)):
        require_no_module(module, value)
        value, slots = present_entries(module, value)
        return node_here(module, parents_of(module, value), slots)
    if not leaves:
        raise GraphError(
            f"{describe_call(module)} received an empty table of inputs",
            "For an input node, leave the parentheses empty: module().",
        )
    return None


def present_entries(module: BaseModule, value: Any) -> tuple[Any, tuple[int, ...]]:
    """The entries of an input table that are not None, and their positions if any is.

    Also the position of an only entry that must not stand for the table.
    """
    if not table.is_table(value) or not value:
        return value, ()
    has_optional = bool(module.optional_inputs())
    if len(value) == 1 and (has_optional or module.takes_steps()):
        return value, (0,)
    if not has_optional or not any(v is None for v in value):
        return value, ()
    slots = tuple(slot for slot, part in enumerate(value) if part is not None)
    return [value[slot] for slot in slots], slots


def require_no_module(module: BaseModule, value: Any) -> None:
    """Raise GraphError for a module, or the class of one, among nodes or arrays."""
    for path, leaf in table.walk(value):
        if isinstance(leaf, BaseModule | type):
            what = f"inputs{table.position_text(path)}" if path else "input"
            require_node(leaf, what, module)


def is_array(value: Any) -> bool:
    return isinstance(value, Array | int | float) or (
        hasattr(value, "__array__") and not isinstance(value, Node | str)
    )


def describe_call(module: BaseModule) -> str:
    return f"{type(module).__name__} ({place(*calling_line())})"


def parents_of(module: BaseModule, value: Any) -> tuple[Node, ...]:
    """The parent nodes of a call; a nested list becomes a ``Pack`` node."""
    if not table.is_table(value):
        require_node(value, "input", module)
    return tuple(nested(part, f"inputs[{i}]", module) for i, part in enumerate(value))


def nested(value: Any, what: str, module: BaseModule | None = None) -> Node:
    """A node; for a list of such, the node of a table. Raises GraphError for anything else."""
    if not table.is_table(value) or not value:
        return require_node(value, what, module)
    entries = tuple(nested(part, f"{what}[{i}]", module) for i, part in enumerate(value))
    return Node(new("Pack", len(entries)), entries, *calling_line())


def require_node(value: Any, what: str, module: BaseModule | None = None) -> Node:
    """The node; raises GraphError that names the likely mistake."""
    if isinstance(value, Node):
        return value
    user = f"{type(module).__name__} " if module else "GModule "
    where = f"{user}({place(*calling_line())}): {what}"
    if value is None:
        raise GraphError(
            f"{where} is None", "Is a name mistyped, or did a function return nothing?"
        )
    if isinstance(value, BaseModule):
        raise GraphError(
            f"{where} is the module {value.description()}, expected a node",
            "Did you forget a second pair of parentheses, which makes a node of a module?",
        )
    if isinstance(value, type) and issubclass(value, BaseModule):
        name = value.__name__
        raise GraphError(
            f"{where} is the class {name}, expected a node",
            f"{name}(…) makes a module of the class, {name}(…)(node) a node of that.",
        )
    if isinstance(value, Array) or hasattr(value, "__array__"):
        raise GraphError(
            f"{where} is an array, expected a node",
            "Nodes and arrays cannot be mixed: wire the graph first, then run it on arrays.",
        )
    raise GraphError(f"{where} is {value!r} of type {type(value).__name__}, expected a node")
