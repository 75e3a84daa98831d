"""Batches of products as kernels: threads divide the entries of the batch.

The arguments of each kernel are some sizes, then the axes of the batch: how many, and for each its
size and the strides of the three operands along it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llvmlite import ir

from graphnet.native.gemm.blocking import emit_product
from graphnet.native.gemm.packing import emit_pack
from graphnet.native.gemm.register_tile import Tile, at
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import (
    INDEX,
    POINTER,
    counted,
    divide_up,
    index,
    smaller,
)
from graphnet.native.llvm.kernel_abi import Kernel, begin_kernel

AXIS = 4
"""Arguments for each axis of the batch: its size, the strides of the operands."""
OPERANDS = 3
CHUNK = 64
"""Threads divide the entries of a vector at multiples of it, and no line of the cache."""


def emit_products_kernel(
    module: ir.Module, tile: Tile, name: str, left_transposed: bool, right_transposed: bool
) -> None:
    """Arguments m, n, k, a_stride, b_stride, c_stride, elements of working memory of a thread, the
    axes; pointers a, b, c, working memory: C = A @ B for each entry."""
    product = emit_product(module, tile, left_transposed)
    pack = emit_pack(module, tile, right_transposed)
    kernel = begin_kernel(module, name)
    builder = kernel.builder
    m, n, k, a_stride, b_stride, c_stride, memory = (kernel.argument(i) for i in range(7))
    panels = at(builder, tile, kernel.pointer(3), builder.mul(kernel.thread, memory))
    packed = builder.alloca(POINTER)
    builder.store(ir.Constant(POINTER, None), packed)
    with entries(kernel, tile, 7) as (a, b, c):
        is_new = builder.icmp_unsigned("!=", builder.load(packed, typ=POINTER), b)
        with builder.if_then(is_new):  # entries that share B are packed once
            builder.call(pack, [k, n, b, b_stride, panels, k, index(0)])
            builder.store(b, packed)
        none = ir.Constant(POINTER, None), index(0)
        builder.call(product, [m, n, k, a, a_stride, panels, c, c_stride, *none])
    builder.ret_void()


def emit_dots_kernel(module: ir.Module, tile: Tile, name: str, dots: ir.Function) -> None:
    """Arguments m, k, a_stride, the axes; pointers a, x, c: C = A @ x for each entry, of which
    threads share the rows where there is but one."""
    kernel = begin_kernel(module, name)
    builder = kernel.builder
    m, k, a_stride = (kernel.argument(i) for i in range(3))
    with entries(kernel, tile, 3, shares_one=True) as (a, x, c):
        top, bottom = own_share(kernel, m, kernel.argument(3))
        line = at(builder, tile, a, builder.mul(top, a_stride))
        rows = builder.sub(bottom, top)
        builder.call(dots, [rows, k, line, a_stride, x, at(builder, tile, c, top)])
    builder.ret_void()


def emit_columns_kernel(module: ir.Module, tile: Tile, name: str, columns: ir.Function) -> None:
    """Arguments k, n, b_stride, x_step, the axes; pointers b, x, c: C = x @ B for each entry, of
    which threads share the columns where there is but one."""
    kernel = begin_kernel(module, name)
    builder = kernel.builder
    k, n, b_stride, x_step = (kernel.argument(i) for i in range(4))
    with entries(kernel, tile, 4, shares_one=True) as (b, x, c):
        left, right = own_share(kernel, n, kernel.argument(4))
        places = [at(builder, tile, place, left) for place in (b, c)]
        width = builder.sub(right, left)
        builder.call(columns, [k, width, x, x_step, places[0], b_stride, places[1]])
    builder.ret_void()


def own_share(kernel: Kernel, count: ir.Value, rank: ir.Value) -> tuple[ir.Value, ir.Value]:
    """This thread's part of the entries of a single result, or all of them in a batch."""
    builder, line = kernel.builder, index(CHUNK)
    chunks = divide_up(builder, count, line)
    first, last = share(builder, chunks, kernel.thread, kernel.threads)
    is_one = builder.icmp_signed("==", rank, index(0))
    first, last = (smaller(builder, builder.mul(x, line), count) for x in (first, last))
    return builder.select(is_one, first, index(0)), builder.select(is_one, last, count)


@contextmanager
def entries(
    kernel: Kernel, tile: Tile, first: int, shares_one: bool = False
) -> Iterator[list[ir.Value]]:
    """The addresses of the operands for each entry of a thread's share of the batch, whose axes
    are the arguments from ``first`` on. A batch without axes is that
    of all threads with ``shares_one``."""
    builder = kernel.builder
    rank = kernel.argument(first)
    places = [builder.alloca(INDEX) for _ in range(OPERANDS)]
    left, count = builder.alloca(INDEX), builder.alloca(INDEX)

    def axis(number: ir.Value, part: int) -> ir.Value:
        position = builder.add(index(first + 1 + part), builder.mul(number, index(AXIS)))
        place = builder.gep(kernel.function.args[0], [position], source_etype=INDEX)
        return builder.load(place, typ=INDEX)

    builder.store(index(1), count)
    with counted(builder, rank) as number:
        builder.store(builder.mul(builder.load(count, typ=INDEX), axis(number, 0)), count)
    begin, end = share(builder, builder.load(count, typ=INDEX), kernel.thread, kernel.threads)
    if shares_one:
        is_one = builder.icmp_signed("==", rank, index(0))
        begin = builder.select(is_one, index(0), begin)
        end = builder.select(is_one, index(1), end)
    with counted(builder, end, begin) as entry:
        builder.store(entry, left)
        for place in places:
            builder.store(index(0), place)
        with counted(builder, rank) as turn:  # the last axis first
            number = builder.sub(builder.sub(rank, index(1)), turn)
            size, rest = axis(number, 0), builder.load(left, typ=INDEX)
            at_axis = builder.urem(rest, size)
            builder.store(builder.udiv(rest, size), left)
            for i, place in enumerate(places):
                offset = builder.mul(at_axis, axis(number, 1 + i))
                builder.store(builder.add(builder.load(place, typ=INDEX), offset), place)
        yield [
            at(builder, tile, kernel.pointer(i), builder.load(place, typ=INDEX))
            for i, place in enumerate(places)
        ]
