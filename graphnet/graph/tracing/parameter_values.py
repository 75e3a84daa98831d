"""Parameters in a trace: inputs of the program, with probes of their gradients at each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from graphnet.graph.tracing.steps import per_step_input
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import current_builder
from graphnet.ir.core.program import Atom
from graphnet.ir.core.types import ArrayType, type_of

MakeInput = Callable[[ArrayType, Any], Array]
"""Makes an input of the program of its type and its source."""


class ParameterValues:
    """What stands for each parameter; final.

    ``make_input`` makes the input of the program that a parameter fills, and ``zeros`` the probes
    of those that are ``selected``, by their paths. ``owned`` gets the inputs.
    """

    def __init__(
        self, make_input: MakeInput, zeros: Callable[[ArrayType], Array], owned: set[Atom]
    ) -> None:
        self._make_input, self._zeros, self._owned = make_input, zeros, owned
        self._replaced: list[Parameter] = []
        self._probed: dict[tuple[int, Parameter], Array] = {}
        self.arrays: dict[Parameter, Array] = {}
        self.probes: dict[str, Array] = {}
        self.selected: dict[Parameter, str] = {}

    def read(self, parameter: Parameter) -> Array:
        """The array, the same each time; inside a scan a selected one plus its probe."""
        array = self.arrays.get(parameter)
        if array is None:
            array = self.arrays[parameter] = self._make_input(type_of(parameter.data), parameter)
            self._owned.add(array.atom)
        return self._with_probe(parameter, array) if parameter in self.selected else array

    def _with_probe(self, parameter: Parameter, array: Array) -> Array:
        builder = current_builder.get()
        assert builder is not None
        if parameter in self._replaced or builder.all_steps() == ():
            return array
        key = (id(builder), parameter)
        if key not in self._probed:
            probe, inner = per_step_input(builder, array.type, self._zeros)
            number = sum(known is parameter for _, known in self._probed)
            name = self.selected[parameter]
            self.probes[f"{name} ({number + 1})" if number else name] = probe
            self._probed[key] = array + inner
        return self._probed[key]

    @contextmanager
    def replacing(self, parameter: Parameter, array: Array) -> Iterator[None]:
        """A block in which another array stands for a parameter that was read before."""
        before = self.arrays[parameter]
        self.arrays[parameter] = array
        self._replaced.append(parameter)
        try:
            yield
        finally:
            self.arrays[parameter] = before
            self._replaced.pop()
