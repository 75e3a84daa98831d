"""Lowering: scans of a program become machine code; the rest stays with the interpreter."""

from __future__ import annotations

import ctypes
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from llvmlite import ir

from graphnet.ir.primitive import Primitive
from graphnet.ir.program import Equation, Literal, Program
from graphnet.ir.scan import scan_type
from graphnet.ir.types import NDArray
from graphnet.native import mathematics
from graphnet.native.fused import Function, Loops
from graphnet.native.scan_kernel import ScanShape, emit_scan
from graphnet.native.steps import NotNative
from graphnet.native.target import Kernel, Processor, compile_module, host
from graphnet.native.tile import best_tile

LINE = 64
"""Bytes of a line of the cache; arrays that begin on one load faster."""


def lowered(program: Program, processor: Processor | None = None) -> Program:
    """The program with its scans compiled, those that have native rules throughout."""
    made = [lowered_equation(equation, processor or host()) for equation in program.equations]
    return Program(program.inputs, made, program.outputs)


def lowered_equation(equation: Equation, processor: Processor) -> Equation:
    if equation.primitive.name != "scan":
        return equation
    settings = equation.settings
    scan = ScanShape(
        settings["body"], settings["constants"], settings["carried"], settings["reverse"]
    )
    try:
        compiled = compiled_scan(scan, processor)
    except NotNative as reason:
        tell(str(reason), equation)
        return equation
    native = Primitive(
        "native_scan", partial(native_type, scan), partial(run, compiled), None, many=True
    )
    return Equation(
        native, equation.inputs, {"length": settings["length"]}, equation.outputs, equation.origin
    )


@cache
def tell_once(reason: str, place: str) -> None:
    warnings.warn(f"{place} stays with the interpreter: no native rule for {reason}", stacklevel=2)


def tell(reason: str, equation: Equation) -> None:
    """Say once what is not compiled, and why."""
    tell_once(reason, str(equation.origin or "a sequence"))


def native_type(scan: ScanShape, *types: Any, length: int) -> Any:
    return scan_type(
        *types, body=scan.body, constants=scan.constants, carried=scan.carried, length=length,
        reverse=scan.reverse,
    )  # fmt: skip


class CompiledScan:
    """The machine code of a scan, and what a call of it needs."""

    def __init__(self, scan: ScanShape, kernel: Kernel, arena: int) -> None:
        self.scan = scan
        self.kernel = kernel
        self.arena = arena


_compiled: dict[Any, CompiledScan] = {}
_compiling = threading.Lock()
KEPT = 256
"""How many compiled scans are kept."""


def compiled_scan(scan: ScanShape, processor: Processor) -> CompiledScan:
    """The code of a scan, compiled once for all scans with an equal body."""
    key = (processor, scan.constants, scan.carried, scan.reverse, fingerprint(scan.body))
    with _compiling:
        if key not in _compiled:
            if len(_compiled) >= KEPT:
                _compiled.pop(next(iter(_compiled)))
            _compiled[key] = compile_scan(scan, processor)
        return _compiled[key]


def compile_scan(scan: ScanShape, processor: Processor) -> CompiledScan:
    module = ir.Module("scan")
    widest = (
        8 if any(v.type.dtype.itemsize == 8 and v.type.is_float for v in scan.body.inputs) else 4
    )
    functions: Mapping[str, Function] = {
        name: partial(with_fma, function, processor.has_fma)
        for name, function in mathematics.MATHEMATICS.items()
    }
    loops = Loops(processor.lanes(widest), functions)
    tiles = {
        f"float{bits}": best_tile(bits, processor.vector_bytes, processor.has_fma)
        for bits in (32, 64)
    }
    arena = emit_scan(module, "scan", scan, loops, tiles)
    engine = compile_module(str(module), processor)
    kernel = Kernel(engine, "scan", ctypes.c_int64, ctypes.c_void_p)
    return CompiledScan(scan, kernel, arena)


def with_fma(function: Any, has_fma: bool, builder: Any, x: Any) -> Any:
    return function(builder, x, has_fma)


def run(compiled: CompiledScan, *arrays: NDArray, length: int) -> list[NDArray]:
    body, carried = compiled.scan.body, compiled.scan.carried
    held = [np.ascontiguousarray(array) for array in arrays]
    outputs = [
        np.empty(atom.type.shape if i < carried else (length, *atom.type.shape), atom.type.dtype)
        for i, atom in enumerate(body.outputs)
    ]
    arena = np.empty(compiled.arena + LINE, np.uint8)
    start = -arena.ctypes.data % LINE
    addresses = [a.ctypes.data for a in (*held, *outputs)] + [arena.ctypes.data + start]
    pointers = (ctypes.c_void_p * len(addresses))(*addresses)
    compiled.kernel(length, ctypes.addressof(pointers))
    return outputs


def fingerprint(program: Program) -> tuple[Any, ...]:
    """What two programs have in common that compute the same: structure, types, settings."""
    numbers: dict[Any, int] = {}

    def number(atom: Any) -> Any:
        if isinstance(atom, Literal):
            return (str(atom.type), atom.value.tobytes())
        return numbers.setdefault(atom, len(numbers))

    def plain(value: Any) -> Any:
        return fingerprint(value) if isinstance(value, Program) else str(value)

    def numbered(atoms: Sequence[Any]) -> tuple[Any, ...]:
        return tuple((number(atom), str(atom.type)) for atom in atoms)

    def described(equation: Equation) -> tuple[Any, ...]:
        settings = tuple((k, plain(v)) for k, v in sorted(equation.settings.items()))
        return (
            equation.primitive.name,
            numbered(equation.inputs),
            settings,
            numbered(equation.outputs),
        )

    inputs = numbered(program.inputs)
    equations = tuple(described(equation) for equation in program.equations)
    return inputs, equations, numbered(program.outputs)


__all__ = ["lowered"]
