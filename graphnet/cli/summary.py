"""``graphnet summary``: nodes, shapes, parameters and multiply-adds of a net."""

from __future__ import annotations

import typer

from graphnet.cli.inputs import as_given, shapes_for
from graphnet.cli.loading import file_of, reporting
from graphnet.cli.net_arguments import Inputs, MoreInputs, Place, With
from graphnet.cli.nets import net_of


def summary_command(
    place: Place,
    inputs: Inputs = None,
    more: MoreInputs = None,
    definitions: With = None,
) -> None:
    """Print what each node gives, holds and costs.

    One --input for each input of the net. Nothing is computed: shapes alone.

    \b
    graphnet summary cell.py:net --input 32,20
    graphnet summary wave.gn --input 50,16,1
    graphnet summary wave.gn --input 50,16,1 --with my_cells.py
    graphnet summary words.py:net --input 50,16:int
    graphnet summary lstm_cell:20,10 --input 5,20 5,10 5,10
    """
    net = net_of(place, definitions)
    texts = [*(inputs or []), *(more or [])]
    shapes = shapes_for(net, place, texts)
    with reporting(file_of(place)), as_given(net, texts):
        typer.echo(str(net.summary(*shapes)))
