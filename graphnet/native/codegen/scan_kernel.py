"""A scan as a kernel: all steps of some rows; the numbers of steps and of rows are arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llvmlite import ir

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program
from graphnet.native.analysis.batch_axis import ROWS, batch_outside
from graphnet.native.codegen.cycle_counters import Clock
from graphnet.native.codegen.elementwise import Loops
from graphnet.native.codegen.parallel_gemm import Team, has_large_product
from graphnet.native.codegen.scan_body import Context, Emitter, InLineRule
from graphnet.native.codegen.scratch import Scratch, Sizes
from graphnet.native.codegen.step_loop import StepLoop, Stepped, Steps
from graphnet.native.gemm.register_tile import Tile
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import BYTE, index
from graphnet.native.llvm.kernel_abi import begin_kernel
from graphnet.native.llvm.strided_access import address


@dataclass(frozen=True)
class ScanShape:
    """The compile-time parameters of a scan: its body, and the roles of operands."""

    steps: Steps
    packed: tuple[Atom, ...]
    """The constants, or views of them, that products read in panels, which the caller makes."""
    rules: Mapping[str, InLineRule]
    """The rules of equations outside of fused loops, by the name of the primitive."""
    is_timed: bool = False
    """Whether the kernel counts the cycles of each equation; it then runs on one thread."""

    @property
    def libraries(self) -> frozenset[int]:
        """The libraries of products that the steps call, by the bits of their numbers."""
        types = [e.outputs[0].type for e in all_equations(self.steps.body) if calls_library(e)]
        return frozenset(8 * type.dtype.itemsize for type in types if type.is_float)

    @property
    def sets_flag(self) -> bool:
        """Whether a step may find an index that is wrong."""
        kinds = {equation.primitive.kind for equation in all_equations(self.steps.body)}
        return bool(kinds & {PrimitiveKind.INDEXED, PrimitiveKind.CHECK})

    @property
    def leads(self) -> bool:
        """Whether a team shares its products: threads that cannot share its rows."""
        rows_are_shared = any(var.type.size >= ROWS for var in self.steps.body.inputs)
        return not rows_are_shared and not self.is_timed and has_large_product(self.steps.body)


def all_equations(program: Program) -> Iterator[Equation]:
    """The equations of a program, and of the bodies in it."""
    for equation in program.equations:
        yield equation
        for body in equation.bodies():
            yield from all_equations(body)


def calls_library(equation: Equation) -> bool:
    return equation.primitive.kind in (PrimitiveKind.PRODUCT, PrimitiveKind.CONTRACTION)


def emit_scan(
    module: ir.Module, name: str, scan: ScanShape, loops: Loops, tiles: Mapping[str, Tile]
) -> list[int]:
    """The kernel; returns the pieces of working memory that a thread needs (``arena_bytes``).

    Arguments: steps, rows, bytes of working memory of a thread, and for each sequence and each
    stack of results the distance of its steps, in elements. Pointers: constants, initial carried
    values, sequences, final carried values, stacks, panels, working memory, counters if timed, the
    flag if it may be set.
    """
    return ScanEmitter(module, name, scan, loops, tiles).emit()


class ScanEmitter:
    """The parts of the kernel, emitted one after the other; final."""

    def __init__(
        self,
        module: ir.Module,
        name: str,
        scan: ScanShape,
        loops: Loops,
        tiles: Mapping[str, Tile],
    ) -> None:
        self.scan, self.loops, self.tiles = scan, loops, tiles
        kernel = begin_kernel(module, name)
        self.entry = entry = kernel.builder
        self.steps, rows, memory = (kernel.argument(i) for i in range(3))
        self.team: Team | None = None
        if scan.leads:
            self.first_row, last = index(0), rows
            self.team = Team(entry, kernel.threads)
        else:
            self.first_row, last = share(entry, rows, kernel.thread, kernel.threads)
        count = entry.sub(last, self.first_row)
        self.sizes = Sizes(count)
        self.has_rows = entry.icmp_signed(">", count, index(0))
        self.steps = entry.select(self.has_rows, self.steps, index(0))  # more threads than rows
        count = len(scan.steps.body.inputs)
        self.inputs = [self.own(kernel.pointer(i), v) for i, v in enumerate(scan.steps.body.inputs)]
        self.outputs = [
            self.own(kernel.pointer(count + i), atom)
            for i, atom in enumerate(scan.steps.body.outputs)
        ]
        count += len(self.outputs)
        self.packed = {a: kernel.pointer(count + i) for i, a in enumerate(scan.packed)}
        stepped = len(scan.steps.sequences) + len(scan.steps.results)
        self.strides = [kernel.argument(3 + i) for i in range(stepped)]
        count += len(scan.packed)
        base = kernel.pointer(count)
        self.clock: Clock | None = None
        if scan.is_timed:
            self.clock = Clock(scan.steps.body.equations, kernel.pointer(count + 1))
        self.flag = kernel.pointer(count + 1 + scan.is_timed) if scan.sets_flag else None
        # Threads beyond the rows have none, and need no memory; rows identify the others.
        is_crowded = entry.icmp_signed("<", rows, kernel.threads)
        slot = entry.select(is_crowded, self.first_row, kernel.thread)
        own = entry.gep(base, [entry.mul(slot, memory)], source_etype=BYTE)
        self.arena = Scratch(entry, self.sizes, own)
        self.function = kernel.function

    def own(self, pointer: ir.Value, atom: Atom) -> ir.Value:
        """The address of the first row of this thread."""
        rows, left = divmod(atom.type.size, ROWS)
        if not rows or left:
            return pointer
        offset = self.entry.mul(self.first_row, index(rows))
        return address(self.entry, pointer, atom.type, offset)

    def emit(self) -> list[int]:
        scan, entry = self.scan, self.entry
        context = Context(
            self.loops, self.tiles, self.sizes, self.arena, self.packed, scan.rules,
            self.clock, self.team, self.flag,
        )  # fmt: skip
        steps = scan.steps
        places = list(map(batch_outside, self.inputs, [v.type for v in steps.body.inputs]))
        first = steps.constants + steps.carried
        distances = iter(self.strides)
        sequences = [Stepped(place, next(distances)) for place in places[first:]]
        stacks = [
            Stepped(batch_outside(pointer, atom.type), next(distances))
            for pointer, atom in zip(self.outputs[steps.carried :], steps.results, strict=True)
        ]
        loop = StepLoop(
            steps, context, places[: steps.constants], self.inputs[steps.constants : first],
            sequences, stacks, self.function, batch_outside,
        )  # fmt: skip
        finals = loop.emit(entry.block, self.steps)
        ending = Emitter(ir.IRBuilder(loop.after), context, {}, {})
        with ending.builder.if_then(self.has_rows):  # else another thread's values are no rows' own
            for place, target in zip(finals, self.outputs, strict=False):
                ending.copy(place, batch_outside(target, place.type))
        ending.builder.ret_void()
        entry.position_at_end(entry.block)
        entry.branch(loop.head)
        return self.arena.taken
