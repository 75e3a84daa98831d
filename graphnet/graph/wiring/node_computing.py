"""Computing one node of a graph while it is traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.nodes.node import Node
from graphnet.graph.tracing.tracing import active_tracing
from graphnet.graph.values import table
from graphnet.source import short_name
from graphnet.text_table import aligned

NameOf = Callable[[Node], str]


def compute_node(node: Node, name: str, values: list[Any], name_of: NameOf) -> Any:
    """Trace the module of one node; errors and equations carry its path and source line."""
    tracing = active_tracing()
    assert tracing is not None
    here = tracing.origin_of(node.module, name, short_name(node.file), node.line)
    context = partial(parent_lines, node, values, name_of)
    if any(v is None for v in values) and not node.module.optional_inputs():
        missing = name_of(node.parents[[v is None for v in values].index(True)])
        error = GraphError(
            f"needs {missing}, which was left out", "Give it, or leave out what goes with it too."
        )
        error.locate(str(here), context())
        raise error
    value = node.gathered(values) if values else None  # of a source
    return tracing.compute(node.module, value, here, context, node)


def parent_lines(node: Node, values: list[Any], name_of: NameOf) -> tuple[str, ...]:
    """A table of a node's inputs: parent, shape, module, source line."""
    nodes = list(node.parents) or [node] * len(values)
    rows = [
        (
            name_of(parent),
            table.describe(part),
            "input" if parent.is_input else type(parent.module).__name__,
            parent.place,
        )
        for parent, part in zip(nodes, values, strict=True)
    ]
    return tuple(aligned(rows))
