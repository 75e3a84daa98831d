"""Overlays: a number for each node (its share of the time, say) as the colour of its vertex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.drawing.picture.picture import Kind, Picture, Vertex
from graphnet.errors import GraphError
from graphnet.graph import Module
from graphnet.graph.inspection.profile import Profile

SHOWN = 20
"""The maximum number of nodes listed in an error."""

COLD, HOT = (255, 255, 255), (240, 142, 72)


def overlay_numbers(overlay: Any, net: Module) -> Mapping[str, float]:
    """The numbers by path; of a profile of this net, its seconds. Raises GraphError for others."""
    if isinstance(overlay, Profile):
        if overlay.net is not net:
            raise GraphError(
                "received a profile of another module than the one to draw",
                "Draw profile.net, or profile this module; overlay=profile.by_node goes by names.",
                "draw",
            )
        return overlay.by_node
    if isinstance(overlay, Mapping) and all(value >= 0 for value in overlay.values()):
        return overlay
    raise GraphError(
        f"received overlay={overlay!r}, expected a profile or numbers from 0 by the paths of nodes",
        "net.profile(x) gives one.",
        "draw",
    )


def overlaid(picture: Picture, overlay: Any, net: Module) -> Picture:
    """The picture of a net, each vertex with its share of the sum of all numbers."""
    numbers = overlay_numbers(overlay, net)
    total = sum(numbers.values()) or 1.0
    for vertex in picture.vertices:
        if vertex.kind not in (Kind.INPUT, Kind.OUTPUT, Kind.JOINT):
            vertex.share = number_of(vertex, numbers) / total
    if not isinstance(overlay, Profile):
        require_named(picture, numbers)
    most = max((vertex.share or 0.0 for vertex in picture.vertices), default=0.0) or 1.0
    for vertex in picture.vertices:
        vertex.heat = (vertex.share or 0.0) / most
    return picture


def require_named(picture: Picture, numbers: Mapping[str, float]) -> None:
    """Raise GraphError if none of the numbers is that of a node."""
    if any(numbers.values()) and not any(vertex.share for vertex in picture.vertices):
        names = [vertex.name for vertex in picture.vertices if vertex.share is not None]
        raise GraphError(
            f"received an overlay of {', '.join(map(repr, list(numbers)[:SHOWN]))}, "
            "expected paths of nodes",
            f"The drawing has: {', '.join(names[:SHOWN])}",
            "draw",
        )


def number_of(vertex: Vertex, numbers: Mapping[str, float]) -> float:
    """The number of a vertex; of a closed graph, the sum over the nodes inside."""
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
