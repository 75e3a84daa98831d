"""Products inside of scans whose columns threads share, where a batch has too few rows to share.

At one row a step reads all its weights from the cache and does little else; two threads with half
of the columns each read twice as fast.
"""

from __future__ import annotations

from llvmlite import ir

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Equation, Program
from graphnet.native.gemm.library import declare_product_kernel
from graphnet.native.gemm.register_tile import Tile
from graphnet.native.llvm.ir_helpers import INDEX, POINTER, index, known, smaller
from graphnet.native.runtime.job_board import TOGETHER, TOGETHER_SYMBOL

LEAST = 1 << 14
"""Multiply-adds that are worth a share: a quarter of a microsecond, as long as it takes another
core to see the job."""


def is_large(equation: Equation) -> bool:
    return equation.multiply_adds() >= 2 * LEAST


def has_large_product(body: Program) -> bool:
    return any(is_large(e) for e in body.equations if e.primitive.kind is PrimitiveKind.PRODUCT)


class Team:
    """The stack memory with which a scan shares its products; final."""

    def __init__(self, entry: ir.IRBuilder, threads: ir.Value) -> None:
        self.threads = threads
        self.arguments = entry.alloca(INDEX, index(6))
        self.pointers = entry.alloca(POINTER, index(4))

    def product(
        self,
        builder: ir.IRBuilder,
        tile: Tile,
        transposed: bool,
        equation: Equation,
        values: list[ir.Value],
    ) -> None:
        """``values`` are the operands of ``emit_product``."""
        m, n, k, a, a_stride, packed, c, c_stride, start, start_stride = values
        for i, value in enumerate((m, n, k, a_stride, c_stride, start_stride)):
            builder.store(value, builder.gep(self.arguments, [index(i)], source_etype=INDEX))
        for i, value in enumerate((a, packed, c, start)):
            builder.store(value, builder.gep(self.pointers, [index(i)], source_etype=POINTER))
        kernel = declare_product_kernel(builder.module, tile, transposed)
        panels = -(-equation.outputs[0].type.shape[-1] // tile.panel)
        most = min(panels, equation.multiply_adds() // LEAST)
        shares = smaller(builder, self.threads, index(most))
        address = builder.ptrtoint(kernel, INDEX)
        builder.call(together(builder.module), [address, self.arguments, self.pointers, shares])


def together(module: ir.Module) -> ir.Function:
    kind = ir.FunctionType(ir.VoidType(), [type_ for _, type_ in TOGETHER])
    return known(module, TOGETHER_SYMBOL) or ir.Function(module, kind, TOGETHER_SYMBOL)
