"""Filling: the parameters, or the buffers, of modules take over the arrays of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.errors import FormatError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import put
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.module_array import ModuleArray
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.types import NDArray

NUMBERS = {
    "f": "floating point numbers",
    "i": "whole numbers",
    "u": "whole numbers from 0",
    "b": "truth values",
}
"""What arrays hold, by the kind of their dtype."""


class Filling:
    """Gives modules the stored values of one kind of array, ``"parameter"`` or ``"buffer"``; final.

    A number met before means the same one. What does not fit raises FormatError.
    """

    def __init__(self, kind: str, arrays: Mapping[str, NDArray]) -> None:
        self.kind, self.arrays = kind, arrays
        self.shared: dict[int, ModuleArray] = {}

    def fill(self, part: BaseModule, entry: Mapping[str, Any], number: int) -> None:
        """Give a module, described by an entry of this number, its values."""
        own = self.own(part)
        numbers: Mapping[str, int] = entry.get(f"{self.kind}s", {})
        if set(own) != set(numbers):
            raise FormatError(
                f"holds a {entry['type']} with the {self.kind}s {sorted(numbers)!r:.80}, "
                f"expected {sorted(own)}"
            )
        for name, index in numbers.items():
            place = f"the {name} of module {number} ({entry['type']})"
            if index not in self.shared:
                self.shared[index] = self.holding(own[name], index, place)
            elif self.shared[index].shape != own[name].shape:
                raise FormatError(
                    f"shares a {self.kind} of shape {self.shared[index].shape} as {name} of "
                    f"module {number}, expected {own[name].shape}"
                )
            put(part, name, self.shared[index])

    def own(self, part: BaseModule) -> dict[str, ModuleArray]:
        """Those of a module itself, by name."""
        if self.kind == "parameter":
            return dict(part.own_parameters())
        return dict(part.own_buffers())

    def holding(self, own: ModuleArray, index: int, place: str) -> ModuleArray:
        """One with the values of this number, if they fit one of the module's own."""
        values = self.arrays.get(str(index))
        if values is None or values.shape != own.shape or values.dtype.kind != own.kind:
            found = "nothing" if values is None else f"{values.dtype}{list(values.shape)}"
            raise FormatError(
                f"holds {found} for {place}, expected {NUMBERS[own.kind]} of shape {own.shape}"
            )
        return Parameter.holding(values) if self.kind == "parameter" else Buffer.holding(values)

    def require_all_used(self) -> None:
        """Raise FormatError for values that no module has."""
        unused = self.arrays.keys() - set(map(str, self.shared))
        if unused:
            raise FormatError(
                f"holds {self.kind}s of no module, numbers {', '.join(sorted(unused)):.60}"
            )
