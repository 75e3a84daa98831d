"""Rules for code in line alone: scans inside of a scan, rows by index."""

from __future__ import annotations

from dataclasses import replace

from llvmlite import ir

from graphnet.ir.core.program import Atom, Equation, Program
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.gather_scatter import RowsShape, Site, emit_rows
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.codegen.scan_body import Emitter
from graphnet.native.codegen.step_loop import StepLoop, Stepped, Steps, part_of_first
from graphnet.native.llvm.ir_helpers import index
from graphnet.native.lowering.constant_panels import pack_constants


def scan(emitter: Emitter, equation: Equation) -> None:
    """All steps of a scan within a step of another one."""
    settings = equation.settings
    body, constants, carried, length = (
        settings[name] for name in ("body", "constants", "carried", "length")
    )
    operands = [emitter.at(atom) for atom in equation.inputs]
    first = constants + carried
    context = replace(emitter.context, clock=None, team=None)
    context.packed = {**context.packed, **packed(emitter, body, operands[:constants])}
    initial = [emitter.pointer(emitter.contiguous(place)) for place in operands[constants:first]]
    targets = [emitter.allocate(var) for var in equation.outputs]
    sequences, stacks = (
        [stepped(emitter, place) for place in places]
        for places in (operands[first:], targets[carried:])
    )
    builder = emitter.builder
    steps = Steps(body, constants, carried, settings["reverse"])
    loop = StepLoop(
        steps, context, operands[:constants], initial, sequences, stacks, builder.function
    )
    finals = loop.emit(builder.block, index(length))
    builder.branch(loop.head)
    builder.position_at_end(loop.after)
    for place, target in zip(finals, targets, strict=False):
        emitter.copy(place, target)


def packed(emitter: Emitter, body: Program, places: list[StridedView]) -> dict[Atom, ir.Value]:
    """The panels of matrices that stay the same in all steps of the scan inside."""
    found: dict[Atom, ir.Value] = {}

    def pack(matrix: StridedView, atom: Atom) -> None:
        if atom not in emitter.context.packed:
            found[atom] = emitter.panels(matrix, atom)

    pack_constants(body, places, pack)
    return found


def stepped(emitter: Emitter, place: StridedView) -> Stepped:
    return Stepped(part_of_first(place), emitter.number(place.strides[0]))


def take(emitter: Emitter, equation: Equation) -> None:
    table = equation.inputs[0].type
    columns = part_of_first(StridedView.of(None, table)).type.size
    rows_by_index(emitter, equation, KernelKind.TAKE, table.shape[0], columns)


def scatter_add(emitter: Emitter, equation: Equation) -> None:
    target = equation.outputs[0].type
    columns = part_of_first(StridedView.of(None, target)).type.size
    rows_by_index(emitter, equation, KernelKind.SCATTER_ADD, equation.settings["rows"], columns)


def checked_lengths(emitter: Emitter, equation: Equation) -> None:
    rows_by_index(emitter, equation, KernelKind.LENGTHS, equation.settings["steps"], 1)


def rows_by_index(
    emitter: Emitter, equation: Equation, kind: KernelKind, rows: int, columns: int
) -> None:
    """What the kernel of that kind does, by one thread."""
    places = [emitter.contiguous(emitter.at(atom)) for atom in equation.inputs]
    target = emitter.allocate(equation.outputs[0])
    shape = RowsShape(kind, equation.inputs[0].type, places[-1].type)
    assert emitter.context.flag is not None
    pointers = [*map(emitter.pointer, (*places, target)), emitter.context.flag]
    sizes = [emitter.number(size) for size in (places[-1].type.size, rows, columns)]
    emit_rows(Site(emitter.builder, pointers, sizes, index(0), index(1)), shape)
