"""A scan as a kernel: all steps of some rows; the numbers of steps and of rows are arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llvmlite import ir

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Program, Var, is_var
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.batch_axis import ROWS
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.cycle_counters import Clock
from graphnet.native.codegen.elementwise import Loops
from graphnet.native.codegen.parallel_gemm import Team, has_large_product
from graphnet.native.codegen.scan_body import Emitter
from graphnet.native.codegen.scratch import Scratch, Sizes
from graphnet.native.gemm.register_tile import Tile
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import BYTE, POINTER, index
from graphnet.native.llvm.kernel_abi import begin_kernel
from graphnet.native.llvm.strided_access import address
from graphnet.native.lowering.lowering import LoweringRule


@dataclass(frozen=True)
class ScanShape:
    """The compile-time parameters of a scan: its body, and the roles of operands."""

    body: Program
    constants: int
    carried: int
    reverse: bool
    packed: tuple[Atom, ...]
    """The constants, or views of them, that products read in panels, which the caller makes."""
    rules: Mapping[str, LoweringRule]
    """The rules of equations outside of fused loops, by the name of the primitive."""
    is_timed: bool = False
    """Whether the kernel counts the cycles of each equation; it then runs on one thread."""

    @property
    def libraries(self) -> frozenset[int]:
        """The libraries of products that the steps call, by the bits of their numbers."""
        kinds = (PrimitiveKind.PRODUCT, PrimitiveKind.CONTRACTION)
        products = (e for e in self.body.equations if e.primitive.kind in kinds)
        return frozenset(8 * e.outputs[0].type.dtype.itemsize for e in products)

    @property
    def sequences(self) -> tuple[Var, ...]:
        return self.body.inputs[self.constants + self.carried :]

    @property
    def states(self) -> tuple[Atom, ...]:
        return self.body.outputs[: self.carried]

    @property
    def results(self) -> tuple[Atom, ...]:
        return self.body.outputs[self.carried :]

    @property
    def leads(self) -> bool:
        """Whether a team shares its products: threads that cannot share its rows."""
        rows_are_shared = any(var.type.size >= ROWS for var in self.body.inputs)
        return not rows_are_shared and not self.is_timed and has_large_product(self.body)


@dataclass
class Buffers:
    """The two places in turn of a carried value that is in no output, and the one to write now."""

    first: ir.Value
    second: ir.Value
    now: ir.PhiInstr


def emit_scan(
    module: ir.Module, name: str, scan: ScanShape, loops: Loops, tiles: Mapping[str, Tile]
) -> list[int]:
    """The kernel; returns the pieces of working memory that a thread needs (``arena_bytes``).

    Arguments: steps, rows, bytes of working memory of a thread, and for each sequence and each
    stack of results the distance of its steps, in elements. Pointers: constants, initial carried
    values, sequences, final carried values, stacks, panels, working memory, counters if timed.
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
        no_rows = entry.icmp_signed("==", count, index(0))
        self.steps = entry.select(no_rows, index(0), self.steps)  # more threads than rows
        count = len(scan.body.inputs)
        self.inputs = [self.own(kernel.pointer(i), v) for i, v in enumerate(scan.body.inputs)]
        self.outputs = [
            self.own(kernel.pointer(count + i), atom) for i, atom in enumerate(scan.body.outputs)
        ]
        count += len(self.outputs)
        self.packed = {a: kernel.pointer(count + i) for i, a in enumerate(scan.packed)}
        stepped = len(scan.sequences) + len(scan.results)
        self.strides = [kernel.argument(3 + i) for i in range(stepped)]
        base = kernel.pointer(count + len(scan.packed))
        self.clock: Clock | None = None
        if scan.is_timed:
            counters = kernel.pointer(count + len(scan.packed) + 1)
            self.clock = Clock(scan.body.equations, counters)
        # Threads beyond the rows have none, and need no memory; rows identify the others.
        is_crowded = entry.icmp_signed("<", rows, kernel.threads)
        slot = entry.select(is_crowded, self.first_row, kernel.thread)
        own = entry.gep(base, [entry.mul(slot, memory)], source_etype=BYTE)
        self.arena = Scratch(entry, self.sizes, own)
        names = ("head", "step", "after")
        self.head, self.inside, self.after = map(kernel.function.append_basic_block, names)

    def own(self, pointer: ir.Value, atom: Atom) -> ir.Value:
        """The address of the first row of this thread."""
        rows, left = divmod(atom.type.size, ROWS)
        if not rows or left or atom.type.shape[:1] != (ROWS,):
            return pointer
        offset = self.entry.mul(self.first_row, index(rows))
        return address(self.entry, pointer, atom.type, offset)

    def emit(self) -> list[int]:
        scan, entry = self.scan, self.entry
        at_head = ir.IRBuilder(self.head)
        done = at_head.phi(index(0).type)
        now = [at_head.phi(POINTER) for _ in scan.states]
        buffers = [self.buffers(at_head, atom) for atom in scan.states]
        at_head.cbranch(at_head.icmp_signed("<", done, self.steps), self.inside, self.after)

        builder = ir.IRBuilder(self.inside)
        last_step = builder.sub(self.steps, index(1))
        step = builder.sub(last_step, done) if scan.reverse else done
        emitter, slots = self.step(builder, step, now, buffers)
        following = self.leaving(emitter, slots, buffers)

        last = builder.block
        others = [
            builder.select(builder.icmp_unsigned("==", p.now, p.first), p.second, p.first)
            for p in buffers
        ]
        done.add_incoming(index(0), entry.block)
        done.add_incoming(builder.add(done, index(1)), last)
        for i, phi in enumerate(now):
            phi.add_incoming(self.inputs[scan.constants + i], entry.block)
            phi.add_incoming(following[i], last)
            buffers[i].now.add_incoming(buffers[i].first, entry.block)
            buffers[i].now.add_incoming(others[i], last)
        builder.branch(self.head)
        self.finish(emitter, now)
        return self.arena.taken

    def buffers(self, head: ir.IRBuilder, atom: Atom) -> Buffers:
        first, second = self.arena.take(atom.type), self.arena.take(atom.type)
        return Buffers(first, second, head.phi(POINTER))

    def step(
        self,
        builder: ir.IRBuilder,
        step: ir.Value,
        now: Sequence[ir.Value],
        buffers: Sequence[Buffers],
    ) -> tuple[Emitter, list[StridedView]]:
        """The equations of one step; and where in their stacks its results belong."""
        scan, first = self.scan, self.scan.constants + self.scan.carried

        def slot(base: ir.Value, type: ArrayType, stride: ir.Value) -> StridedView:
            return StridedView.of(address(builder, base, type, builder.mul(step, stride)), type)

        places: dict[Atom, StridedView] = {}
        for i, var in enumerate(scan.body.inputs[:first]):
            pointer = self.inputs[i] if i < scan.constants else now[i - scan.constants]
            places[var] = StridedView.of(pointer, var.type)
        strides = iter(self.strides)
        for i, var in enumerate(scan.sequences, start=first):
            places[var] = slot(self.inputs[i], var.type, next(strides))
        slots = [
            slot(pointer, atom.type, next(strides))
            for pointer, atom in zip(self.outputs[scan.carried :], scan.results, strict=True)
        ]
        wanted: dict[Var, StridedView] = {}
        made = {var for equation in scan.body.equations for var in equation.outputs}
        owned = [StridedView.of(b.now, a.type) for b, a in zip(buffers, scan.states, strict=True)]
        for atom, place in zip((*scan.results, *scan.states), (*slots, *owned), strict=True):
            if is_var(atom) and atom in made:
                wanted.setdefault(atom, place)
        emitter = Emitter(
            builder, self.loops, self.tiles, self.sizes, self.arena, places, wanted, self.packed,
            scan.rules, self.clock, self.team,
        )  # fmt: skip
        emitter.lower(scan.body)
        return emitter, slots

    def leaving(
        self, emitter: Emitter, slots: Sequence[StridedView], buffers: Sequence[Buffers]
    ) -> list[ir.Value]:
        """Put results where they belong; where the next step finds the carried values."""
        for atom, place in zip(self.scan.results, slots, strict=True):
            if emitter.at(atom) != place:
                emitter.copy(emitter.at(atom), place)
        following = []
        for atom, pair in zip(self.scan.states, buffers, strict=True):
            place = emitter.at(atom)
            if not (is_var(atom) and place == emitter.wanted.get(atom)):
                own = StridedView.of(pair.now, atom.type)
                emitter.copy(place, own)
                place = own
            following.append(place.pointer)
        return following

    def finish(self, emitter: Emitter, now: Sequence[ir.Value]) -> None:
        emitter.builder = ending = ir.IRBuilder(self.after)
        for pointer, atom, target in zip(now, self.scan.states, self.outputs, strict=False):
            emitter.copy(StridedView.of(pointer, atom.type), StridedView.of(target, atom.type))
        ending.ret_void()
        self.entry.position_at_end(self.entry.block)
        self.entry.branch(self.head)
