"""Tracing: ``compute`` runs once on symbolic arrays, which record a program."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, cast

import numpy as np

from graphnet.errors import GraphError, GraphnetError, note_place
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.state import ModuleState
from graphnet.graph.tracing.numpy_draws import NumpyDraws
from graphnet.graph.tracing.part_inputs import part_lines, received
from graphnet.graph.tracing.steps import per_step_input, stack_over_steps
from graphnet.graph.tracing.unwanted_table import about_table
from graphnet.graph.values import table
from graphnet.graph.values.context import TraceContext, current_tracing
from graphnet.graph.values.memory import Memory
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.selection import Selection, is_selected, join_path, unused_path
from graphnet.graph.values.sources import Draw, Remembered, Source
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder, building, current_builder, current_origin, origin
from graphnet.ir.core.program import Atom, Origin
from graphnet.ir.core.trace import atom_of
from graphnet.ir.core.types import ArrayType, Shape, type_of
from graphnet.ir.primitives.pointwise import identity, where
from graphnet.ir.primitives.shaping import zeros


class Tracing(TraceContext):
    """The state of one trace: its parameters, random draws, nodes and modules.

    ``selection`` says which nodes' values the program will return. A node inside a scan has a value
    at each step, the stacked values of ``values``; its gradient at each step is the gradient of its
    *probe*, a sequence of zeros added to it.
    """

    def __init__(self, selection: Selection) -> None:
        outer = active_tracing()
        self.selection = selection
        self.dtype: np.dtype[Any] = np.dtype(float) if outer is None else outer.dtype
        self.builder = Builder()
        self.probes: dict[str, Any] = {}
        self.inside: set[str] = set()  # the paths of values inside sequences
        self.seen: list[str] = []  # the paths of all modules traced
        self.live: dict[Builder, Array] = {}  # in a sequence: the mask of rows that are no padding
        self.weight_probes: dict[str, Array] = {}
        self.weights: dict[tuple[int, Parameter], Array] = {}
        self.weight_names: dict[Parameter, str] = {}
        self.memories: dict[Memory, Any] = {}  # their values after the run
        self.sources: list[Source] = []
        self.parameters: dict[Parameter, Array] = {}
        self.values: dict[str, Any] = {}
        self.paths: dict[Hashable, list[str]] = {}
        self.modules: dict[int, ModuleState] = {}
        self.owned: set[Atom] = set()  # values of a parameter or of a recorded node
        self.drawn_once: dict[tuple[int, ArrayType], Array] = {}
        self.numpy_draws = NumpyDraws()
        self.path = ""
        self.module: BaseModule | None = None
        self.names: dict[int, dict[int, str]] = {}  # of the parts of each module

    def input(self, type: ArrayType, source: Source) -> Array:
        self.sources.append(source)
        return self.builder.input(type)

    def parameter(self, parameter: Parameter) -> Array:
        """The traced array of a parameter, the same each time."""
        if parameter not in self.parameters:
            array = self.input(type_of(parameter.data), parameter)
            self.parameters[parameter] = array
            self.owned.add(array.atom)
        return self._probed(parameter, self.parameters[parameter])

    def _probed(self, parameter: Parameter, array: Array) -> Array:
        """Inside a scan: the parameter plus a probe for each step, if it is selected."""
        builder = current_builder.get()
        assert builder is not None
        name = self.weight_names.get(parameter)
        if name is None or builder.all_steps() == ():
            return array
        key = (id(builder), parameter)
        if key not in self.weights:
            probe, inner = per_step_input(builder, array.type, self._zeros)
            number = sum(known is parameter for _, known in self.weights)
            self.weight_probes[f"{name} ({number + 1})" if number else name] = probe
            self.weights[key] = array + inner
        return self.weights[key]

    def uniform(self, shape: Shape, dtype: Any, once: bool = False) -> Array:
        """Random numbers from [0, 1), drawn anew for each run, and for each step inside a scan.

        With ``once``, every use of this module gets the same ones: all steps, the whole run.
        """
        builder = current_builder.get()
        assert builder is not None
        assert self.module is not None
        type = ArrayType(shape, np.dtype(dtype))
        if not once:
            return per_step_input(builder, type, self._draw)[1]
        key = (id(self.module), type)
        if key not in self.drawn_once:
            self.drawn_once[key] = self.input(type, Draw(type))
        return self.drawn_once[key]

    def _draw(self, type: ArrayType) -> Array:
        return self.input(type, Draw(type))

    def record(self, path: str, value: Any, node: Hashable | None = None) -> Any:
        """Record the value of a node, if it is selected; returns it under variables of its own.

        A node that passes on what it received gets an ``identity``: its gradient is not that of
        the node before it, which others may read too.
        """
        builder = current_builder.get()
        assert builder is not None
        inside = builder.all_steps() != ()
        if not is_selected(self.selection.trace if inside else self.selection.keep, path):
            return value
        path = unused_path(path, self.values)
        if inside:
            self.inside.add(path)
            value = self._traced(builder, path, value)
        else:
            value = table.map_table(self.own, value)
            self.values[path] = value
        if node is not None:
            self.paths.setdefault(node, []).append(path)
        return value

    def _traced(self, builder: Builder, path: str, value: Any) -> Any:
        """The value at each step plus its probe; the values of all steps are stacked."""
        leaves, structure = table.flatten(value)
        pairs = [self._with_probe(builder, leaf) for leaf in leaves]
        stacks: list[Any] = [None] * len(pairs)
        self.values[path] = table.unflatten(structure, stacks) if structure else None
        self.probes[path] = table.unflatten(structure, [probe for probe, _ in pairs])

        def keep(index: int, stacked: Array) -> None:
            stacks[index] = stacked
            self.values[path] = table.unflatten(structure, stacks)

        for index, (_, array) in enumerate(pairs):
            stack_over_steps(
                builder, self._alive(builder, leaves[index], array), partial(keep, index)
            )
        return table.unflatten(structure, [array for _, array in pairs])

    def mark_padding(self, live: Array) -> None:
        """Set the mask (batch,) of rows that are no padding at the step being traced."""
        builder = current_builder.get()
        assert builder is not None
        known = self.live.get(builder)
        self.live[builder] = live if known is None else where(known, live, known)

    def _alive(self, builder: Builder, leaf: Any, array: Array) -> Array:
        """The recorded value: zeros in the rows that are padding at this step.

        A value that is the same at all steps has no padding.
        """
        around: Builder | None = builder
        if not isinstance(leaf, Array) or leaf.builder.all_steps() == ():
            return array
        while around is not None:
            live = self.live.get(around)
            if live is not None and array.shape[:1] == live.shape:
                array = where(live.reshape((*live.shape, *[1] * (array.ndim - 1))), array, 0)
            around = around.outer
        return array

    def _with_probe(self, builder: Builder, leaf: Any) -> tuple[Any, Array]:
        array = Array(builder, atom_of(builder, leaf))
        if not array.type.is_float:
            return None, array
        probe, inner = per_step_input(builder, array.type, self._zeros)
        return probe, array + inner

    def _zeros(self, type: ArrayType) -> Array:
        with building(self.builder):
            return zeros(type)

    def recall(self, memory: Memory, type: ArrayType) -> Array:
        """The array in a memory, zeros at first."""
        self._require_top()
        return self.input(type, Remembered(memory, type))

    def remember(self, memory: Memory, value: Array) -> None:
        """Write a value to a memory after the run."""
        self._require_top()
        if memory in self.memories:
            raise GraphError(
                "remembers its states, and is used at two places",
                "Which of them should the next run start from? Use a clone that shares weights.",
            )
        self.memories[memory] = value

    def _require_top(self) -> None:
        if current_builder.get() is not self.builder:
            raise GraphError(
                "remembers its state inside another sequence",
                "Let the outermost sequence remember, or pass the states on.",
            )

    def own(self, leaf: Any) -> Any:
        if isinstance(leaf, Array):
            if leaf.atom in self.owned:
                leaf = identity(leaf)
            self.owned.add(leaf.atom)
        return leaf

    def visit(self, module: BaseModule) -> None:
        self.modules[id(module)] = ModuleState.of(module)

    def origin_of(self, module: BaseModule, name: str, file: str, line: int) -> Origin:
        """The origin of equations of a part of the current module."""
        return Origin(join_path(self.path, name), file, line, type(module).__name__)

    def compute(
        self,
        module: BaseModule,
        value: Any,
        here: Origin,
        context: Callable[[], tuple[str, ...]],
        node: Hashable | None = None,
    ) -> Any:
        """The output of a part; equations and errors carry its origin, errors also ``context``."""
        self.visit(module)
        before = self.path, self.module
        self.path, self.module = here.path, module
        try:
            with origin(here):
                result = self.numpy_draws.computed(module, value, here)
                self.seen.append(here.path)
                if here.path != before[0]:
                    result = self.record(here.path, result, node)
        except GraphnetError as error:
            found = about_table(error, module, value, before[1], before[0])
            found.locate(str(here), context())
            if found is not error:
                raise found from None
            raise
        except Exception as error:
            note_place(error, str(here), context())
            raise
        finally:
            self.path, self.module = before
        return result

    def name_of(self, part: BaseModule) -> str:
        """The name of a part of the current module."""
        assert self.module is not None
        names = self.names.get(id(self.module))
        if names is None:
            names = {
                id(child): "" if name == self.module.inside else name
                for name, child in self.module.named_children()
            }
            self.names[id(self.module)] = names
        return names.get(id(part), type(part).__name__.lower())


def active_tracing() -> Tracing | None:
    """The current trace."""
    return cast("Tracing | None", current_tracing.get())


def compute_inside(module: BaseModule, value: Any, name: str | None = None) -> Any:
    """The output of a module within the ``compute`` of another, under a path of its own."""
    tracing = active_tracing()
    if tracing is None or tracing.module is None or tracing.module is module:
        return module.compute(value)
    outer = current_origin.get() or Origin("", "", 0)
    name = tracing.name_of(module) if name is None else name
    here = tracing.origin_of(module, name, outer.file, outer.line)
    whole = partial(received, value)  # of a training step: the net itself, or the criterion
    context = partial(part_lines, module, value, tracing.module, tracing.path) if name else whole
    return tracing.compute(module, value, here, context)


def uniform(shape: Shape, dtype: Any, once: bool = False) -> Array:
    """Random numbers from [0, 1) for the module being traced (a dropout mask, noise).

    Inside a scan each step gets its own, with ``once`` all steps the same.

    Raises GraphnetError outside of ``compute``.
    """
    tracing = active_tracing()
    if tracing is None:
        raise GraphnetError("can be drawn inside compute() only", subject="random numbers")
    return tracing.uniform(shape, dtype, once)


def floating_dtype() -> np.dtype[Any]:
    """The dtype of floating values in the net being traced: of its parameters, else its inputs."""
    tracing = active_tracing()
    return np.dtype(float) if tracing is None else tracing.dtype
