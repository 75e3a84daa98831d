"""Labels: the text of a vertex and of its tooltip, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphnet.drawing.labels import style
from graphnet.drawing.labels.quoting import shortened
from graphnet.drawing.picture.picture import Kind, Vertex
from graphnet.graph import GModule, Module

MOST_PARAMETERS = 6
"""The maximum number of parameters listed on a vertex."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a label; ``size`` in points."""

    text: str
    size: float
    bold: bool = False
    color: str = style.GREY


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign in a circle ``around`` points wide, and a ``name`` to its right, ``side`` points wide.

    The name of a gate is level with the sign; others are lower, or ``above`` where gradients part:
    where edges are rare.
    """

    sign: Line
    around: float
    name: Line | None = None
    side: int = 0
    level: bool = False
    above: bool = False


def sign_of(vertex: Vertex, upright: bool) -> Sign:
    """The sign of an operation; ``upright`` tells that edges run up or down.

    A gate has its name at its side, inside the group of the same name; with horizontal edges the
    group shows the name.
    """
    text = gradient_of(vertex, vertex.module.symbol if vertex.module is not None else "")
    size = style.SIGN if len(text) < 2 else style.SIZE
    sign = Line(text, size, color=style.INK)
    around = max(25.0, style.text_width(text, size) + 8)
    if not vertex.title or (vertex.gate and not upright):
        return Sign(sign, around)
    small, color = (style.SIZE, style.TITLE) if vertex.gate else (style.SMALL + 1, style.GREY)
    name = Line(gradient_of(vertex, shortened(vertex.title)), small, vertex.gate, color)
    side = round(style.text_width(name.text, small) * (1.15 if vertex.gate else 1) + 4)
    parted = vertex.gradient and vertex.node is not None and len(vertex.node.parents) > 1
    return Sign(sign, around, name, side, level=vertex.gate, above=parted)


def lines_of(vertex: Vertex, badge: Line | None) -> list[Line]:
    """Name, module, and the shapes of its weights or its size; a badge last."""
    module = vertex.module
    assert module is not None
    what = short_description(module)
    if vertex.title:
        lines = [heading(gradient_of(vertex, shortened(vertex.title))), Line(what, style.SMALL + 1)]
    else:
        lines = [heading(gradient_of(vertex, what))]
    held = size_lines(module) if vertex.kind == Kind.GRAPH else parameter_lines(vertex, module)
    lines += [Line(text, style.SMALL) for text in held]
    return lines if badge is None else [*lines, badge]


def heading(text: str) -> Line:
    return Line(text, style.SIZE, True, style.INK)


def gradient_of(vertex: Vertex, text: str) -> str:
    return f"∂{text}" if vertex.gradient else text


def parameter_lines(vertex: Vertex, module: Module) -> list[str]:
    """The shapes of a module's own parameters, not too many."""
    mark = "∂" if vertex.gradient else ""
    held = [f"{mark}{name} {parameter.shape}" for name, parameter in module.own_parameters()]
    if len(held) > MOST_PARAMETERS:
        held = [*held[: MOST_PARAMETERS - 1], f"and {len(held) - MOST_PARAMETERS + 1} more"]
    return [shortened(text) for text in held]


def short_description(module: Module) -> str:
    """``Linear 20→10``, ``Dropout(0.5)``, ``LSTM(8, 16)``; ``graph`` for one of a user's nodes."""
    name = type(module).__name__
    ends = [getattr(module, a, None) for a in ("in_features", "out_features")]
    if all(isinstance(end, int) for end in ends):
        return f"{name} {ends[0]}→{ends[1]}"
    if type(module) is GModule:
        return "graph"
    return shortened(module.description().removesuffix("()"), 36)


def size_lines(module: Module) -> list[str]:
    """The size of a module drawn closed."""
    count = sum(parameter.size for parameter in module.parameters())
    lines = [f"{count:,} parameters"] if count else []
    if isinstance(module, GModule):
        lines.insert(0, f"{len(module.nodes)} nodes")
    return lines


def tooltip(vertex: Vertex, shared: Sequence[str]) -> str:
    """Name, module, shapes, parameters, source line, description."""
    lines = [gradient_of(vertex, vertex.name)]
    module, node = vertex.module, vertex.node
    if module is not None and vertex.kind != Kind.INPUT:
        lines.append(module.description())
    if vertex.shape:
        lines.append(f"{'gradient' if vertex.gradient else 'output'} {vertex.shape}")
    if module is not None:
        lines += [f"{name} {p.shape}" for name, p in module.own_parameters()]
    if vertex.share is not None:
        lines.append(f"{vertex.share:.1%} of the whole")
    if shared:
        lines.append(f"parameters shared with {', '.join(shared)}")
    if vertex.folded:
        lines = [f"{vertex.folded:,} nodes, folded", lines[0]]
    if node is not None:
        lines.append(node.place)
        lines += [node.description] if node.description else []
    return "\n".join(lines)
