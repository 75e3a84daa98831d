"""Products of matrices: a tile of C held in registers, driven over packed panels of B.

Sizes and strides are arguments of the emitted code, so that a new batch size needs no new code.
An entry of C is summed in one order, whatever tile it falls in: how rows or panels are shared
among threads does not change a bit of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.packing import emit_row_strip
from graphnet.native.tile import (
    INDEX,
    POINTER,
    Tile,
    at,
    begin,
    counted,
    divide_up,
    index,
    known,
    lanes_below,
    load,
    masked_load,
    masked_store,
    multiply_add,
    smaller,
    splat,
    store,
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
KERNEL = [PRODUCT[2], PRODUCT[3], ("b", POINTER), *PRODUCT[6:]]
EDGE = [PRODUCT[0], PRODUCT[1], ("sums", POINTER), *PRODUCT[6:]]


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
    kernels = [emit_kernel(module, tile, rows) for rows in range(1, tile.rows + 1)]
    edge = emit_edge(module, tile)
    zeros = _zeros(module, tile)

    # The strip of A overshoots by less than a panel of its own (see emit_strip).
    strip_size = tile.rows * tile.steps + tile.rows + tile.width
    strip_of_a = builder.alloca(tile.real, index(strip_size))
    sums = builder.alloca(tile.real, index(tile.rows * tile.panel))
    strip_of_a.align = sums.align = 64

    empty = builder.or_(
        builder.icmp_signed("<=", m, index(0)), builder.icmp_signed("<=", n, index(0))
    )
    with builder.if_then(empty):
        builder.ret_void()
    scratch = _Scratch(strip, kernels, edge, zeros, strip_of_a, sums)
    _blocks(builder, tile, transposed, function, scratch)
    builder.ret_void()
    return function


@dataclass(frozen=True)
class _Scratch:
    """The functions that a product calls, and its working memory."""

    strip: ir.Function
    kernels: list[ir.Function]
    edge: ir.Function
    zeros: ir.GlobalVariable
    strip_of_a: ir.Value
    sums: ir.Value


def _blocks(
    builder: ir.IRBuilder, tile: Tile, transposed: bool, function: ir.Function, scratch: _Scratch
) -> None:
    """All blocks of k, and in each all shares of B by all rows of tiles."""
    m, n, k, a, a_stride, packed, c, c_stride, start, start_stride = function.args
    tiles = divide_up(builder, m, index(tile.rows))
    height, taller = builder.udiv(m, tiles), builder.urem(m, tiles)
    blocks = divide_up(builder, builder.select(_is(builder, k, 0), index(1), k), index(tile.steps))
    depth_of_block = divide_up(builder, k, blocks)
    share = tile.panels * tile.panel
    with counted(builder, blocks) as block:
        first = _is(builder, block, 0)
        step = builder.mul(block, depth_of_block)
        depth = smaller(builder, builder.sub(k, step), depth_of_block)
        origin = builder.select(first, start, c)
        origin_stride = builder.select(first, start_stride, c_stride)
        b = at(builder, tile, packed, builder.mul(step, index(tile.panel)))
        with counted(builder, n, step=share) as left, counted(builder, tiles) as number:
            right = smaller(builder, builder.add(left, index(share)), n)
            row = builder.add(builder.mul(number, height), smaller(builder, number, taller))
            extra = builder.zext(builder.icmp_signed("<", number, taller), INDEX)
            rows = builder.add(height, extra)
            corner = (step, row) if transposed else (row, step)
            source = at(builder, tile, a, builder.mul(corner[0], a_stride), corner[1])
            strip = [depth, rows, source, a_stride, scratch.strip_of_a, rows]
            builder.call(scratch.strip, strip)
            with counted(builder, right, left, tile.panel) as column:
                panel = at(builder, tile, b, builder.mul(column, k))
                place = [
                    at(builder, tile, c, builder.mul(row, c_stride), column),
                    c_stride,
                    *_begins(builder, tile, scratch.zeros, origin, origin_stride, row, column),
                ]
                count = builder.sub(n, column)
                _tile_of_c(builder, tile, scratch, (rows, count, depth), panel, place)


def _begins(
    builder: ir.IRBuilder,
    tile: Tile,
    zeros: ir.Value,
    origin: ir.Value,
    stride: ir.Value,
    row: ir.Value,
    column: ir.Value,
) -> tuple[ir.Value, ir.Value]:
    """What a tile begins from, and the distance of its rows; zeros where there is no origin."""
    from_zero = builder.icmp_unsigned("==", origin, ir.Constant(POINTER, None))
    begins = at(builder, tile, origin, builder.mul(row, stride), column)
    return (
        builder.select(from_zero, zeros, begins),
        builder.select(from_zero, index(0), stride),
    )


def _tile_of_c(
    builder: ir.IRBuilder,
    tile: Tile,
    scratch: _Scratch,
    sizes: tuple[ir.Value, ir.Value, ir.Value],
    panel: ir.Value,
    place: list[ir.Value],
) -> None:
    """One tile. The kernel stores whole panels: at the right edge it does so aside."""
    rows, count, depth = sizes
    aside = [scratch.sums, index(tile.panel), scratch.zeros, index(0)]
    whole = builder.icmp_signed(">=", count, index(tile.panel))
    chosen = [builder.select(whole, *pair) for pair in zip(place, aside, strict=True)]
    _call_kernel(builder, scratch.kernels, rows, [depth, scratch.strip_of_a, panel, *chosen])
    with builder.if_then(builder.not_(whole), likely=False):
        builder.call(scratch.edge, [rows, count, scratch.sums, *place])


def _is(builder: ir.IRBuilder, value: ir.Value, number: int) -> ir.Value:
    return builder.icmp_signed("==", value, index(number))


def _zeros(module: ir.Module, tile: Tile) -> ir.GlobalVariable:
    """A row of zeros, which a product without a start begins from."""
    name = f"zeros_f{tile.bits}_{tile.panel}"
    kind = ir.ArrayType(tile.real, tile.panel)
    if name in module.globals:
        return module.globals[name]
    zeros = ir.GlobalVariable(module, kind, name)
    zeros.global_constant = True
    zeros.linkage = "internal"
    zeros.initializer = ir.Constant(kind, None)
    return zeros


def _call_kernel(
    builder: ir.IRBuilder, kernels: list[ir.Function], rows: ir.Value, arguments: list[ir.Value]
) -> None:
    after = builder.append_basic_block("tile_done")
    impossible = builder.append_basic_block("impossible")
    choice = builder.switch(rows, impossible)
    for number, kernel in enumerate(kernels, start=1):
        block = builder.append_basic_block(f"rows_{number}")
        choice.add_case(index(number), block)
        with builder.goto_block(block):
            builder.call(kernel, arguments)
            builder.branch(after)
    builder.position_at_end(impossible)
    builder.unreachable()
    builder.position_at_end(after)


def emit_kernel(module: ir.Module, tile: Tile, rows: int) -> ir.Function:
    """``kernel(k, a, b, c, c_stride, start, start_stride)``: one whole tile.

    ``a`` is a strip of ``rows``, ``b`` a panel.
    """
    name = f"kernel_f{tile.bits}_{rows}x{tile.panel}"
    if function := known(module, name):
        return function
    function, builder = begin(module, name, KERNEL)
    k, a, b, c, c_stride, start, start_stride = function.args
    zero = ir.Constant(tile.vector, None)
    entry = builder.block
    loop = builder.append_basic_block("loop")
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", k, index(0)), loop, done)

    builder.position_at_end(loop)
    step = builder.phi(INDEX)
    column_of_a, row_of_b = builder.phi(POINTER), builder.phi(POINTER)
    sums = [builder.phi(tile.vector) for _ in range(rows * tile.vectors)]
    vectors = [
        load(builder, tile, at(builder, tile, row_of_b, vector * tile.width))
        for vector in range(tile.vectors)
    ]
    next_sums = []
    for row in range(rows):
        number = builder.load(at(builder, tile, column_of_a, row), typ=tile.real)
        factor = splat(builder, number, tile.width)
        for vector in range(tile.vectors):
            total = sums[row * tile.vectors + vector]
            next_sums.append(multiply_add(builder, tile, factor, vectors[vector], total))
    next_step = builder.add(step, index(1))
    for value, initial, following in [
        (step, index(0), next_step),
        (column_of_a, a, at(builder, tile, column_of_a, rows)),
        (row_of_b, b, at(builder, tile, row_of_b, tile.panel)),
        *((total, zero, result) for total, result in zip(sums, next_sums, strict=True)),
    ]:
        value.add_incoming(initial, entry)
        value.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", next_step, k), loop, done)

    builder.position_at_end(done)
    totals = [builder.phi(tile.vector) for _ in sums]
    for total, result in zip(totals, next_sums, strict=True):
        total.add_incoming(zero, entry)
        total.add_incoming(result, loop)
    for row in range(rows):
        for vector in range(tile.vectors):
            lane = vector * tile.width
            begins = load(builder, tile, at(builder, tile, start, lane))
            total = builder.fadd(begins, totals[row * tile.vectors + vector])
            store(builder, tile, total, at(builder, tile, c, lane))
        c, start = at(builder, tile, c, c_stride), at(builder, tile, start, start_stride)
    builder.ret_void()
    return function


def emit_edge(module: ir.Module, tile: Tile) -> ir.Function:
    """``edge(m, n, sums, c, c_stride, start, start_stride)``: C = S + sums, narrower than a panel.

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
            begin_ = masked_load(builder, tile, at(builder, tile, begins, lane), mask)
            total = builder.fadd(begin_, load(builder, tile, at(builder, tile, line, lane)))
            masked_store(builder, tile, total, at(builder, tile, place, lane), mask)
    builder.ret_void()
    return function
