"""The loop over the steps of a scan: in a kernel of its own, or in a step of another scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from graphnet.ir.core.program import Atom, Program, Var, is_var
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.scan_body import Context, Emitter
from graphnet.native.llvm.ir_helpers import POINTER, index
from graphnet.native.llvm.strided_access import address

Layout = Callable[[Any, ArrayType], StridedView]
"""How a value lies in memory that begins at an address."""


@dataclass(frozen=True)
class Steps:
    """A body by the roles of its inputs and outputs."""

    body: Program
    constants: int
    carried: int
    reverse: bool

    @property
    def sequences(self) -> tuple[Var, ...]:
        return self.body.inputs[self.constants + self.carried :]

    @property
    def states(self) -> tuple[Atom, ...]:
        return self.body.outputs[: self.carried]

    @property
    def results(self) -> tuple[Atom, ...]:
        return self.body.outputs[self.carried :]


@dataclass(frozen=True, slots=True)
class Stepped:
    """An array with the steps first: its part of the first step, and the distance of the steps in
    elements."""

    first: StridedView
    stride: ir.Value

    def at(self, builder: ir.IRBuilder, step: ir.Value) -> StridedView:
        view = self.first
        offset = builder.mul(step, self.stride)
        pointer = address(builder, view.pointer, view.type, offset)
        return StridedView(pointer, view.offset, view.strides, view.type)


@dataclass
class Buffers:
    """The two places in turn of a carried value that is in no output, and the one to write now."""

    first: ir.Value
    second: ir.Value
    now: ir.PhiInstr


class StepLoop:
    """Emits the loop; final.

    ``constants`` are places, ``initial`` the addresses of carried values in one piece. Control
    comes from the block ``before``, which the caller ends with a branch to ``head``, and goes on
    in ``after``. ``layout`` is that of carried values.
    """

    def __init__(
        self,
        scan: Steps,
        context: Context,
        constants: Sequence[StridedView],
        initial: Sequence[ir.Value],
        sequences: Sequence[Stepped],
        stacks: Sequence[Stepped],
        function: ir.Function,
        layout: Layout = StridedView.of,
    ) -> None:
        self.scan, self.context, self.layout = scan, context, layout
        self.constants, self.initial = constants, initial
        self.sequences, self.stacks = sequences, stacks
        names = ("head", "step", "after")
        self.head, self.inside, self.after = map(function.append_basic_block, names)

    def emit(self, before: ir.Block, steps: ir.Value) -> list[StridedView]:
        """Where the carried values are after the last step."""
        scan = self.scan
        at_head = ir.IRBuilder(self.head)
        done = at_head.phi(index(0).type)
        now = [at_head.phi(POINTER) for _ in scan.states]
        buffers = [self.buffers(at_head, atom) for atom in scan.states]
        at_head.cbranch(at_head.icmp_signed("<", done, steps), self.inside, self.after)

        builder = ir.IRBuilder(self.inside)
        last_step = builder.sub(steps, index(1))
        step = builder.sub(last_step, done) if scan.reverse else done
        slots = [stack.at(builder, step) for stack in self.stacks]
        emitter = self.emitter(builder, step, now, buffers, slots)
        emitter.lower(scan.body)
        following = self.leaving(emitter, slots, buffers)

        last = builder.block
        others = [
            builder.select(builder.icmp_unsigned("==", p.now, p.first), p.second, p.first)
            for p in buffers
        ]
        done.add_incoming(index(0), before)
        done.add_incoming(builder.add(done, index(1)), last)
        for i, phi in enumerate(now):
            phi.add_incoming(self.initial[i], before)
            phi.add_incoming(following[i], last)
            buffers[i].now.add_incoming(buffers[i].first, before)
            buffers[i].now.add_incoming(others[i], last)
        builder.branch(self.head)
        return [self.layout(p, atom.type) for p, atom in zip(now, scan.states, strict=True)]

    def buffers(self, head: ir.IRBuilder, atom: Atom) -> Buffers:
        first, second = (self.context.arena.take(atom.type) for _ in range(2))
        return Buffers(first, second, head.phi(POINTER))

    def emitter(
        self,
        builder: ir.IRBuilder,
        step: ir.Value,
        now: Sequence[ir.Value],
        buffers: Sequence[Buffers],
        slots: Sequence[StridedView],
    ) -> Emitter:
        """What emits one step: where its inputs are, and its results belong."""
        scan = self.scan
        entering = scan.body.inputs[scan.constants : scan.constants + scan.carried]
        places: dict[Atom, StridedView] = dict(zip(scan.body.inputs, self.constants, strict=False))
        for var, pointer in zip(entering, now, strict=True):
            places[var] = self.layout(pointer, var.type)
        for var, sequence in zip(scan.sequences, self.sequences, strict=True):
            places[var] = sequence.at(builder, step)
        wanted: dict[Var, StridedView] = {}
        made = {var for equation in scan.body.equations for var in equation.outputs}
        owned = [self.layout(b.now, a.type) for b, a in zip(buffers, scan.states, strict=True)]
        for atom, place in zip((*scan.results, *scan.states), (*slots, *owned), strict=True):
            if is_var(atom) and atom in made and place.is_contiguous:
                wanted.setdefault(atom, place)
        return Emitter(builder, self.context, places, wanted)

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
                own = self.layout(pair.now, atom.type)
                emitter.copy(place, own)
                place = own
            following.append(emitter.pointer(place))
        return following


def part_of_first(place: StridedView) -> StridedView:
    """The first step of an array with the steps first."""
    type = ArrayType(place.type.shape[1:], place.type.dtype)
    return StridedView(place.pointer, place.offset, place.strides[1:], type)
