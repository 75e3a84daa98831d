"""SequenceOutputs: the outputs of a Recurrent without its states."""

from __future__ import annotations

from typing import Any, TypeVar

from graphnet.graph import Module
from graphnet.nn.recurrent.recurrent import Recurrent

Self = TypeVar("Self", bound="SequenceOutputs")


class SequenceOutputs(Module):
    """The outputs of a ``Recurrent`` without its states: ``[xs, states…, lengths]`` to the outputs.

    ``xs`` and the outputs are (steps, batch, …). All inputs but ``xs`` are optional, as for the
    ``Recurrent``: ``lstm(xs, prev_h=h)``. Errors are those of ``Recurrent``.
    """

    inside = "recurrent"

    def __init__(self, recurrent: Recurrent) -> None:
        self.recurrent = recurrent

    def required_names(self) -> tuple[str, ...]:
        return self.recurrent.required_names()

    def optional_inputs(self) -> tuple[str, ...]:
        return self.recurrent.optional_inputs()

    def remember(self: Self, mode: str = "both") -> Self:
        """Start each run from the final states of the run before: see ``Recurrent.remember``."""
        self.recurrent.remember(mode)
        return self

    def forget(self: Self) -> Self:
        """Start the next run from the initial states."""
        self.recurrent.forget()
        return self

    def compute(self, input: Any) -> Any:
        return self.recurrent.call(input)[0]
