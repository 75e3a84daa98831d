"""``graphnet compile``: what the compiler makes of a net."""

from __future__ import annotations

import warnings

import typer

from graphnet.cli.compiled import CompiledNet
from graphnet.cli.inputs import as_given, shapes_for
from graphnet.cli.loading import file_of, reporting
from graphnet.cli.net_arguments import Dtype, Inputs, Mode, Place, Show, With
from graphnet.cli.nets import net_of


def compile_command(
    place: Place,
    inputs: Inputs = None,
    dtype: Dtype = None,
    mode: Mode = "train",
    show: Show = None,
    definitions: With = None,
) -> None:
    """Compile a net, and say what was made of it.

    graphnet compile cell.py:net --input 50,32,128

    --show looks inside, in the order in which the compiler works:

    \b
    --show program      what the net computes, as one list of array equations
    --show after=hoist  the same after a pass; after=? lists the passes
    --show calls        the kernels in the order in which they are called
    --show memory       the arena: which array lies where, from which call to which
    --show llvm         the code of the kernels as it is handed to LLVM
    --show assembly     the code that the processor runs
    --show profile      runs the net: milliseconds by node

    For instance what an LSTM has left to multiply at each step:

    \b
    graphnet compile cell.py:net --input 50,32,128 --mode infer --show after=sink

    GRAPHNET_CPU=haswell makes code for a lesser processor, GRAPHNET_THREADS=1 for one thread, and
    GRAPHNET_CACHE=off compiles what is on disk already.
    """
    net, wanted, texts = net_of(place, definitions), show or [], inputs or []
    if dtype is not None:
        net.astype(dtype)
    net.train(mode == "train")
    shapes = shapes_for(net, place, texts)
    with reporting(file_of(place)), as_given(net, texts), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* runs? interpreted")  # told below
        made = CompiledNet(net, shapes)
        views = [text for name in wanted for text in made.shown(name)]
        for line in made.lines():
            typer.echo(line, err=bool(wanted))
        for text in views:
            typer.echo(text)
