"""Modules in a notebook: what is made of parts shows itself as a picture."""

from __future__ import annotations

from itertools import islice
from typing import Any

from graphnet.drawing.drawing import draw
from graphnet.drawing.rendering import svg
from graphnet.graph.modules.picture import makes_pictures

LIMIT = 100
"""Nodes of a picture that nobody asked for; those in the middle of a larger graph are folded."""
LARGEST = 10_000
"""Nodes of a graph that is drawn at all: more take more than a moment."""


@makes_pictures
def notebook_svg(net: Any) -> str | None:
    """The picture of a module that has parts; None if it has too many, or cannot be drawn."""
    count = sum(1 for _ in islice(net.named_children(), LARGEST + 1))
    if not 0 < count <= LARGEST:
        return None
    try:
        return svg.inline(draw(net, limit=LIMIT).svg())
    except Exception:  # no renderer, or a fault in a user's module: the text remains
        return None
