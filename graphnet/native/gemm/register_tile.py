"""The register tile of a matrix product, and the instructions on its vectors."""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from graphnet.native.llvm.cache_line import LINE
from graphnet.native.llvm.ir_helpers import (
    INDEX,
    LANE,
    index,
    intrinsic,
    prefetch,
    splat,
)


@dataclass(frozen=True)
class Tile:
    """The tiling of a product: into registers, and into blocks that stay in a cache.

    A tile is ``rows x (vectors * width)`` entries of C, held in ``rows * vectors`` registers.
    ``steps`` is how much of k is summed at a time: a tile's rows of A then stay in the first
    level cache. ``panels`` is how much of B is used at a time: so many panels of ``steps`` rows
    stay in the second level cache.
    """

    bits: int
    width: int
    rows: int
    vectors: int
    has_fma: bool = True
    steps: int = 256
    panels: int = 16

    def __post_init__(self) -> None:
        assert self.bits in (32, 64)
        assert self.width & (self.width - 1) == 0, "the transposition halves a vector repeatedly"

    @property
    def panel(self) -> int:
        """Columns of a panel of packed B."""
        return self.width * self.vectors

    @property
    def real(self) -> ir.Type:
        return ir.FloatType() if self.bits == 32 else ir.DoubleType()

    @property
    def vector(self) -> ir.VectorType:
        return ir.VectorType(self.real, self.width)

    @property
    def real_bytes(self) -> int:
        return self.bits // 8

    @property
    def name(self) -> str:
        return f"f{self.bits}_{self.rows}x{self.panel}"

    def packed_size(self, k: int, n: int) -> int:
        """Elements of packed B, which is k x n."""
        return -(-n // self.panel) * self.panel * k


def best_tile(bits: int, vector_bytes: int, has_fma: bool) -> Tile:
    """The tile that measured best: it fills the registers but for a row of B and a few of A.

    AVX-512 has 32 registers, its predecessors 16.
    """
    rows = 13 if vector_bytes == 64 else 6
    return Tile(bits, vector_bytes * 8 // bits, rows, vectors=2, has_fma=has_fma)


def at(builder: ir.IRBuilder, tile: Tile, base: ir.Value, *offsets: ir.Value | int) -> ir.Value:
    """The address of an element, by offsets in elements that are added up."""
    for offset in offsets:
        step = index(offset) if isinstance(offset, int) else offset
        base = builder.gep(base, [step], source_etype=tile.real)
    return base


def load(builder: ir.IRBuilder, tile: Tile, address: ir.Value) -> ir.Value:
    return builder.load(address, align=tile.real_bytes, typ=tile.vector)


def store(builder: ir.IRBuilder, tile: Tile, value: ir.Value, address: ir.Value) -> None:
    builder.store(value, address, align=tile.real_bytes)


def lanes_below(builder: ir.IRBuilder, tile: Tile, count: ir.Value) -> list[ir.Value]:
    """For each vector of a panel the mask of the lanes that are left of column ``count``."""
    limit = splat(builder, builder.trunc(count, LANE), tile.width)
    kind = ir.VectorType(LANE, tile.width)
    return [
        builder.icmp_signed("<", ir.Constant(kind, list(range(first, first + tile.width))), limit)
        for first in range(0, tile.panel, tile.width)
    ]


def multiply_add(
    builder: ir.IRBuilder, tile: Tile, a: ir.Value, b: ir.Value, c: ir.Value
) -> ir.Value:
    """``a * b + c``; LLVM would call the C library for an fma that the processor lacks."""
    if not tile.has_fma:
        return builder.fadd(builder.fmul(a, b), c)
    name = f"llvm.fma.v{tile.width}f{tile.bits}"
    fma = intrinsic(builder.module, name, tile.vector, tile.vector, tile.vector, tile.vector)
    return builder.call(fma, [a, b, c])


def summed(
    builder: ir.IRBuilder,
    tile: Tile,
    k: ir.Value,
    lines: list[tuple[ir.Value, int]],
    step_of_a: ir.Value,
    panels: list[ir.Value],
    pitch: int,
    ahead: ir.Value | None = None,
) -> list[list[ir.Value]]:
    """The vectors of a tile for each row: sums over k, each one number after the other.

    ``lines`` are rows of A, each a base and an offset from it; their columns are ``step_of_a``
    apart; the rows of a panel are ``pitch`` apart. What lies ``ahead`` of the panels is brought to
    the second level cache meanwhile.
    """
    zero = ir.Constant(tile.vector, None)
    entry = builder.block
    loop = builder.append_basic_block("loop")
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", k, index(0)), loop, done)

    builder.position_at_end(loop)
    step, of_a, of_b = (builder.phi(INDEX) for _ in range(3))
    count = len(panels) * tile.vectors
    sums = [builder.phi(tile.vector) for _ in range(len(lines) * count)]
    vectors = [
        load(builder, tile, at(builder, tile, panel, of_b, vector * tile.width))
        for panel in panels
        for vector in range(tile.vectors)
    ]
    if ahead is not None:
        for panel in panels:
            for lane in range(0, pitch, LINE // tile.real_bytes):
                prefetch(builder, at(builder, tile, panel, of_b, lane, ahead))
    results = []
    for row, (base, offset) in enumerate(lines):
        number = builder.load(at(builder, tile, base, of_a, offset), typ=tile.real)
        factor = splat(builder, number, tile.width)
        for vector, total in zip(vectors, sums[row * count :], strict=False):
            results.append(multiply_add(builder, tile, factor, vector, total))
    following = builder.add(step, index(1))
    for value, next_ in (
        (step, following),
        (of_a, builder.add(of_a, step_of_a)),
        (of_b, builder.add(of_b, index(pitch))),
    ):
        value.add_incoming(index(0), entry)
        value.add_incoming(next_, loop)
    for total, result in zip(sums, results, strict=True):
        total.add_incoming(zero, entry)
        total.add_incoming(result, loop)
    builder.cbranch(builder.icmp_signed("<", following, k), loop, done)

    builder.position_at_end(done)
    totals = [builder.phi(tile.vector) for _ in sums]
    for total, result in zip(totals, results, strict=True):
        total.add_incoming(zero, entry)
        total.add_incoming(result, loop)
    return [totals[row * count : (row + 1) * count] for row in range(len(lines))]


def store_sums(
    builder: ir.IRBuilder,
    tile: Tile,
    sums: list[list[ir.Value]],
    c: ir.Value,
    c_stride: ir.Value,
    start: ir.Value,
    start_stride: ir.Value,
) -> None:
    """C = S + sums."""
    for row in sums:
        for vector, value in enumerate(row):
            lane = vector * tile.width
            total = builder.fadd(load(builder, tile, at(builder, tile, start, lane)), value)
            store(builder, tile, total, at(builder, tile, c, lane))
        c, start = at(builder, tile, c, c_stride), at(builder, tile, start, start_stride)
