"""The wiring's own modules: inputs, entries of a table, a table made of nodes."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError, IndexRangeError
from graphnet.graph.module import Module
from graphnet.graph.modules.calls import checked
from graphnet.graph.nodes.calling import nested
from graphnet.graph.nodes.node import Node, node_here
from graphnet.graph.values import table


class Identity(Module):
    """The identity on an array or table of any shape; ``Identity()()`` is an input node."""

    def compute(self, input: Any) -> Any:
        return input


class OptionalInput(Module):
    """An optional input node: ``input("lengths", optional=True)``."""

    def compute(self, input: Any) -> Any:
        return input


@checked
def input(name: str | None = None, *, optional: bool = False) -> Node:
    """An input node of a graph: ``Identity()()``.

    An ``optional`` one may be left out of a run (it comes after the others, or is given by name);
    modules that can do without, such as ``nn.Recurrent``, then see None.

    >>> x = input("x")
    >>> x.is_input
    True
    """
    module = OptionalInput() if optional else Identity()
    return node_here(module, ()).annotate(name=name)


@checked
def nest(nodes: Any) -> Node:
    """The node of a table, of a nested list of nodes (nngraph's nest); a node is itself.

    Raises GraphError for an empty list and for what is no node.

    >>> nest([input("a"), [input("b")]]).parents[0].name
    'a'
    """
    return nested(nodes, "nest")


class Split(Module):
    """Checks that its input is a table of ``count`` entries and passes it on; ``node.split(n)``."""

    def __init__(self, count: int) -> None:
        self.count = count

    def compute(self, input: Any) -> Any:
        found = f"a table of {len(input)}" if table.is_table(input) else table.describe(input)
        if not table.is_table(input) or len(input) != self.count:
            raise GraphError(
                f"cannot split {found} into {self.count} outputs",
                "split(n) needs a table of exactly n entries.",
            )
        if any(entry is None for entry in input):
            raise GraphError(
                f"receives {table.describe(input)}, expected all {self.count} entries",
                "Give all of them (zeros, for instance), or leave out the whole table.",
            )
        return input


class Element(Module):
    """One entry of a table, counted from 0: an output of ``node.split(n)``."""

    def __init__(self, index: int) -> None:
        self.index = index

    def compute(self, input: Any) -> Any:
        return input[self.index]


class SelectTable(Module):
    """One entry of a table, of any shape, counted from 0 (negative: from the end): ``node[index]``.

    Torch's nn/SelectTable.lua. Raises GraphError for an array, IndexRangeError beyond the table.
    """

    def __init__(self, index: int) -> None:
        self.index = index

    def compute(self, input: Any) -> Any:
        if not table.is_table(input):
            raise GraphError(
                f"expects a table of at least 1, received {table.describe(input)}",
                "For the entries of an array: nn.Select(axis, i)(node).",
            )
        return input[position(self.index, len(input))]


def position(index: int, count: int) -> int:
    """A possibly negative index as one from 0; raises IndexRangeError."""
    if not -count <= index < count:
        raise IndexRangeError(f"selects entry {index} of a table of {count}", "Counted from 0.")
    return index % count


class Pack(Module):
    """The table of its ``count`` parents; made for a nested list of parents."""

    def __init__(self, count: int) -> None:
        self.count = count

    def compute(self, input: Any) -> Any:
        return [input] if self.count == 1 else list(input)
