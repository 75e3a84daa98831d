"""The plain form of a drawing, and its SVG with the font and position of each line restored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graphnet.drawing.labels.label import Line, Sign, lines_of, sign_of
from graphnet.drawing.labels.plain_labels import LINE_HEIGHT, PlainLabels
from graphnet.drawing.picture.picture import Kind, Picture, Vertex
from graphnet.drawing.picture.sharing import Sharing
from graphnet.drawing.rendering.dot import badge, dot_text, is_upright
from graphnet.drawing.rendering.svg import CIRCLE, MIDDLE, NODE, OUTLINE

NAME = re.compile(r"<title>(n\d+)</title>")
TEXT = re.compile(r"<text [^>]*>")
HEIGHT_OF_TEXT = re.compile(r' y="[^"]*"')
LOOK = re.compile(r' (?:font-size|font-weight|fill)="[^"]*"')
POINT = re.compile(r"-?[\d.]+,(-?[\d.]+)")
FONTS = {"label", "fontname", "fontsize", "fontcolor"}
"""Attributes of a user that override the text of a node, or its look."""

Placed = tuple[Line, float]
"""A line, and the distance of its baseline below the middle of the node, in points."""


@dataclass(frozen=True, slots=True)
class Plain:
    """DOT without HTML-like labels; ``lines`` is the text of its nodes."""

    source: str
    lines: Mapping[str, Sequence[Placed]]


def plain_form(picture: Picture, direction: str, title: str, name: str) -> Plain:
    """The same drawing as ``dot_text`` makes with HTML-like labels."""
    sharing = Sharing(picture.vertices)
    lines = {
        f"n{i}": [*written_on(vertex, badge(vertex, sharing.mark(i)), is_upright(direction))]
        for i, vertex in enumerate(picture.vertices)
    }
    return Plain(dot_text(picture, direction, title, name, PlainLabels()), lines)


def written_on(vertex: Vertex, badge: Line | None, upright: bool) -> Iterator[Placed]:
    """The lines of a node; none if Graphviz or the user determines their look."""
    if vertex.node is not None and FONTS & vertex.node.attributes.keys():
        return
    if vertex.kind in (Kind.LAYER, Kind.GRAPH):
        yield from stacked(lines_of(vertex, badge))
    elif vertex.kind == Kind.OPERATION:
        yield from around_sign(sign_of(vertex, upright))


def stacked(lines: Sequence[Line]) -> Iterator[Placed]:
    """Stacked lines, centred vertically."""
    parts = [replace(line, text=text) for line in lines for text in line.text.splitlines() if text]
    top = -LINE_HEIGHT * sum(part.size for part in parts) / 2
    for part in parts:
        yield part, top + part.size * (LINE_HEIGHT / 2 + MIDDLE)
        top += part.size * LINE_HEIGHT


def around_sign(sign: Sign) -> Iterator[Placed]:
    """A sign in the middle, and its name at the same height, lower or higher."""
    yield sign.sign, MIDDLE * sign.sign.size
    if sign.name is not None:
        aside = sign.around / 2 * 0.7
        lower = -aside if sign.above else aside + sign.name.size * 0.8
        yield sign.name, MIDDLE * sign.name.size if sign.level else lower


def repainted(svg: str, lines: Mapping[str, Sequence[Placed]]) -> str:
    """The SVG of a plain form with the intended look of each line."""

    def node(found: re.Match[str]) -> str:
        text = found.group()
        name, middle = NAME.search(text), middle_of(text)
        placed = lines.get(name.group(1), ()) if name is not None else ()
        if middle is None or len(TEXT.findall(text)) != len(placed):
            return text
        remaining = iter(placed)
        return TEXT.sub(lambda found: with_look(found.group(), middle, *next(remaining)), text)

    return NODE.sub(node, svg)


def middle_of(node: str) -> float | None:
    """The vertical centre of a circle or box."""
    circle, outline = CIRCLE.search(node), OUTLINE.search(node)
    if circle is not None:
        return float(circle.group(2))
    if outline is None:
        return None
    heights = [float(y) for y in POINT.findall(outline.group(1))]
    return (min(heights) + max(heights)) / 2


def with_look(tag: str, middle: float, line: Line, below: float) -> str:
    weight = ' font-weight="bold"' if line.bold else ""
    placed = HEIGHT_OF_TEXT.sub(f' y="{middle + below:.2f}"', LOOK.sub("", tag).removesuffix(">"))
    return f'{placed}{weight} font-size="{line.size:.2f}" fill="{line.color}">'
