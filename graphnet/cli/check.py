"""``graphnet check``: whether a net is whole, what it holds, whether gradients are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer

from graphnet.cli.definitions import read_saved
from graphnet.cli.inputs import as_given, shapes_for
from graphnet.cli.loading import file_of, reporting
from graphnet.cli.net_arguments import Inputs, Place, With
from graphnet.cli.nets import is_saved, net_of
from graphnet.errors import NumericsError
from graphnet.graph import Module
from graphnet.graph.gradient_check import check_gradients
from graphnet.graph.inspection.summary import stand_ins
from graphnet.graph.values.table import flatten, map_table
from graphnet.text_table import aligned
from graphnet.train.checkpoints.training_state import POSITION


def check_command(place: Place, inputs: Inputs = None, definitions: With = None) -> None:
    """Check that a file is whole and its net sound, and say what it holds.

    With --input for each input of the net, all its shapes are checked too, and the gradients of a
    net without indices among its inputs against central differences, on random inputs.

    \b
    graphnet check wave.gn
    graphnet check wave.gn --input 50,16,1
    graphnet check lstm/checkpoint.gn
    graphnet check cell.py:net --input 20
    """
    if is_saved(place):
        stored = read_saved(Path(place), definitions or ())
        net, lines = stored.module, list(facts_of_file(Path(place), stored.notes))
    else:
        net, lines = net_of(place, definitions), []
    lines += facts_of_net(net)
    require_finite(net, place)
    if inputs:
        shapes = shapes_for(net, place, inputs)
        with reporting(file_of(place)), as_given(net, inputs):
            net.summary(*shapes)
        lines.append(("shapes", f"fit for inputs {' and '.join(inputs)}"))
        lines.append(("gradients", checked(net, shapes, place)))
    for line in aligned(lines):
        typer.echo(line)
    typer.echo("ok")


def facts_of_file(path: Path, notes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The size of a file, and the training that it continues."""
    yield "file", f"{path}, {path.stat().st_size:,} bytes, as it was written"
    position = notes.get(POSITION)
    if isinstance(position, dict):
        rate = position.get("learning_rate")
        yield "training", f"after {position.get('batches'):,} batches, learning rate {rate:g}"
    others = [name for name in notes if name != POSITION]
    if others:
        yield "notes", ", ".join(others)


def facts_of_net(net: Module) -> Iterator[tuple[str, str]]:
    parameters = net.parameters()
    dtypes = " and ".join(sorted({str(p.dtype) for p in parameters})) or "none"
    count = sum(p.size for p in parameters)
    yield "net", net.description()
    yield "parameters", f"{len(parameters)}, {count:,} numbers, {dtypes}"


def checked(net: Module, shapes: Sequence[Any], place: str) -> str:
    """What the gradients on random inputs of these shapes are like."""
    values = stand_ins(net, shapes)
    if any(leaf.dtype.kind != "f" for leaf in flatten(values)[0]):
        return "not checked: random indices need not be valid; see gn.check_gradients"
    rng = np.random.default_rng(0)
    with reporting(file_of(place)):
        check = check_gradients(net, map_table(lambda leaf: rng.normal(size=leaf.shape), values))
    worst = check.worst
    return f"agree with differences; largest error {worst.error:.0e}, by {worst.name}"


def require_finite(net: Module, place: str) -> None:
    """Raise NumericsError for a parameter that holds a NaN or an infinity."""
    for name, parameter in net.named_parameters():
        wrong = np.argwhere(~np.isfinite(parameter.data))
        if len(wrong):
            first = tuple(int(i) for i in wrong[0])
            among = f", one of {len(wrong)} such numbers" if len(wrong) > 1 else ""
            raise NumericsError(
                f"holds {parameter.data[first]} at {first} of {name}{among}",
                "Go back to a file before that; Trainer stops before such a step.",
                place,
            )
