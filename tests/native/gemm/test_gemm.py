"""Native products against NumPy in float64: shapes with edges, starts, strides, processors."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from llvmlite import ir

from graphnet.native.gemm import library
from graphnet.native.gemm.blocking import emit_product
from graphnet.native.gemm.packing import emit_pack
from graphnet.native.gemm.register_tile import Tile, best_tile
from graphnet.native.llvm.target import NativeFunction, Processor, compile_module, host, processor
from tests.support.processors import LESSER

SIZES = (0, 1, 2, 3, 5, 7, 13, 16, 31, 33, 64, 65)
SHAPES = list(itertools.product(SIZES, repeat=3))
STARTS = ("zero", "accumulate", "bias")
GUARD = 12345.0
NUMBER, ADDRESS = ctypes.c_int64, ctypes.c_void_p


@dataclass(frozen=True)
class Compiled:
    """The emitted functions of a tile, by whether their matrix is stored transposed."""

    tile: Tile
    pack: dict[bool, NativeFunction]
    product: dict[bool, NativeFunction]


def compiled(tile: Tile, cpu: Processor) -> Compiled:
    module = ir.Module()
    packs = {way: emit_pack(module, tile, way).name for way in (False, True)}
    products = {way: emit_product(module, tile, way).name for way in (False, True)}
    engine = compile_module(str(module), cpu)
    pack_types = (NUMBER, NUMBER, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER)
    types = (*[NUMBER] * 3, ADDRESS, NUMBER, ADDRESS, ADDRESS, NUMBER, ADDRESS, NUMBER)
    return Compiled(
        tile,
        {way: NativeFunction(engine, name, *pack_types) for way, name in packs.items()},
        {way: NativeFunction(engine, name, *types) for way, name in products.items()},
    )


@pytest.fixture(
    scope="module",
    params=[f"{kind}{bits}" for kind in ("host", "blocks", *LESSER) for bits in (32, 64)],
)
def native(request: pytest.FixtureRequest) -> Compiled:
    kind, bits = request.param[:-2], int(request.param[-2:])
    cpu = processor(kind if kind in LESSER else "")
    tile = best_tile(bits, cpu.vector_bytes, cpu.has_fma)
    if kind == "blocks":  # so small that the shapes of this file need several of them
        tile = replace(tile, rows=5, vectors=1, steps=24, panels=2)
    return compiled(tile, cpu)


def strided(rng: np.random.Generator, rows: int, columns: int, dtype: Any) -> np.ndarray:
    """Random rows within a wider array, which ends with the last of them."""
    wide = rng.standard_normal((rows, columns + int(rng.integers(0, 4)))).astype(dtype)
    last = np.full(max(rows - 1, 0) * wide.shape[1] + columns, np.nan, dtype)
    view = np.lib.stride_tricks.as_strided(last, (rows, columns), (wide.strides[0], wide.itemsize))
    view[...] = wide[:, :columns]
    return view


def row_stride(array: np.ndarray) -> int:
    return array.strides[0] // array.itemsize


def check(
    native: Compiled,
    m: int,
    n: int,
    k: int,
    seed: int,
    start: str,
    a_transposed: bool,
    b_transposed: bool,
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tile = native.tile
    dtype = np.dtype(f"f{tile.real_bytes}")
    a = strided(rng, *((k, m) if a_transposed else (m, k)), dtype)
    b = strided(rng, *((n, k) if b_transposed else (k, n)), dtype)
    around = np.full((m + 2, n + 7), GUARD, dtype)
    c = around[1:-1, 3:-4]
    c[...] = rng.standard_normal((m, n))
    bias = rng.standard_normal(n).astype(dtype)
    packed = np.full(tile.packed_size(k, n) + 8, GUARD, dtype)

    wide_a, wide_b = (
        (x.T if turned else x).astype(float) for x, turned in ((a, a_transposed), (b, b_transposed))
    )
    addend = {
        "zero": np.zeros((m, n)),
        "accumulate": c.astype(float),
        "bias": np.tile(bias.astype(float), (m, 1)),
    }[start]
    expected = addend + wide_a @ wide_b
    magnitude = abs(addend) + abs(wide_a) @ abs(wide_b)
    begins, begins_stride = {
        "zero": (None, 99),
        "accumulate": (c.ctypes.data, row_stride(c)),
        "bias": (bias.ctypes.data, 0),
    }[start]

    native.pack[b_transposed](k, n, b.ctypes.data, row_stride(b), packed.ctypes.data, k, 0)
    native.product[a_transposed](
        m,
        n,
        k,
        a.ctypes.data,
        row_stride(a),
        packed.ctypes.data,
        c.ctypes.data,
        row_stride(c),
        begins,
        begins_stride,
    )
    slack = (k + 1) * np.finfo(dtype).eps * magnitude
    np.testing.assert_array_less(abs(c - expected), slack + np.finfo(dtype).tiny)
    assert (packed[-8:] == GUARD).all(), "packing stays within packed_size"
    result = c.copy()
    c[...] = GUARD
    assert (around == GUARD).all(), "memory around C stays as it was"
    return result


def test_small_shapes(native: Compiled) -> None:
    rng = np.random.default_rng(len(native.tile.name))
    for number, choice in enumerate(rng.permutation(len(SHAPES))[:400]):
        start = STARTS[int(rng.integers(3))]
        ways = rng.integers(2, size=2).astype(bool)
        check(native, *SHAPES[choice], number, start, *ways)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("a_transposed", [False, True])
@pytest.mark.parametrize("b_transposed", [False, True])
def test_several_blocks(
    native: Compiled, start: str, a_transposed: bool, b_transposed: bool
) -> None:
    check(native, 45, 600, 523, 0, start, a_transposed, b_transposed)


def test_a_share_of_rows_or_columns_gives_the_same_bits(native: Compiled) -> None:
    tile = native.tile
    m, n, k = 29, 3 * tile.panel + 5, 300
    dtype = np.dtype(f"f{tile.real_bytes}")
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    packed = np.empty(tile.packed_size(k, n), dtype)
    native.pack[False](k, n, b.ctypes.data, n, packed.ctypes.data, k, 0)
    whole, rows, columns = (np.empty((m, n), dtype) for _ in range(3))
    product = native.product[False]

    def share(c: np.ndarray, top: int, bottom: int, left: int, right: int) -> None:
        product(
            bottom - top,
            right - left,
            k,
            a[top:].ctypes.data,
            k,
            packed[left * k :].ctypes.data,
            c[top:, left:].ctypes.data,
            n,
            None,
            0,
        )

    share(whole, 0, m, 0, n)
    for top, bottom in ((0, 1), (1, 3), (3, 10), (10, m)):
        share(rows, top, bottom, 0, n)
    middle = 2 * tile.panel
    share(columns, 0, m, 0, middle)
    share(columns, 0, m, middle, n)
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(columns, whole)


@pytest.mark.parametrize("a_transposed", [False, True])
@pytest.mark.parametrize("start", STARTS)
def test_few_rows_give_the_bits_of_many(native: Compiled, a_transposed: bool, start: str) -> None:
    """Heights of tiles differ in how many panels they take at once and where they read A."""
    tile = native.tile
    most, n, k = tile.rows + 2, 7 * tile.panel + 3, 2 * tile.steps + 7
    dtype = np.dtype(f"f{tile.real_bytes}")
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((most, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    initial = rng.standard_normal((most, n)).astype(dtype)
    packed = np.empty(tile.packed_size(k, n), dtype)
    native.pack[False](k, n, b.ctypes.data, n, packed.ctypes.data, k, 0)

    def result(top: int, bottom: int) -> np.ndarray:
        rows = np.asarray(a[top:bottom], order="F" if a_transposed else "C")
        stride = bottom - top if a_transposed else k
        c = initial[top:bottom].copy()
        begins, distance = {
            "zero": (None, 99),
            "accumulate": (c.ctypes.data, n),
            "bias": (initial.ctypes.data, 0),
        }[start]
        native.product[a_transposed](
            bottom - top, n, k, rows.ctypes.data, stride, packed.ctypes.data, c.ctypes.data, n,
            begins, distance,
        )  # fmt: skip
        return c

    whole = result(0, most)
    for height in range(1, most):
        parts = [result(top, min(top + height, most)) for top in range(0, most, height)]
        assert np.concatenate(parts).tobytes() == whole.tobytes(), height


def called(name: str, transposed: bool, pointers: list[Any], arguments: list[int]) -> None:
    """A kernel of the library, its threads' shares one after the other."""
    bits = pointers[0].itemsize * 8
    tile = library.tile_of(host(), bits)
    function = ctypes.CFUNCTYPE(None, ADDRESS, ADDRESS, NUMBER, NUMBER)(
        library.address(name, tile, transposed, host())
    )
    words = np.array(arguments, np.int64)
    addresses = np.array([array.ctypes.data for array in pointers], np.uintp)
    for thread in range(3):
        function(words.ctypes.data, addresses.ctypes.data, thread, 3)


def packed_by_parts(
    whole: np.ndarray, parts: list[tuple[int, int, np.ndarray]], transposed: bool
) -> np.ndarray:
    """A matrix packed, each part given with its first row and column; and taken from the panels."""
    tile = library.tile_of(host(), whole.itemsize * 8)
    depth, columns = whole.shape
    room = np.full(tile.packed_size(depth, columns) + 8, GUARD, whole.dtype)
    for row, column, part in parts:
        k, n = part.shape
        stored = np.ascontiguousarray(part.T if transposed else part)
        lead = column % tile.panel
        target = room[(column - lead) * depth + row * tile.panel :]
        called("pack", transposed, [stored, target], [k, n, stored.shape[1], depth, lead])
    assert (room[-8:] == GUARD).all()
    panels = room[:-8].reshape(-1, depth, tile.panel)
    return np.concatenate([*panels, np.empty((depth, 0))], axis=1)[:, :columns]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_matrix_packed_part_by_part(bits: int, transposed: bool) -> None:
    panel = library.tile_of(host(), bits).panel
    rng = np.random.default_rng(bits)
    for depths, widths in itertools.product(
        [(5,), (0, 3), (1, 64), (17, 31, 2), (64, 67)],
        [
            (1,), (panel,), (panel, 7), (3 * panel, 0, panel, 2 * panel + 1), (2, 3, 1),
            (1, panel, panel - 3, 4, panel - 2, 2 * panel), (panel - 1, 5 * panel + 3, 0, 70),
        ],
    ):  # fmt: skip
        whole = rng.standard_normal((sum(depths), sum(widths))).astype(f"f{bits // 8}")
        rows, columns = ([0, *itertools.accumulate(sizes)] for sizes in (depths, widths))
        parts = [
            (top, left, whole[top:bottom, left:right])
            for top, bottom in itertools.pairwise(rows)
            for left, right in itertools.pairwise(columns)
        ]
        np.testing.assert_array_equal(packed_by_parts(whole, parts, transposed), whole)
        np.testing.assert_array_equal(packed_by_parts(whole, [(0, 0, whole)], transposed), whole)


def test_what_is_not_finite_stays_in_its_row_and_column(native: Compiled) -> None:
    dtype = np.dtype(f"f{native.tile.real_bytes}")
    a, b = np.ones((7, 9), dtype), np.ones((9, 5), dtype)
    a[2, 3], b[1, 4] = np.nan, np.inf
    packed, c = np.empty(native.tile.packed_size(9, 5), dtype), np.empty((7, 5), dtype)
    native.pack[False](9, 5, b.ctypes.data, 5, packed.ctypes.data, 9, 0)
    native.product[False](7, 5, 9, a.ctypes.data, 9, packed.ctypes.data, c.ctypes.data, 5, None, 0)
    np.testing.assert_array_equal(c, a @ b)


def test_emitting_twice_gives_the_same_function() -> None:
    module, tile = ir.Module(), best_tile(32, 32, has_fma=True)
    assert emit_product(module, tile) is emit_product(module, tile)
    assert emit_pack(module, tile) is emit_pack(module, tile)
    assert emit_pack(module, tile, transposed=True) is not emit_pack(module, tile)
