"""Contractions as calls: of a kernel that gathers the right operand, where the axes allow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from graphnet.ir.core.program import Equation, Var
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives import reduction
from graphnet.ir.primitives.contraction import Labels
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.gemm.contraction import ITEMS
from graphnet.native.gemm.gathering import AXES
from graphnet.native.lowering import contraction as lowered
from graphnet.native.lowering.contraction import labels_and_sizes, ordered
from graphnet.native.scheduling.buffers import BufferRole
from graphnet.native.scheduling.calls import FLAG
from graphnet.native.scheduling.reordered_windows import with_neighbours
from graphnet.native.scheduling.schedule import Scheduler

BLOCK = 1 << 17
"""Elements of a block of packed columns: half a megabyte of float32 in the second level cache."""
DEEPEST = 256
"""Rows of such a block."""
PARTS = 8
"""Into how many parts a sum over images is divided, whatever the number of threads."""
LINE = 64

Axis = tuple[int, ...]
"""A size, then the strides of some arrays along the axis."""


def contraction(scheduler: Scheduler, equation: Equation) -> None:
    left, right = (scheduler.at(atom) for atom in equation.inputs)
    labels, sizes = labels_and_sizes(equation)
    order = labels.batch + labels.rows + labels.summed
    if labels.summed and strides_of(left, labels.left)[innermost(labels, left)] != 1:
        left = scheduler.copied(ordered(left, labels.left, order))
        labels = replace(labels, left=order)
    options = [(right, labels), (right, replace(labels, result=natural_order(labels)))]
    anew = with_neighbours(scheduler, equation.inputs[1], labels)
    for right, option in [*([anew] if anew else []), *options]:
        shape = shape_of(option, sizes, left, right)
        if shape is not None and 0 not in sizes.values():
            result = memory_of(scheduler, equation, option, labels)
            call(scheduler, equation, shape, left, right, result)
            finish(scheduler, equation, result, option, labels)
            return
    lowered.contraction(scheduler, equation)


def natural_order(labels: Labels) -> str:
    """An order of the result that the kernel can write, with products for the first column."""
    return labels.batch + labels.columns[:1] + labels.rows + labels.columns[1:]


def memory_of(
    scheduler: Scheduler, equation: Equation, option: Labels, labels: Labels
) -> StridedView:
    """The memory that the kernel writes into."""
    (var,) = equation.outputs
    if option.result == labels.result:
        return scheduler.allocate(var)
    _, sizes = labels_and_sizes(equation)
    type = ArrayType(tuple(sizes[letter] for letter in option.result), var.type.dtype)
    return scheduler.new(type, role=BufferRole.VALUES, var=var)


def finish(
    scheduler: Scheduler, equation: Equation, result: StridedView, option: Labels, labels: Labels
) -> None:
    """Let others read the result in its own order: as a view, but for what leaves the program."""
    (var,) = equation.outputs
    if option.result == labels.result:
        return
    place = ordered(result, option.result, labels.result)
    if var in scheduler.program.outputs:
        scheduler.copy(place, scheduler.allocate(var))
    else:
        scheduler.places[var] = place


def innermost(labels: Labels, left: StridedView) -> str:
    """The summed axis along which elements of the left operand are nearest."""
    strides = strides_of(left, labels.left)
    return min(labels.summed, key=lambda letter: (abs(strides[letter]), -labels.left.index(letter)))


@dataclass(frozen=True)
class ContractionShape:
    """The axes of a contraction as the kernel takes them.

    ``items`` and ``sums`` have strides in all three arrays and in both operands, ``depth`` and
    ``columns`` in the right operand.
    """

    rows: Axis
    depth: list[Axis]
    columns: list[Axis]
    items: list[Axis]
    sums: Axis


def shape_of(
    labels: Labels, sizes: Mapping[str, int], left: StridedView, right: StridedView
) -> ContractionShape | None:
    """None where there are more axes than the kernel has loops for."""
    result = StridedView.of(None, ArrayType(tuple(sizes[x] for x in labels.result), FLAG.dtype))
    a, b = strides_of(left, labels.left), strides_of(right, labels.right)
    c = strides_of(result, labels.result)
    before, tail = split(labels.result, set(labels.columns))
    outer, inner = split(before, set(labels.rows))
    rows = together(inner, sizes, a, c)
    if not tail or not inner:
        return None
    while len(rows) > 1 and inner:  # rows that are apart are products of their own
        outer, inner = outer + inner[0], inner[1:]
        rows = together(inner, sizes, a, c)
    summed = sorted(labels.summed, key=lambda letter: (-abs(a[letter]), labels.left.index(letter)))
    depth = neighbours(summed, sizes, a)
    sums = together(summed[: len(summed) - len(depth)], sizes, a, b)
    columns, deep = together(tail, sizes, b), together(depth, sizes, b)
    items = together(outer, sizes, a, b, c)
    if len(items) > ITEMS or len(sums) > 1 or max(len(columns), len(deep)) > AXES or not inner:
        return None
    return ContractionShape(
        (rows or [(1, 0, 0)])[0], deep, columns, items, (sums or [(1, 0, 0)])[0]
    )


def strides_of(place: StridedView, letters: str) -> dict[str, int]:
    return dict(zip(letters, place.strides, strict=True))


def split(letters: str, wanted: set[str]) -> tuple[str, str]:
    """The letters at the end that are wanted, and those before."""
    cut = len(letters)
    while cut and letters[cut - 1] in wanted:
        cut -= 1
    return letters[:cut], letters[cut:]


def together(
    letters: Sequence[str], sizes: Mapping[str, int], *strides: Mapping[str, int]
) -> list[Axis]:
    """The axes with their strides, 0 in an array that lacks one; neighbours as one where all arrays
    allow it."""
    found: list[Axis] = []
    for letter in letters:
        size, own = sizes[letter], [each.get(letter, 0) for each in strides]
        if size == 1:
            continue
        if found and all(o == s * size for o, s in zip(found[-1][1:], own, strict=True)):
            found[-1] = (found[-1][0] * size, *own)
        else:
            found.append((size, *own))
    return found


def neighbours(summed: Sequence[str], sizes: Mapping[str, int], a: Mapping[str, int]) -> list[str]:
    """The inner axes whose elements follow each other in the left operand."""
    found: list[str] = []
    expected = 1
    for letter in reversed(summed):
        if sizes[letter] != 1 and a[letter] != expected:
            break
        found.insert(0, letter)
        expected *= sizes[letter]
    return found


def filled(axes: list[Axis], count: int, arrays: int) -> list[Axis]:
    """So many axes, with axes of size 1 in front."""
    return [(1, *[0] * arrays)] * (count - len(axes)) + axes


def call(
    scheduler: Scheduler,
    equation: Equation,
    shape: ContractionShape,
    left: StridedView,
    right: StridedView,
    target: StridedView,
) -> None:
    tile = scheduler.kernels.tile(target.type.dtype)
    depth, columns = (prod(axis[0] for axis in axes) for axes in (shape.depth, shape.columns))
    block_depth = -(-depth // -(-depth // DEEPEST))
    fitting = max(1, BLOCK // (block_depth * tile.panel))
    panels = min(tile.panels, fitting, -(-columns // tile.panel))
    blocks = -(-columns // (panels * tile.panel))
    units = prod(axis[0] for axis in shape.items) * blocks
    parts = 1 if units >= PARTS else min(PARTS, shape.sums[0])
    result = target
    if parts > 1:
        result = scheduler.temporary(ArrayType((parts, *target.type.shape), target.type.dtype))
    place = aligned(8 * depth)
    scratch = place + aligned(panels * tile.panel * (block_depth + 1) * tile.real_bytes)
    bytes_ = ArrayType((scheduler.kernels.threads * scratch // 8,), FLAG.dtype)
    items = filled(shape.items, ITEMS, 3)
    arguments = [
        shape.rows[0], *by_columns(filled(shape.depth, AXES, 1)),
        *by_columns(filled(shape.columns, AXES, 1)), *shape.rows[1:], *by_columns(items),
        *shape.sums, parts, target.type.size, panels * tile.panel, block_depth, place, scratch,
    ]  # fmt: skip
    code = scheduler.kernels.contraction(target.type.dtype)
    places = [left, right, result, scheduler.temporary(bytes_)]
    scheduler.call(code, places, arguments, 2.0 * equation.multiply_adds())
    if parts > 1:
        add_up(scheduler, result, target)


def add_up(scheduler: Scheduler, parts: StridedView, target: StridedView) -> None:
    settings = {"axis": 0, "keepdims": False}
    equation = Equation(reduction.sum, (Var(parts.type),), settings, (Var(target.type),), None)
    rest = range(1, len(parts.type.shape))
    scheduler.emit_reduction(equation, parts, target, list(rest), [0])


def by_columns(axes: Sequence[Axis]) -> list[int]:
    """All sizes, then all strides of one array after the other."""
    return [number for column in zip(*axes, strict=True) for number in column]


def aligned(size: int) -> int:
    return -(-size // LINE) * LINE
