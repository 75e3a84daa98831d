"""Reductions as calls: neighbouring axes are taken together where they lie one within the other."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.reduction import axes_of
from graphnet.native.analysis.strided_view import StridedView, collapsed
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.runtime.dispatcher import Sharing
from graphnet.native.scheduling.schedule import Scheduler


def reduction(scheduler: Scheduler, equation: Equation) -> None:
    source, target = scheduler.at(equation.inputs[0]), scheduler.allocate(equation.outputs[0])
    axes = axes_of(equation.settings["axis"], len(source.type.shape))
    kept = [axis for axis in range(len(source.type.shape)) if axis not in axes]
    kept_sizes, kept_strides, into = axes_together(source, kept, target)
    sizes, strides, _ = axes_together(source, axes)
    if 0 in kept_sizes:
        return
    units = kept_strides[-1:] == [1], strides[-1:] == [1], into[-1:] == [1]
    kind, type = KernelKind(equation.primitive.name), equation.outputs[0].type
    code = scheduler.kernels.reduction(kind, type, len(kept_sizes), len(sizes), units)
    arguments = [*kept_sizes, *sizes, *kept_strides, *strides, *into]
    sharing = Sharing.SHARED if kept_sizes else Sharing.ALONE
    scheduler.call(code, [source, target], arguments, source.type.size, sharing)


def axes_together(
    source: StridedView, axes: Sequence[int], target: StridedView | None = None
) -> tuple[list[int], list[int], list[int]]:
    """Sizes and strides along some axes of a source, and of a target that has just these axes."""
    type = ArrayType(tuple(source.type.shape[axis] for axis in axes), source.type.dtype)
    part = StridedView(None, 0, tuple(source.strides[axis] for axis in axes), type)
    other = part if target is None else StridedView.of(None, type)
    sizes, (strides, into) = collapsed(type.shape, [part, other])
    if sizes == (1,):
        return [], [], []
    return list(sizes), list(strides), list(into)
