"""``graphnet compile``: what the compiler makes of a net in a Python file."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer

from graphnet.cli.compiled import VIEWS_OF_CODE, Compiled
from graphnet.cli.loading import file_of, load_module, reporting, shapes_of
from graphnet.errors import DataError

DTYPES = ("float32", "float64")
MODES = ("train", "infer")


def compile_command(
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
    dtype: Annotated[
        str | None, typer.Option(help="float32 or float64; without it, that of the parameters.")
    ] = None,
    mode: Annotated[
        str, typer.Option(help="train: forward and backward; infer: forward alone.")
    ] = "train",
    show: Annotated[
        list[str] | None,
        typer.Option(help="program, after=PASS, calls, memory, profile, llvm, or assembly."),
    ] = None,
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
    wanted = show or []
    require(mode, MODES, "--mode")
    if dtype is not None:
        require(dtype, DTYPES, "--dtype")
    for name in wanted:
        if not name.startswith("after="):
            require(name, VIEWS_OF_CODE, "--show")
    net = load_module(place)
    if dtype is not None:
        net.astype(dtype)
    net.training(mode == "train")
    if not inputs:
        raise DataError("The compiler needs the shape of each input", "Add --input 50,32,128")
    with reporting(file_of(place)), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is not compiled is told below
        made = Compiled(net, shapes_of(inputs))
        texts = [text for name in wanted for text in made.shown(name)]
        for line in made.lines():
            typer.echo(line, err=bool(wanted))
        for text in texts:
            typer.echo(text)


def require(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        raise DataError(f"{option} {value} is none of {', '.join(allowed)}")
