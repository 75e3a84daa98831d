"""Signatures of inputs: two inputs of one signature run the same program."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.inputs import as_array
from graphnet.graph.values import table
from graphnet.graph.values.selection import Selection
from graphnet.ir.core.types import NDArray


class Signature(NamedTuple):
    """The key of an executable."""

    structure: table.Structure
    types: tuple[Any, ...]
    """(shape, dtype) of the leaves of the input."""
    is_training: bool
    selection: Selection
    loss_scale: float | None = None
    """Of a training step: what the loss is multiplied by, None without gradients."""
    input_gradients: bool = False
    """Of a training step: whether it returns the gradients of the net's input."""


def leaves_of(module: BaseModule, inputs: Any) -> tuple[list[NDArray], table.Structure]:
    """The leaves of an input as arrays, and its structure; raises DtypeError for what is none."""
    leaves, structure = table.flatten(inputs, absent=bool(module.optional_inputs()))
    return [as_array(module, leaf) for leaf in leaves], structure
