"""Checks when a graph is closed: cycles, undeclared or unused inputs, dangling nodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.optional import RESERVED
from graphnet.graph.nodes.calling import nested, require_node
from graphnet.graph.nodes.node import Node
from graphnet.graph.wiring.table_modules import Element, OptionalInput, Split
from graphnet.source import calling_line, place


def checked_nodes(value: Any, what: str) -> tuple[Node, ...]:
    """The inputs or outputs of a graph as a tuple of nodes; a list among outputs is a table."""
    if isinstance(value, Node):
        return (value,)
    if not isinstance(value, list | tuple):
        require_node(value, what)
    if not value:
        where = place(*calling_line())
        raise GraphError(f"GModule ({where}) received no {what}", "A graph needs at least one.")
    check = nested if what == "outputs" else require_node
    return tuple(check(node, f"{what}[{i}]") for i, node in enumerate(value))


def check_graph(inputs: Sequence[Node], outputs: Sequence[Node], where: str) -> tuple[Node, ...]:
    """All nodes in order of computation; raises GraphError for the first mistake."""
    check_inputs(inputs, outputs, where)
    order = ordered(outputs, where)
    reached = set(order)
    listed = set(inputs)
    undeclared = [node for node in order if node.is_input and node not in listed]
    if undeclared:
        node = undeclared[0]
        reader = next((each for each in order if node in each.parents), None)
        through = f"; it is reached through {reader}" if reader else ""
        raise GraphError(
            f"GModule ({where}): {node} has no parents and is not among the inputs{through}",
            "List it as an input, or connect it. Of another net, take the net, not its nodes: "
            "net(node) is a node.",
        )
    check_splits(order, where)
    check_dangling(inputs, reached, where)
    for index, node in enumerate(inputs):
        if node not in reached:
            raise GraphError(
                f"GModule ({where}): inputs[{index}], {node}, is not used by any output",
                "Connect it, or leave it out of the inputs.",
            )
    return order


def check_inputs(inputs: Sequence[Node], outputs: Sequence[Node], where: str) -> None:
    seen: set[Node] = set()
    for index, node in enumerate(inputs):
        if not node.parents and not node.is_input:
            raise GraphError(
                f"GModule ({where}): inputs[{index}], {node}, has a value of its own",
                "Leave it out of the inputs.",
            )
        if node.parents:
            raise GraphError(
                f"GModule ({where}): inputs[{index}], {node}, has parents",
                "The order is GModule(inputs, outputs)."
                if all(output.is_input for output in outputs)
                else "An input node is made by module() with nothing in the parentheses.",
            )
        if node in seen:
            raise GraphError(f"GModule ({where}): inputs[{index}], {node}, is listed twice")
        seen.add(node)


def ordered(outputs: Sequence[Node], where: str) -> tuple[Node, ...]:
    """Depth first through the parents in order, each node after its parents (Torch's order)."""
    done: dict[Node, bool] = {}  # False while the parents are being visited
    order: list[Node] = []
    for output in outputs:
        stack = [(output, 0)]
        while stack:
            node, slot = stack.pop()
            if slot == 0 and node in done:
                continue
            done.setdefault(node, False)
            while slot < len(node.parents) and done.get(node.parents[slot]):
                slot += 1
            if slot == len(node.parents):
                done[node] = True
                order.append(node)
                continue
            parent = node.parents[slot]
            if parent in done:
                raise GraphError(f"GModule ({where}): there is a cycle through {parent} and {node}")
            stack.append((node, slot + 1))
            stack.append((parent, 0))
    return tuple(order)


def check_splits(order: Sequence[Node], where: str) -> None:
    """Raise GraphError for an unused output of a split."""
    used: dict[Node, set[int]] = {}
    for node in order:
        if isinstance(node.module, Element):
            used.setdefault(node.parents[0], set()).add(node.module.index)
    for node in order:
        if isinstance(node.module, Split):
            found, count = used.get(node, set()), node.module.count
            unused = count - sum(0 <= index < count for index in found)
            if unused:  # from a file the count may be huge
                numbers = [str(i) for i in islice((i for i in range(count) if i not in found), 20)]
                more = ", …" if unused > len(numbers) else ""
                raise GraphError(
                    f"GModule ({where}): {unused} of the {count} outputs of "
                    f"split({count}) of {node.parents[0]}, at {node.place}, "
                    f"are unused (numbers {', '.join(numbers)}{more})",
                    "Use them, or take single entries with node[i] in place of split(n).",
                )


def check_dangling(inputs: Sequence[Node], reached: set[Node], where: str) -> None:
    """Raise GraphError for a dangling node: one computed from an input that reaches no output."""
    seen = set(inputs)
    pending = list(inputs)
    while pending:
        for child in pending.pop().children:
            if child in seen:
                continue
            if child not in reached:
                raise GraphError(
                    f"GModule ({where}): {child} does not reach any output",
                    "Add it to the outputs, connect it, or delete it (a prompt keeps it in _).",
                )
            seen.add(child)
            pending.append(child)


def is_optional(node: Node) -> bool:
    return isinstance(node.module, OptionalInput) and node.is_input


def check_optional(inputs: Sequence[Node], names: Sequence[str], where: str) -> None:
    """Optional inputs, of these names, come last, after at least one other."""
    for name in names:
        if name in RESERVED:
            raise GraphError(
                f"GModule ({where}): an optional input is named {name!r}",
                "run() and forward() have an argument of that name.",
            )
    flags = [is_optional(node) for node in inputs]
    if flags[0] or flags != sorted(flags):
        node = inputs[flags.index(True)]
        raise GraphError(
            f"GModule ({where}): {node} is optional and comes before an input that is not",
            "List the inputs that may be left out last.",
        )
