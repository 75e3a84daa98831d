"""Fused loops: pointwise equations of one shape in one pass over memory, in vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from graphnet.ir.core.program import Atom, Equation, Literal, Var
from graphnet.ir.core.types import ArrayType
from graphnet.native.llvm.elements import (
    REGISTER,
    constant,
    memory_type,
    spread,
)
from graphnet.native.llvm.functions import ELEMENT_RULES, Site
from graphnet.native.llvm.ir_helpers import counted, index
from graphnet.native.llvm.strided_access import (
    Strided,
    address,
    lanes_left,
    masked_load,
    masked_store,
    scaled,
)

Range = tuple[ir.Value, ir.Value]
"""From the first to before the second."""


@dataclass(frozen=True)
class Loops:
    """The vectors of loops: bytes of a register, and whether there is a fused multiply-add."""

    vector_bytes: int
    has_fma: bool

    def lanes(self, types: Sequence[ArrayType]) -> int:
        """Lanes of a vector: as many as fit of the widest type."""
        return self.vector_bytes // max(4, *(type.dtype.itemsize for type in types))


def emit_loops(
    builder: ir.IRBuilder,
    loops: Loops,
    equations: Sequence[Equation],
    ranges: Sequence[Range],
    sources: Mapping[Atom, Strided],
    targets: Mapping[Var, Strided],
) -> None:
    """Compute pointwise equations over all axes (``ranges``, the innermost last)."""
    types = [atom.type for e in equations for atom in (*e.inputs, *e.outputs)]
    inner = [place.strides[-1] for place in (*sources.values(), *targets.values())]
    regular = all(isinstance(stride, int) and stride in (0, 1) for stride in inner)
    width = loops.lanes(types) if regular else 1
    *outer, (start, stop) = ranges
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, last, first)) for first, last in outer]
        body = Body(
            builder,
            loops,
            equations,
            {atom: place.row(builder, counters) for atom, place in sources.items()},
            {var: place.row(builder, counters) for var, place in targets.items()},
        )
        end = start
        if width > 1:
            count = builder.sub(stop, start)
            end = builder.add(start, builder.and_(count, index(-width)))
        with counted(builder, end if width > 1 else stop, start, step=width) as column:
            body.emit(column, width, None)
        if width > 1:
            left = builder.sub(stop, end)
            with builder.if_then(builder.icmp_signed(">", left, index(0))):
                body.emit(end, width, lanes_left(builder, left, width))


@dataclass
class Body:
    """The inside of the innermost loop."""

    builder: ir.IRBuilder
    loops: Loops
    equations: Sequence[Equation]
    sources: Mapping[Atom, Strided]
    targets: Mapping[Var, Strided]

    def emit(self, column: ir.Value, width: int, live: ir.Value | None) -> None:
        """One vector of columns, of which only the lanes ``live`` exist where that is given."""
        values: dict[Atom, ir.Value] = {}
        for equation in self.equations:
            for atom in equation.inputs:
                if atom not in values:
                    values[atom] = self.load(atom, column, width, live)
            operands = [values[atom] for atom in equation.inputs]
            values[equation.outputs[0]] = self.result(equation, operands)
        for var, place in self.targets.items():
            value = values[var] if var in values else self.load(var, column, width, live)
            self.store(value, place, column, var.type, width, live)

    def load(self, atom: Atom, column: ir.Value, width: int, live: ir.Value | None) -> ir.Value:
        builder, kind = self.builder, REGISTER[atom.type.dtype.name]
        if atom not in self.sources:
            assert isinstance(atom, Literal)
            return constant(vector(kind, width), np.asarray(atom.value).item())
        place = self.sources[atom]
        stored, size = memory_type(atom.type.dtype), atom.type.dtype.itemsize
        (stride,) = place.strides
        if isinstance(stride, int) and stride == 0:
            one = builder.load(place.pointer, align=size, typ=stored)
            value = spread(builder, one, width)
        else:
            where = address(builder, place.pointer, atom.type, scaled(builder, column, stride))
            if live is None:
                value = builder.load(where, align=size, typ=vector(stored, width))
            else:
                value = masked_load(builder, where, vector(stored, width), live, size)
        if kind != stored:
            value = builder.icmp_signed("!=", value, constant(value.type, 0))
        return value

    def store(
        self,
        value: ir.Value,
        place: Strided,
        column: ir.Value,
        type: ArrayType,
        width: int,
        live: ir.Value | None,
    ) -> None:
        builder, stored, size = self.builder, memory_type(type.dtype), type.dtype.itemsize
        where = address(builder, place.pointer, type, scaled(builder, column, place.strides[0]))
        if stored != REGISTER[type.dtype.name]:
            value = builder.zext(value, vector(stored, width))
        if live is None:
            builder.store(value, where, align=size)
        else:
            masked_store(builder, value, where, live, size)

    def result(self, equation: Equation, operands: Sequence[ir.Value]) -> ir.Value:
        kind = REGISTER[equation.outputs[0].type.dtype.name]
        site = Site(self.builder, kind, self.loops.has_fma)
        return ELEMENT_RULES[equation.primitive.name](site, *operands)


def is_number(atom: Atom) -> bool:
    """Whether a literal is one number, which needs no memory."""
    return isinstance(atom, Literal) and atom.value.size == 1


def vector(kind: ir.Type, width: int) -> ir.Type:
    return kind if width == 1 else ir.VectorType(kind, width)
