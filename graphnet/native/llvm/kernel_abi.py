"""The calling convention of kernels: ``kernel(arguments, pointers, thread, threads)``."""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin, index

KERNEL = [("arguments", POINTER), ("pointers", POINTER), ("thread", INDEX), ("threads", INDEX)]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel being emitted."""

    function: ir.Function
    builder: ir.IRBuilder
    thread: ir.Value
    threads: ir.Value

    def argument(self, i: int) -> ir.Value:
        place = self.builder.gep(self.function.args[0], [index(i)], source_etype=INDEX)
        return self.builder.load(place, typ=INDEX)

    def pointer(self, i: int) -> ir.Value:
        place = self.builder.gep(self.function.args[1], [index(i)], source_etype=POINTER)
        return self.builder.load(place, typ=POINTER)


def begin_kernel(module: ir.Module, name: str) -> Kernel:
    function, builder = begin(module, name, KERNEL, inner=False)
    return Kernel(function, builder, function.args[2], function.args[3])
