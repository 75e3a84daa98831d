"""States carried from one run to the next: the basis of ``remember()`` and ``forget()``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from graphnet.graph import Module
from graphnet.graph.modules.calls import checked
from graphnet.graph.modules.parts import private
from graphnet.graph.tracing.tracing import active_tracing
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.memory import Memory
from graphnet.ir.core.types import ArrayType

__all__ = ["forget", "remember"]

MODES = ("neither", "train", "eval", "both")


class Remembers(Protocol):
    """A module that remembers its states in some mode."""

    remembers: str
    is_training: bool


def remembering_mode(mode: str, owner: str) -> str:
    """The mode, if it is a valid one; raises ValueError."""
    if mode not in MODES:
        choices = " or ".join(map(repr, MODES))
        raise ValueError(f"{owner}: remembers is {mode!r}, expected {choices}")
    return mode


def is_remembering(owner: Remembers) -> bool:
    """Whether the traced run starts from the final states of the one before."""
    mode = "train" if owner.is_training else "eval"
    return owner.remembers in ("both", mode) and current_tracing.get() is not None


def recalled(owner: Remembers, index: int, type: ArrayType) -> Any:
    """State ``index`` after the last run, zeros at first."""
    tracing = active_tracing()
    assert tracing is not None
    return tracing.recall(memory(owner, index), type)


def keep(owner: Remembers, finals: Sequence[Any]) -> None:
    """Keep these states for the next run, if the owner remembers."""
    tracing = active_tracing()
    if tracing is not None and is_remembering(owner):
        for index, final in enumerate(finals):
            tracing.remember(memory(owner, index), final)


def forget_own(owner: Remembers) -> None:
    """Let the next run start from the initial states."""
    for kept in memories(owner).values():
        kept.forget()


def memory(owner: Remembers, index: int) -> Memory:
    return memories(owner).setdefault(index, Memory())


def memories(owner: Remembers) -> dict[int, Memory]:
    made: dict[int, Memory] = private(owner, "_memories", dict)
    return made


def memories_of(module: Module) -> list[Memory]:
    """The memories of a module itself, if any."""
    made: dict[int, Memory] = module.__dict__.get("_memories", {})
    return list(made.values())


@checked
def remember(net: Module, mode: str = "both") -> None:
    """Let every ``Recurrent`` and ``Recursor`` in a net start from the run before.

    ``mode`` is that of ``Recurrent.remember``; raises ValueError for another one.
    """
    for _, module in net.named_modules():
        if hasattr(module, "remembers"):
            module.remember(mode)  # type: ignore[attr-defined]


@checked
def forget(net: Module) -> None:
    """Let the next run of a net start from the initial states."""
    for _, module in net.named_modules():
        for kept in memories_of(module):
            kept.forget()
