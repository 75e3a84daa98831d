"""Tracing a module: its ``compute`` runs once on symbolic arrays and leaves a program behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import DtypeError, GraphError, GraphnetError
from graphnet.graph import table
from graphnet.ir.array import Array
from graphnet.ir.builder import Builder, building, current_builder, current_origin, origin
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.program import Origin, Program, Var, is_var
from graphnet.ir.trace import atom_of
from graphnet.ir.types import ArrayType, NDArray, Shape, type_of

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


Source = int | Draw | Any
"""What fills a program input: leaf i of the module's input, a Parameter, or a Draw."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where the value of a node lies among the outputs of a program."""

    structure: table.Structure
    positions: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Traced:
    """The program of a module for one signature of its input, and how to read it.

    ``outputs`` of the program are the leaves of the module's output, then those of its nodes.
    """

    program: Program
    sources: list[Source]
    casts: list[np.dtype[Any] | None]
    input_structure: table.Structure
    output_structure: table.Structure
    output_count: int
    records: dict[str, Record]
    paths: dict[Node, list[str]]
    states: list[tuple[Module, int, bool]]
    derivative: Derivative | None = None
    wanted: dict[Var, int] = field(default_factory=dict)

    def is_current(self) -> bool:
        """Whether every module still has the attributes and the mode that it was traced with."""
        return all(
            module._version == version and module.is_training is mode
            for module, version, mode in self.states
        )

    def differentiated(self) -> Derivative:
        """The derivative by inputs, parameters and node values; made at the first call."""
        if self.derivative is None:
            wanted = dict.fromkeys(var for var in self.program.inputs if var.type.is_float)
            wanted.update(
                dict.fromkeys(
                    atom
                    for atom in self.program.outputs[self.output_count :]
                    if is_var(atom) and atom.type.is_float
                )
            )
            derivative = differentiate(self.program, list(wanted), seeded=self.output_count)
            self.wanted = {var: i for i, var in enumerate(wanted)}
            self.derivative = derivative
        return self.derivative


class Tracing:
    """The state of one trace: which parameters, draws, nodes and modules took part."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.sources: list[Source] = []
        self.parameters: dict[Parameter, Array] = {}
        self.values: dict[str, Any] = {}
        self.paths: dict[Node, list[str]] = {}
        self.modules: dict[int, tuple[Module, int, bool]] = {}
        self.path = ""
        self.module: Module | None = None
        self.names: dict[int, dict[int, str]] = {}  # of the parts of each module

    def input(self, type: ArrayType, source: Source) -> Array:
        self.sources.append(source)
        return self.builder.input(type)

    def parameter(self, parameter: Parameter) -> Array:
        """The array that stands for a parameter, the same one each time."""
        if parameter not in self.parameters:
            self.parameters[parameter] = self.input(type_of(parameter.data), parameter)
        return self.parameters[parameter]

    def uniform(self, shape: Shape, dtype: Any) -> Array:
        """Random numbers from [0, 1), drawn anew for each run, and for each step inside a scan."""
        builder = current_builder.get()
        assert builder is not None
        return self._uniform(builder, ArrayType(shape, np.dtype(dtype)))

    def _uniform(self, builder: Builder, type: ArrayType) -> Array:
        if builder is self.builder or builder.outer is None:
            return self.input(type, Draw(type))
        if builder.steps is None:
            return self._uniform(builder.outer, type)
        outer = self._uniform(builder.outer, ArrayType((builder.steps, *type.shape), type.dtype))
        return builder.late_sequence(outer)

    def record(self, path: str, value: Any, node: Node | None = None) -> None:
        """Remember the value at a path (inside a scan there is one for each step: not kept)."""
        if current_builder.get() is self.builder:
            self.values[path] = value
            if node is not None:
                self.paths.setdefault(node, []).append(path)

    def visit(self, module: Module) -> None:
        self.modules[id(module)] = (module, module._version, module.is_training)

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
        except GraphnetError as error:
            error.locate(str(here), context())
            raise
        finally:
            self.path, self.module = before
        self.record(here.path, result, node)
        return result

    def name_of(self, part: Module) -> str:
        """The name of a part of the module that computes now."""
        assert self.module is not None
        names = self.names.get(id(self.module))
        if names is None:
            names = {id(child): name for name, child in self.module.named_children()}
            self.names[id(self.module)] = names
        return names.get(id(part), type(part).__name__.lower())


def trace_module(module: Module, structure: table.Structure, leaves: Sequence[NDArray]) -> Traced:
    """Trace a module for an input of this structure, with leaves of these types."""
    casts = input_casts(module, leaves)
    tracing = Tracing()
    token = current_tracing.set(tracing)
    try:
        with building(tracing.builder):
            types = [
                ArrayType(leaf.shape, cast or leaf.dtype)
                for leaf, cast in zip(leaves, casts, strict=True)
            ]
            arrays = [tracing.input(type, i) for i, type in enumerate(types)]
            tracing.visit(module)
            tracing.module = module
            output = traced_output(module, table.unflatten(structure, arrays))
            return finish(tracing, structure, casts, output)
    finally:
        current_tracing.reset(token)


def traced_output(module: Module, value: Any) -> Any:
    try:
        return computed(module, value)
    except GraphnetError as error:
        error.locate(type(module).__name__, received(value))
        raise


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


def finish(
    tracing: Tracing, structure: table.Structure, casts: list[np.dtype[Any] | None], output: Any
) -> Traced:
    leaves, output_structure = table.flatten(output)
    atoms = [atom_of(tracing.builder, leaf) for leaf in leaves]
    count = len(atoms)
    positions: dict[Any, int] = {}
    records: dict[str, Record] = {}
    for path, value in tracing.values.items():
        parts, shape = table.flatten(value)
        record = []
        for part in parts:
            atom = atom_of(tracing.builder, part)
            if atom not in positions:
                positions[atom] = len(atoms)
                atoms.append(atom)
            record.append(positions[atom])
        records[path] = Record(shape, tuple(record))
    return Traced(
        tracing.builder.program(atoms),
        tracing.sources,
        casts,
        structure,
        output_structure,
        count,
        records,
        tracing.paths,
        list(tracing.modules.values()),
    )


def input_casts(module: Module, leaves: Sequence[NDArray]) -> list[np.dtype[Any] | None]:
    """Floating inputs take the dtype of the parameters; without parameters, their common dtype."""
    for leaf in leaves:
        if leaf.dtype.kind not in "biuf":
            raise DtypeError(
                f"receives an input of dtype {leaf.dtype}, expected numbers",
                "A table is a list or tuple of arrays; did a string or an object slip in?",
                type(module).__name__,
            )
    dtype = next((p.dtype for _, p in module.named_parameters()), None)
    floats = [leaf.dtype for leaf in leaves if leaf.dtype.kind == "f"]
    if dtype is None and floats:
        dtype = np.result_type(*floats)
    return [dtype if leaf.dtype.kind == "f" and leaf.dtype != dtype else None for leaf in leaves]


def uniform(shape: Shape, dtype: Any) -> Array:
    """Random numbers from [0, 1) for the module being traced (a dropout mask, noise)."""
    tracing = current_tracing.get()
    if tracing is None:
        raise GraphnetError("can be drawn inside compute() only", subject="random numbers")
    return tracing.uniform(shape, dtype)
