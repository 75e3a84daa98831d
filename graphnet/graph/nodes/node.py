"""Node: a module applied to other nodes, with a name, annotations, and the line that made it.

Operators make modules by the names of their classes, which are subclasses of Module, which makes
nodes.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import new
from graphnet.graph.nodes import refusals
from graphnet.graph.nodes.assignment import Assignment, assignment
from graphnet.source import GRAPH, calling_frame, calling_line, is_own, place
from graphnet.tracebacks import public, shorten

NUMBERS = count()
"""Nodes are numbered as they are made."""


class Node:
    """A module applied to parents; made by calling the module. Wiring never changes it.

    ``slots`` is empty, or says for each parent which entry of the module's input it is, where
    optional inputs are left out. Attributes of the module can be read through the node:
    ``net["gate"].weight``. What a net does with all its nodes (``forward``, ``parameters``) is not.

    Raises GraphError for an invalid name, split or index, and for NumPy functions of a node.
    """

    __slots__ = (
        "__weakref__", "_children", "_module", "assigned", "attributes", "description", "file",
        "line", "name", "number", "parents", "slots",
    )  # fmt: skip

    def __init__(
        self,
        module: BaseModule,
        parents: tuple[Node, ...],
        file: str,
        line: int,
        slots: tuple[int, ...] = (),
    ) -> None:
        self._module = module
        self.parents = parents
        self.slots = slots
        self.name: str | None = None
        self.description = ""
        self.attributes: dict[str, str] = {}
        self.file = file
        self.line = line
        self.number = next(NUMBERS)
        self.assigned: Assignment | None = None
        self._children: list[weakref.ref[Node]] = []
        for parent in parents:
            parent._add_child(self)

    def __setattr__(self, name: str, value: Any) -> None:
        """Attributes of the node; raises AttributeError that says where those of the module are."""
        try:
            try:
                object.__setattr__(self, name, value)
            except AttributeError:
                raise refusals.unsettable(self, name) from None
        except AttributeError as error:
            shorten(error)
            raise

    @property
    def module(self) -> Any:
        """The ``Module``, read-only; ``net.replace`` may put another in its place."""
        return self._module

    @public
    def annotate(
        self,
        name: str | None = None,
        description: str | None = None,
        graph_attributes: Mapping[str, str] | None = None,
    ) -> Node:
        """Give a name, a description (a tooltip) and Graphviz attributes; returns the node."""
        if name is not None:
            if not is_name(name):
                raise GraphError(f"{self} cannot be named {name!r}", "Dots go between words.")
            self.name = name
        if description is not None:
            self.description = description
        if graph_attributes is not None:
            self.attributes.update({k: str(v) for k, v in graph_attributes.items()})
        return self

    def gathered(self, values: list[Any]) -> Any:
        """The input of the module for these values of the parents."""
        if self.slots:
            whole = self._module.required_inputs() + len(self._module.optional_inputs())
            entries: list[Any] = [None] * max(whole, max(self.slots) + 1)
            for slot, value in zip(self.slots, values, strict=True):
                entries[slot] = value
            return entries
        return values[0] if len(values) == 1 else values

    @public
    def split(self, count: int) -> tuple[Node, ...]:
        """One node for each of the ``count`` entries of this node's output table."""
        if count < 1:
            raise GraphError(f"split({count!r}) of {self}: expected a positive number of outputs")
        whole = Node(new("Split", count), (self,), *calling_line())
        return tuple(node_here(new("Element", i), (whole,), entry=i) for i in range(count))

    def _add_child(self, child: Node) -> None:
        """Add a weak reference to a child; now and then drop dead ones."""
        count = len(self._children)
        if count > 8 and count & (count - 1) == 0:
            self._children = [ref for ref in self._children if ref() is not None]
        self._children.append(weakref.ref(child))

    @property
    def children(self) -> Iterator[Node]:
        """The live children that are in no closed graph yet."""
        return (node for ref in self._children if (node := ref()) is not None)

    def close(self, nodes: set[Node]) -> None:
        """Drop the children that are in a closed graph: they reach an output."""
        self._children = [ref for ref in self._children if ref() not in nodes]

    @property
    def place(self) -> str:
        """The source line: ``cell.py:18``."""
        return place(self.file, self.line)

    @property
    def is_input(self) -> bool:
        return not self.parents and not self._module.is_source

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        module = object.__getattribute__(self, "_module")
        try:
            if name in refusals.OF_NETS:
                raise refusals.missing(self, name)
            try:
                return getattr(module, name)
            except AttributeError:
                raise refusals.missing(self, name) from None
        except AttributeError as error:
            shorten(error)
            raise

    def __add__(self, other: Any) -> Node:
        if is_number(other):
            return self._then("AddConstant", other)
        return combine("CAddTable", self, other)

    def __radd__(self, other: Any) -> Node:
        return self.__add__(other)

    def __mul__(self, other: Any) -> Node:
        if is_number(other):
            return self._then("MulConstant", other)
        return combine("CMulTable", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Node:
        if is_number(other):
            return self._then("MulConstant", 1 / other)
        return combine("CDivTable", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self._then("ConstantOver", other) if is_number(other) else NotImplemented

    def __pow__(self, other: Any) -> Node:
        if not is_number(other):
            return NotImplemented
        return self._then("Square") if other == 2 else self._then("Power", other)

    def __sub__(self, other: Any) -> Node:  # of a module: Module.__rsub__
        if is_number(other):
            return self._then("AddConstant", -other)
        return combine("CSubTable", self, other)

    def __rsub__(self, other: Any) -> Node:
        if is_number(other):
            negative = Node(new("MulConstant", -1.0), (self,), *calling_line())
            return negative._then("AddConstant", other)
        return NotImplemented

    def __neg__(self) -> Node:
        return self._then("MulConstant", -1.0)

    def __bool__(self) -> bool:
        return True  # so that ``if node`` asks whether there is one

    @public
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Operators take NumPy's scalars; raises GraphError for arrays and NumPy's functions."""
        operation = OPERATORS.get(ufunc.__name__)
        plain = [v if isinstance(v, Node) or np.ndim(v) else np.asarray(v).item() for v in inputs]
        if method != "__call__":  # np.add.reduce, as np.sum calls it
            raise refusals.array_function_refusal(self, f"{ufunc.__name__}.{method}")
        if operation and not any(np.ndim(v) for v in plain if not isinstance(v, Node)):
            return operation(*plain)
        raise refusals.ufunc_refusal(self, ufunc.__name__, plain)

    def __graphnet_refusal__(self, operation: Callable[..., Any]) -> GraphError:
        """The error for one of ``graphnet.ops`` that was called on this node."""
        return refusals.refusal(self, operation)

    def _then(self, name: str, *arguments: Any) -> Node:
        """A new module of the class of this name, applied to this node."""
        return node_here(new(name, *arguments), (self,))

    @public
    def __iter__(self) -> Iterator[Any]:
        raise GraphError(f"{self} is one node", "For the entries of a table: a, b = node.split(2).")

    @public
    def __getitem__(self, index: Any) -> Node:
        """One entry of this node's output table: ``nn.SelectTable(index)(node)``."""
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            return self._then("SelectTable", int(index))
        raise GraphError(
            f"{self} is a node: it has no entries yet",
            "For one of a table: node[i] with a whole number, for all of them node.split(n); "
            "for those of an array: nn.Select(axis, i)(node).",
        )

    def __str__(self) -> str:
        name = self.name or named_by_module(self._module) or (self.assigned and self.assigned.name)
        named = f" '{name}'" if name else ""
        return f"{type(self.module).__name__}{named} ({self.place})"

    def __repr__(self) -> str:
        return f"<Node {self}>"


for operation, refuse in refusals.REFUSED.items():
    setattr(Node, operation, refuse)  # type checkers report these operations


def is_name(value: object) -> bool:
    """Whether a value can name a node: words, with dots between them."""
    return isinstance(value, str) and bool(value) and value.strip(".") == value


def named_by_module(module: BaseModule) -> str | None:
    """The ``module.name`` that a user has set."""
    name = module.__dict__.get("name")
    return name if name is not None and is_name(name) else None


def node_here(
    module: BaseModule,
    parents: tuple[Node, ...],
    slots: tuple[int, ...] = (),
    entry: int | None = None,
) -> Node:
    """A node of the user's line that is running.

    If that line makes it itself (no layer of graphnet's, for parts of its own), the node remembers
    to which variable it is assigned: it, or the table that it is an ``entry`` of.
    """
    maker = calling_frame(GRAPH)
    if is_own(maker.f_code):
        user = calling_frame(start=maker)
        return Node(module, parents, user.f_code.co_filename, user.f_lineno, slots)
    node = Node(module, parents, maker.f_code.co_filename, maker.f_lineno, slots)
    node.assigned = assignment(maker, entry)
    return node


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
}
"""Operators by the name of NumPy's ufunc."""


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def combine(name: str, left: Node, right: Any) -> Node:
    """``a + b``, ``a * b``, ``a - b``, ``a / b`` of nodes: the table module of this name."""
    if not isinstance(right, Node):
        return NotImplemented  # type: ignore[no-any-return]
    return node_here(new(name), (left, right))
