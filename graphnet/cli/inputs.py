"""The inputs of a net on the command line: their shapes, and whether they are as many as it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from graphnet.errors import DataError, GraphnetError
from graphnet.graph import GModule, Module

LARGEST = 2**31 - 1
"""The largest extent of an axis."""


def shapes_for(net: Module, place: str, texts: Sequence[str]) -> list[Any]:
    """The shapes of all inputs, as ``net.summary`` takes them; DataError for too few or many.

    Those beyond the first of a net with one input make a table of it.
    """
    names, optional = input_names(net)
    wanted = " ".join(f"--input <shape of {name}>" for name in names)
    if not texts:
        raise DataError(f"{place} needs the shape of each input", f"Add {wanted}.")
    most = len(names) + len(optional)
    if not len(names) <= len(texts) <= most and most > 1:
        besides = f", and may have {', '.join(optional)}" if optional else ""
        raise DataError(
            f"{place} has the inputs {', '.join(names)}{besides}: expected "
            f"{count_text(len(names), most)}, received {len(texts)} ({' and '.join(texts)})",
            f"Write {wanted}{''.join(f' [--input <shape of {name}>]' for name in optional)}.",
        )
    return [shape_of(text) for text in texts]


def count_text(least: int, most: int) -> str:
    return f"{least} shapes" if least == most else f"{least} to {most} shapes"


def input_names(net: Module) -> tuple[list[str], list[str]]:
    """The inputs that a net must have, and those that may be left out."""
    if not isinstance(net, GModule):
        return ["x"], list(net.optional_inputs())
    names = [net.name_of(node) for node in net.inputs]
    return names[: net.required_inputs()], names[net.required_inputs() :]


@contextmanager
def as_given(net: Module, texts: Sequence[str]) -> Iterator[None]:
    """An error of a net with one input, which several shapes made a table, tells so."""
    try:
        yield
    except GraphnetError as error:
        (name, *others), optional = input_names(net)
        if len(texts) > 1 and not others and not optional:
            error.hint = (
                f"The net has one input, {name}: expected one --input for an array, received "
                f"{len(texts)}, which make it a table."
            )
        raise


def shape_of(text: str) -> Any:
    """One shape: ``20``, ``5,3``, ``50,50:int``; raises DataError where it cannot be read."""
    numbers, _, kind = text.partition(":")
    try:
        shape = tuple(int(part) for part in numbers.split(",") if part.strip())
    except ValueError:
        shape = ()
    if not shape or min(shape) < 0 or max(shape) > LARGEST or kind not in ("", "int", "float"):
        raise DataError(
            f"{text!r} is not a shape",
            "Write numbers separated by commas: 20 or 32,20; 50,32:int for indices.",
        )
    return (shape, int) if kind == "int" else shape
