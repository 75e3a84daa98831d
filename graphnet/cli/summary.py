"""``graphnet summary``: nodes, shapes, parameters and multiply-adds of a net in a Python file."""

from __future__ import annotations

from typing import Annotated

import typer

from graphnet.cli.loading import file_of, load_module, reporting, shapes_of
from graphnet.errors import DataError
from graphnet.graph import GModule


def summary_command(
    place: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:NAME",
            help="A module in a Python file, or a function without arguments that returns one.",
        ),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="Shape of an input: 20, or 32,20, or 50,32:int for indices."),
    ] = None,
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[SHAPE]...", help="Shapes of further inputs.")
    ] = None,
) -> None:
    """Print what each node gives, holds and costs: graphnet summary cell.py:net --input 20

    One --input for each input of the net. Nothing is computed: shapes alone.
    """
    net = load_module(place)
    shapes = shapes_of([*(inputs or []), *(more or [])])
    if not shapes:
        names = [net.name_of(node) for node in net.inputs] if isinstance(net, GModule) else ["x"]
        wanted = " ".join(f"--input <shape of {name}>" for name in names)
        raise DataError("A summary needs the shape of each input", f"Add {wanted}.")
    with reporting(file_of(place)):
        typer.echo(str(net.summary(*shapes)))
