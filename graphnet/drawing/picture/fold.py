"""Folding: beyond a limit, the vertices in the middle are drawn as one."""

from __future__ import annotations

from dataclasses import replace

from graphnet.drawing.picture.picture import Edge, Group, Kind, Picture, Vertex

KEPT = 2
"""Vertices kept at each end of a folded chain."""


def folded(picture: Picture, limit: int) -> Picture:
    """At most about ``limit`` vertices: chains fold first, then the middle of the rest."""
    if len(picture.vertices) <= limit:
        return picture
    picture = merge(picture, chain_folds(picture))
    if len(picture.vertices) <= limit:
        return picture
    return merge(picture, middle_fold(picture, limit))


def chain_folds(picture: Picture) -> list[list[int]]:
    """The interiors of long chains: runs of vertices with one edge in and one edge out."""
    count = len(picture.vertices)
    following = [-1] * count
    ins, outs = [0] * count, [0] * count
    for edge in picture.edges:
        ins[edge.target] += 1
        outs[edge.source] += 1
        following[edge.source] = edge.target
    link = [ins[i] == 1 and outs[i] == 1 for i in range(count)]
    starts = [True] * count
    for edge in picture.edges:
        if link[edge.source]:
            starts[edge.target] = False
    chains = []
    for first in range(count):
        chain: list[int] = []
        at = first if starts[first] else -1
        while at >= 0 and link[at]:
            chain.append(at)
            at = following[at]
        if len(chain) > 2 * KEPT + 1:
            chains.append(chain[KEPT:-KEPT])
    return chains


def middle_fold(picture: Picture, limit: int) -> list[list[int]]:
    """All but the first and the last vertices, in order of computation."""
    half = max(limit // 2, 1)
    middle = list(range(half, len(picture.vertices) - half))
    return [middle] if len(middle) > 1 else []


def merge(picture: Picture, folds: list[list[int]]) -> Picture:
    """Each fold becomes one vertex; edges inside it are dropped, parallel edges are merged."""
    home: dict[int, int] = {}
    for number, fold in enumerate(folds):
        home.update(dict.fromkeys(fold, number))
    result = Picture(groups=list(picture.groups))
    place: dict[int, int] = {}
    made: dict[int, int] = {}
    for position, vertex in enumerate(picture.vertices):
        fold_number = home.get(position)
        if fold_number is None:
            place[position] = result.add(vertex)
            continue
        if fold_number not in made:
            made[fold_number] = result.add(fold_vertex(picture, folds[fold_number]))
        place[position] = made[fold_number]
    result.edges = merged_edges(picture.edges, place, set(made.values()))
    return result


def fold_vertex(picture: Picture, fold: list[int]) -> Vertex:
    inside = [picture.vertices[i] for i in fold]
    number = sum(vertex.folded or 1 for vertex in inside)
    name = f"{inside[0].name} … {inside[-1].name}"
    group = inside[0].group if len({vertex.group for vertex in inside}) == 1 else None
    return Vertex(Kind.FOLDED, name, f"… {number:,} nodes …", group=group, folded=number)


def merged_edges(edges: list[Edge], place: dict[int, int], folds: set[int]) -> list[Edge]:
    seen: set[tuple[int, int]] = set()
    result = []
    for edge in edges:
        source, target = place[edge.source], place[edge.target]
        if source in folds or target in folds:
            if source == target or (source, target) in seen:
                continue
            seen.add((source, target))
        result.append(replace(edge, source=source, target=target))
    return result


def used_groups(picture: Picture) -> dict[int, Group]:
    """The groups that contain a vertex, directly or in a nested group."""
    used: set[int] = set()
    for vertex in picture.vertices:
        group = vertex.group
        while group is not None and group not in used:
            used.add(group)
            group = picture.groups[group].parent
    return {i: group for i, group in enumerate(picture.groups) if i in used}
