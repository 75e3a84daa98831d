"""Packing of a right operand that is no matrix in memory: rows and columns of several axes each.

Entry (k, n) lies at an offset of its row k, which a table has, and one of its column n. Columns
that are neighbours along the innermost axis are copied together: windows are packed from the array.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from graphnet.native.gemm.register_tile import Tile, at
from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin, counted, index, known, smaller
from graphnet.native.llvm.strided_access import lanes_left, masked_load, masked_store

AXES = 3
"""The most axes of rows, and of columns."""
UNROLLED = 4
"""Rows that one turn of the loop copies."""

OFFSETS = [
    *((f"size_{i}", INDEX) for i in range(AXES)),
    *((f"stride_{i}", INDEX) for i in range(AXES)),
    ("table", POINTER),
]
GATHER = [
    ("k", INDEX),
    ("count", INDEX),
    ("source", POINTER),
    ("table", POINTER),
    ("first", INDEX),
    ("size_1", INDEX),
    ("size_2", INDEX),
    *((f"stride_{i}", INDEX) for i in range(AXES)),
    ("packed", POINTER),
]


def emit_offsets(module: ir.Module) -> ir.Function:
    """``offsets(sizes…, strides…, table)``: the offset of each row, in elements."""
    if function := known(module, "offsets"):
        return function
    function, builder = begin(module, "offsets", OFFSETS)
    sizes, strides, table = function.args[:AXES], function.args[AXES:-1], function.args[-1]
    with counted(builder, sizes[0]) as i, counted(builder, sizes[1]) as j:
        row = builder.add(builder.mul(i, sizes[1]), j)
        outer = builder.add(builder.mul(i, strides[0]), builder.mul(j, strides[1]))
        with counted(builder, sizes[2]) as k:
            offset = builder.add(outer, builder.mul(k, strides[2]))
            number = builder.add(builder.mul(row, sizes[2]), k)
            builder.store(offset, builder.gep(table, [number], source_etype=INDEX))
    builder.ret_void()
    return function


def emit_gather(module: ir.Module, tile: Tile) -> ir.Function:
    """``gather(k, count, source, table, first, size_1, size_2, strides…, packed)``.

    It packs ``count`` columns from column ``first`` on, a multiple of the panel, in ``k`` rows
    whose offsets begin at ``table``. The columns have three axes, the inner two of these sizes.
    """
    name = f"gather_f{tile.bits}_{tile.panel}"
    if function := known(module, name):
        return function
    piece = emit_piece(module, tile)
    function, builder = begin(module, name, GATHER)
    k, count, source, table, first, size_1, size_2, *strides, packed = function.args
    position = builder.alloca(INDEX)
    with counted(builder, count, step=tile.panel) as panel:
        target = at(builder, tile, packed, builder.mul(panel, k))
        end = smaller(builder, builder.sub(count, panel), index(tile.panel))
        builder.store(index(0), position)
        head = builder.append_basic_block("pieces")
        body = builder.append_basic_block("piece")
        after = builder.append_basic_block("packed")
        builder.branch(head)
        builder.position_at_end(head)
        lane = builder.load(position, typ=INDEX)
        builder.cbranch(builder.icmp_signed("<", lane, end), body, after)
        builder.position_at_end(body)
        column = builder.add(builder.add(first, panel), lane)
        inner, outer = builder.urem(column, size_2), builder.udiv(column, size_2)
        places = (builder.udiv(outer, size_1), builder.urem(outer, size_1), inner)
        offsets = [builder.mul(x, s) for x, s in zip(places, strides, strict=True)]
        run = smaller(builder, builder.sub(size_2, inner), builder.sub(end, lane))
        run = smaller(builder, run, index(tile.width))
        begins = at(builder, tile, source, *offsets)
        builder.call(piece, [k, run, begins, table, strides[2], at(builder, tile, target, lane)])
        builder.store(builder.add(lane, run), position)
        builder.branch(head)
        builder.position_at_end(after)
    builder.ret_void()
    return function


def emit_piece(module: ir.Module, tile: Tile) -> ir.Function:
    """``piece(k, count, source, table, stride, target)``: up to a vector of columns."""
    arguments = [
        ("k", INDEX), ("count", INDEX), ("source", POINTER), ("table", POINTER),
        ("stride", INDEX), ("target", POINTER),
    ]  # fmt: skip
    function, builder = begin(module, f"piece_f{tile.bits}_{tile.panel}", arguments)
    k, count, source, table, stride, target = function.args
    live = lanes_left(builder, count, tile.width)

    def row_of(step: ir.Value) -> tuple[ir.Value, ir.Value]:
        offset = builder.load(builder.gep(table, [step], source_etype=INDEX), typ=INDEX)
        place = at(builder, tile, target, builder.mul(step, index(tile.panel)))
        return at(builder, tile, source, offset), place

    def together(step: ir.Value) -> None:
        row, place = row_of(step)
        value = masked_load(builder, row, tile.vector, live, tile.real_bytes)
        masked_store(builder, value, place, live, tile.real_bytes)

    def lane_of(distance: ir.Value, lane: ir.Value) -> Callable[[ir.Value], None]:
        def copy(step: ir.Value) -> None:
            row, place = row_of(step)
            value = builder.load(at(builder, tile, row, distance), typ=tile.real)
            builder.store(value, at(builder, tile, place, lane))

        return copy

    def all_rows(copy: Callable[[ir.Value], None]) -> None:
        whole = builder.and_(k, index(-UNROLLED))
        with counted(builder, whole, step=UNROLLED) as step:
            for i in range(UNROLLED):
                copy(builder.add(step, index(i)))
        with counted(builder, k, whole) as step:
            copy(step)

    near = builder.or_(
        builder.icmp_signed("==", stride, index(1)), builder.icmp_signed("==", count, index(1))
    )
    with builder.if_else(near) as (side_by_side, apart):
        with side_by_side:
            all_rows(together)
        with apart, counted(builder, count) as lane:
            all_rows(lane_of(builder.mul(lane, stride), lane))
    builder.ret_void()
    return function
