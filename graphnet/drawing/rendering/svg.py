"""Post-processing of SVG: text centred for any font, a responsive size, an ARIA role."""

from __future__ import annotations

import re

NODE = re.compile(r'<g id="[^"]*" class="node [^"]*">.*?</g>\s(?=<!--|</g>\s*</svg>)', re.DOTALL)
TEXT = re.compile(r'text-anchor="\w+" x="[^"]*" y="([^"]*)"')
CIRCLE = re.compile(r'<ellipse [^>]*cx="([^"]+)" cy="([^"]+)" rx="([^"]+)"')
SIZE = re.compile(r'font-size="([\d.]+)"')
OUTLINE = re.compile(r'<(?:path|polygon) [^>]*?(?:\bd|points)="([^"]+)"')
POINT = re.compile(r"(-?[\d.]+),-?[\d.]+")
MIDDLE = 0.33
"""The height of the middle of a sign above its baseline, in font sizes."""


def finished(svg: str) -> str:
    """The SVG with text centred on its boxes and circles.

    Graphviz positions a line of an HTML-like label by its left end, with the font widths of the
    machine that lays it out; in a browser with other fonts it would be off centre.
    """
    svg = svg.replace("<svg ", '<svg role="img" style="max-width:100%;height:auto" ', 1)
    return NODE.sub(lambda found: centred(found.group()), svg)


def centred(node: str) -> str:
    """A node with its text moved; anything but circles and boxes stays unchanged."""
    circle = CIRCLE.search(node)
    if circle is not None:
        return around_circle(node, *map(float, circle.groups()))
    outline = OUTLINE.search(node)
    if outline is None:
        return node
    across = [float(x) for x in POINT.findall(outline.group(1))]
    middle = (min(across) + max(across)) / 2
    return TEXT.sub(rf'text-anchor="middle" x="{middle:.2f}" y="\1"', node)


def around_circle(node: str, x: float, y: float, radius: float) -> str:
    """The sign in the middle, and a name beside it at a distance independent of the font."""
    size = SIZE.search(node)
    base = y + MIDDLE * float(size.group(1)) if size is not None else y
    sign, end, name = node.partition("</text>")
    sign = TEXT.sub(f'text-anchor="middle" x="{x:.2f}" y="{base:.2f}"', sign)
    found = TEXT.search(name)
    if found is not None:
        level = abs(float(found.group(1)) - y) < radius * 0.8
        start = x + (radius + 5 if level else radius * 0.7 + 3)
        name = TEXT.sub(rf'text-anchor="start" x="{start:.2f}" y="\1"', name)
    return sign + end + name


def inline(svg: str) -> str:
    """The ``<svg>`` element alone, for an HTML page."""
    return svg[svg.index("<svg") :]
