"""Run: one execution of a module, with the value and the gradient of every node."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import DtypeError, GraphError, GraphnetError, ShapeError
from graphnet.graph import table
from graphnet.graph.parameter import Parameter
from graphnet.graph.parts import private
from graphnet.graph.traced import Record, Traced, trace_module
from graphnet.graph.tracing import Draw, Keep
from graphnet.ir.interpreter import interpreter, require_finite
from graphnet.ir.types import NDArray

if TYPE_CHECKING:
    from graphnet.graph.module import Module

_accumulation = threading.Lock()

KEPT_TRACES = 256
"""How many kinds of input (structure, shapes, dtypes, mode) a module keeps programs for."""


class Run:
    """The outputs of one execution, and the outputs of every node.

    ``run.outputs`` is what ``forward`` returns. ``run["name"]`` or ``run[node]`` is the output of a
    node (read-only). After ``run.backward(grad_outputs)``, ``run.grad["name"]`` is the gradient of
    that output. Runs are independent of each other and of the graph; inputs are copied, parameters
    are read where they are, so update them after ``backward``.

    In training mode a run keeps what ``backward`` needs. In evaluation mode it does not, and
    ``backward`` computes forward once more.
    """

    def __init__(
        self, module: Module, traced: Traced, inputs: Any, arrays: list[NDArray], check: bool
    ) -> None:
        self.module = module
        self.inputs = inputs
        self.check_finite = check
        self._traced = traced
        self._arrays = arrays
        self._residuals: list[NDArray] | None = None
        self._gradients: list[NDArray | None] | None = None
        if module.is_training:
            values = self._interpret(traced.differentiated().forward, arrays)
            self._residuals = values[len(traced.program.outputs) :]
        else:
            values = self._interpret(traced.program, arrays)
        self._values = values[: len(traced.program.outputs)]
        leaves = [np.array(value) for value in values[: traced.output_count]]
        self.outputs: Any = table.unflatten(traced.output_structure, leaves)

    def _interpret(self, program: Any, arrays: Sequence[NDArray]) -> list[NDArray]:
        try:
            return interpreter(program, self.check_finite)(arrays)
        except GraphnetError as error:  # of a module that is no part of a graph
            error.locate(type(self.module).__name__, (f"input  {table.describe(self.inputs)}",))
            raise

    def __getitem__(self, key: Any) -> Any:
        """The output of a node, by node or by dotted name."""
        record = self._record(key)
        leaves = [read_only(self._values[i]) for i in record.positions]
        return table.unflatten(record.structure, leaves)

    def __contains__(self, name: object) -> bool:
        return name in self._traced.records

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __repr__(self) -> str:
        kept = ", ".join(self.names[:8]) + (", …" if len(self.names) > 8 else "")
        return (
            f"<Run of {type(self.module).__name__}: {table.describe(self.outputs)}; keeps {kept}>"
        )

    @property
    def names(self) -> list[str]:
        """The names of all nodes whose values were kept."""
        return list(self._traced.records)

    @property
    def grad(self) -> Gradients:
        """The gradient of each node's output, after ``backward``."""
        if self._gradients is None:
            raise GraphError("Call run.backward(grad_outputs) before reading run.grad")
        return Gradients(self)

    def backward(self, grad_outputs: Any = None) -> Any:
        """Gradients of the inputs (None for integer inputs); adds to the parameters' ``grad``.

        ``grad_outputs`` has the structure and shapes of the output; it may be left out when the
        output is a single number. Raises GraphError or ShapeError where it does not fit.
        """
        traced = self._traced
        seeds = seed_arrays(self, grad_outputs)
        derivative = traced.differentiated()
        if self._residuals is None:
            again = self._interpret(derivative.forward, self._arrays)
            self._residuals = again[len(traced.program.outputs) :]
        results = self._interpret(derivative.backward, [*self._residuals, *seeds])
        self._gradients = [None if slot is None else results[slot] for slot in derivative.slots]
        return self._distribute()

    def _gradient(self, atom: Any) -> NDArray | None:
        """The gradient of a value of the program; zeros where nothing flows."""
        if not atom.type.is_float:
            return None
        assert self._gradients is not None
        index = self._traced.wanted.get(atom)
        found = None if index is None else self._gradients[index]
        return np.zeros(atom.type.shape, atom.type.dtype) if found is None else found

    def _distribute(self) -> Any:
        traced = self._traced
        to_inputs: dict[int, NDArray | None] = {}
        with _accumulation:
            for var, source in zip(traced.program.inputs, traced.sources, strict=True):
                if isinstance(source, int):
                    gradient = self._gradient(var)
                    to_inputs[source] = None if gradient is None else np.array(gradient)
                elif isinstance(source, Parameter):
                    assert self._gradients is not None
                    found = self._gradients[traced.wanted[var]]
                    if found is not None:
                        total = source.grad
                        np.add(total, found, out=total)
        leaves = [to_inputs[i] for i in range(len(to_inputs))]
        return table.unflatten(traced.input_structure, leaves)

    def _record(self, key: Any) -> Record:
        records = self._traced.records
        if not isinstance(key, str):
            paths = self._traced.paths.get(key, [])
            if len(paths) != 1:
                found = (
                    f"at {len(paths)} places: {', '.join(paths)}" if paths else "not in this graph"
                )
                raise GraphError(f"{key} is {found}", "Ask for it by its path.")
            key = paths[0]
        if key not in records:
            shown = ", ".join(list(records)[:20])
            raise GraphError(f"The run has no node named {key!r}", f"There are: {shown}")
        return records[key]


class Gradients:
    """Gradients of the nodes of a run, by node or by dotted name."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getitem__(self, key: Any) -> Any:
        record = self._run._record(key)
        atoms = [self._run._traced.program.outputs[i] for i in record.positions]
        leaves = [self._run._gradient(atom) for atom in atoms]
        shown = [None if leaf is None else read_only(leaf) for leaf in leaves]
        return table.unflatten(record.structure, shown)


def run_module(module: Module, inputs: Any, check_finite: bool, keep: Keep) -> Run:
    """Trace the module for this kind of input, unless that was done before, and execute it."""
    leaves, structure = table.flatten(inputs)
    arrays = [as_array(module, leaf) for leaf in leaves]
    traced = find_trace(module, structure, arrays, keep)
    values = [np.array(array, dtype=cast) for array, cast in zip(arrays, traced.casts, strict=True)]
    if check_finite:
        check_inputs(module, inputs)
    filled = [fill(module, source, values) for source in traced.sources]
    return Run(module, traced, inputs, filled, check_finite)


def find_trace(
    module: Module, structure: table.Structure, arrays: Sequence[NDArray], keep: Keep
) -> Traced:
    """The trace for this signature and mode; the oldest of too many are forgotten."""
    signature = (structure, keep, module.is_training, *[(a.shape, a.dtype) for a in arrays])
    traces: dict[Any, Traced] = private(module, "_trace_cache", dict)
    traced = traces.get(signature)
    if traced is not None and traced.is_current():
        return traced
    traced = trace_module(module, structure, arrays, keep)
    if len(traces) >= KEPT_TRACES:
        traces.pop(next(iter(list(traces)), None), None)
    traces[signature] = traced
    return traced


def fill(module: Module, source: Any, values: Sequence[NDArray]) -> NDArray:
    """The array for one program input."""
    if isinstance(source, int):
        return values[source]
    if isinstance(source, Draw):
        drawn = np.float64 if source.type.dtype == np.float64 else np.float32
        uniform = module.generator.random(source.type.shape, dtype=drawn)
        return uniform.astype(source.type.dtype, copy=False)
    array: NDArray = source.data
    return array


def as_array(module: Module, leaf: Any) -> NDArray:
    if isinstance(leaf, np.ndarray):
        return leaf
    if leaf is None or isinstance(leaf, str | dict):
        error = DtypeError(
            f"receives {leaf!r}, expected an array or a table of arrays",
            "Is a name mistyped, or did a function return nothing?",
        )
        error.locate(type(module).__name__)
        raise error
    return np.asarray(leaf)


def check_inputs(module: Module, inputs: Any) -> None:
    for path, leaf in table.walk(inputs):
        require_finite(
            np.asarray(leaf), f"{type(module).__name__}: input{table.position_text(path)} holds"
        )
    for name, parameter in module.named_parameters():
        require_finite(parameter.data, f"{type(module).__name__}: parameter {name} holds")


def read_only(value: Any) -> NDArray:
    """A view of a value that the run still needs."""
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


def seed_arrays(run: Run, grad_outputs: Any) -> list[NDArray]:
    """The gradients of the outputs as arrays of the right types."""
    traced = run._traced
    types = [atom.type for atom in traced.program.outputs[: traced.output_count]]
    if grad_outputs is None:
        if len(types) != 1 or types[0].size != 1:
            raise GraphError(
                f"backward of {table.describe(run.outputs)} needs grad_outputs",
                "Only a single number has an obvious gradient: 1.",
            )
        return [np.ones(types[0].shape, types[0].dtype)]
    leaves, structure = table.flatten(grad_outputs)
    if structure != traced.output_structure:
        raise GraphError(
            f"backward received the gradients {counted(grad_outputs)}, "
            f"expected {counted(run.outputs)}",
            "Give one gradient for each output, nested as the output is.",
        )
    seeds = []
    for index, (leaf, type) in enumerate(zip(leaves, types, strict=True)):
        if not type.is_float:
            continue
        if leaf is None:
            raise GraphnetError(f"backward received None as gradient {index}")
        array = np.asarray(leaf)
        if array.shape != type.shape:
            raise ShapeError(
                f"backward received a gradient {array.shape} for output {index}, "
                f"expected {type.shape}"
            )
        seeds.append(array.astype(type.dtype))
    return seeds


def counted(value: Any) -> str:
    """The shapes of a value, and how many entries it has as a table."""
    count = f" ({len(value)} entries)" if table.is_table(value) else ""
    return table.describe(value) + count


def last_run(module: Module) -> Run | None:
    """The run of the last ``forward`` in this thread."""
    return getattr(private(module, "_thread_runs", threading.local), "run", None)


def remember_run(module: Module, run: Run) -> None:
    private(module, "_thread_runs", threading.local).run = run


def same_input(kept: Any, given: Any) -> bool:
    """Whether two inputs are the same arrays, or hold equal values."""
    if kept is given:
        return True
    left, left_structure = table.flatten(kept)
    right, right_structure = table.flatten(given)
    return left_structure == right_structure and all(
        a is b or np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
        for a, b in zip(left, right, strict=True)
    )
