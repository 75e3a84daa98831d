"""GEMM inner loop: one row block of C over the packed panels of B, several at once if few.

A tile of few rows has few sums, each of which waits for the one before: several panels at once
keep the processor busy meanwhile. Few rows of A are read where they lie, since laying them out
would cost as much as it saves. What is left of the columns is computed vector by vector.
"""

from __future__ import annotations

from dataclasses import replace

from llvmlite import ir

from graphnet.native.gemm.register_tile import (
    Tile,
    at,
    lanes_below,
    load,
    store_sums,
    summed,
)
from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin, counted, index, known
from graphnet.native.llvm.strided_access import masked_load, masked_store

MOST_PANELS = 4
LOWEST_LAID_OUT = 9
"""From how many rows on A is laid out: more of them than a set of the cache has ways would
displace each other where their stride is a power of two."""
LOWEST_PREFETCHED = 4
"""From how many rows on the next panels are fetched in advance: it takes longer to use them than
to fetch them. Fewer rows read B as fast as memory gives it, and more requests only delay that."""

PLACE = [("c", POINTER), ("c_stride", INDEX), ("start", POINTER), ("start_stride", INDEX)]
OPERANDS = [
    ("k", INDEX),
    ("a", POINTER),
    ("a_row", INDEX),
    ("a_step", INDEX),
    ("b", POINTER),
    ("b_panel", INDEX),
]
BAND = [("columns", INDEX), *OPERANDS, *PLACE, ("aside", POINTER)]
KERNEL = [*OPERANDS, *PLACE]
EDGE = [("m", INDEX), ("n", INDEX), ("sums", POINTER), *PLACE]


def at_once(tile: Tile, rows: int) -> int:
    """How many panels' sums fit in the registers, with a row of the panels and a number of A.

    A single row uses each number of B once, which it then need not hold.
    """
    registers = 32 if tile.width * tile.real_bytes == 64 else 16
    held = (rows + (rows > 1)) * tile.vectors
    return max(1, min(MOST_PANELS, (registers - 1) // held))


def in_place(tile: Tile, rows: int) -> bool:
    return rows < LOWEST_LAID_OUT


def emit_band(module: ir.Module, tile: Tile, rows: int) -> ir.Function:
    """``band(columns, k, a, a_row, a_step, b, b_panel, c, c_stride, start, start_stride, aside)``.

    It adds S to ``rows`` of A by some columns of B, in panels that are ``b_panel`` apart. Rows of
    A are ``a_row`` apart, its columns ``a_step``: 1 and ``rows`` where it is laid out. Where start
    is null S is zero. ``aside`` is memory of the size of a tile.
    """
    name = f"band_f{tile.bits}_{rows}x{tile.panel}"
    if function := known(module, name):
        return function
    vector = replace(tile, vectors=1)
    kernels = {
        panels * tile.panel: emit_kernel(module, tile, rows, panels, tile.panel)
        for panels in (at_once(tile, rows), 1)
    }
    kernels[tile.width] = by_vector = emit_kernel(module, vector, rows, 1, tile.panel)
    edge, zeros = emit_edge(module, vector), _zeros(module, tile)
    function, builder = begin(module, name, BAND)
    columns, k, a, a_row, a_step, b, b_panel, c, c_stride, start, start_stride, aside = (
        function.args
    )
    no_start = builder.icmp_unsigned("==", start, ir.Constant(POINTER, None))
    distance = builder.select(no_start, index(0), start_stride)

    def operands(column: ir.Value) -> list[ir.Value]:
        panel = builder.mul(builder.udiv(column, index(tile.panel)), b_panel)
        inside = builder.urem(column, index(tile.panel))
        return [k, a, a_row, a_step, at(builder, tile, b, panel, inside), b_panel]

    def place(column: ir.Value) -> list[ir.Value]:
        begins = builder.select(no_start, zeros, at(builder, tile, start, column))
        return [at(builder, tile, c, column), c_stride, begins, distance]

    left: ir.Value = index(0)
    for width, kernel in kernels.items():
        whole = builder.udiv(builder.sub(columns, left), index(width))
        right = builder.add(left, builder.mul(whole, index(width)))
        with counted(builder, right, left, width) as column:
            builder.call(kernel, [*operands(column), *place(column)])
        left = right
    rest = builder.sub(columns, left)
    with builder.if_then(builder.icmp_signed(">", rest, index(0)), likely=False):
        tile_aside = [aside, index(vector.panel), zeros, index(0)]
        builder.call(by_vector, [*operands(left), *tile_aside])
        builder.call(edge, [index(rows), rest, aside, *place(left)])
    builder.ret_void()
    return function


def emit_kernel(module: ir.Module, tile: Tile, rows: int, panels: int, pitch: int) -> ir.Function:
    """``kernel(k, a, a_row, a_step, b, b_panel, c, c_stride, start, start_stride)``.

    Whole tiles side by side; ``pitch`` is the width of the panels that they read.
    """
    name = f"kernel_f{tile.bits}_{rows}x{panels * tile.panel}_of_{pitch}"
    if function := known(module, name):
        return function
    function, builder = begin(module, name, KERNEL)
    k, a, a_row, a_step, b, b_panel, *place = function.args
    if in_place(tile, rows):
        lines = [(at(builder, tile, a, builder.mul(a_row, index(i))), 0) for i in range(rows)]
    else:
        lines, a_step = [(a, row) for row in range(rows)], index(rows)
    bands = [at(builder, tile, b, builder.mul(b_panel, index(i))) for i in range(panels)]
    following = builder.mul(b_panel, index(panels)) if rows >= LOWEST_PREFETCHED else None
    sums = summed(builder, tile, k, lines, a_step, bands, pitch, following)
    store_sums(builder, tile, sums, *place)
    builder.ret_void()
    return function


def emit_edge(module: ir.Module, tile: Tile) -> ir.Function:
    """``edge(m, n, sums, c, c_stride, start, start_stride)``: C = S + sums, narrower than a tile.

    ``sums`` is a whole tile, which the kernel stored aside.
    """
    name = f"edge_f{tile.bits}_{tile.panel}"
    if function := known(module, name):
        return function
    function, builder = begin(module, name, EDGE)
    m, n, sums, c, c_stride, start, start_stride = function.args
    masks = lanes_below(builder, tile, n)
    with counted(builder, m) as row:
        line = at(builder, tile, sums, builder.mul(row, index(tile.panel)))
        place = at(builder, tile, c, builder.mul(row, c_stride))
        begins = at(builder, tile, start, builder.mul(row, start_stride))
        for vector, mask in enumerate(masks):
            lane = vector * tile.width
            begin_ = masked_load(
                builder, at(builder, tile, begins, lane), tile.vector, mask, tile.real_bytes
            )
            total = builder.fadd(begin_, load(builder, tile, at(builder, tile, line, lane)))
            masked_store(builder, total, at(builder, tile, place, lane), mask, tile.real_bytes)
    builder.ret_void()
    return function


def _zeros(module: ir.Module, tile: Tile) -> ir.GlobalVariable:
    """Zeros for the rows of all tiles, which a product without a start begins from."""
    name = f"zeros_f{tile.bits}_{tile.panel}"
    kind = ir.ArrayType(tile.real, MOST_PANELS * tile.panel)
    if name in module.globals:
        return module.globals[name]
    zeros = ir.GlobalVariable(module, kind, name)
    zeros.global_constant = True
    zeros.linkage = "internal"
    zeros.initializer = ir.Constant(kind, None)
    return zeros
