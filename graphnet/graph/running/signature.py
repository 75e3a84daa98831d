"""Signatures of inputs, and the cache of executables: one trace for each signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphnet.errors import GraphnetError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import private
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.inputs import as_array, list_for_array
from graphnet.graph.running.linked_program import LinkedProgram
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import Selection
from graphnet.ir.core.types import NDArray

KEPT = 256
"""The size of the cache of a module or a training step."""


class Signature(NamedTuple):
    """The key of an executable: two inputs of one signature run the same program."""

    structure: table.Structure
    types: tuple[Any, ...]
    """(shape, dtype) of the leaves of the input."""
    is_training: bool
    selection: Selection
    loss_scale: float | None = None
    """Of a training step: what the loss is multiplied by, None without gradients."""


def leaves_of(module: BaseModule, inputs: Any) -> tuple[list[NDArray], table.Structure]:
    """The leaves of an input as arrays, and its structure; raises DtypeError for what is none."""
    leaves, structure = table.flatten(inputs, absent=bool(module.optional_inputs()))
    return [as_array(module, leaf) for leaf in leaves], structure


def executable_for(
    module: BaseModule, inputs: Any, selection: Selection
) -> tuple[Executable, list[NDArray]]:
    """The executable for an input, made at the first of its signature, and the input's leaves.

    Raises what ``compute`` raises; the error says where a list of numbers was given for an array.
    """
    leaves, structure = leaves_of(module, inputs)
    types = tuple([(leaf.shape, leaf.dtype) for leaf in leaves])
    signature = Signature(structure, types, module.is_training, selection)
    known: dict[Signature, Executable] = private(module, "_executables", dict)
    executable = known.get(signature)
    if executable is not None and executable.is_current():
        return executable, leaves
    try:
        executable = traced_executable(module, signature, leaves)
    except GraphnetError as error:
        if misuse := list_for_array(error, module, inputs):
            raise misuse from None
        raise
    keep(known, signature, executable)
    return executable, leaves


def traced_executable(
    module: BaseModule, signature: Signature, leaves: Sequence[NDArray]
) -> Executable:
    """A new executable; in training mode its program also returns the residuals for backward."""
    traced = trace_module(module, signature.structure, leaves, signature.selection)
    program = traced.differentiated().forward if signature.is_training else traced.program
    return Executable(module, traced, LinkedProgram(program, traced.sources))


def keep(known: dict[Signature, Executable], signature: Signature, executable: Executable) -> None:
    """Add to the cache; the oldest entry makes room."""
    if len(known) >= KEPT:
        known.pop(next(iter(list(known)), signature), None)
    known[signature] = executable
