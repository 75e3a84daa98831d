"""A module as plain data: types, arguments, wiring, names, sharing."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

import numpy as np

from graphnet.errors import FormatError, GraphError
from graphnet.graph.files.clone import leaves_first
from graphnet.graph.files.decoding import is_numeric
from graphnet.graph.files.settings import check_arguments
from graphnet.graph.modules.annotations import plain
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import parts_of
from graphnet.graph.modules.registry import type_key
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.types import NDArray

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """A module as JSON, with the arrays that it refers to by number: parameters, buffers, constant
    arrays."""

    data: Data
    parameters: list[Parameter]
    buffers: list[Buffer]
    constants: list[NDArray]

    def arrays(self) -> dict[str, dict[str, NDArray]]:
        """By kind, the arrays by their numbers."""
        kinds: dict[str, list[NDArray]] = {
            "parameters": [p.data for p in self.parameters],
            "constants": self.constants,
            "buffers": [b.data for b in self.buffers],
        }
        return {
            kind: {str(i): array for i, array in enumerate(arrays)}
            for kind, arrays in kinds.items()
        }


def describe(module: BaseModule) -> Description:
    """The description of a module; raises GraphError for what a file cannot hold.

    Modules are numbered so that each comes after its parts: ``{"modules": […]}``, the last is the
    whole. A graph entry lists its nodes by position.
    """
    modules = leaves_first(module)
    numbers = {id(part): i for i, part in enumerate(modules)}
    parameters: dict[Parameter, int] = {}
    buffers: dict[Buffer, int] = {}
    for part in modules:
        for _, parameter in part.own_parameters():
            parameters.setdefault(parameter, len(parameters))
        for _, buffer in part.own_buffers():
            buffers.setdefault(buffer, len(buffers))
    numbering = Numbering(numbers, parameters, buffers, [])
    entries = [describe_within(module, part, numbering) for part in modules]
    return Description({"modules": entries}, list(parameters), list(buffers), numbering.constants)


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of modules (by id), parameters and buffers; the constants met so far."""

    modules: Mapping[int, int]
    parameters: Mapping[Parameter, int]
    buffers: Mapping[Buffer, int]
    constants: list[NDArray]

    def constant(self, array: NDArray) -> int:
        """The number of an array; raises FormatError for one that holds no numbers."""
        if not is_numeric(array.dtype.str):
            raise FormatError(f"has {array!r:.80}, an array of {array.dtype}")
        self.constants.append(array)
        return len(self.constants) - 1


def describe_within(module: BaseModule, part: BaseModule, numbers: Numbering) -> Data:
    """``describe_part``, whose error names the path of the part in the module."""
    try:
        return describe_part(part, numbers)
    except GraphError as error:
        path = next(path for path, each in module.named_modules() if each is part)
        error.subject += f" '{path}'" if path else ""
        raise


def describe_part(part: BaseModule, numbers: Numbering) -> Data:
    """An entry; refused now if the file could not be loaded with it."""
    entry: Data = {"type": type_key(type(part))}
    try:
        wiring = part._wiring(numbers.modules)
        if wiring is not None:
            entry.update(wiring)
            if arguments := describe_arguments(part, numbers, wiring):
                entry["arguments"] = arguments
        else:
            entry["arguments"] = describe_arguments(part, numbers)
            entry["parts"] = {n: numbers.modules[id(child)] for n, child in part.named_children()}
        if arrays := describe_arrays(part, entry.get("arguments", ()), numbers):
            entry["arrays"] = arrays
    except FormatError as error:
        raise GraphError(
            f"cannot be saved: it {error.problem}", error.hint, type(part).__name__
        ) from None
    entry["parameters"] = {name: numbers.parameters[p] for name, p in part.own_parameters()}
    if buffers := {name: numbers.buffers[b] for name, b in part.own_buffers()}:
        entry["buffers"] = buffers
    if not part.is_training:
        entry["training"] = False
    return entry


def describe_arguments(part: BaseModule, numbers: Numbering, told: Container[str] = ()) -> Data:
    """The arguments of the constructor, but for what the wiring has told."""
    given = part.arguments().items()
    arguments = {name: plain(value) for name, value in given if name not in told}
    encoded = {name: encode(value, numbers) for name, value in arguments.items()}
    check_arguments(type(part), arguments)
    return encoded


def describe_arrays(
    part: BaseModule, arguments: Container[str], numbers: Numbering
) -> dict[str, int]:
    """The numbers of the arrays of a module that are not among its arguments."""
    arrays = {name: value for name, value in parts_of(part) if isinstance(value, np.ndarray)}
    return {
        name: numbers.constant(array)
        for name, array in arrays.items()
        if name.partition(".")[0] not in arguments
    }


def encode(value: Any, numbers: Numbering) -> Any:
    """An argument as JSON; modules become ``{"module": number}``, tuples ``{"tuple": […]}``.

    Raises FormatError for what a file cannot hold.
    """
    if isinstance(value, BaseModule):
        if id(value) not in numbers.modules:
            raise FormatError(f"has the argument {value.description():.80}, which is no part of it")
        return {"module": numbers.modules[id(value)]}
    if isinstance(value, Parameter):
        return {"parameter": numbers.parameters[value]}
    if isinstance(value, Buffer):
        return {"buffer": numbers.buffers[value]}
    if isinstance(value, np.ndarray):
        return {"constant": numbers.constant(value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(part, numbers) for part in value]}
    if isinstance(value, list):
        return [encode(part, numbers) for part in value]
    if isinstance(value, float) and (isinf(value) or isnan(value)):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise FormatError(
        f"has an argument {value!r:.80}, a {type(value).__name__}",
        "Only numbers, strings, lists, arrays and modules can be written.",
    )
