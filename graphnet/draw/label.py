"""Labels: what is written on a vertex, in its tooltip, and how large it must be for that."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.draw import style
from graphnet.draw.picture import Kind, Vertex
from graphnet.draw.quoting import html_text, quoted, shortened
from graphnet.graph import GModule, Module

MOST_PARAMETERS = 6
"""No more parameters than these are listed on a vertex."""

Line = tuple[str, float, bool]
"""Text, size in points, bold."""


def label_attributes(
    vertex: Vertex, badge: tuple[str, str] | None, upright: bool
) -> dict[str, str]:
    """The label of a vertex and its least size, as DOT attributes (already quoted).

    ``badge`` is a line in a colour of its own; ``upright`` says that edges run up or down.
    """
    if vertex.kind == Kind.JOINT:
        return {"label": '""'}
    if vertex.kind == Kind.OPERATION:
        return sign_label(vertex, upright)
    if vertex.kind in (Kind.LAYER, Kind.GRAPH):
        return box_label(lines_of(vertex), badge)
    text = gradient_of(vertex, shortened(vertex.title))
    width = style.text_width(text, style.SIZE) + 16
    found = {"label": quoted(text), "width": inches(width)}
    return {"label": quoted(text)} if vertex.kind == Kind.SUM else found


def gradient_of(vertex: Vertex, text: str) -> str:
    return f"∂{text}" if vertex.gradient else text


def sign_label(vertex: Vertex, upright: bool) -> dict[str, str]:
    """A sign in a circle; its name, if any, to the right, where edges are rare:
    below, or above where gradients part.

    A gate has its name at the same level, inside the group that is named by it; where edges run
    sideways, the group bears the name.

    The circle's size is fixed. The name stands in a table as wide on the left as on the right, so
    that the sign stays in the middle, and Graphviz keeps room for it (``fixedsize=shape``).
    """
    sign = vertex.module.symbol if vertex.module is not None else ""
    text = gradient_of(vertex, sign)
    size = style.SIGN if len(text) < 2 else style.SIZE
    around = max(25.0, style.text_width(text, size) + 8)
    found = {"width": inches(around), "fontsize": f"{size:g}"}
    if not vertex.title or (vertex.gate and not upright):
        return {"label": quoted(text), **found}
    name = gradient_of(vertex, shortened(vertex.title))
    small, color = (style.SIZE, style.TITLE) if vertex.gate else (style.SMALL + 1, style.GREY)
    side = round(style.text_width(name, small) * (1.15 if vertex.gate else 1) + 4)
    more, wider = (0, 6) if vertex.gate else (18, -4)
    parted = vertex.gradient and vertex.node is not None and len(vertex.node.parents) > 1
    height = "MIDDLE" if vertex.gate else "TOP" if parted else "BOTTOM"
    shown = f"<B>{html_text(name)}</B>" if vertex.gate else html_text(name)
    row = (
        f'<TD WIDTH="{side}" HEIGHT="{around + more:.0f}"></TD>'
        f'<TD WIDTH="{around + wider:.0f}">{html_text(text)}</TD>'
        f'<TD WIDTH="{side}" ALIGN="LEFT" VALIGN="{height}">'
        f'<FONT POINT-SIZE="{small:g}" COLOR="{color}">{shown}</FONT></TD>'
    )
    return {"label": table_label(f"<TR>{row}</TR>"), **found}


def box_label(lines: Sequence[Line], badge: tuple[str, str] | None) -> dict[str, str]:
    """Lines of text under each other, each with room enough even where no fonts are installed."""
    rows = []
    colored = [(*line, style.INK if line[2] else style.GREY) for line in lines]
    if badge is not None:
        colored.append((badge[0], style.SMALL, True, badge[1]))
    for text, size, bold, color in colored:
        width = style.text_width(text, size) * (1.06 if bold else 1)
        marked = f"<B>{html_text(text)}</B>" if bold else html_text(text)
        rows.append(
            f'<TR><TD WIDTH="{width:.0f}" HEIGHT="{size * 1.3:.0f}">'
            f'<FONT POINT-SIZE="{size:g}" COLOR="{color}">{marked}</FONT></TD></TR>'
        )
    return {"label": table_label("".join(rows))}


def group_title(text: str) -> str:
    """A title for the upper left of a group, which becomes so wide that its middle stays free.

    Edges enter a group in its middle more often than not.
    """
    text = shortened(text)
    width = style.text_width(text, style.SIZE)
    row = f'<TD ALIGN="LEFT">{html_text(text)}</TD><TD WIDTH="{width:.0f}"></TD>'
    return table_label(f"<TR>{row}</TR>")


def table_label(rows: str) -> str:
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>>'


def lines_of(vertex: Vertex) -> list[Line]:
    """Name, module, and the shapes of its weights."""
    module = vertex.module
    assert module is not None
    head = gradient_of(vertex, shortened(vertex.title)) if vertex.title else ""
    what = short_description(module)
    if not head:
        lines: list[Line] = [(gradient_of(vertex, what), style.SIZE, True)]
    else:
        lines = [(head, style.SIZE, True), (what, style.SMALL + 1, False)]
    if vertex.kind == Kind.GRAPH:
        return [*lines, *((text, style.SMALL, False) for text in size_lines(module))]
    mark = "∂" if vertex.gradient else ""
    held = [f"{mark}{name} {parameter.shape}" for name, parameter in module.own_parameters()]
    if len(held) > MOST_PARAMETERS:
        held = [*held[: MOST_PARAMETERS - 1], f"and {len(held) - MOST_PARAMETERS + 1} more"]
    return lines + [(shortened(text), style.SMALL, False) for text in held]


def short_description(module: Module) -> str:
    """``Linear 20→10``, ``Dropout(0.5)``, ``GModule``."""
    name = type(module).__name__
    ends = [getattr(module, a, None) for a in ("in_features", "out_features")]
    if all(isinstance(end, int) for end in ends):
        return f"{name} {ends[0]}→{ends[1]}"
    if isinstance(module, GModule):
        return "graph"
    return shortened(module.description().removesuffix("()"), 36)


def size_lines(module: Module) -> list[str]:
    """How much is inside a module drawn closed."""
    count = sum(parameter.size for parameter in module.parameters())
    lines = [f"{count:,} parameters"] if count else []
    if isinstance(module, GModule):
        lines.insert(0, f"{len(module.nodes)} nodes")
    return lines


def tooltip(vertex: Vertex, shared: Sequence[str]) -> str:
    """Name, module, shapes, parameters, source line, description: all that is known."""
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


def inches(points: float) -> str:
    return f"{points / 72:.2f}"
