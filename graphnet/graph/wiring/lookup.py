"""Names that may follow ``net[``: those inside the nodes of a graph; errors for unknown ones."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.hints import did_you_mean

SHOWN = 20
"""How many names an error lists."""


def inner_names(module: BaseModule) -> list[str]:
    """The paths of all parts and parameters."""
    parts = [path for path, _ in module.named_modules() if path]
    return parts + [path for path, _ in module.named_parameters()]


def unknown_name(module: BaseModule, names: Sequence[str], path: object) -> GraphError:
    """The error for what names nothing in a graph of nodes of these names."""
    if not isinstance(path, str):
        return GraphError(
            f"{path!r} is no name of a node",
            "Names are text: net['gate']; net.nodes, net.inputs and net.outputs have positions.",
        )
    inner = inner_names(module)
    head, dot, _ = path.rpartition(".")
    longer = [each for each in inner if each.endswith(f".{path}")]
    below = [each for each in inner if dot and each.startswith(f"{head}.")]
    listed = longer or below or names
    last_words = [each.rpartition(".")[2] for each in inner]
    guess = did_you_mean(path, [*listed, *names, *inner, *last_words])
    shown = ", ".join(listed[:SHOWN]) + (", …" if len(listed) > SHOWN else "")
    return GraphError(f"There is no node named {path!r}", f"{guess}There are: {shown}")
