"""Packing: rows of an operand laid out in the order in which the kernel of a product reads them.

A strip is ``count`` columns of a k x count matrix, stored step by step: entry (s, j) lies at
``s * pitch + j``. B is packed into strips of a whole panel, A into strips of a tile's rows.
The matrix is stored either as it is or transposed.
"""

from __future__ import annotations

from dataclasses import replace

from llvmlite import ir

from graphnet.native.gemm.register_tile import (
    Tile,
    at,
    lanes_below,
    load,
    store,
)
from graphnet.native.llvm.ir_helpers import (
    INDEX,
    LANE,
    POINTER,
    begin,
    counted,
    divide_up,
    index,
    known,
    smaller,
)
from graphnet.native.llvm.strided_access import masked_load, masked_store

PACK = [
    ("k", INDEX),
    ("n", INDEX),
    ("b", POINTER),
    ("stride", INDEX),
    ("packed", POINTER),
    ("pitch", INDEX),
    ("lead", INDEX),
]
STRIP = [
    ("k", INDEX),
    ("count", INDEX),
    ("source", POINTER),
    ("stride", INDEX),
    ("target", POINTER),
    ("pitch", INDEX),
]


def emit_pack(module: ir.Module, tile: Tile, transposed: bool = False) -> ir.Function:
    """``pack(k, n, b, stride, packed, pitch, lead)``: B (k x n) into panels, one after the other.

    ``stride`` is the distance of the rows of ``b`` as stored: k x n, or ``transposed`` n x k.
    ``packed`` has ``tile.packed_size(k, n)`` elements; ``pitch`` is k, ``lead`` 0.

    Or B is a part of a matrix of ``pitch`` rows, whose panels are that many rows apart: ``packed``
    is where the first row of B begins in the first panel that it has columns in. The ``lead``
    columns to the left belong to other parts and stay as they are; what follows the last column
    in its panel is spoilt, so that parts side by side are packed from left to right.
    """
    name = f"pack_{tile.name}{'_transposed' if transposed else ''}"
    if function := known(module, name):
        return function
    strip, exact = (emit_strip(module, tile, transposed, is_exact) for is_exact in (False, True))
    function, builder = begin(module, name, PACK, inner=False)
    k, n, b, stride, packed, pitch, lead = function.args
    width = builder.sub(index(tile.panel), lead)
    leads = builder.icmp_signed(">", lead, index(0))
    with builder.if_then(builder.and_(leads, builder.icmp_signed(">", n, index(0)))):
        target = at(builder, tile, packed, lead)
        count = smaller(builder, n, width)
        builder.call(exact, [k, count, b, stride, target, index(tile.panel)])
    begun = builder.select(leads, width, index(0))
    with counted(builder, n, begun, tile.panel) as column:
        count = smaller(builder, builder.sub(n, column), index(tile.panel))
        source = at(builder, tile, b, builder.mul(column, stride) if transposed else column)
        target = at(builder, tile, packed, builder.mul(builder.add(column, lead), pitch))
        builder.call(strip, [k, count, source, stride, target, index(tile.panel)])
    builder.ret_void()
    return function


def emit_row_strip(module: ir.Module, tile: Tile, transposed: bool) -> ir.Function:
    """The strip for up to ``tile.rows`` rows of A, in as few vectors as hold them."""
    vectors = -(-tile.rows // tile.width)
    return emit_strip(module, replace(tile, vectors=vectors), transposed)


def emit_strip(
    module: ir.Module, tile: Tile, transposed: bool, is_exact: bool = False
) -> ir.Function:
    """``strip(k, count, source, stride, target, pitch)`` with ``count`` up to ``tile.panel``.

    Each step writes a whole panel, also where ``pitch`` is less: what lies beyond is overwritten
    by the next step, and the target of the last holds a panel. With ``is_exact`` it
    writes ``count`` columns and nothing else.
    """
    way = ("_transposed" if transposed else "") + ("_exact" if is_exact else "")
    name = f"strip_f{tile.bits}_{tile.panel}{way}"
    if function := known(module, name):
        return function
    function, builder = begin(module, name, STRIP)
    emit = _transposing if transposed else _copying
    emit(builder, tile, is_exact, *function.args)
    builder.ret_void()
    return function


def _copying(
    builder: ir.IRBuilder,
    tile: Tile,
    is_exact: bool,
    k: ir.Value,
    count: ir.Value,
    source: ir.Value,
    stride: ir.Value,
    target: ir.Value,
    pitch: ir.Value,
) -> None:
    masks = lanes_below(builder, tile, count)
    with builder.if_else(builder.icmp_signed(">=", count, index(tile.panel))) as (full, partial):
        for branch in (full, partial):
            with branch, counted(builder, k) as step:
                row = at(builder, tile, source, builder.mul(step, stride))
                place = at(builder, tile, target, builder.mul(step, pitch))
                for vector, mask in enumerate(masks):
                    address = at(builder, tile, row, vector * tile.width)
                    if branch is full:
                        value = load(builder, tile, address)
                    else:
                        value = masked_load(builder, address, tile.vector, mask, tile.real_bytes)
                    to = at(builder, tile, place, vector * tile.width)
                    if is_exact:
                        masked_store(builder, value, to, mask, tile.real_bytes)
                    else:
                        store(builder, tile, value, to)


def _transposing(
    builder: ir.IRBuilder,
    tile: Tile,
    is_exact: bool,
    k: ir.Value,
    count: ir.Value,
    source: ir.Value,
    stride: ir.Value,
    target: ir.Value,
    pitch: ir.Value,
) -> None:
    last = builder.sub(count, index(1))
    masks = lanes_below(builder, tile, count) if is_exact else []

    def row_of(column: ir.Value) -> ir.Value:
        return at(builder, tile, source, builder.mul(smaller(builder, column, last), stride))

    def by_element() -> None:
        columns = count if is_exact else index(tile.panel)
        with counted(builder, k) as step, counted(builder, columns) as column:
            value = builder.load(at(builder, tile, row_of(column), step), typ=tile.real)
            builder.store(value, at(builder, tile, target, builder.mul(step, pitch), column))

    def by_square() -> None:
        squares = divide_up(builder, k, index(tile.width))
        final = builder.sub(k, index(tile.width))
        # The vectors of a step from right to left: one that overshoots the pitch is then repaired
        # by a vector further left. The last square overlaps the one before instead of being cut.
        for first in reversed(range(0, tile.panel, tile.width)):
            rows = [row_of(index(first + lane)) for lane in range(tile.width)]
            with counted(builder, squares) as square:
                step = smaller(builder, builder.mul(square, index(tile.width)), final)
                lines = [load(builder, tile, at(builder, tile, row, step)) for row in rows]
                place = at(builder, tile, target, builder.mul(step, pitch), first)
                for line in _turned(builder, tile, lines):
                    if is_exact:
                        masked_store(
                            builder, line, place, masks[first // tile.width], tile.real_bytes
                        )
                    else:
                        store(builder, tile, line, place)
                    place = at(builder, tile, place, pitch)

    with builder.if_else(builder.icmp_signed("<", k, index(tile.width))) as (short, long):
        with short:
            by_element()
        with long:
            by_square()


def _turned(builder: ir.IRBuilder, tile: Tile, lines: list[ir.Value]) -> list[ir.Value]:
    """A square transposed in registers: its off-diagonal blocks of 1, 2, 4, … change places."""
    width = tile.width
    lines = list(lines)
    block = 1
    while block < width:
        upper = [lane if not lane & block else width + lane - block for lane in range(width)]
        lower = [lane + block if not lane & block else width + lane for lane in range(width)]
        kind = ir.VectorType(LANE, width)
        for line in range(width):
            if not line & block:
                a, b = lines[line], lines[line + block]
                lines[line] = builder.shuffle_vector(a, b, ir.Constant(kind, upper))
                lines[line + block] = builder.shuffle_vector(a, b, ir.Constant(kind, lower))
        block *= 2
    return lines
