"""DOT: the text of a picture, deterministic to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphnet.drawing.labels import style
from graphnet.drawing.labels.dot_labels import Labels
from graphnet.drawing.labels.label import Line, tooltip
from graphnet.drawing.labels.quoting import (
    attribute_value,
    identifier,
    quoted,
    quoted_tooltip,
    shortened,
)
from graphnet.drawing.picture.fold import used_groups
from graphnet.drawing.picture.overlay import fill, share_text
from graphnet.drawing.picture.picture import Edge, Group, Kind, Picture, Vertex
from graphnet.drawing.picture.sharing import Sharing

GATE_PORTS = {"TB": ('"n"', '"s"'), "BT": ('"s"', '"n"')}
"""Where edges enter and leave a gate."""


def dot_text(picture: Picture, direction: str, title: str, name: str, labels: Labels) -> str:
    """The whole file, one statement on each line, with labels of either form."""
    return "\n".join(
        [f"digraph {quoted(name)} {{", *body(picture, direction, title, name, labels), "}", ""]
    )


def body(picture: Picture, direction: str, title: str, name: str, labels: Labels) -> Iterator[str]:
    count = sum(vertex.folded for vertex in picture.vertices)
    note = f"{count:,} nodes are folded" if count else ""
    caption = "\n".join(line for line in (title, note) if line)
    graph = {key: quoted(value) for key, value in {**style.GRAPH, "rankdir": direction}.items()}
    if caption:
        graph |= {"label": quoted(caption), "labelloc": '"t"'}
    yield f"  graph [{joined(graph | {'tooltip': quoted_tooltip(name)})}]"
    yield f"  node [{joined({key: quoted(value) for key, value in style.NODE.items()})}]"
    yield f"  edge [{joined({key: quoted(value) for key, value in style.EDGE.items()})}]"
    sharing = Sharing(picture.vertices)
    names = identifiers(picture.vertices)
    upright = is_upright(direction)
    statements = [
        f"n{i} [{joined(vertex_attributes(v, names[i], sharing, i, upright, labels))}]"
        for i, v in enumerate(picture.vertices)
    ]
    yield from clusters(picture, statements, upright, labels)
    for kind, rank in ((Kind.INPUT, "source"), (Kind.OUTPUT, "sink")):
        ends = [f"n{i}" for i, vertex in enumerate(picture.vertices) if vertex.kind == kind]
        if len(ends) > 1:
            yield f"  {{ rank={rank}; {'; '.join(ends)} }}"
    for edge in picture.edges:
        look = joined(edge_attributes(edge, picture.vertices, direction, labels))
        yield f"  n{edge.source} -> n{edge.target} [{look}]"


def clusters(
    picture: Picture, statements: Sequence[str], upright: bool, labels: Labels
) -> Iterator[str]:
    """The vertices, those of a group inside its braces; nested groups, without recursion."""
    groups = used_groups(picture)
    signed = {vertex.group for vertex in picture.vertices if vertex.gate and upright}
    inside: dict[int | None, list[str]] = {}
    for vertex, statement in zip(picture.vertices, statements, strict=True):
        inside.setdefault(vertex.group, []).append(statement)
    children: dict[int | None, list[int]] = {}
    for number, group in groups.items():
        children.setdefault(group.parent, []).append(number)
    yield from (f"  {statement}" for statement in inside.get(None, ()))
    pending = [(number, 1, False) for number in reversed(children.get(None, []))]
    while pending:
        number, depth, close = pending.pop()
        if close:
            yield "  " * depth + "}"
            continue
        yield f"{'  ' * depth}subgraph cluster_{number} {{"
        look = group_attributes(groups[number], number in signed, labels)
        yield f"{'  ' * (depth + 1)}graph [{joined(look)}]"
        yield from ("  " * (depth + 1) + statement for statement in inside.get(number, ()))
        pending.append((number, depth, True))
        pending += [(child, depth + 1, False) for child in reversed(children.get(number, []))]


def group_attributes(group: Group, signed: bool, labels: Labels) -> dict[str, str]:
    """A group's title and look; if a gate's sign shows the name, the title is only a tooltip."""
    look = {**style.GROUP, **(style.OPENED if group.opened else style.GATE)}
    text = f"{group.title}  ({group.note})" if group.note else group.title
    return {
        "label": '""' if signed else labels.group_title(text),
        "tooltip": quoted_tooltip(text),
        "class": quoted("opened" if group.opened else "gate"),
        **{key: quoted(value) for key, value in look.items()},
    }


def vertex_attributes(
    vertex: Vertex, name: str, sharing: Sharing, at: int, upright: bool, labels: Labels
) -> dict[str, str]:
    """All attributes of a vertex; the user's own last, to take precedence."""
    look = dict(style.KINDS[vertex.kind])
    classes = [vertex.kind.value] + ["gate"] * vertex.gate + ["gradient"] * vertex.gradient
    if vertex.module is not None and has_parameters(vertex):
        look |= style.PARAMETERS if vertex.kind == Kind.LAYER else {}
        classes.append("parameters")
    mark = sharing.mark(at)
    if mark is not None:
        look |= {"color": style.SHARED[mark % len(style.SHARED)], "penwidth": "2.2"}
        classes.append(f"shared-{mark + 1}")
    if vertex.share is not None:
        look["fillcolor"] = fill(vertex.heat)
    found = {key: quoted(value) for key, value in look.items()}
    found |= labels.of_vertex(vertex, badge(vertex, mark), upright)
    found["tooltip"] = quoted_tooltip(tooltip(vertex, sharing.others(at)))
    found["id"] = quoted(name)
    found["class"] = quoted(" ".join(classes))
    own = vertex.node.attributes if vertex.node is not None else {}
    return found | {attribute_value(key): labels.users(value) for key, value in own.items()}


def badge(vertex: Vertex, mark: int | None) -> Line | None:
    """A coloured line: the set of shared parameters, or the overlay's share."""
    if mark is not None:
        color = style.SHARED[mark % len(style.SHARED)]
        return Line(f"shared {mark + 1}", style.SMALL, True, color)
    if vertex.share is not None:
        return Line(share_text(vertex.share), style.SMALL, True, style.INK)
    return None


def has_parameters(vertex: Vertex) -> bool:
    assert vertex.module is not None
    return next(vertex.module.own_parameters(), None) is not None


def edge_attributes(
    edge: Edge, vertices: Sequence[Vertex], direction: str, labels: Labels
) -> dict[str, str]:
    """The array of an edge, and where it may touch a gate."""
    source, target = vertices[edge.source], vertices[edge.target]
    ends = f"{source.name} → {target.name}"
    way = (edge.slot, edge.label) if target.gradient or source.gradient else (edge.label, edge.slot)
    entry = " → ".join(part for part in way if part)
    if edge.slot and not edge.label:
        entry = f"{edge.slot} →" if source.gradient else f"→ {edge.slot}"
    shape = shortened(edge.shape, 30)
    text = (" \n " if edge.slot else " ").join(part for part in (shortened(entry), shape) if part)
    found = {
        "tooltip": quoted_tooltip("\n".join(part for part in (ends, entry, edge.shape) if part))
    }
    if text:
        found |= {"label": labels.edge(text), "labeltooltip": found["tooltip"]}
    if edge.again:
        found |= {"style": '"dashed"', "constraint": '"false"'}
    if source.group is not None and source.group == target.group:
        found["weight"] = '"3"'
    if is_upright(direction):  # a gate has its name at its side, where no edge may come or go
        entry_port, exit_port = GATE_PORTS[direction]
        found |= {"tailport": exit_port} if source.gate else {}
        found |= {"headport": entry_port} if target.gate else {}
    return found


def is_upright(direction: str) -> bool:
    """Whether edges run up or down."""
    return direction in GATE_PORTS


def joined(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in attributes.items())


def identifiers(vertices: Iterable[Vertex]) -> list[str]:
    """A unique name of letters, digits and hyphens for each vertex."""
    taken: dict[str, int] = {}
    result = []
    for vertex in vertices:
        gradient = "grad-" if vertex.gradient else ""
        prefix = "output-" if vertex.kind == Kind.OUTPUT else ""
        base = gradient + prefix + identifier(vertex.name)
        name = base
        while name in taken:
            taken[base] += 1
            name = f"{base}-{taken[base]}"
        taken[name] = 1
        result.append(name)
    return result
