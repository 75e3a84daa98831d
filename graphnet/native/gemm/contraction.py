"""Contractions: products whose right operand is gathered into panels, block by block.

A convolution is one: its windows are never laid out as a whole, but packed from the image a few
panels at a time, which stay in the second level cache while they are used.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.gemm.blocking import emit_product
from graphnet.native.gemm.gathering import AXES, emit_gather, emit_offsets
from graphnet.native.gemm.register_tile import Tile, at
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import BYTE, POINTER, counted, divide_up, index, smaller
from graphnet.native.llvm.kernel_abi import Kernel, begin_kernel

ITEMS = 2
"""The most axes of products that are computed one by one."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of the kernel: ``rows`` of A and C, rows (``depth``) and columns of B."""

    rows: ir.Value
    depth: list[ir.Value]
    depth_strides: list[ir.Value]
    columns: list[ir.Value]
    column_strides: list[ir.Value]
    a_stride: ir.Value
    c_stride: ir.Value
    items: list[ir.Value]
    a_of_item: list[ir.Value]
    b_of_item: list[ir.Value]
    c_of_item: list[ir.Value]
    sums: ir.Value
    a_of_sum: ir.Value
    b_of_sum: ir.Value
    parts: ir.Value
    c_of_part: ir.Value
    block_columns: ir.Value
    block_depth: ir.Value
    panels: ir.Value
    scratch: ir.Value

    @staticmethod
    def of(kernel: Kernel) -> Arguments:
        position = 0

        def one() -> ir.Value:
            nonlocal position
            position += 1
            return kernel.argument(position - 1)

        def many(count: int) -> list[ir.Value]:
            return [one() for _ in range(count)]

        return Arguments(
            one(), many(AXES), many(AXES), many(AXES), many(AXES), one(), one(),
            many(ITEMS), many(ITEMS), many(ITEMS), many(ITEMS),
            one(), one(), one(), one(), one(), one(), one(), one(), one(),
        )  # fmt: skip


def emit_contraction_kernel(module: ir.Module, tile: Tile, name: str) -> None:
    """Arguments as in ``Arguments``, pointers a, b, c, scratch.

    For each item C = sum over ``sums`` of A @ B, where A is (rows, depth) and has a stride of 1
    along depth, C is (rows, columns), and B has ``AXES`` axes for its rows and as many for its
    columns. Sums are divided into ``parts``, each with a C of its own. Threads share items, parts
    and blocks of columns. ``scratch`` has, for each thread, a table of the rows of B and,
    ``panels`` bytes behind, a block of it.
    """
    offsets, gather = emit_offsets(module), emit_gather(module, tile)
    product = emit_product(module, tile)
    kernel = begin_kernel(module, name)
    builder, given = kernel.builder, Arguments.of(kernel)
    a, b, c, memory = (kernel.pointer(i) for i in range(4))
    scratch = builder.mul(kernel.thread, given.scratch)
    table = builder.gep(memory, [scratch], source_etype=BYTE)
    panels = builder.gep(table, [given.panels], source_etype=BYTE)
    builder.call(offsets, [*given.depth, *given.depth_strides, table])
    depth, columns = product_of(builder, given.depth), product_of(builder, given.columns)
    blocks = divide_up(builder, columns, given.block_columns)
    units = builder.mul(product_of(builder, given.items), builder.mul(given.parts, blocks))
    first, last = share(builder, units, kernel.thread, kernel.threads)
    with counted(builder, last, first) as unit:
        rest, block = divided(builder, unit, blocks)
        rest, part = divided(builder, rest, given.parts)
        place = divided(builder, rest, given.items[1])
        left = builder.mul(block, given.block_columns)
        width = smaller(builder, builder.sub(columns, left), given.block_columns)
        of_item = [
            at(builder, tile, base, *map(builder.mul, place, strides))
            for base, strides in ((a, given.a_of_item), (b, given.b_of_item), (c, given.c_of_item))
        ]
        target = at(builder, tile, of_item[2], builder.mul(part, given.c_of_part), left)
        begun, ended = share(builder, given.sums, part, given.parts)
        with counted(builder, ended, begun) as number:
            of_a = at(builder, tile, of_item[0], builder.mul(number, given.a_of_sum))
            of_b = at(builder, tile, of_item[1], builder.mul(number, given.b_of_sum))
            steps = divide_up(builder, depth, given.block_depth)
            with counted(builder, steps) as count:
                step = builder.mul(count, given.block_depth)
                own = smaller(builder, builder.sub(depth, step), given.block_depth)
                row = builder.gep(table, [step], source_etype=ir.IntType(64))
                columns_of_b = [left, *given.columns[1:], *given.column_strides, panels]
                builder.call(gather, [own, width, of_b, row, *columns_of_b])
                is_first = builder.and_(
                    builder.icmp_signed("==", number, begun),
                    builder.icmp_signed("==", step, index(0)),
                )
                start = builder.select(is_first, ir.Constant(POINTER, None), target)
                of_c = [panels, target, given.c_stride, start, given.c_stride]
                of_a_step = at(builder, tile, of_a, step)
                builder.call(product, [given.rows, width, own, of_a_step, given.a_stride, *of_c])
    builder.ret_void()


def product_of(builder: ir.IRBuilder, sizes: list[ir.Value]) -> ir.Value:
    result = sizes[0]
    for size in sizes[1:]:
        result = builder.mul(result, size)
    return result


def divided(builder: ir.IRBuilder, number: ir.Value, by: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Quotient and remainder."""
    return builder.udiv(number, by), builder.urem(number, by)
