"""The kernels that programs call: each made once, for whatever programs need the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from llvmlite import ir

from graphnet import forkable
from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var
from graphnet.ir.core.types import ArrayType
from graphnet.native.codegen.elementwise import Loops
from graphnet.native.codegen.gather_scatter import RowsShape, emit_rows_kernel
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.codegen.loop_kernels import (
    LoopShape,
    ReductionShape,
    emit_loop_kernel,
    emit_reduction_kernel,
)
from graphnet.native.codegen.reductions import Operation
from graphnet.native.codegen.scan_kernel import ScanShape, emit_scan
from graphnet.native.gemm import library
from graphnet.native.gemm.register_tile import Tile, best_tile
from graphnet.native.llvm.build import compiled_module, numbers_in, with_numbers
from graphnet.native.llvm.target import Engine, Processor
from graphnet.native.runtime import dispatcher

KEPT = 128
"""Modules of kernels that are kept for later programs; programs keep their own."""
requests = count()
"""Numbers the requests for kernels: the last one of each says which were not asked for longest."""


@dataclass(eq=False)
class KernelCode:
    """A kernel: its address once it is compiled; final."""

    kind: KernelKind
    key: str
    emit: Callable[[ir.Module, str], list[int] | None]
    address: int = 0
    pieces: list[int] = field(default_factory=list)
    """Working memory that a thread needs (a scan: see ``arena_bytes``)."""
    engine: Engine | None = None
    """The owner of the machine code."""
    libraries: frozenset[int] = frozenset()
    """The libraries of products that it calls, by the bits of their numbers."""
    asked: int = 0
    """The number of the last request for it."""


_known: dict[tuple[Processor, str], KernelCode] = {}
_compiling = forkable.Lock()


class Kernels:
    """The kernels of one program; final.

    With ``is_timed``, scans count the cycles of the equations of their bodies. With ``is_fresh``,
    all kernels are new: what is already known in machine code cannot be read as text any more.
    """

    def __init__(
        self, processor: Processor, threads: int, is_timed: bool = False, is_fresh: bool = False
    ) -> None:
        self.processor, self.threads = processor, threads
        self.is_timed, self.is_fresh = is_timed, is_fresh
        self.loops = Loops(processor.vector_bytes, processor.has_fma)
        self.tiles = {
            f"float{bits}": best_tile(bits, processor.vector_bytes, processor.has_fma)
            for bits in (32, 64)
        }
        self.new: dict[str, KernelCode] = {}
        self.asked: set[str] = set()
        """The keys of all kernels of the program, whether they were known or not."""

    def tile(self, dtype: np.dtype[Any]) -> Tile:
        return self.tiles[dtype.name]

    def code(
        self,
        kind: KernelKind,
        about: str,
        emit: Callable[[ir.Module, str], list[int] | None],
        libraries: frozenset[int] = frozenset(),
    ) -> KernelCode:
        key = f"{kind.value} {about}"
        self.asked.add(key)
        known = self.new.get(key)
        if not self.is_fresh:
            known = _known.get((self.processor, key)) or known
        made = known or self.new.setdefault(key, KernelCode(kind, key, emit, libraries=libraries))
        made.asked = next(requests)
        return made

    def loop(
        self,
        equations: Sequence[Equation],
        sources: tuple[Atom, ...],
        targets: tuple[Var, ...],
        rank: int,
        inner: tuple[int | None, ...],
    ) -> KernelCode:
        shape = LoopShape(tuple(equations), sources, targets, rank, inner)
        listed = structure(sources, equations, targets, with_shapes=False)
        return self.code(
            KernelKind.LOOP,
            f"{rank} {inner} {listed}",
            lambda module, name: emit_loop_kernel(module, name, shape, self.loops),
        )

    def reduction(
        self,
        operation: Operation,
        kept: int,
        reduced: int,
        units: tuple[bool, bool, bool],
    ) -> KernelCode:
        shape = ReductionShape(operation, kept, reduced, units)
        return self.code(
            operation.kind,
            f"{operation.type.dtype} {kept} {reduced} {units}",
            lambda module, name: emit_reduction_kernel(module, name, shape, self.loops),
        )

    def rows(self, kind: KernelKind, element: ArrayType, indices: ArrayType) -> KernelCode:
        plain = [ArrayType((), type.dtype) for type in (element, indices)]
        shape = RowsShape(kind, *plain)
        return self.code(
            kind,
            f"{element.dtype} {indices.dtype}",
            lambda module, name: emit_rows_kernel(module, name, shape),
        )

    def scan(self, shape: ScanShape) -> KernelCode:
        steps, body = shape.steps, shape.steps.body
        listed = structure(body.inputs, body.equations, body.outputs, shape.packed)
        timed = "timed " if shape.is_timed else ""
        return self.code(
            KernelKind.SCAN,
            f"{timed}{steps.constants} {steps.carried} {steps.reverse} {listed}",
            lambda module, name: emit_scan(module, name, shape, self.loops, self.tiles),
            shape.libraries,
        )

    def product(self, dtype: np.dtype[Any], transposed: bool) -> KernelCode:
        return self.of_library(KernelKind.PRODUCT, dtype, transposed)

    def pack(self, dtype: np.dtype[Any], transposed: bool) -> KernelCode:
        return self.of_library(KernelKind.PACK, dtype, transposed)

    def products(self, dtype: np.dtype[Any], left: bool, right: bool) -> KernelCode:
        """A batch of products of a left and a right operand, each transposed or not."""
        name = library.products_name(self.tile(dtype), left, right)
        return self.named(KernelKind.PRODUCTS, dtype, name)

    def of_library(
        self, kind: KernelKind, dtype: np.dtype[Any], transposed: bool = False
    ) -> KernelCode:
        name = library.kernel_name(kind.value, self.tile(dtype), transposed)
        return self.named(kind, dtype, name)

    def named(self, kind: KernelKind, dtype: np.dtype[Any], name: str) -> KernelCode:
        address = library.address_of(name, self.tile(dtype), self.processor)
        return KernelCode(kind, name, nothing, address)

    def contraction(self, dtype: np.dtype[Any]) -> KernelCode:
        return self.of_library(KernelKind.CONTRACTION, dtype)

    def compile(self) -> None:
        """Make machine code of the new kernels, or find it on disk."""
        if not self.new:
            return
        with _compiling:
            codes = [code for code in self.new.values() if not code.address]
            for code in list(codes):
                other = _known.get((self.processor, code.key))
                if other is not None:  # another thread was faster
                    code.address, code.pieces, code.engine = (
                        other.address, other.pieces, other.engine,
                    )  # fmt: skip
                    codes.remove(code)
            if codes:
                self.compile_together(codes)
            for key, code in self.new.items():
                _known.setdefault((self.processor, key), code)
            forget_oldest()

    def compile_together(self, codes: list[KernelCode]) -> None:
        dispatcher.engine()  # scans call this and the library by symbol
        for bits in sorted(frozenset().union(*(code.libraries for code in codes))):
            library.ensure(self.processor, bits)
        keys = [code.key for code in codes]
        engine = compiled_module(keys, partial(text_of, codes), self.processor)
        for i, code in enumerate(codes):
            code.address, code.engine = engine.address(f"kernel_{i}"), engine
            code.pieces = numbers_in(engine, f"pieces_{i}")
            code.emit = nothing


def known_kernels() -> list[KernelCode]:
    """The kernels that are kept for programs to come."""
    return list(_known.values())


def forget_oldest() -> None:
    """Let go of the modules that no program asked for longest: those that were compiled first may
    hold what every program needs."""
    asked: dict[Engine | None, int] = {}
    for code in _known.values():
        asked[code.engine] = max(code.asked, asked.get(code.engine, 0))
    gone = set(sorted(asked, key=asked.__getitem__)[: max(0, len(asked) - KEPT)])
    for key in [key for key, code in _known.items() if code.engine in gone]:
        del _known[key]


def nothing(module: ir.Module, name: str) -> None:
    """Compiled kernels need not keep what they were made of."""


def text_of(codes: Sequence[KernelCode]) -> str:
    module = ir.Module("kernels")
    for i, code in enumerate(codes):
        pieces = code.emit(module, f"kernel_{i}")
        with_numbers(module, f"pieces_{i}", pieces or [])
    return str(module)


def structure(
    inputs: Sequence[Atom],
    equations: Sequence[Equation],
    outputs: Sequence[Atom],
    more: Sequence[Atom] = (),
    with_shapes: bool = True,
) -> str:
    """A canonical text of equations: data flow, types, settings; equal for equal computations."""
    numbers: dict[Atom, str] = {}
    read = set(inputs)

    def name(atom: Atom) -> str:
        if atom not in numbers:
            kind = atom.type if with_shapes else atom.type.dtype
            value = ""
            if isinstance(atom, Literal) and atom not in read:
                value = f"={atom.value.tobytes().hex()}"
            numbers[atom] = f"{len(numbers)}:{kind}{value}"
            return numbers[atom]
        return numbers[atom].partition(":")[0]

    def names(atoms: Sequence[Atom]) -> str:
        return ",".join(map(name, atoms))

    def listed(
        inputs: Sequence[Atom], equations: Sequence[Equation], outputs: Sequence[Atom]
    ) -> list[str]:
        lines = [names(inputs)]
        for equation in equations:
            settings = equation.settings
            plain = {
                k: inside(settings[k]) for k in sorted(settings) if with_shapes or k == "dtype"
            }
            lines.append(
                f"{equation.primitive.name}({names(equation.inputs)}){plain or ''}"
                f"->{names(equation.outputs)}"
            )
        lines.append(names(outputs))
        return lines

    def inside(value: object) -> object:
        if isinstance(value, Program):
            read.update(value.inputs)
            return listed(value.inputs, value.equations, value.outputs)
        return value

    return ";".join([*listed(inputs, equations, outputs), names(more)])
