"""``graphnet summary``: nodes, shapes, parameters and multiply-adds of a net in a Python file."""

from __future__ import annotations

import typer

from graphnet.cli.inputs import as_given, shapes_for
from graphnet.cli.loading import file_of, load_module, reporting
from graphnet.cli.net_arguments import Inputs, MoreInputs, Place


def summary_command(place: Place, inputs: Inputs = None, more: MoreInputs = None) -> None:
    """Print what each node gives, holds and costs: graphnet summary cell.py:net --input 20

    One --input for each input of the net. Nothing is computed: shapes alone.
    """
    net = load_module(place)
    texts = [*(inputs or []), *(more or [])]
    shapes = shapes_for(net, place, texts)
    with reporting(file_of(place)), as_given(net, texts):
        typer.echo(str(net.summary(*shapes)))
