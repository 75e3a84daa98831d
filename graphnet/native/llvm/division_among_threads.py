"""Division among threads: which rows of a batch, or columns of a product, each one computes.

Each thread of a call does the share of its number; a thread's share depends on nothing else.
"""

from __future__ import annotations

from llvmlite import ir

from graphnet.native.llvm.ir_helpers import index


def share(
    builder: ir.IRBuilder, count: ir.Value, thread: ir.Value, threads: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """The first and the last (excluded) of ``count`` things that a thread computes."""
    first = builder.sdiv(builder.mul(count, thread), threads)
    last = builder.sdiv(builder.mul(count, builder.add(thread, index(1))), threads)
    return first, last
