"""The arguments of the commands that look into a net: what --help says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.compiled import require_view
from graphnet.cli.nets import complete_place
from graphnet.errors import DataError


def one_of(option: str, allowed: Sequence[str]) -> Callable[[str | None], str | None]:
    """A check of an option that is one of a few words, or is not given."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in allowed:
            raise DataError(f"{option} {value} is none of {', '.join(allowed)}")
        return value

    return check


def views(names: list[str] | None) -> list[str]:
    """What ``--show`` asks for, once each of them is known to exist."""
    for name in names or []:
        require_view(name)
    return names or []


Place = Annotated[
    str,
    typer.Argument(
        metavar="FILE.py:NAME",
        help="A module in a Python file, or a function without arguments that returns one; or "
        "FILE.gn, a saved net; or a cell, lstm_cell or lstm_cell:20,10 (its sizes); or a layer, "
        "LSTM:20,10.",
        autocompletion=complete_place,
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        help="Shape of an input: 20, or 32,20, or 50,32:int for indices. Once for each input.",
    ),
]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE.py",
        help="A Python file that defines classes of a saved net. May be given several times.",
    ),
]
MoreInputs = Annotated[
    list[str] | None, typer.Argument(metavar="[SHAPE]...", help="Shapes of further inputs.")
]
Dtype = Annotated[
    str | None,
    typer.Option(
        callback=one_of("--dtype", ("float32", "float64")),
        help="float32 or float64; without it, that of the parameters.",
    ),
]
Mode = Annotated[
    str,
    typer.Option(
        callback=one_of("--mode", ("train", "infer")),
        help="train: forward and backward; infer: forward alone.",
    ),
]
Show = Annotated[
    list[str] | None,
    typer.Option(
        callback=views,
        help="program, after=PASS (after=? lists them), calls, memory, profile, llvm, or assembly.",
    ),
]
