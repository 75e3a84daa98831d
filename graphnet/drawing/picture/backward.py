"""The backward graph: every edge reversed, every vertex the gradient of its value."""

from __future__ import annotations

from dataclasses import replace

from graphnet.drawing.picture.picture import Edge, Kind, Picture, Vertex

SWAPPED = {Kind.INPUT: Kind.OUTPUT, Kind.OUTPUT: Kind.INPUT}


def backward_picture(forward: Picture) -> Picture:
    """The graph of the gradients: outputs first; where a value forks, its gradients are added."""
    picture = Picture(groups=list(forward.groups))
    uses = uses_of_values(forward)
    place: dict[int, int] = {}
    sums: dict[tuple[int, str], int] = {}
    for position in reversed(range(len(forward.vertices))):
        vertex = forward.vertices[position]
        for label, edges in uses[position].items():
            if len(edges) > 1:
                sums[position, label] = add_sum(picture, vertex)
        kind = SWAPPED.get(vertex.kind, vertex.kind)
        place[position] = picture.add(replace(vertex, kind=kind, gradient=True))
    for position in reversed(range(len(forward.vertices))):
        for label, edges in uses[position].items():
            target = sums.get((position, label), place[position])
            if len(edges) > 1:
                total = Edge(target, place[position], edges[0].shape, label)
                picture.edges.append(total)
                edges = [edge if edge.again else replace(edge, label="") for edge in edges]
            for edge in edges:
                picture.edges.append(replace(edge, source=place[edge.target], target=target))
    return picture


def uses_of_values(picture: Picture) -> list[dict[str, list[Edge]]]:
    """The edges from each vertex, by their table entry: each entry is a separate value."""
    uses: list[dict[str, list[Edge]]] = [{} for _ in picture.vertices]
    for edge in picture.edges:
        label = "" if edge.again else edge.label
        uses[edge.source].setdefault(label, []).append(edge)
    return uses


def add_sum(picture: Picture, vertex: Vertex) -> int:
    """A vertex that adds the gradients of all uses of a value."""
    return picture.add(
        Vertex(Kind.SUM, f"{vertex.name} (gradients added)", "+", group=vertex.group)
    )
