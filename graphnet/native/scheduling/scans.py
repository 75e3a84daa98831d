"""Scans as calls: sequences step by step, matrices of the body in panels made beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.ir.core.program import Atom, Equation, Program, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.scan import program_count
from graphnet.native.analysis.batch_axis import (
    back,
    for_any_rows,
    permuted,
    renamed,
    rows_first,
)
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.scan_kernel import ScanShape
from graphnet.native.codegen.step_loop import Steps
from graphnet.native.lowering.constant_panels import pack_constants
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.buffers import Buffer, BufferRole
from graphnet.native.scheduling.calls import FLAG
from graphnet.native.scheduling.schedule import Scheduler


def scan(scheduler: Scheduler, equation: Equation) -> None:
    settings = equation.settings
    constants, carried, length = (settings[k] for k in ("constants", "carried", "length"))
    widened = for_any_rows(settings["body"], constants, carried)
    body, rows = widened or (renamed(settings["body"]), 1)
    first = constants + carried
    places: list[StridedView | None] = [scheduler.at(atom) for atom in equation.inputs[:first]]
    given = places[:constants]
    atoms, matrices = packed_constants(scheduler, body, given)
    places[:constants] = given
    for matrix, atom in zip(matrices, atoms, strict=True):
        note_readers(matrix, atom, body, settings["body"])
    places = [
        place and scheduler.contiguous(place.transposed(axes, permuted(place.type, axes)))
        for place, axes in zip(places, map(axes_of, body.inputs), strict=False)
    ]
    sequences = [
        stepped(scheduler, with_steps(scheduler.at(atom), axes_of(var)))
        for atom, var in zip(equation.inputs[first:], body.inputs[first:], strict=True)
    ]
    finals = [
        result(scheduler, var, axes_of(atom))
        for var, atom in zip(equation.outputs, body.outputs[:carried], strict=False)
    ]
    stacks = stacked(scheduler, equation, body, places)
    outputs = (*body.outputs[:carried], *stacks)
    body = Program(body.inputs, body.equations, outputs)
    is_timed = scheduler.kernels.is_timed
    rules = scheduler.rules_in_scans
    steps = Steps(body, constants, carried, settings["reverse"])
    shape = ScanShape(steps, atoms, rules, is_timed)
    code = scheduler.kernels.scan(shape)
    memory = scheduler.new(FLAG, 0, BufferRole.WORKING_MEMORY)
    counters = [scheduler.new(FLAG, len(body.equations), BufferRole.COUNTERS)] if is_timed else []
    flag = [StridedView.of(scheduler.flag, FLAG)] if shape.sets_flag else []
    strides = [place.strides[0] for place in (*sequences, *stacks.values())]
    call = scheduler.call(
        code,
        [*places, *sequences, *finals, *stacks.values(), *matrices, memory, *counters, *flag],
        [length, rows, 0, *strides],
        float(length * body_cost(settings["body"])),
        WorkSharing.LED if shape.leads else WorkSharing.SHARED if widened else WorkSharing.ALONE,
    )
    call.memory, call.rows = memory.pointer, rows
    call.counters = counters[0].pointer if counters else None


def axes_of(atom: Atom) -> Shape:
    """The axes of a value of the body as the kernel has it in memory: the batch first."""
    return rows_first(atom.type)


def with_steps(place: StridedView, axes: Shape) -> StridedView:
    """A sequence with the axes of each step in that order."""
    order = (0, *(axis + 1 for axis in axes))
    return place.transposed(order, permuted(place.type, order))


def result(scheduler: Scheduler, var: Var, axes: Shape) -> StridedView:
    """Memory for a final value, in the order of the kernel."""
    made = scheduler.new(permuted(var.type, axes), role=BufferRole.VALUES, var=var)
    scheduler.places[var] = back(made, axes)
    return made


def note_readers(matrix: StridedView, atom: Atom, body: Program, named: Program) -> None:
    """Say of panels which products of the body, as it is in the program, they are for."""
    pairs = zip(body.equations, named.equations, strict=True)
    buffer: Buffer = matrix.pointer
    buffer.equations = tuple(own for e, own in pairs if atom in e.inputs[1:2])


def stacked(
    scheduler: Scheduler, equation: Equation, body: Program, initial: Sequence[StridedView | None]
) -> dict[Atom, StridedView]:
    """The stacks of the results of each step, each value once.

    A carried value that is wanted as it enters a step and as it leaves it is one stack of one more
    step, the initial value at its end: before and after are windows of it.
    """
    settings = equation.settings
    constants, carried, length = (settings[k] for k in ("constants", "carried", "length"))
    results = list(zip(body.outputs[carried:], equation.outputs[carried:], strict=True))
    wanted = {atom for atom, _ in results}
    made = {var for e in body.equations for var in e.outputs}
    entering = body.inputs[constants : constants + carried]
    found: dict[Atom, StridedView] = {}
    before: dict[Atom, StridedView] = {}
    final = equation.outputs[:carried]
    for enters, leaves, var, start in zip(
        entering, body.outputs, final, initial[constants:], strict=False
    ):
        if enters in wanted and leaves in made and leaves not in found:
            own = permuted(var.type, axes_of(leaves))
            type = ArrayType((length + 1, *own.shape), own.dtype)
            steps = scheduler.new(type, role=BufferRole.STEPS, var=var)
            early, late = step_window(steps, 0, length), step_window(steps, 1, length + 1)
            before[enters], found[leaves] = (late, early) if settings["reverse"] else (early, late)
            first = length if settings["reverse"] else 0
            assert start is not None
            target = step_window(steps, first, first + 1).reshaped(own)
            assert target is not None
            scheduler.copy(start, target)
    for atom, var in results:
        axes = (0, *(axis + 1 for axis in axes_of(atom)))
        if atom not in before and atom not in found:
            type = permuted(var.type, axes)
            found[atom] = scheduler.new(type, role=BufferRole.STEPS, var=var)
        scheduler.places[var] = back(before.get(atom) or found[atom], axes)
    return found


def step_window(steps: StridedView, start: int, stop: int) -> StridedView:
    """Some of the steps of a stack."""
    window = ((start, stop, 1), *((0, size, 1) for size in steps.type.shape[1:]))
    type = ArrayType((stop - start, *steps.type.shape[1:]), steps.type.dtype)
    return steps.window(window, type)


def stepped(scheduler: Scheduler, place: StridedView) -> StridedView:
    """A sequence each step of which lies in one piece."""
    if place.is_contiguous or not place.type.size:
        return place
    step = ArrayType(place.type.shape[1:], place.type.dtype)
    inner = StridedView(place.pointer, place.offset, place.strides[1:], step)
    return place if inner.is_contiguous else scheduler.copied(place)


def packed_constants(
    scheduler: Scheduler, body: Program, places: list[StridedView | None]
) -> tuple[tuple[Atom, ...], list[StridedView]]:
    """The matrices of the body that are constants, or views of them, and their panels.

    A constant that the body reads in no other way is not given to it (its place becomes None).
    """
    found: dict[Atom, StridedView] = {}

    def pack(matrix: StridedView, atom: Atom) -> None:
        found[atom] = scheduler.panels(matrix)

    read = pack_constants(body, places, pack)
    places[:] = [place if i in read else None for i, place in enumerate(places)]
    return tuple(found), list(found.values())


def body_cost(body: Program) -> int:
    """Operations of a step, roughly."""
    products = 2 * program_count(body)
    return products + 4 * sum(var.type.size for e in body.equations for var in e.outputs)
