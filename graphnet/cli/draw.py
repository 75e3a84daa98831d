"""``graphnet draw``: a picture of a net in a Python file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.loading import file_of, load_module, reporting, shapes_of
from graphnet.errors import DataError


def draw_command(
    place: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:NAME",
            help="A module in a Python file, or a function without arguments that returns one.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The picture: .svg, .png, .pdf or .dot."),
    ] = Path("graph.svg"),
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="Shape of one input, to show all shapes: 20 or 32,20."),
    ] = None,
    backward: Annotated[bool, typer.Option(help="Draw the graph of the gradients.")] = False,
    depth: Annotated[int, typer.Option(min=0, help="Levels of inner graphs to open.")] = 0,
    direction: Annotated[str, typer.Option(help="Of the arrows: TB, LR, BT or RL.")] = "TB",
) -> None:
    """Draw a net: graphnet draw cell.py:net -o cell.svg"""
    from graphnet.draw import draw
    from graphnet.draw.render import FORMATS

    format = output.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise DataError(f"-o {output} ends in none of .{', .'.join(FORMATS)}")
    net = load_module(place)
    shapes = shapes_of(inputs) if inputs else None
    with reporting(file_of(place)):
        drawing = draw(net, shapes, backward=backward, depth=depth, direction=direction)
    output.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(output)
    typer.echo(f"wrote {output}")
