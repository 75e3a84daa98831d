"""Products of a matrix and a vector, which read the matrix once where it lies.

To pack a matrix for one vector would cost as much as the product itself. Each entry is summed in
one order, whatever rows or columns are computed together with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from graphnet.native.gemm.register_tile import Tile, at, lanes_below, load, multiply_add, store
from graphnet.native.llvm.ir_helpers import INDEX, LANE, POINTER, begin, counted, index, splat
from graphnet.native.llvm.strided_access import masked_load, masked_store

DOTS = [
    ("m", INDEX),
    ("k", INDEX),
    ("a", POINTER),
    ("a_stride", INDEX),
    ("x", POINTER),
    ("c", POINTER),
]
COLUMNS = [
    ("k", INDEX),
    ("n", INDEX),
    ("x", POINTER),
    ("x_step", INDEX),
    ("b", POINTER),
    ("b_stride", INDEX),
    ("c", POINTER),
]
ROWS_AT_ONCE = (8, 4, 2, 1)
VECTORS_AT_ONCE = (8, 4, 2, 1)
"""Sums that do not wait for each other keep the processor busy."""

Values = list[ir.Value]


def emit_dots(module: ir.Module, tile: Tile, name: str) -> ir.Function:
    """``dots(m, k, a, a_stride, x, c)``: C = A @ x, the rows of A (m x k) in one piece each."""
    function, builder = begin(module, name, DOTS, inner=False)
    m, k, a, a_stride, x, c = function.args
    whole = builder.and_(k, index(-tile.width))
    (mask,) = lanes_below(builder, one_vector(tile), builder.sub(k, whole))
    top: ir.Value = index(0)
    for rows in ROWS_AT_ONCE:
        bottom = builder.add(top, builder.and_(builder.sub(m, top), index(-rows)))
        with counted(builder, bottom, top, rows) as row:
            lines = [
                at(builder, tile, a, builder.mul(builder.add(row, index(i)), a_stride))
                for i in range(rows)
            ]
            for i, total in enumerate(dots(builder, tile, lines, x, k, whole, mask)):
                builder.store(total, at(builder, tile, c, row, i), align=tile.real_bytes)
        top = bottom
    builder.ret_void()
    return function


def dots(
    builder: ir.IRBuilder,
    tile: Tile,
    lines: Sequence[ir.Value],
    x: ir.Value,
    k: ir.Value,
    whole: ir.Value,
    mask: ir.Value,
) -> Values:
    """The products of some rows and x; from ``whole`` on, only lanes of the mask exist."""

    def vectors(step: ir.Value, sums: Values) -> Values:
        factor = load(builder, tile, at(builder, tile, x, step))
        rows = [load(builder, tile, at(builder, tile, line, step)) for line in lines]
        return [multiply_add(builder, tile, r, factor, s) for r, s in zip(rows, sums, strict=True)]

    def rest(step: ir.Value, sums: Values) -> Values:
        def some(base: ir.Value) -> ir.Value:
            place = at(builder, tile, base, step)
            return masked_load(builder, place, tile.vector, mask, tile.real_bytes)

        factor = some(x)
        return [
            multiply_add(builder, tile, some(line), factor, total)
            for line, total in zip(lines, sums, strict=True)
        ]

    zeros = [ir.Constant(tile.vector, None) for _ in lines]
    sums = folded(builder, index(0), whole, tile.width, zeros, vectors)
    sums = folded(builder, whole, k, tile.width, sums, rest)
    return [lanes_summed(builder, tile, total) for total in sums]


def emit_columns(module: ir.Module, tile: Tile, name: str) -> ir.Function:
    """``columns(k, n, x, x_step, b, b_stride, c)``: C = x @ B, the rows of B (k x n) in one piece
    each."""
    function, builder = begin(module, name, COLUMNS, inner=False)
    _, n, *_, c = function.args
    left: ir.Value = index(0)
    for vectors in VECTORS_AT_ONCE:
        wide = vectors * tile.width
        right = builder.add(left, builder.and_(builder.sub(n, left), index(-wide)))
        with counted(builder, right, left, wide) as column:
            for i, total in enumerate(columns(builder, tile, function, column, vectors, None)):
                place = at(builder, tile, c, column, i * tile.width)
                store(builder, tile, total, place)
        left = right
    with builder.if_then(builder.icmp_signed(">", n, left)):
        (mask,) = lanes_below(builder, one_vector(tile), builder.sub(n, left))
        (total,) = columns(builder, tile, function, left, 1, mask)
        masked_store(builder, total, at(builder, tile, c, left), mask, tile.real_bytes)
    builder.ret_void()
    return function


def columns(
    builder: ir.IRBuilder,
    tile: Tile,
    function: ir.Function,
    column: ir.Value,
    vectors: int,
    mask: ir.Value | None,
) -> Values:
    """The sums of neighbouring vectors of columns."""
    k, _, x, x_step, b, b_stride, _ = function.args

    def more(step: ir.Value, sums: Values) -> Values:
        number = builder.load(at(builder, tile, x, builder.mul(step, x_step)), typ=tile.real)
        factor = splat(builder, number, tile.width)
        row = at(builder, tile, b, builder.mul(step, b_stride), column)
        places = [at(builder, tile, row, i * tile.width) for i in range(vectors)]
        if mask is None:
            values = [load(builder, tile, place) for place in places]
        else:
            values = [
                masked_load(builder, place, tile.vector, mask, tile.real_bytes) for place in places
            ]
        return [
            multiply_add(builder, tile, factor, v, s) for v, s in zip(values, sums, strict=True)
        ]

    zeros = [ir.Constant(tile.vector, None) for _ in range(vectors)]
    return folded(builder, index(0), k, 1, zeros, more)


def folded(
    builder: ir.IRBuilder,
    start: ir.Value,
    stop: ir.Value,
    step: int,
    initial: Values,
    following: Callable[[ir.Value, Values], Values],
) -> Values:
    """A loop that hands values from turn to turn; what the last one leaves."""
    before = builder.block
    head, body, after = map(builder.append_basic_block, ("head", "body", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    counter = builder.phi(INDEX)
    values = [builder.phi(value.type) for value in initial]
    builder.cbranch(builder.icmp_signed("<", counter, stop), body, after)
    builder.position_at_end(body)
    results = following(counter, list(values))
    pairs = [(counter, start, builder.add(counter, index(step)))]
    pairs += list(zip(values, initial, results, strict=True))
    for phi, first, next_ in pairs:
        phi.add_incoming(first, before)
        phi.add_incoming(next_, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return list(values)


def lanes_summed(builder: ir.IRBuilder, tile: Tile, value: ir.Value) -> ir.Value:
    """One number from a vector: its halves are added again and again."""
    width = tile.width // 2
    while width:
        order = [*range(width, 2 * width), *range(width), *range(2 * width, tile.width)]
        mask = ir.Constant(ir.VectorType(LANE, tile.width), order)
        value = builder.fadd(value, builder.shuffle_vector(value, value, mask))
        width //= 2
    return builder.extract_element(value, ir.Constant(LANE, 0))


def one_vector(tile: Tile) -> Tile:
    """A tile whose panel is one vector."""
    return Tile(tile.bits, tile.width, tile.rows, 1, tile.has_fma)
