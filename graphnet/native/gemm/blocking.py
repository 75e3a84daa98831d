"""Cache blocking of matrix products: row blocks of C, by blocks of B that stay in a cache.

Sizes and strides are arguments of the emitted code, so that a new batch size needs no new code.
An entry of C is summed in one order, whatever tile it falls in: how rows or panels are shared
among threads does not change a bit of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.gemm.packing import emit_row_strip
from graphnet.native.gemm.register_tile import Tile, at
from graphnet.native.gemm.row_block import emit_band, in_place
from graphnet.native.llvm.ir_helpers import (
    INDEX,
    POINTER,
    begin,
    counted,
    divide_up,
    index,
    known,
    smaller,
)

PRODUCT = [
    ("m", INDEX),
    ("n", INDEX),
    ("k", INDEX),
    ("a", POINTER),
    ("a_stride", INDEX),
    ("packed", POINTER),
    ("c", POINTER),
    ("c_stride", INDEX),
    ("start", POINTER),
    ("start_stride", INDEX),
]


def emit_product(module: ir.Module, tile: Tile, transposed: bool = False) -> ir.Function:
    """``product(m, n, k, a, a_stride, packed, c, c_stride, start, start_stride)``: C = S + A @ B.

    A is m x k, or stored ``transposed`` as k x m; its rows as stored are ``a_stride`` apart. B is
    packed for this tile (``emit_pack``). S is zero where ``start`` is null; else its rows are
    ``start_stride`` apart: C itself to accumulate, a bias with stride 0.

    A thread's share is a call of its own: some rows of A and C, or the panels from a column that
    is a multiple of ``tile.panel`` (packed B of that column begins at ``column * k``).
    """
    name = f"product_{tile.name}{'_transposed' if transposed else ''}"
    if function := known(module, name):
        return function
    function, builder = begin(module, name, PRODUCT, inner=False)
    m, n = function.args[:2]
    strip = emit_row_strip(module, tile, not transposed)
    bands = [emit_band(module, tile, rows) for rows in range(1, tile.rows + 1)]

    # The strip of A overshoots by less than a panel of its own (see emit_strip).
    strip_size = tile.rows * tile.steps + tile.rows + tile.width
    strip_of_a = builder.alloca(tile.real, index(strip_size))
    aside = builder.alloca(tile.real, index(tile.rows * tile.panel))
    strip_of_a.align = aside.align = 64

    empty = builder.or_(
        builder.icmp_signed("<=", m, index(0)), builder.icmp_signed("<=", n, index(0))
    )
    with builder.if_then(empty):
        builder.ret_void()
    _blocks(builder, tile, transposed, function, _Scratch(strip, bands, strip_of_a, aside))
    builder.ret_void()
    return function


@dataclass(frozen=True)
class _Scratch:
    """The functions that a product calls, and its working memory."""

    strip: ir.Function
    bands: list[ir.Function]
    strip_of_a: ir.Value
    aside: ir.Value


def _blocks(
    builder: ir.IRBuilder, tile: Tile, transposed: bool, function: ir.Function, scratch: _Scratch
) -> None:
    """All blocks of k, and in each all shares of B by all rows of tiles."""
    m, n, k, a, a_stride, packed, c, c_stride, start, start_stride = function.args
    tiles = divide_up(builder, m, index(tile.rows))
    height, taller = builder.udiv(m, tiles), builder.urem(m, tiles)
    blocks = divide_up(builder, builder.select(_is(builder, k, 0), index(1), k), index(tile.steps))
    depth_of_block = divide_up(builder, k, blocks)
    panel_size = builder.mul(k, index(tile.panel))
    share = tile.panels * tile.panel
    with counted(builder, blocks) as block:
        first = _is(builder, block, 0)
        step = builder.mul(block, depth_of_block)
        depth = smaller(builder, builder.sub(k, step), depth_of_block)
        origin = builder.select(first, start, c)
        origin_stride = builder.select(first, start_stride, c_stride)
        b = at(builder, tile, packed, builder.mul(step, index(tile.panel)))
        with counted(builder, n, step=share) as left, counted(builder, tiles) as number:
            columns = smaller(builder, builder.sub(n, left), index(share))
            row = builder.add(builder.mul(number, height), smaller(builder, number, taller))
            extra = builder.zext(builder.icmp_signed("<", number, taller), INDEX)
            rows = builder.add(height, extra)
            corner = (step, row) if transposed else (row, step)
            source = at(builder, tile, a, builder.mul(corner[0], a_stride), corner[1])
            operands = [at(builder, tile, b, builder.mul(left, k)), panel_size]
            place = [
                at(builder, tile, c, builder.mul(row, c_stride), left),
                c_stride,
                _origin_of(builder, tile, origin, builder.mul(row, origin_stride), left),
                origin_stride,
            ]
            for case, band in _cases(builder, scratch.bands, rows):
                if in_place(tile, case) and not transposed:
                    of_a = [source, a_stride, index(1)]
                else:
                    strip = [depth, rows, source, a_stride, scratch.strip_of_a, rows]
                    builder.call(scratch.strip, strip)
                    of_a = [scratch.strip_of_a, index(1), rows]
                builder.call(band, [columns, depth, *of_a, *operands, *place, scratch.aside])


def _origin_of(builder: ir.IRBuilder, tile: Tile, origin: ir.Value, *offsets: ir.Value) -> ir.Value:
    """The addend of a row block; null stays null."""
    null = ir.Constant(POINTER, None)
    is_null = builder.icmp_unsigned("==", origin, null)
    return builder.select(is_null, null, at(builder, tile, origin, *offsets))


def _is(builder: ir.IRBuilder, value: ir.Value, number: int) -> ir.Value:
    return builder.icmp_signed("==", value, index(number))


def _cases(
    builder: ir.IRBuilder, bands: list[ir.Function], rows: ir.Value
) -> Iterator[tuple[int, ir.Function]]:
    """The band of each number of rows, with the builder where that number is given."""
    after = builder.append_basic_block("band_done")
    impossible = builder.append_basic_block("impossible")
    choice = builder.switch(rows, impossible)
    for number, band in enumerate(bands, start=1):
        block = builder.append_basic_block(f"rows_{number}")
        choice.add_case(index(number), block)
        with builder.goto_block(block):
            yield number, band
            builder.branch(after)
    builder.position_at_end(impossible)
    builder.unreachable()
    builder.position_at_end(after)
