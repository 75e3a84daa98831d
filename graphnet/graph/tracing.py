"""Tracing a module: its ``compute`` runs once on symbolic arrays and leaves a program behind."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph import table
from graphnet.ir.array import Array
from graphnet.ir.builder import Builder, current_builder, current_origin, origin
from graphnet.ir.pointwise import identity
from graphnet.ir.program import Atom, Origin
from graphnet.ir.types import ArrayType, Shape, type_of

if TYPE_CHECKING:
    from graphnet.graph.module import Module
    from graphnet.graph.node import Node
    from graphnet.graph.parameter import Parameter

current_tracing: ContextVar[Tracing | None] = ContextVar("current_tracing", default=None)
initialising: ContextVar[bool] = ContextVar("initialising", default=True)
"""Whether new parameters draw initial values; off while a file or a clone fills them."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A program input filled anew for each run with uniform numbers from [0, 1)."""

    type: ArrayType


UNSAVED = ("_thread_runs", "_trace_cache", "_generator")
"""Attributes of a module that belong to this very object: copies start without them."""

Keep = bool | tuple[str, ...]
"""Which nodes' values a run keeps: all, none, or those at these paths."""

Source = int | Draw | Any
"""What fills a program input: leaf i of the module's input, a Parameter, or a Draw."""


@dataclass(frozen=True, slots=True)
class ModuleState:
    """What a trace took from a module: its attributes (by version), mode, and lists and dicts."""

    module: Module
    version: int
    mode: bool
    containers: tuple[tuple[Any, tuple[Any, ...]], ...]

    @staticmethod
    def of(module: Module) -> ModuleState:
        attributes = list(module.__dict__.items())  # another thread may add to it
        containers = tuple(
            (value, contents(value))
            for name, value in attributes
            if isinstance(value, list | dict) and name not in UNSAVED
        )
        return ModuleState(module, module._version, module.is_training, containers)

    def is_current(self) -> bool:
        """Whether the module still is as it was."""
        return (
            self.module._version == self.version
            and self.module.is_training is self.mode
            and all(same_items(contents(value), kept) for value, kept in self.containers)
        )


def contents(value: Any) -> tuple[Any, ...]:
    return (*value, *value.values()) if isinstance(value, dict) else tuple(value)


def same_items(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))


class Tracing:
    """The state of one trace: which parameters, draws, nodes and modules took part.

    ``keep`` says which nodes' values the program will return: all, none, or those of these paths.
    """

    def __init__(self, keep: Keep = True) -> None:
        self.keep = keep
        self.builder = Builder()
        self.sources: list[Source] = []
        self.parameters: dict[Parameter, Array] = {}
        self.values: dict[str, Any] = {}
        self.paths: dict[Node, list[str]] = {}
        self.modules: dict[int, ModuleState] = {}
        self.taken: set[Atom] = set()  # values that already are a parameter's or a node's own
        self.drawn_once: dict[tuple[int, ArrayType], Array] = {}
        self.path = ""
        self.module: Module | None = None
        self.names: dict[int, dict[int, str]] = {}  # of the parts of each module

    def input(self, type: ArrayType, source: Source) -> Array:
        self.sources.append(source)
        return self.builder.input(type)

    def parameter(self, parameter: Parameter) -> Array:
        """The array that stands for a parameter, the same one each time."""
        if parameter not in self.parameters:
            array = self.input(type_of(parameter.data), parameter)
            self.parameters[parameter] = array
            self.taken.add(array.atom)
        return self.parameters[parameter]

    def uniform(self, shape: Shape, dtype: Any, once: bool = False) -> Array:
        """Random numbers from [0, 1), drawn anew for each run, and for each step inside a scan.

        With ``once``, every use of this module gets the same ones: all steps, the whole run.
        """
        builder = current_builder.get()
        assert builder is not None and self.module is not None
        type = ArrayType(shape, np.dtype(dtype))
        if not once:
            return self._uniform(builder, type)
        key = (id(self.module), type)
        if key not in self.drawn_once:
            self.drawn_once[key] = self.input(type, Draw(type))
        return self.drawn_once[key]

    def _uniform(self, builder: Builder, type: ArrayType) -> Array:
        if builder is self.builder or builder.outer is None:
            return self.input(type, Draw(type))
        if builder.steps is None:
            return self._uniform(builder.outer, type)
        outer = self._uniform(builder.outer, ArrayType((builder.steps, *type.shape), type.dtype))
        return builder.late_sequence(outer)

    def keeps(self, path: str) -> bool:
        """Whether the value at this path is kept (inside a scan there is one for each step: no)."""
        wanted = self.keep if isinstance(self.keep, bool) else path in self.keep
        return wanted and current_builder.get() is self.builder

    def record(self, path: str, value: Any, node: Node | None = None) -> Any:
        """Remember the value of a node; returns it as values of the node's own.

        A node that passes on what it received gets an ``identity``: its gradient is not that of
        the node before it, which others may read too.
        """
        value = table.map_table(self.own, value)
        self.values[path] = value
        if node is not None:
            self.paths.setdefault(node, []).append(path)
        return value

    def own(self, leaf: Any) -> Any:
        if isinstance(leaf, Array):
            if leaf.atom in self.taken:
                leaf = identity(leaf)
            self.taken.add(leaf.atom)
        return leaf

    def visit(self, module: Module) -> None:
        self.modules[id(module)] = ModuleState.of(module)

    def place(self, module: Module, name: str, file: str, line: int) -> Origin:
        """The place of a part of this name within the module that computes now."""
        path = f"{self.path}.{name}" if self.path else name
        return Origin(path, file, line, type(module).__name__)

    def compute(
        self,
        module: Module,
        value: Any,
        here: Origin,
        context: Callable[[], tuple[str, ...]],
        node: Node | None = None,
    ) -> Any:
        """The output of a part; equations and errors name its place, ``context`` its input."""
        self.visit(module)
        before = self.path, self.module
        self.path, self.module = here.path, module
        try:
            with origin(here):
                result = computed(module, value)
                if self.keeps(here.path):
                    result = self.record(here.path, result, node)
        except GraphnetError as error:
            error.locate(str(here), context())
            raise
        finally:
            self.path, self.module = before
        return result

    def name_of(self, part: Module) -> str:
        """The name of a part of the module that computes now."""
        assert self.module is not None
        names = self.names.get(id(self.module))
        if names is None:
            names = {id(child): name for name, child in self.module.named_children()}
            self.names[id(self.module)] = names
        return names.get(id(part), type(part).__name__.lower())


def computed(module: Module, value: Any) -> Any:
    """What ``compute`` returns; raises GraphError where it returns nothing."""
    result = module.compute(value)
    if any(leaf is None for leaf in table.flatten(result)[0]):
        raise GraphError("returns None from compute", "Is a return statement missing?")
    return result


def received(value: Any) -> tuple[str, ...]:
    return (f"input  {table.describe(value)}",)


def compute_inside(module: Module, value: Any) -> Any:
    """The output of a module within the ``compute`` of another, under a path of its own."""
    tracing = current_tracing.get()
    if tracing is None or tracing.module is None or tracing.module is module:
        return module.compute(value)
    outer = current_origin.get() or Origin("", "", 0)
    here = tracing.place(module, tracing.name_of(module), outer.file, outer.line)
    return tracing.compute(module, value, here, lambda: received(value))


def uniform(shape: Shape, dtype: Any, once: bool = False) -> Array:
    """Random numbers from [0, 1) for the module being traced (a dropout mask, noise).

    Inside a scan each step gets its own, with ``once`` all steps the same.
    """
    tracing = current_tracing.get()
    if tracing is None:
        raise GraphnetError("can be drawn inside compute() only", subject="random numbers")
    return tracing.uniform(shape, dtype, once)
