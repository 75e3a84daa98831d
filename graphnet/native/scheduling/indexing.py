"""Rows by index as calls, and the check of lengths: kernels that set a flag where one is wrong."""

from __future__ import annotations

from math import prod

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.calls import FLAG
from graphnet.native.scheduling.schedule import Scheduler


def take(scheduler: Scheduler, equation: Equation) -> None:
    table, indices = (atom.type for atom in equation.inputs)
    arguments = [indices.size, table.shape[0], prod(table.shape[1:])]
    call(scheduler, equation, KernelKind.TAKE, table, arguments)


def scatter_add(scheduler: Scheduler, equation: Equation) -> None:
    added, indices = (atom.type for atom in equation.inputs)
    columns = prod(added.shape[len(indices.shape) :])
    arguments = [indices.size, equation.settings["rows"], columns]
    call(scheduler, equation, KernelKind.SCATTER_ADD, added, arguments)


def checked_lengths(scheduler: Scheduler, equation: Equation) -> None:
    lengths = equation.inputs[0].type
    arguments = [lengths.size, equation.settings["steps"], 1]
    call(scheduler, equation, KernelKind.LENGTHS, lengths, arguments, WorkSharing.ALONE)


def call(
    scheduler: Scheduler,
    equation: Equation,
    kind: KernelKind,
    element: ArrayType,
    arguments: list[int],
    sharing: WorkSharing = WorkSharing.SHARED,
) -> None:
    """The call of a kernel whose last operand are the indices."""
    places = [scheduler.contiguous(scheduler.at(atom)) for atom in equation.inputs]
    target = scheduler.allocate(equation.outputs[0])
    code = scheduler.kernels.rows(kind, element, places[-1].type)
    flag = StridedView.of(scheduler.flag, FLAG)
    cost = 2.0 * max(target.type.size, places[0].type.size)
    scheduler.call(code, [*places, target, flag], arguments, cost, sharing)
