"""Which renderers this machine has, and what is written in an SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import cache, partial

from graphnet.drawing.rendering.plain import Plain
from graphnet.drawing.rendering.render import RENDERERS, attempt

SVG = "{http://www.w3.org/2000/svg}"


@cache
def renderers_of(format: str) -> list[str]:
    """The names of the renderers that can make a format here."""
    source = "digraph {\n a }"
    return [
        name
        for name, renderer in RENDERERS.items()
        if isinstance(attempt(renderer, source, format, partial(Plain, source, {})), bytes)
    ]


def texts_of(svg: str) -> list[str]:
    """Every text of a picture, without the spaces around it."""
    root = ElementTree.fromstring(svg)
    return [text for e in root.iter(f"{SVG}text") if (text := (e.text or "").strip())]
