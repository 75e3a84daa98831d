"""A module from the plain data that describes it; every claim of the data is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph.files.decoding import (
    Known,
    decode,
    numbered,
    stored,
)
from graphnet.graph.files.description import Data, describe
from graphnet.graph.files.filling import Filling
from graphnet.graph.files.settings import Form, check_arguments, present_names
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import parts_of, put
from graphnet.graph.modules.registry import MODULE_TYPES, is_own, make, type_key
from graphnet.graph.values.context import initialising
from graphnet.ir.core.types import NDArray

LARGEST = 10_000_000
"""How many modules a file may stand for, each counted as often as it is used."""

NODE = Form(
    {"module": int, "parents": list[int], "place": str},
    {"name": str, "description": str, "slots": list[int], "attributes": dict[str, str]},
)
COMMON = {"type": str, "parameters": dict[str, int]}
OPTIONAL = {
    "parts": dict[str, int],
    "arrays": dict[str, int],
    "buffers": dict[str, int],
    "training": bool,
}
MODULE = Form({**COMMON, "arguments": dict[str, Any]}, OPTIONAL)
GRAPH = Form(
    {**COMMON, "place": str, "nodes": list[Any], "inputs": list[int], "outputs": list[int]},
    {**OPTIONAL, "arguments": dict[str, Any]},
)
"""The entry of a graph, with the arguments of its constructor if that makes the nodes itself."""

IMPORT_FIRST = "Import the module that defines it before loading, or pass classes=[…]."
"""What helps where a class of the user's is not known."""

WHOLE = Form({"modules": list[Any]})


def build(
    description: Any,
    parameters: Mapping[str, NDArray],
    classes: Sequence[type[BaseModule]] | Mapping[str, type[BaseModule]] = (),
    constants: Mapping[str, NDArray] | None = None,
    buffers: Mapping[str, NDArray] | None = None,
) -> BaseModule:
    """The module of a description; every claim of it is checked. Raises FormatError.

    Other ``classes`` than those known may be given, if need be with the names that the file uses.
    The arrays come by their numbers; those of parameters and buffers become theirs, without a copy.
    """
    named = classes if isinstance(classes, Mapping) else {type_key(cls): cls for cls in classes}
    types = {**MODULE_TYPES, **named}
    check_description(description)
    modules: list[BaseModule] = []
    known = Known(modules, parameters, constants or {}, buffers or {})
    filled = Filling("parameter", parameters), Filling("buffer", known.buffers)
    before = initialising.get()
    try:
        initialising.set(False)
        for number, entry in enumerate(description["modules"]):
            part = made(entry, number, known, types)
            for filling in filled:
                filling.fill(part, entry, number)
            if not entry.get("training", True):
                part.is_training = False
            modules.append(part)
    finally:
        initialising.set(before)
    for filling in filled:
        filling.require_all_used()
    return modules[-1]


def check_description(description: Any) -> None:
    """Raise FormatError unless a description has the form that ``describe`` gives it."""
    WHOLE.check(description, "a graph")
    for number, entry in enumerate(description["modules"]):
        is_graph = isinstance(entry, dict) and (entry.get("type") == "GModule" or "nodes" in entry)
        (GRAPH if is_graph else MODULE).check(entry, f"a module {number}")
        for index, node in enumerate(entry.get("nodes", ())):
            NODE.check(node, f"a node {index} of module {number}")
    if not description["modules"]:
        raise FormatError("holds no module")
    check_size(description["modules"])


def check_size(entries: Sequence[Data]) -> None:
    """Refuse a small file whose modules contain each other so often that they are too many."""
    sizes: list[int] = []
    for entry in entries:
        nodes = [node["module"] for node in entry.get("nodes", ())]
        parts = [*nodes, *entry.get("parts", {}).values()]
        sizes.append(1 + sum(sizes[i] for i in parts if 0 <= i < len(sizes)))
        if sizes[-1] > LARGEST:
            raise FormatError(
                f"stands for more than {LARGEST:,} modules", "Its modules contain each other."
            )


def reduced(module: BaseModule) -> tuple[Any, ...]:
    """How pickle is to write a module."""
    found = describe(module)
    return rebuilt, (found.data, *found.arrays().values())


def rebuilt(
    data: Data,
    parameters: Mapping[str, NDArray],
    constants: Mapping[str, NDArray],
    buffers: Mapping[str, NDArray] | None = None,
) -> BaseModule:
    """What pickle makes: a module with arrays of its own. Former releases gave no buffers."""
    own, state = (
        {number: array.copy() for number, array in arrays.items()}
        for arrays in (parameters, buffers or {})
    )
    return build(data, own, (), constants, state)


rebuilt.__module__ = "graphnet.graph"  # pickles name it there, wherever this file lies


def made(
    entry: Data, number: int, known: Known, types: Mapping[str, type[BaseModule]]
) -> BaseModule:
    """The module of an entry, with parts but without values; raises FormatError."""
    cls = types.get(entry["type"])
    if cls is None:
        raise FormatError(
            f"names the module class {entry['type']!r:.80}, which is not known",
            IMPORT_FIRST,
        )
    if cls._is_wired != ("nodes" in entry):
        expected = "without nodes" if cls._is_wired else "with nodes"
        raise FormatError(f"holds a {entry['type']:.80} {expected}")
    try:
        entries = entry.get("arguments", {}).items()
        arguments = present_names(cls, {name: decode(value, known) for name, value in entries})
        check_arguments(cls, arguments)
        if "nodes" in entry:
            return cls._from_wiring(entry, known.modules, arguments)
        part = make(cls, arguments)
        take_parts(part, entry, known.modules)
        take_arrays(part, entry, known)
        return part
    except Exception as error:  # a class of the user's may raise anything
        problem = getattr(error, "problem", error)
        raise FormatError(
            f"holds a module {number} ({cls.__name__}) that cannot be made: {problem}",
            getattr(error, "hint", ""),
        ) from error


def take_parts(part: BaseModule, entry: Data, modules: Sequence[BaseModule]) -> None:
    """Replace the parts that a constructor made by those of the file."""
    own, found = dict(part.named_children()), entry.get("parts", {})
    if set(own) != set(found):
        raise FormatError(
            f"holds a {entry['type']} with the parts {sorted(found)!r:.80}, expected {sorted(own)}",
            "Has the class changed since the file was written?",
        )
    for name, number in found.items():
        if own[name] is numbered(modules, number):
            continue
        if is_own(type(part)):  # these are given all their parts
            raise FormatError(f"gives the part {name} otherwise than the arguments do")
        put(part, name, modules[number])


def take_arrays(part: BaseModule, entry: Data, known: Known) -> None:
    """Replace the arrays that a constructor made by those of the file."""
    own = {name for name, value in parts_of(part) if isinstance(value, np.ndarray)}
    for name, number in entry.get("arrays", {}).items():
        if name not in own:
            raise FormatError(
                f"holds a {entry['type']} with the array {name!r:.80}, expected {sorted(own)}",
                "Has the class changed since the file was written?",
            )
        put(part, name, stored(known.constants, number, "constant").copy())
