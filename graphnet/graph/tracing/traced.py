"""Traced: the program of a module for one signature of its input, with records of its nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, GraphError, GraphnetError, note_place
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.modules.state import ModuleState
from graphnet.graph.tracing.part_inputs import received
from graphnet.graph.tracing.staleness import DtypesSnapshot, ModulesSnapshot
from graphnet.graph.tracing.tracing import Tracing
from graphnet.graph.tracing.unwanted_table import about_table
from graphnet.graph.values import table
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.hints import did_you_mean
from graphnet.graph.values.memory import Memory
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.selection import Selection, is_selected
from graphnet.graph.values.sources import Source
from graphnet.ir.core.builder import Having, apart, building
from graphnet.ir.core.program import Atom, Program, Var, is_var
from graphnet.ir.core.trace import atom_of
from graphnet.ir.core.types import ArrayType, NDArray
from graphnet.ir.gc_disabled import gc_disabled
from graphnet.ir.gradient import Derivative, differentiate


@dataclass(frozen=True, slots=True)
class Record:
    """The positions of a node's value among the outputs of a program, and its gradient's variables.

    ``probes`` are the values whose gradients are those of the node: its own, or inside a sequence
    those of the zeros that were added to it.
    """

    structure: table.Structure
    positions: tuple[int, ...]
    probes: tuple[Atom | None, ...]


@dataclass(slots=True, eq=False)
class Traced:
    """The program of a module for one signature of its input; sources, structures and records.

    ``outputs`` of the program are the leaves of the module's output, then those of its nodes.
    """

    program: Program
    sources: list[Source]
    casts: list[np.dtype[Any] | None]
    input_structure: table.Structure
    output_structure: table.Structure
    output_count: int
    records: dict[str, Record]
    paths: dict[Hashable, list[str]]
    states: list[ModuleState]
    weight_probes: dict[str, Atom] | None
    """None unless gradients of parameters by step are selected."""
    updates: dict[Memory, int]
    derivative: Derivative | None = None
    gradient_positions: dict[Var, int] = field(default_factory=dict)
    modules: ModulesSnapshot = field(init=False)
    dtypes: DtypesSnapshot = field(init=False)

    def __post_init__(self) -> None:
        self.modules = ModulesSnapshot(self.states)
        self.dtypes = DtypesSnapshot([parameter for _, parameter in self.parameters()])

    def is_current(self) -> bool:
        """Whether modules and dtypes of parameters are those of the trace."""
        return self.modules.are_current() and self.dtypes.are_kept()

    def parameters(self) -> Iterator[tuple[Var, Parameter]]:
        """The parameters in the program, with their inputs."""
        for var, source in zip(self.program.inputs, self.sources, strict=True):
            if isinstance(source, Parameter):
                yield var, source

    def differentiated(self) -> Derivative:
        """The derivative by inputs, parameters and node values; made at the first call."""
        if self.derivative is None:
            variables = dict.fromkeys(var for var in self.program.inputs if var.type.is_float)
            probes = [probe for record in self.records.values() for probe in record.probes]
            variables.update(
                dict.fromkeys(
                    atom
                    for atom in (*probes, *(self.weight_probes or {}).values())
                    if atom is not None and is_var(atom) and atom.type.is_float
                )
            )
            with gc_disabled():
                derivative = differentiate(self.program, list(variables), seeded=self.output_count)
            self.gradient_positions = {var: i for i, var in enumerate(variables)}
            self.derivative = derivative
        return self.derivative


@apart
def trace_module(
    module: BaseModule,
    structure: table.Structure,
    leaves: Sequence[NDArray],
    selection: Selection = Selection(),  # noqa: B008 (it is frozen)
) -> Traced:
    """Trace a module for an input of this structure, with leaves of these types."""
    casts = input_casts(module, leaves)
    tracing = Tracing(selection)
    tracing.dtype = floating_dtype_of(module, leaves)
    tracing.weight_names = selected_weights(module, selection)
    try:
        with Having(current_tracing, tracing), building(tracing.builder), gc_disabled():
            types = [
                ArrayType(leaf.shape, cast or leaf.dtype)
                for leaf, cast in zip(leaves, casts, strict=True)
            ]
            arrays = [tracing.input(type, i) for i, type in enumerate(types)]
            tracing.visit(module)
            tracing.module = module
            output = traced_output(tracing, module, table.unflatten(structure, arrays))
            check_trace(tracing, module)
            return finish(tracing, structure, casts, output)
    except RecursionError:
        raise GraphError(
            "nests modules too deeply to run", "Flatten the nesting.", type(module).__name__
        ) from None


def traced_output(tracing: Tracing, module: BaseModule, value: Any) -> Any:
    try:
        return tracing.numpy_draws.computed(module, value, type(module).__name__)
    except GraphnetError as error:
        found = about_table(error, module, value, None)
        found.locate(type(module).__name__, received(value))
        if found is not error:
            raise found from None
        raise
    except Exception as error:
        note_place(error, type(module).__name__, received(value))
        raise


def check_trace(tracing: Tracing, module: BaseModule) -> None:
    """Raise GraphError for a parameter of another module or an unknown selected name."""
    own = {parameter for _, parameter in module.named_parameters()}
    for parameter in tracing.parameters:
        if parameter not in own:
            raise GraphError(
                f"computes with a parameter {parameter.shape} that is none of its own",
                "Store it, or the module that holds it, as an attribute in __init__.",
                type(module).__name__,
            )
    outside = [path for path in tracing.values if path not in tracing.inside]
    pools = ((tracing.selection.keep, outside), (tracing.selection.trace, tracing.inside))
    for names, paths in pools:
        for name in () if isinstance(names, bool) else names:
            if not any(is_selected((name,), path) for path in paths):
                guess = did_you_mean(name, (p.rpartition(".")[2] for p in tracing.seen))
                shown = ", ".join(dict.fromkeys(tracing.seen[:20]))
                raise GraphError(
                    f"There is no node named {name!r} whose value can be kept",
                    f"{guess}keep= names nodes outside of sequences, trace= those inside: {shown}",
                )
    weights = tracing.selection.weights
    for name in () if isinstance(weights, bool) else weights:
        if not any(is_selected((name,), path) for path in tracing.weight_probes):
            raise GraphError(
                f"The parameter {name!r} is read in no step of a sequence",
                "trace_weights= names parameters of cells.",
            )


def selected_weights(module: BaseModule, selection: Selection) -> dict[Parameter, str]:
    """The parameters whose gradients are kept for each step, with their paths.

    Raises GraphError for a name of no parameter.
    """
    if not selection.weights:
        return {}
    named = list(module.named_parameters())
    for name in () if isinstance(selection.weights, bool) else selection.weights:
        if not any(is_selected((name,), path) for path, _ in named):
            raise GraphError(
                f"There is no parameter named {name!r}",
                f"There are: {', '.join(path for path, _ in named)}",
                type(module).__name__,
            )
    return {parameter: path for path, parameter in named if is_selected(selection.weights, path)}


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
        probes, _ = table.flatten(tracing.probes.get(path, value))
        by = [None if p is None else atom_of(tracing.builder, p) for p in probes]
        records[path] = Record(shape, tuple(record), tuple(by))
    updates = {memory: len(atoms) + i for i, memory in enumerate(tracing.memories)}
    atoms += [atom_of(tracing.builder, value) for value in tracing.memories.values()]
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
        {n: atom_of(tracing.builder, probe) for n, probe in tracing.weight_probes.items()}
        if tracing.selection.weights
        else None,
        updates,
    )


def floating_dtype_of(module: BaseModule, leaves: Sequence[NDArray]) -> np.dtype[Any]:
    """The dtype of floating inputs: that of the parameters, without those their common dtype."""
    floats = [leaf.dtype for leaf in leaves if leaf.dtype.kind == "f"]
    without = np.result_type(*floats) if floats else np.dtype(module.converted_to or float)
    return parameter_dtype(module, without)


def input_casts(module: BaseModule, leaves: Sequence[NDArray]) -> list[np.dtype[Any] | None]:
    """The dtypes that inputs are cast to, floating ones alone; None for no cast.

    Raises DtypeError for an input of no real numbers.
    """
    for leaf in leaves:
        if leaf.dtype.kind not in "biuf":
            raise DtypeError(
                f"receives an input of dtype {leaf.dtype}, expected real numbers",
                "There are no complex numbers here: give the parts as two inputs."
                if leaf.dtype.kind == "c"
                else "A table is a list or tuple of arrays; did a string or an object slip in?",
                type(module).__name__,
            )
    dtype = floating_dtype_of(module, leaves)
    return [dtype if leaf.dtype.kind == "f" and leaf.dtype != dtype else None for leaf in leaves]
