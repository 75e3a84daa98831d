"""``graphnet draw``: a picture of a net."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.inputs import as_given, shapes_for
from graphnet.cli.loading import file_of, reporting
from graphnet.cli.net_arguments import Inputs, Place, With
from graphnet.cli.nets import net_of
from graphnet.errors import DataError


def draw_command(
    place: Place,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The picture: .svg, .png, .pdf or .dot."),
    ] = Path("graph.svg"),
    inputs: Inputs = None,
    definitions: With = None,
    backward: Annotated[bool, typer.Option(help="Draw the graph of the gradients.")] = False,
    depth: Annotated[int, typer.Option(min=0, help="Levels of inner graphs to open.")] = 0,
    direction: Annotated[str, typer.Option(help="Of the arrows: TB, LR, BT or RL.")] = "TB",
) -> None:
    """Draw a net, or a cell of the library by its name.

    With --input for each input of the net, the picture shows all shapes.

    \b
    graphnet draw lstm_cell -o lstm.svg
    graphnet draw gru_cell:64,128 --backward -o gru_backward.svg
    graphnet draw cell.py:net --input 32,20 -o cell.svg
    graphnet draw wave.gn --depth 1 -o wave.png
    """
    from graphnet.drawing import draw
    from graphnet.drawing.rendering.render import FORMATS

    format = output.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise DataError(f"-o {output} ends in none of .{', .'.join(FORMATS)}")
    net = net_of(place, definitions)
    shapes = shapes_for(net, place, inputs) if inputs else None
    with reporting(file_of(place)), as_given(net, inputs or []):
        drawing = draw(net, shapes, backward=backward, depth=depth, direction=direction)
    output.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(output)
    typer.echo(f"wrote {output}")
