"""Style: colours, fonts and sizes, the same in every drawing. The hues are Okabe and Ito's."""

from __future__ import annotations

from graphnet.drawing.picture.picture import Kind

FONT = "Helvetica,Arial,sans-serif"
INK = "#222222"
GREY = "#5F6B76"
LINE = "#59636E"

SIZE = 11.0
SMALL = 8.0
SIGN = 15.0

GRAPH = {
    "fontname": FONT,
    "fontsize": "13",
    "fontcolor": INK,
    "nodesep": "0.22",
    "ranksep": "0.3",
    "pad": "0.15",
    "bgcolor": "white",
    "compound": "true",
}
NODE = {
    "fontname": FONT,
    "fontsize": "11",
    "fontcolor": INK,
    "shape": "box",
    "style": "rounded,filled",
    "color": LINE,
    "fillcolor": "white",
    "penwidth": "1.1",
    "margin": "0.08,0.04",
    "height": "0.3",
}
EDGE = {
    "fontname": FONT,
    "fontsize": "8",
    "fontcolor": GREY,
    "color": LINE,
    "penwidth": "0.9",
    "arrowsize": "0.55",
    "labelfontsize": "8",
}

KINDS: dict[Kind, dict[str, str]] = {
    Kind.INPUT: {"fillcolor": "#DDEEF9", "color": "#0072B2"},
    Kind.OUTPUT: {"fillcolor": "#DDF2EA", "color": "#00795A", "peripheries": "2"},
    Kind.NAME: {"fillcolor": "#F2F5F8", "height": "0.24"},
    Kind.OPERATION: {"shape": "circle", "style": "filled", "fixedsize": "shape"},
    Kind.LAYER: {},
    Kind.GRAPH: {"fillcolor": "#F1EBF4", "color": "#7A4B78", "peripheries": "2"},
    Kind.JOINT: {
        "shape": "circle", "fixedsize": "true", "width": "0.09", "height": "0.09",
        "fillcolor": LINE,
    },
    Kind.SUM: {
        "shape": "circle", "style": "filled", "fixedsize": "true", "width": "0.26",
        "height": "0.26", "fillcolor": "#3D4752", "fontcolor": "white",
    },
    Kind.FOLDED: {"style": "rounded,filled,dashed", "fillcolor": "#F4F4F4"},
}  # fmt: skip
PARAMETERS = {"fillcolor": "#FFF1CF", "color": "#A86C00"}
"""Vertices with parameters."""

SHARED = ("#D55E00", "#0072B2", "#00795A", "#A04C7E", "#56B4E9", "#8A7B00")
"""Outlines of vertices that share parameters, set by set."""

TITLE = "#2C4A68"
GATE = {
    "style": "rounded,filled",
    "fillcolor": "#F1F5F9",
    "color": "#C3CDD7",
    "fontcolor": TITLE,
}
OPENED = {
    "style": "rounded,filled,dashed",
    "fillcolor": "#FBF9FC",
    "color": "#9C7F9A",
    "fontcolor": "#5F3A5D",
}
GROUP = {"fontsize": "11", "margin": "9", "labeljust": "l"}

NARROW, WIDE = set("ijltfrI|.,:;'!()[]{} -·"), set("mwMW@%—…→")


def text_width(text: str, size: float) -> float:
    """The approximate width of a line in Helvetica, in points; rather more than less."""
    em = sum(0.34 if c in NARROW else 0.9 if c in WIDE or ord(c) > 0x2E80 else 0.6 for c in text)
    return em * size
