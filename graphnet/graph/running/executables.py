"""Executables: the cache from signatures to executables, of a module or a training step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from graphnet import forkable
from graphnet.errors import GraphnetError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import private
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.inputs import list_for_array
from graphnet.graph.running.linked_program import LinkedProgram
from graphnet.graph.running.signature import Signature, leaves_of
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import Selection
from graphnet.ir.core.types import NDArray

KEPT = 256
"""How many executables a module or a training step keeps."""

shape_and_dtype: Callable[[NDArray], tuple[Any, Any]] = attrgetter("shape", "dtype")

_keeping = forkable.Lock()


class Executables(ABC):
    """The executables of a module or a training step, by signature.

    One is made at the first input of its signature, and again when it is no longer valid. Threads
    that make the same one at once share the first that is done.
    """

    def __init__(self) -> None:
        self._made: dict[Signature, Executable] = {}

    def __len__(self) -> int:
        return len(self._made)

    def by_signature(self) -> dict[Signature, Executable]:
        """A copy of what is kept."""
        return dict(self._made)

    def executable(
        self,
        structure: table.Structure,
        leaves: Sequence[NDArray],
        is_training: bool,
        selection: Selection,
        loss_scale: float | None = None,
        input_gradients: bool = False,
    ) -> Executable:
        """The executable for leaves of these types; raises what ``compute`` raises."""
        types = tuple(map(shape_and_dtype, leaves))
        signature = Signature(structure, types, is_training, selection, loss_scale, input_gradients)
        found = self._made.get(signature)
        if found is not None and found.is_valid():
            return found
        return self._renewed(signature, leaves)

    @abstractmethod
    def _make(
        self, signature: Signature, leaves: Sequence[NDArray], former: Executable | None
    ) -> Executable:
        """A new executable; ``former`` is the one before it, which is not valid any more."""

    def _renewed(self, signature: Signature, leaves: Sequence[NDArray]) -> Executable:
        former = self._made.get(signature)
        made = self._make(signature, leaves, former)  # calls ``compute``: no lock is held
        return self._kept(signature, made, former)

    @_keeping.guards
    def _kept(
        self, signature: Signature, made: Executable, former: Executable | None
    ) -> Executable:
        """The executable for a signature from now on."""
        found = self._made.get(signature)
        if found is not None and found is not former and found.is_valid():
            return found  # another thread was first
        if len(self._made) >= KEPT:
            self._made.pop(next(iter(self._made)))  # the oldest
        self._made[signature] = made
        return made


class ModuleExecutables(Executables):
    """Those of a module; in training mode they also return the residuals for backward; final."""

    def __init__(self, module: BaseModule) -> None:
        super().__init__()
        self._module = module

    def _make(
        self, signature: Signature, leaves: Sequence[NDArray], former: Executable | None
    ) -> Executable:
        traced = trace_module(self._module, signature.structure, leaves, signature.selection)
        program = traced.differentiated().forward if signature.is_training else traced.program
        return Executable(self._module, traced, LinkedProgram(program, traced.sources))


def executable_for(
    module: BaseModule, inputs: Any, selection: Selection
) -> tuple[Executable, list[NDArray]]:
    """The executable of a module for an input, and the input's leaves.

    Raises what ``compute`` raises; the error says where a list of numbers was given for an array.
    """
    leaves, structure = leaves_of(module, inputs)
    known: Executables | None = module.__dict__.get("_executables")
    if known is None:
        known = private(module, "_executables", partial(ModuleExecutables, module))
    try:
        return known.executable(structure, leaves, module.is_training, selection), leaves
    except GraphnetError as error:
        if misuse := list_for_array(error, module, inputs):
            raise misuse from None
        raise
