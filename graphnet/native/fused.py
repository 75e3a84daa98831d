"""Fused loops: pointwise equations of one shape in one pass over memory, in vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from graphnet.ir.program import Atom, Equation, Literal, Var
from graphnet.ir.types import ArrayType, Shape
from graphnet.native.elements import (
    ELEMENTS,
    REGISTER,
    constant,
    converted,
    declared,
    mangled,
    memory_type,
    spread,
)
from graphnet.native.place import Place
from graphnet.native.tile import LANE, POINTER, counted, index

Function = Callable[[ir.IRBuilder, ir.Value], ir.Value]


@dataclass(frozen=True)
class Loops:
    """How vectors are made: ``width`` lanes; ``functions`` emit exp, tanh and their kin."""

    width: int
    functions: Mapping[str, Function]

    def supports(self, equation: Equation) -> bool:
        name = equation.primitive.name
        types = [atom.type for atom in (*equation.inputs, *equation.outputs)]
        known = name in ELEMENTS or name in self.functions or name == "cast"
        return known and all(type.dtype.name in REGISTER for type in types)


@dataclass
class Group:
    """Pointwise equations whose results all have one shape."""

    shape: Shape
    equations: list[Equation]

    def produced(self) -> set[Var]:
        return {equation.outputs[0] for equation in self.equations}


def emit_group(
    builder: ir.IRBuilder,
    loops: Loops,
    group: Group,
    places: Mapping[Atom, Place],
    stores: Mapping[Var, Place],
) -> None:
    """Compute a group; ``places`` holds its operands, ``stores`` where results are wanted."""
    inside = group.produced()
    reads = {
        atom: places[atom].broadcast(ArrayType(group.shape, atom.type.dtype))
        for equation in group.equations
        for atom in equation.inputs
        if atom not in inside and not is_number(atom)
    }
    shape, strides = collapsed(group.shape, [*reads.values(), *stores.values()])
    if 0 in shape:
        return
    *outer, columns = shape
    inner = [row[-1] for row in strides]
    width = loops.width if all(stride in (0, 1) for stride in inner) else 1
    read_rows = dict(zip(reads, strides, strict=False))
    store_rows = dict(zip(stores, strides[len(reads) :], strict=True))
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, index(size))) for size in outer]

        def base(place: Place, row: Shape) -> ir.Value:
            pointer = address(builder, place.pointer, place.type, index(place.offset))
            for counter, stride in zip(counters, row[:-1], strict=True):
                if stride:
                    step = builder.mul(counter, index(stride))
                    pointer = address(builder, pointer, place.type, step)
            return pointer

        sources = {
            atom: (base(p, read_rows[atom]), read_rows[atom][-1]) for atom, p in reads.items()
        }
        targets = {
            var: (base(p, store_rows[var]), store_rows[var][-1]) for var, p in stores.items()
        }
        body = Body(builder, loops, group, sources, targets)
        whole = columns - columns % width
        if whole:
            with counted(builder, index(whole), step=width) as column:
                body.emit(column, width, None)
        if columns % width:
            body.emit(index(whole), width, columns % width)


@dataclass
class Body:
    """The inside of the innermost loop."""

    builder: ir.IRBuilder
    loops: Loops
    group: Group
    sources: Mapping[Atom, tuple[ir.Value, int]]
    targets: Mapping[Var, tuple[ir.Value, int]]

    def emit(self, column: ir.Value, width: int, live: int | None) -> None:
        """One vector of columns, of which only the first ``live`` exist where that is given."""
        values: dict[Atom, ir.Value] = {}
        for equation in self.group.equations:
            operands = [self.operand(values, atom, column, width, live) for atom in equation.inputs]
            values[equation.outputs[0]] = self.result(equation, operands)
        for var, (pointer, stride) in self.targets.items():
            place = address(self.builder, pointer, var.type, self.scaled(column, stride))
            self.store(values[var], place, var.type, width, live)

    def scaled(self, column: ir.Value, stride: int) -> ir.Value:
        return column if stride == 1 else self.builder.mul(column, index(stride))

    def operand(
        self,
        values: dict[Atom, ir.Value],
        atom: Atom,
        column: ir.Value,
        width: int,
        live: int | None,
    ) -> ir.Value:
        if atom not in values:
            values[atom] = self.load(atom, column, width, live)
        return values[atom]

    def load(self, atom: Atom, column: ir.Value, width: int, live: int | None) -> ir.Value:
        builder, kind = self.builder, REGISTER[atom.type.dtype.name]
        if is_number(atom):
            number = np.asarray(atom.value).item()  # type: ignore[union-attr]
            return constant(vector(kind, width), number)
        pointer, stride = self.sources[atom]
        stored = memory_type(atom.type.dtype)
        size = atom.type.dtype.itemsize
        if stride == 0:
            value = spread(builder, builder.load(pointer, align=size, typ=stored), width)
        else:
            place = address(builder, pointer, atom.type, self.scaled(column, stride))
            if live is None:
                value = builder.load(place, align=size, typ=vector(stored, width))
            else:
                value = masked_load(builder, place, vector(stored, width), live, size)
        if kind != stored:
            value = builder.icmp_signed("!=", value, constant(value.type, 0))
        return value

    def store(
        self, value: ir.Value, place: ir.Value, type: ArrayType, width: int, live: int | None
    ) -> None:
        builder, stored = self.builder, memory_type(type.dtype)
        if stored != REGISTER[type.dtype.name]:
            value = builder.zext(value, vector(stored, width))
        if live is None:
            builder.store(value, place, align=type.dtype.itemsize)
        else:
            masked_store(builder, value, place, live, type.dtype.itemsize)

    def result(self, equation: Equation, operands: Sequence[ir.Value]) -> ir.Value:
        name = equation.primitive.name
        if name == "cast":
            return converted(
                self.builder, operands[0], REGISTER[equation.outputs[0].type.dtype.name]
            )
        if name in self.loops.functions:
            return self.loops.functions[name](self.builder, operands[0])
        return ELEMENTS[name](self.builder, *operands)


def is_number(atom: Atom) -> bool:
    """Whether a literal is one number, which needs no memory."""
    return isinstance(atom, Literal) and atom.value.size == 1


def vector(kind: ir.Type, width: int) -> ir.Type:
    return kind if width == 1 else ir.VectorType(kind, width)


def address(builder: ir.IRBuilder, base: ir.Value, type: ArrayType, offset: ir.Value) -> ir.Value:
    return builder.gep(base, [offset], source_etype=memory_type(type.dtype))


def collapsed(shape: Shape, places: Sequence[Place]) -> tuple[Shape, list[Shape]]:
    """Neighbouring axes as one wherever every array allows it; at least one axis remains."""
    sizes: list[int] = []
    rows: list[list[int]] = [[] for _ in places]
    for axis, size in enumerate(shape):
        strides = [place.strides[axis] for place in places]
        if sizes and all(
            row[-1] == stride * size for row, stride in zip(rows, strides, strict=True)
        ):
            sizes[-1] *= size
            for row, stride in zip(rows, strides, strict=True):
                row[-1] = stride
        elif size != 1 or axis == len(shape) - 1:
            sizes.append(size)
            for row, stride in zip(rows, strides, strict=True):
                row.append(stride if size != 1 else 0)
    if not sizes:
        return (1,), [(0,) for _ in places]
    return tuple(sizes), [tuple(row) for row in rows]


# ---- the last columns


def mask_of(width: int, live: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(1), width), [i < live for i in range(width)])


def masked_load(
    builder: ir.IRBuilder, place: ir.Value, kind: ir.Type, live: int, align: int
) -> ir.Value:
    mask = mask_of(kind.count, live)
    name = f"llvm.masked.load.{mangled(kind)}.p0"
    function = declared(builder, name, kind, [POINTER, LANE, mask.type, kind])
    return builder.call(function, [place, ir.Constant(LANE, align), mask, ir.Constant(kind, None)])


def masked_store(
    builder: ir.IRBuilder, value: ir.Value, place: ir.Value, live: int, align: int
) -> None:
    mask = mask_of(value.type.count, live)
    name = f"llvm.masked.store.{mangled(value.type)}.p0"
    function = declared(builder, name, ir.VoidType(), [value.type, POINTER, LANE, mask.type])
    builder.call(function, [value, place, ir.Constant(LANE, align), mask])
