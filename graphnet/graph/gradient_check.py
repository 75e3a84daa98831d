"""Gradients of a net against central differences: ``check_gradients``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import GradientError, GraphError
from graphnet.graph.module import Module
from graphnet.graph.modules.calls import checked
from graphnet.graph.values import table
from graphnet.graph.wiring.gmodule import Graph
from graphnet.html_table import html_table
from graphnet.ir.core.types import NDArray
from graphnet.source import place
from graphnet.text_table import Table
from graphnet.tracebacks import public

WEIGHTS = (1, -8, 8, -1)
"""Of f(x - 2h), f(x - h), f(x + h), f(x + 2h), over 12 h: an error of the fourth order in h."""
FLOOR = 1e-2
"""The least number that errors are relative to: differences carry rounding."""


@dataclass(frozen=True, slots=True)
class CheckedGradient:
    """The worst of the ``count`` entries that were checked of one gradient, of shape ``shape``.

    ``found`` is what backward gives at ``entry``, ``expected`` the quotient of differences;
    ``error`` is their difference relative to the largest entry.
    """

    name: str
    shape: tuple[int, ...]
    count: int
    entry: tuple[int, ...]
    found: float
    expected: float
    error: float

    def __str__(self) -> str:
        at = f"{self.name}[{', '.join(map(str, self.entry))}]" if self.entry else self.name
        return f"{at}: backward gives {self.found:.9g}, differences {self.expected:.9g}"


@dataclass(frozen=True)
class GradientCheck:
    """The gradients of a net by its inputs and parameters, each with its worst entry."""

    rows: Sequence[CheckedGradient]

    @property
    def worst(self) -> CheckedGradient:
        """The gradient with the largest error."""
        return max(self.rows, key=lambda row: row.error)

    def table(self) -> Table:
        """The rows as a table."""
        head = ("gradient by", "shape", "checked", "largest error", "at")
        rows = [
            (r.name, str(r.shape), f"{r.count:,}", f"{r.error:.1e}", str(list(r.entry)))
            for r in self.rows
        ]
        return Table([head, *rows], right=[2, 3])

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self.table())


@public
@checked
def check_gradients(
    net: Module,
    inputs: Any,
    *,
    entries: int = 100,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientCheck:
    """Compare what ``backward`` gives with central differences, in float64.

    ``inputs`` is an array or a table, as of ``net.run``. The scalar that is differentiated is a
    sum of all outputs with random weights. Of each floating input and each parameter, ``entries``
    entries are checked, drawn by ``seed`` (all, if there are no more), as are the random numbers
    of dropout. Where a quotient over ``step`` does not agree, a shorter one decides, since the
    net may have a kink there. The net itself stays as it is: a copy in float64 is checked, in the
    mode of the net.

    Raises GradientError, which names the worst entry and the node that is wrong by itself, for an
    error above ``tolerance`` (relative to the largest entry of that gradient); GraphError for a net
    that gives other outputs when it is run again, or has nothing to differentiate.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> check = check_gradients(nn.Sequential(nn.Linear(3, 2), nn.Tanh()), np.ones((4, 3)))
    >>> [row.name for row in check.rows], check.worst.error < 1e-8
    (['input', '0.weight', '0.bias'], True)
    """
    copy = net.clone().double().compile(False)
    values = table.map_table(as_double, inputs)
    check = GradientCheck([*checked_gradients(copy, values, entries, step, tolerance, seed)])
    if not check.rows:
        raise GraphError("has no floating input and no parameter", subject=net.description())
    if check.worst.error > tolerance:
        culprit = wrong_node(copy, values, (entries, step, tolerance, seed))
        raise GradientError(
            f"has a wrong gradient by {check.worst} (relative error {check.worst.error:.1e}, "
            f"expected at most {tolerance:g})",
            culprit or "Of a net that is no graph, check the parts one by one.",
            net.description(),
        )
    return check


def as_double(value: Any) -> NDArray | None:
    """A copy in float64; whole numbers stay, and None, an input that is not given."""
    if value is None:
        return None
    array = np.array(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def checked_gradients(
    net: Module, inputs: Any, entries: int, step: float, tolerance: float, seed: int
) -> Iterator[CheckedGradient]:
    """Each gradient of a net in float64, with its worst entry."""
    rng = np.random.default_rng(seed)
    structure = table.flatten(outputs := net.seed(seed).forward(inputs))[1]
    weights = [weight_of(leaf, rng) for leaf in table.flatten(outputs)[0]]

    def scalar() -> float:
        leaves = table.flatten(net.seed(seed).forward(inputs))[0]
        return float(sum((leaf * w).sum() for leaf, w in zip(leaves, weights, strict=True)))

    if (again := scalar()) != scalar():
        raise GraphError(
            f"gives other outputs when it is run again ({again:.9g} and then another)",
            "Forget its states before (nn.forget).",
            net.description(),
        )
    net.zero_grad()
    net.seed(seed).forward(inputs)
    back = net.backward(inputs, table.unflatten(structure, weights))
    found = [*named_inputs(inputs, back), *named_parameters(net)]
    for name, array, gradient in found:
        picked = positions(array.shape, entries, rng)
        yield worst_entry(name, array, gradient, picked, scalar, step, tolerance)


def weight_of(leaf: NDArray, rng: np.random.Generator) -> NDArray:
    """Random weights for an output; zeros for whole numbers, which have no gradient."""
    normal: NDArray = rng.normal(size=np.shape(leaf))
    return normal if np.asarray(leaf).dtype.kind == "f" else np.zeros_like(normal)


def named_inputs(inputs: Any, gradients: Any) -> Iterator[tuple[str, NDArray, NDArray]]:
    for (path, array), gradient in zip(
        table.walk(inputs), table.flatten(gradients)[0], strict=True
    ):
        if array is not None and array.dtype.kind == "f":
            yield "input" + "".join(f"[{i}]" for i in path), array, gradient


def named_parameters(net: Module) -> Iterator[tuple[str, NDArray, NDArray]]:
    for name, parameter in net.named_parameters():
        yield name, parameter.data, parameter.grad


def positions(
    shape: tuple[int, ...], count: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Positions in an array: all, or as many as ``count``, in random order."""
    size = int(np.prod(shape))
    chosen = np.arange(size) if size <= count else rng.choice(size, count, replace=False)
    return [tuple(int(i) for i in np.unravel_index(k, shape)) for k in chosen]


def worst_entry(
    name: str,
    array: NDArray,
    gradient: NDArray,
    picked: Sequence[tuple[int, ...]],
    scalar: Callable[[], float],
    step: float,
    tolerance: float,
) -> CheckedGradient:
    """The entry of an array with the largest error of its gradient."""
    expected = {at: quotient(array, at, scalar, step) for at in picked}
    scale = max([FLOOR, *map(abs, expected.values())])
    for at, value in expected.items():
        if abs(gradient[at] - value) > tolerance * scale:  # across a kink, perhaps
            shorter = quotient(array, at, scalar, step / 100)
            expected[at] = min(value, shorter, key=lambda each: abs(gradient[at] - each))
    errors = {at: abs(float(gradient[at]) - value) / scale for at, value in expected.items()}
    at = max(errors, key=errors.__getitem__, default=())
    return CheckedGradient(
        name, array.shape, len(picked), at,
        float(gradient[at]) if errors else 0.0, expected.get(at, 0.0), errors.get(at, 0.0),
    )  # fmt: skip


def quotient(
    array: NDArray, at: tuple[int, ...], scalar: Callable[[], float], step: float
) -> float:
    """The derivative of a function by an entry of an array that it reads."""
    kept = array[at]
    width = step * max(1.0, abs(float(kept)))
    total = 0.0
    for multiple, weight in zip((-2, -1, 1, 2), WEIGHTS, strict=True):
        array[at] = kept + multiple * width
        total += weight * scalar()
    array[at] = kept
    return total / (12 * width)


def wrong_node(net: Module, inputs: Any, options: tuple[int, float, float, int]) -> str:
    """The node of a graph, at any depth, with the largest error by itself; empty for none."""
    if not isinstance(net, Graph):
        return ""
    run = net.seed(options[-1]).run(inputs)
    present = set(run.names)  # those behind an input that is not given are not
    found: list[tuple[float, str]] = []
    for node, name in zip(net.nodes, net.names, strict=True):
        if node.parents and name in present:
            names = map(net.name_of, node.parents)
            values = node.gathered([run[n] if n in present else None for n in names])
            values = table.map_table(lambda leaf: leaf if leaf is None else np.array(leaf), values)
            if rows := [*checked_gradients(node.module, values, *options)]:
                worst = GradientCheck(rows).worst
                inner = wrong_node(node.module, values, options)
                where = f"{node.module.description()}, {place(node.file, node.line)}"
                text = inner or f"The node {name} ({where}) is wrong: {worst}."
                found.append((worst.error, text))
    error, text = max(found, default=(0.0, ""))
    return text if error > options[2] else ""
