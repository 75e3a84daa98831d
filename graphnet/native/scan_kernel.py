"""A scan as one function of machine code: all steps, with the number of steps as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llvmlite import ir

from graphnet.ir.program import Atom, Program, Var, is_var
from graphnet.ir.types import ArrayType
from graphnet.native.fused import Loops, address
from graphnet.native.place import Place
from graphnet.native.steps import Arena, Emitter, NotNative, is_supported
from graphnet.native.tile import INDEX, POINTER, Tile, begin, index


@dataclass(frozen=True)
class ScanShape:
    """What of a scan is compiled in: its body, and how operands are divided."""

    body: Program
    constants: int
    carried: int
    reverse: bool


@dataclass
class Buffers:
    """The two places in turn of a carried value that is in no output, and the one to write now."""

    first: ir.Value
    second: ir.Value
    now: ir.PhiInstr


def emit_scan(
    module: ir.Module, name: str, scan: ScanShape, loops: Loops, tiles: Mapping[str, Tile]
) -> int:
    """``name(steps, pointers)``; returns the bytes of working memory that it needs.

    ``pointers`` are those of the constants, initial carried values, sequences, final carried
    values, stacked results, and the working memory; all arrays contiguous.
    """
    body, first = scan.body, scan.constants + scan.carried
    for atom in (*body.inputs, *body.outputs):
        if not is_supported(atom.type):
            raise NotNative(f"values {atom.type}")
    function, entry = begin(module, name, [("steps", INDEX), ("pointers", POINTER)], inner=False)
    steps, pointers = function.args
    given = [
        entry.load(entry.gep(pointers, [index(i)], source_etype=POINTER), typ=POINTER)
        for i in range(len(body.inputs) + len(body.outputs) + 1)
    ]
    inputs, outputs = given[: len(body.inputs)], given[len(body.inputs) : -1]
    arena = Arena(given[-1])
    head, inside, after = (function.append_basic_block(n) for n in ("head", "step", "after"))

    at_head = ir.IRBuilder(head)
    done = at_head.phi(INDEX)
    now = [at_head.phi(POINTER) for _ in range(scan.carried)]
    buffers = [
        carried_buffers(entry, at_head, arena, atom) for atom in body.outputs[: scan.carried]
    ]
    at_head.cbranch(at_head.icmp_signed("<", done, steps), inside, after)

    builder = ir.IRBuilder(inside)
    step = builder.sub(builder.sub(steps, index(1)), done) if scan.reverse else done

    def slot(base: ir.Value, type: ArrayType) -> Place:
        return Place.of(address(builder, base, type, builder.mul(step, index(type.size))), type)

    places: dict[Atom, Place] = {}
    for i, var in enumerate(body.inputs):
        if i < scan.constants:
            places[var] = Place.of(inputs[i], var.type)
        elif i < first:
            places[var] = Place.of(now[i - scan.constants], var.type)
        else:
            places[var] = slot(inputs[i], var.type)
    slots = [slot(outputs[i], body.outputs[i].type) for i in range(scan.carried, len(body.outputs))]
    wanted: dict[Var, Place] = {}
    made = {var for equation in body.equations for var in equation.outputs}
    leaves, results = body.outputs[: scan.carried], body.outputs[scan.carried :]
    for atom, place in zip(results, slots, strict=True):
        if is_var(atom) and atom in made:
            wanted.setdefault(atom, place)
    for atom, pair in zip(leaves, buffers, strict=True):
        if is_var(atom) and atom in made:
            wanted.setdefault(atom, Place.of(pair.now, atom.type))

    fixed: set[Atom] = set(body.inputs[: scan.constants])
    emitter = Emitter(builder, entry, loops, tiles, arena, places, fixed, wanted)
    emitter.body(body)
    for atom, place in zip(results, slots, strict=True):
        if emitter.at(atom) != place:
            emitter.copy(emitter.at(atom), place)
    following = []
    for atom, pair in zip(leaves, buffers, strict=True):
        place = emitter.at(atom)
        if not (is_var(atom) and place == wanted.get(atom)):
            own = Place.of(pair.now, atom.type)
            emitter.copy(place, own)
            place = own
        following.append(place.pointer)
    last = builder.block
    others = [
        builder.select(builder.icmp_unsigned("==", p.now, p.first), p.second, p.first)
        for p in buffers
    ]
    done.add_incoming(index(0), entry.block)
    done.add_incoming(builder.add(done, index(1)), last)
    for i, phi in enumerate(now):
        phi.add_incoming(inputs[scan.constants + i], entry.block)
        phi.add_incoming(following[i], last)
        buffers[i].now.add_incoming(buffers[i].first, entry.block)
        buffers[i].now.add_incoming(others[i], last)
    builder.branch(head)

    ending = ir.IRBuilder(after)
    emitter.builder = ending
    for i, atom in enumerate(leaves):
        emitter.copy(Place.of(now[i], atom.type), Place.of(outputs[i], atom.type))
    ending = emitter.builder
    ending.ret_void()
    entry.branch(head)
    return arena.size


def carried_buffers(entry: ir.IRBuilder, head: ir.IRBuilder, arena: Arena, atom: Atom) -> Buffers:
    first, second = arena.take(entry, atom.type), arena.take(entry, atom.type)
    return Buffers(first, second, head.phi(POINTER))
