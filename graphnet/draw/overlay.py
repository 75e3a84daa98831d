"""Overlays: a number for each node (its part of the time, say) as the colour of its vertex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.draw.picture import Kind, Picture, Vertex
from graphnet.errors import GraphError
from graphnet.graph.profile import Profile

COLD, HOT = (255, 255, 255), (240, 142, 72)


def overlay_numbers(overlay: Any) -> Mapping[str, float]:
    """The numbers by path: of a profile its seconds."""
    if isinstance(overlay, Profile):
        return overlay.by_node
    if isinstance(overlay, Mapping) and all(value >= 0 for value in overlay.values()):
        return overlay
    raise GraphError(
        f"received overlay={overlay!r}, expected a profile or numbers from 0 by the paths of nodes",
        "net.profile(x) gives one.",
        "draw",
    )


def overlaid(picture: Picture, numbers: Mapping[str, float]) -> Picture:
    """The picture, each vertex with its share of the sum of all numbers."""
    total = sum(numbers.values()) or 1.0
    for vertex in picture.vertices:
        if vertex.kind not in (Kind.INPUT, Kind.OUTPUT, Kind.JOINT):
            vertex.share = number_of(vertex, numbers) / total
    most = max((vertex.share or 0.0 for vertex in picture.vertices), default=0.0) or 1.0
    for vertex in picture.vertices:
        vertex.heat = (vertex.share or 0.0) / most
    return picture


def number_of(vertex: Vertex, numbers: Mapping[str, float]) -> float:
    """Of a closed graph, those of all nodes inside."""
    own = numbers.get(vertex.name, 0.0)
    if vertex.kind != Kind.GRAPH:
        return own
    return own + sum(n for path, n in numbers.items() if path.startswith(f"{vertex.name}."))


def fill(heat: float) -> str:
    """A colour between cold (0) and hot (1)."""
    mixed = [round(c + (h - c) * heat) for c, h in zip(COLD, HOT, strict=True)]
    return "#{:02X}{:02X}{:02X}".format(*mixed)


def share_text(share: float) -> str:
    return f"{share:.1%}"
