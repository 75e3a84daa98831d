"""What may follow ``net[``: names inside the nodes of a graph or a container; errors for others."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.hints import listed


def inner_names(module: BaseModule) -> list[str]:
    """The paths of all parts, parameters and buffers."""
    parts = [path for path, _ in module.named_modules() if path]
    arrays = (*module.named_parameters(), *module.named_buffers())
    return parts + [path for path, _ in arrays]


def unknown_name(
    module: BaseModule, names: Sequence[str], path: object, kind: str = "node"
) -> GraphError:
    """The error for what names nothing in a graph of nodes, or a container, of these names."""
    if not isinstance(path, str):
        return GraphError(
            f"{path!r} is no name of a node",
            "Names are text: net['gate']; net.nodes, net.inputs and net.outputs have positions.",
        )
    inner = inner_names(module)
    head, dot, _ = path.rpartition(".")
    longer = [each for each in inner if each.endswith(f".{path}")]
    below = [each for each in inner if dot and each.startswith(f"{head}.")]
    found = longer or below or names
    guess = guessed(path, longer[:1] or [*found, *names, *inner], inner)
    return GraphError(f"There is no {kind} named {path!r}", listed(guess, found))


def guessed(path: str, paths: Sequence[str], inner: Sequence[str]) -> str:
    """``Did you mean …?`` with a whole path, also for what is close to the end of one."""
    if len(paths) == 1 and paths[0].endswith(f".{path}"):
        return f"Did you mean {paths[0]}? "
    ends: dict[str, str] = {}
    for each in [*inner, *paths]:
        words = each.split(".")
        for cut in range(len(words)):
            ends.setdefault(".".join(words[cut:]), each)
    ends |= {each: each for each in paths}
    close = get_close_matches(path, ends, 1)
    return f"Did you mean {ends[close[0]]}? " if close else ""


def named_part(module: BaseModule, path: str) -> Any:
    """The part or parameter at a dotted path in a container; raises GraphError if there is none."""
    found = part_at(module, path.split("."))
    if found is None:
        names = [name for name, _ in module.named_children()]
        raise unknown_name(module, names, path, "part")
    return found


def part_at(module: BaseModule, parts: Sequence[str]) -> Any:
    """Walk down from a module along the rest of a path; None where it ends."""
    path = ".".join(parts)
    if module._is_wired:
        graph: Any = module
        return graph.find(path)
    own = {**dict(module.own_parameters()), **dict(module.own_buffers())}
    if path in own:
        return own[path]
    children = dict(module.named_children())
    if module.inside and parts[0] != module.inside:
        return part_at(children[module.inside], parts)
    for cut in range(len(parts), 0, -1):
        child = children.get(".".join(parts[:cut]))
        if child is not None:
            return part_at(child, parts[cut:]) if parts[cut:] else child
    return None
