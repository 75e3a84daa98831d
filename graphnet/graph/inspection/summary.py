"""The summary of a module: output shapes, parameters and multiply-adds of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.signature import leaves_of
from graphnet.graph.tracing.traced import Traced, trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import Selection
from graphnet.html_table import html_table
from graphnet.ir.core.program import Program
from graphnet.text_table import Table

FLOAT = np.dtype(float)
"""What floating inputs are without parameters."""


@dataclass(frozen=True, slots=True)
class Row:
    """One node: its dotted path, module, output shape, own parameters, multiply-adds."""

    node: str
    module: str
    output: str
    parameters: int
    multiply_adds: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A table of rows; ``print`` it. The total counts parameters used in several places once."""

    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int
    is_compiled: bool = False

    def __str__(self) -> str:
        return str(self._table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self._table())

    def _table(self) -> Table:
        head = ("node", "module", "output", "parameters", "multiply-adds")
        rows = [head] + [
            (r.node, r.module, r.output, f"{r.parameters:,}", f"{r.multiply_adds:,}")
            for r in self.rows
        ]
        rows.append(("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        last = ["compiled: it runs as machine code"] if self.is_compiled else []
        return Table(rows, right=(3, 4), after=last, has_total=True)


def summarise(module: BaseModule, shapes: Sequence[Any], dtype: Any = None) -> Summary:
    """Trace for arrays of these shapes and collect what the equations of each node cost."""
    traced = shape_trace(module, shapes, dtype)
    counts: dict[str, int] = {}
    total = count_by_path(traced.program, counts)
    below = with_inner(counts)
    rows = []
    modules: dict[str, BaseModule] = {}
    for path, inner in module.named_modules():
        modules.setdefault(path, inner)
    shared = dict(module.named_children())
    for path, shape in output_shapes(traced).items():
        part = modules.get(path) or shared.get(path) or find_part(module, path)
        if part is None:  # made inside a compute: it has no path
            rows.append(Row(path, "", shape, 0, counts.get(path, 0)))
            continue
        own = sum(p.size for p in part.parameters())
        has_parts = next(part.named_children(), None) is not None
        cost = (below if has_parts else counts).get(path, 0)
        rows.append(Row(path, part.description(), shape, own, cost))
    if not rows:  # a module that is no graph
        atoms = traced.program.outputs[: traced.output_count]
        shape = table.describe(table.unflatten(traced.output_structure, [a.type for a in atoms]))
        size = sum(p.size for p in module.parameters())
        rows = [Row("", module.description(), shape, size, total)]
    size = sum(p.size for p in module.parameters())
    return Summary(tuple(rows), size, total, module.is_compiled)


def with_inner(counts: Mapping[str, int]) -> dict[str, int]:
    """The count of each path, with those of the paths inside it."""
    totals: dict[str, int] = {}
    for path, count in counts.items():
        words = path.split(".")
        for end in range(1, len(words) + 1):
            inner = ".".join(words[:end])
            totals[inner] = totals.get(inner, 0) + count
    return totals


def find_part(module: BaseModule, path: str) -> BaseModule | None:
    try:
        found = module[path]  # type: ignore[index]
    except (TypeError, ValueError):
        return None
    inner = getattr(found, "module", found)
    return inner if isinstance(inner, BaseModule) else None


def shape_trace(
    module: BaseModule, shapes: Sequence[Any], dtype: Any = None, inside: bool = False
) -> Traced:
    """The program of a module for inputs of these shapes, none of which takes up memory.

    It keeps the values of all nodes, with ``inside`` those inside sequences too.
    """
    if not shapes or is_dtype(shapes[0]):
        raise ShapeError(
            "needs the shape of each input", "net.summary((5, 3), (5, 4))", "A summary"
        )
    value = stand_ins(module, shapes, dtype)
    leaves, structure = leaves_of(module, value)
    try:
        return trace_module(module, structure, leaves, Selection(keep=True, trace=inside))
    except DtypeError as error:
        if dtype is None and "integer" in error.problem:
            error.hint = (
                "A shape alone stands for floating numbers. A dtype may follow it: "
                f"({leaves[0].shape}, int)."
            )
        raise


def stand_ins(module: BaseModule, shapes: Sequence[Any], dtype: Any = None) -> Any:
    """What stands for inputs of these shapes: an array or a table; a shape may have a dtype after
    it, ``(7, 4), int``. Without, and for floating numbers, the dtype is that of the parameters."""
    if dtype is None:
        dtype = parameter_dtype(module, FLOAT)
    paired: list[Any] = []
    for shape in shapes:
        if is_dtype(shape) and paired:
            paired[-1] = (paired[-1], shape)
        else:
            paired.append(shape)
    values = [stand_in(shape, dtype) for shape in paired]
    return values[0] if len(values) == 1 else values


def is_dtype(value: Any) -> bool:
    return isinstance(value, type | np.dtype | str)


def stand_in(shape: Any, dtype: Any) -> Any:
    """An array of a shape, or a table of them; a dtype may follow the shape: ``((5, 3), int)``.

    An array stands for its shape, and for its dtype if it holds no floating numbers.
    """
    if hasattr(shape, "shape"):
        own = np.dtype(getattr(shape, "dtype", dtype))
        dtype = dtype if own.kind == "f" else own
        shape = tuple(shape.shape)
    if isinstance(shape, int):
        return np.broadcast_to(np.zeros((), dtype), (shape,))
    if isinstance(shape, list):
        return [stand_in(part, dtype) for part in shape]
    if shape and not all(isinstance(n, int | np.integer) for n in shape):
        if len(shape) == 2 and not isinstance(shape[1], tuple | list | int):
            return stand_in(shape[0], np.dtype(shape[1]))
        return [stand_in(part, dtype) for part in shape]
    return np.broadcast_to(np.zeros((), dtype), tuple(shape))


def output_shapes(traced: Traced) -> dict[str, str]:
    """The shapes of each node's output, as text."""
    outputs = traced.program.outputs
    return {
        path: table.describe(
            table.unflatten(record.structure, [outputs[i].type for i in record.positions])
        )
        for path, record in traced.records.items()
    }


def count_by_path(program: Program, counts: dict[str, int], times: int = 1) -> int:
    """Multiply-adds of each node, those inside a scan times its steps; returns the total."""
    total = 0
    for equation in program.equations:
        bodies = list(equation.bodies())
        if bodies:
            steps = times * int(equation.settings.get("length", 1))
            total += sum(count_by_path(body, counts, steps) for body in bodies)
            continue
        types = [atom.type for atom in equation.inputs]
        count = times * equation.primitive.multiply_adds(*types, **equation.settings)
        if count:
            path = equation.origin.path if equation.origin else ""
            counts[path] = counts.get(path, 0) + count
            total += count
    return total
