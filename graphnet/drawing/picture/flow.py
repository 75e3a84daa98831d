"""Flows: the source vertex of each value, through tables, splits and nested graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from graphnet.graph import GModule, Module, Node


@dataclass(frozen=True, slots=True)
class Wire:
    """A value in transit: its source vertex, its table entry, and its shape."""

    source: int
    label: str = ""
    shape: str = ""


Flow = Union[Wire, "tuple[Flow, ...]"]
"""One value, or a table whose entries are known."""


def element(whole: Flow, node: Node, shape: str) -> Flow:
    """The flow of an output of a split: its own if known, else a wire with its number."""
    index = node.module.index
    if isinstance(whole, tuple):
        return whole[index] if index < len(whole) else whole
    label = f"{whole.label}[{index}]"
    return Wire(whole.source, f"{label} {node.name}" if node.name else label, shape)


def entries(flow: Flow, count: int) -> list[Flow]:
    """The ``count`` entries of a table."""
    if isinstance(flow, tuple):
        return [flow[i] if i < len(flow) else () for i in range(count)]
    return [Wire(flow.source, f"{flow.label}[{i}]", "") for i in range(count)]


def leaves(flow: Flow) -> list[tuple[tuple[int, ...], Wire]]:
    """The wires of a flow in order, each with its position in the table."""
    found: list[tuple[tuple[int, ...], Wire]] = []
    pending: list[tuple[tuple[int, ...], Flow]] = [((), flow)]
    while pending:
        place, part = pending.pop()
        if isinstance(part, Wire):
            found.append((place, part))
        else:
            pending += [((*place, i), part[i]) for i in reversed(range(len(part)))]
    return found


def at_one_step(flow: Flow) -> Flow:
    """The final value of a sequence."""
    if isinstance(flow, Wire):
        return Wire(flow.source, f"{flow.label} last".lstrip(), without_steps(flow.shape))
    return tuple(at_one_step(part) for part in flow)


def without_steps(shape: str) -> str:
    """The text of a shape (steps, batch, …) as (batch, …)."""
    _, comma, rest = shape.partition(", ")
    if not comma or not shape.startswith("("):
        return shape
    return f"({rest}" if "," in rest else f"({rest[:-1]},)"


def slot_text(module: Module | None, place: tuple[int, ...]) -> str:
    """The parent of an edge: the name of the graph's input, or a number."""
    rest = "".join(f"[{i}]" for i in place[1:])
    if isinstance(module, GModule) and len(module.inputs) > place[0]:
        return module.name_of(module.inputs[place[0]]) + rest
    optional = module.optional_inputs() if module is not None else ()
    if place and optional:
        at = place[0] - (module.required_inputs() if module is not None else 0)
        return (optional[at] if 0 <= at < len(optional) else "") + rest
    return "".join(f"[{i}]" for i in place)
