"""How equations other than fused loops become calls of kernels; all rules in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from graphnet.ir.core.program import Equation, Program, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.reduction import axes_of
from graphnet.native.analysis.matmul_add import PRODUCTS
from graphnet.native.analysis.rewrite import VIEWS
from graphnet.native.analysis.strided_view import Place, collapsed
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.codegen.scan_body import parts_of
from graphnet.native.runtime.dispatcher import Sharing
from graphnet.native.scheduling.calls import FLAG
from graphnet.native.scheduling.products import product
from graphnet.native.scheduling.scans import scan
from graphnet.native.scheduling.schedule import Rule, Scheduler


def scheduled(program: Program, kernels: Kernels) -> Scheduler:
    """The calls of a program, every equation of which has a native rule."""
    scheduler = Scheduler(program, kernels, RULES)
    scheduler.run()
    return scheduler


def view(scheduler: Scheduler, equation: Equation) -> None:
    source = scheduler.at(equation.inputs[0])
    made = source.view(equation) or scheduler.copied(source).view(equation)
    assert made is not None
    scheduler.places[equation.outputs[0]] = made


def concatenate(scheduler: Scheduler, equation: Equation) -> None:
    target = scheduler.room(equation.outputs[0])
    parts = [(scheduler.at(atom), part) for atom, part in parts_of(equation, target)]
    for source, _ in parts:
        scheduler.put_together(source)
    scheduler.joined[target.pointer] = target, parts


def unslice(scheduler: Scheduler, equation: Equation) -> None:
    source, target = scheduler.at(equation.inputs[0]), scheduler.room(equation.outputs[0])
    zero = scheduler.at(literal(0, target.type.dtype)).broadcast(target.type)
    scheduler.copy(zero, target)
    scheduler.copy(source, target.window(equation.settings["window"], source.type))


def reduction(scheduler: Scheduler, equation: Equation) -> None:
    source, target = scheduler.at(equation.inputs[0]), scheduler.room(equation.outputs[0])
    axes = axes_of(equation.settings["axis"], len(source.type.shape))
    kept = [axis for axis in range(len(source.type.shape)) if axis not in axes]
    kept_sizes, kept_strides, into = axes_together(source, kept, target)
    sizes, strides, _ = axes_together(source, axes)
    if 0 in kept_sizes:
        return
    units = kept_strides[-1:] == [1], strides[-1:] == [1], into[-1:] == [1]
    name, type = equation.primitive.name, equation.outputs[0].type
    code = scheduler.kernels.reduction(name, type, len(kept_sizes), len(sizes), units)
    arguments = [*kept_sizes, *sizes, *kept_strides, *strides, *into]
    sharing = Sharing.SHARED if kept_sizes else Sharing.ALONE
    scheduler.call(code, [source, target], arguments, source.type.size, sharing)


def indexed(scheduler: Scheduler, equation: Equation) -> None:
    places = [scheduler.contiguous(scheduler.at(atom)) for atom in equation.inputs]
    target = scheduler.room(equation.outputs[0])
    name = equation.primitive.name
    if name == "checked_lengths":
        arguments = [places[0].type.size, equation.settings["steps"]]
        element = places[0].type
    else:
        table, indices = (atom.type for atom in equation.inputs)
        element = table
        rows = table.shape[0] if name == "take" else equation.settings["rows"]
        skipped = 1 if name == "take" else len(indices.shape)
        arguments = [indices.size, rows, prod(table.shape[skipped:])]
    code = scheduler.kernels.rows(name, element, places[-1].type)
    flag = Place.of(scheduler.flag, FLAG)
    cost = 2.0 * max(target.type.size, places[0].type.size)
    sharing = Sharing.ALONE if name == "checked_lengths" else Sharing.SHARED
    scheduler.call(code, [*places, target, flag], arguments, cost, sharing)


def axes_together(
    source: Place, axes: Sequence[int], target: Place | None = None
) -> tuple[list[int], list[int], list[int]]:
    """Sizes and strides along some axes of a source, and of a target that has just these axes."""
    type = ArrayType(tuple(source.type.shape[axis] for axis in axes), source.type.dtype)
    part = Place(None, 0, tuple(source.strides[axis] for axis in axes), type)
    other = part if target is None else Place.of(None, type)
    sizes, (strides, into) = collapsed(type.shape, [part, other])
    if sizes == (1,):
        return [], [], []
    return list(sizes), list(strides), list(into)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(VIEWS, view),
    "concatenate": concatenate,
    "unslice": unslice,
    "sum": reduction,
    "max": reduction,
    "take": indexed,
    "scatter_add": indexed,
    "checked_lengths": indexed,
    **dict.fromkeys(PRODUCTS, product),
    "scan": scan,
}
