"""Run: one execution of a module, with the value and the gradient of every node."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import private
from graphnet.graph.running.accumulation import add_to_parameters
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.executables import executable_for
from graphnet.graph.running.inputs import check_inputs, read_only, same_input, seed_arrays
from graphnet.graph.running.outputs import materialise
from graphnet.graph.running.run_table import run_table
from graphnet.graph.tracing.traced import Record
from graphnet.graph.values import table
from graphnet.graph.values.changes import MOMENTS, changes
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.selection import ByName, Selection, full_path
from graphnet.html_table import html_table
from graphnet.ir.core.types import NDArray
from graphnet.tracebacks import public, shorten


class Run:
    """The outputs of one execution, and the outputs of every node.

    ``run.outputs`` is what ``forward`` returns. ``run["name"]`` or ``run[node]`` is the output of a
    node (read-only), by its path or the end of it. After ``run.backward(grad_outputs)``,
    ``run.grad["name"]`` is the gradient of that output. A node inside a sequence, kept by
    ``trace``, has the steps on its first axis: (steps, batch, …).

    Runs are independent of each other and of the graph; inputs are copied, parameters are read
    where they are, so update them after ``backward``, which raises GraphError where they have
    changed since the run (see ``Parameter`` for what counts as a change).

    In training mode a run keeps what ``backward`` needs. In evaluation mode it does not, and
    ``backward`` computes forward once more: of a run that keeps no values (``forward``), from the
    inputs as they are then.

    Raises GraphError for a gradient that is read before ``backward``, and for an ambiguous or
    unknown name.
    """

    def __init__(
        self, executable: Executable, inputs: Any, leaves: Sequence[NDArray], check_finite: bool
    ) -> None:
        self.module: Any = executable.module
        self.inputs = inputs
        self.check_finite = check_finite
        self._executable = executable
        self._traced = traced = executable.traced
        self._gradients: list[NDArray | None] | None = None
        self._began, self._last_change = next(MOMENTS), changes.last
        self._arrays = executable.inputs(leaves)
        values = executable.prepared.run(self._arrays, inputs, self._is_native(), check_finite)
        count = len(traced.program.outputs)
        has_residuals = executable.has_residuals
        self._residuals = values[count:] if has_residuals else None
        self._values = values[:count]
        outputs = values[: traced.output_count]
        shared = has_residuals or traced.records  # with residuals, or with values of nodes
        found = list(map(np.array, outputs)) if shared else materialise(outputs)
        self.outputs: Any = table.unflatten(traced.output_structure, found)

    def _is_native(self) -> bool:
        return self.module.is_compiled and not self.check_finite

    @public
    def __getitem__(self, key: Any) -> Any:
        """The output of a node, by node or by dotted name."""
        record = self._record(key)
        leaves = [read_only(self._values[i]) for i in record.positions]
        return table.unflatten(record.structure, leaves)

    def __contains__(self, name: object) -> bool:
        return name in self._traced.records

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    def __repr__(self) -> str:
        kept = ", ".join(self.names[:8]) + (", …" if len(self.names) > 8 else "")
        return (
            f"<Run of {type(self.module).__name__}: {table.describe(self.outputs)}; keeps {kept}>"
        )

    def _repr_html_(self) -> str:
        title = f"Run of {type(self.module).__name__}: {table.describe(self.outputs)}"
        gradients = None if self._gradients is None else self.grad
        return html_table(run_table(title, self.names, self, gradients, self.outputs))

    @property
    def names(self) -> list[str]:
        """The names of all nodes whose values were kept."""
        return list(self._traced.records)

    @property
    @public
    def grad(self) -> Gradients:
        """The gradient of each node's output, after ``backward``."""
        self._require_backward("grad")
        return Gradients(self)

    @property
    def weight_grad_by_step(self) -> dict[str, NDArray]:
        """What each step adds to the gradient of each parameter of ``trace_weights``:
        ``(steps, *parameter.shape)``, after ``backward``. A parameter read in several sequences has
        an entry for each, ``name (2)`` and so on."""
        self._require_backward("weight_grad_by_step")
        probes = self._traced.weight_probes
        if probes is None:
            raise GraphError(
                "The run has no gradients of parameters by step",
                "Ask for them: run(xs, trace_weights=['i2h.weight']).",
            )
        found = {path: self._gradient(atom) for path, atom in probes.items()}
        return ByName({path: read_only(array) for path, array in found.items()})

    def _require_backward(self, name: str) -> None:
        if self._gradients is None:
            raise GraphError(f"Call run.backward(grad_outputs) before reading run.{name}")

    def backward(self, grad_outputs: Any = None) -> Any:
        """Gradients of the inputs (None for integer inputs); adds to the parameters' ``grad``.

        ``grad_outputs`` has the structure and shapes of the output; it may be left out when the
        output is a single number. Raises GraphError or ShapeError where it does not fit.
        """
        try:
            if changes.last != self._last_change:
                self._require_unchanged()
            traced = self._traced
            types = [atom.type for atom in traced.program.outputs[: traced.output_count]]
            seeds = seed_arrays(types, traced.output_structure, self.outputs, grad_outputs)
            how = self.inputs, self._is_native(), self.check_finite
            if self._residuals is None:
                self._residuals = self._executable.residuals(self._arrays, *how)
            self._gradients = self._executable.gradients([*self._residuals, *seeds], *how)
            return self._distribute()
        except Exception as error:
            shorten(error)
            raise

    def _require_unchanged(self) -> None:
        """Raise GraphError if what the run reads in place has changed since."""
        changed = [p for p in self._traced.arrays() if p._changed > self._began]
        if changed:
            named = [*self.module.named_parameters(), *self.module.named_buffers()]
            path = {p: path for path, p in named}.get(changed[0], changed[0].shape)
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            kind = type(changed[0]).__name__.lower()
            raise GraphError(
                f"has changed its {kind} {path}{more} since this run: gradients would be wrong",
                "Call backward before the optimiser's step or an assignment, or run again.",
                type(self.module).__name__,
            )

    def _gradient(self, atom: Any) -> NDArray | None:
        """The gradient of a value of the program; zeros if no output depends on it."""
        if not atom.type.is_float:
            return None
        assert self._gradients is not None
        index = self._traced.gradient_positions.get(atom)
        found = None if index is None else self._gradients[index]
        return np.zeros(atom.type.shape, atom.type.dtype) if found is None else found

    def _distribute(self) -> Any:
        traced = self._traced
        to_inputs: dict[int, NDArray | None] = {}
        to_parameters: list[tuple[Parameter, NDArray]] = []
        for var, source in zip(traced.program.inputs, traced.sources, strict=True):
            if isinstance(source, int):
                gradient = self._gradient(var)
                to_inputs[source] = None if gradient is None else np.array(gradient)
            elif isinstance(source, Parameter):
                assert self._gradients is not None
                found = self._gradients[traced.gradient_positions[var]]
                if found is not None:
                    to_parameters.append((source, found))
        add_to_parameters(to_parameters)
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
        return records[full_path(key, records)]


class Gradients:
    """Gradients of the nodes of a run, by node or by dotted name."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @public
    def __getitem__(self, key: Any) -> Any:
        record = self._run._record(key)
        leaves = [None if p is None else self._run._gradient(p) for p in record.probes]
        shown = [None if leaf is None else read_only(leaf) for leaf in leaves]
        return table.unflatten(record.structure, shown)

    def _ipython_key_completions_(self) -> list[str]:
        return self._run.names


def run_module(module: BaseModule, inputs: Any, check_finite: bool, selection: Selection) -> Run:
    """Execute the module on an input; see ``Run``."""
    executable, leaves = executable_for(module, inputs, selection)
    take = np.array if module.is_training or selection.keep else np.asarray
    values = executable.cast(leaves, take)
    if check_finite:
        check_inputs(module, inputs)
    return Run(executable, inputs, values, check_finite)


def last_run(module: BaseModule) -> Run | None:
    """The run of the last ``forward`` in this thread."""
    return getattr(private(module, "_thread_runs", threading.local), "run", None)


def run_of(module: BaseModule, inputs: Any) -> Run:
    """The run of the last ``forward`` in this thread, which must have had this input."""
    run = last_run(module)
    if run is None or not same_input(run.inputs, inputs):
        raise GraphError(
            "backward needs the input of the last forward",
            "Call forward(x) first, then backward(x, grad) with the same x (and lengths).",
            type(module).__name__,
        )
    return run


def remember_run(module: BaseModule, run: Run) -> None:
    private(module, "_thread_runs", threading.local).run = run
