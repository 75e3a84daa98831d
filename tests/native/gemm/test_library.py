"""The shared products: the same bits on any number of threads, called by other modules, kept on disk."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graphnet.native.gemm import library
from graphnet.native.llvm.target import NativeFunction, compilations, compile_module, host
from graphnet.native.runtime.dispatcher import WorkSharing
from tests.support.object_code import drive_table, instruction, since

SHAPES = [
    (0, 5, 3), (5, 0, 3), (5, 3, 0), (1, 1, 1), (1, 97, 13), (7, 31, 5), (13, 32, 64),
    (29, 101, 67), (53, 17, 301), (211, 129, 37), (300, 11, 5),
]  # fmt: skip


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_have_the_same_bits_on_any_number_of_threads(bits: int, transposed: bool) -> None:
    tile, dtype = library.tile_of(host(), bits), np.dtype(f"f{bits // 8}")
    product, pack = (
        library.address(name, tile, transposed, host()) for name in ("product", "pack")
    )
    rng = np.random.default_rng(bits)
    for (m, n, k), begin in ((shape, begin) for shape in SHAPES for begin in (-1, 2, 3)):
        a = rng.standard_normal((k, m) if transposed else (m, k)).astype(dtype)
        b = rng.standard_normal((n, k) if transposed else (k, n)).astype(dtype)
        initial, bias = (rng.standard_normal(s).astype(dtype) for s in ((m, n), n))
        results = []
        for threads in (1, 2, 4):
            packed = np.zeros(tile.packed_size(k, n), dtype)
            c = initial.copy()
            strides = [a.shape[1], n, {-1: 99, 2: n, 3: 0}[begin]]
            pointers = [(0, 0), (2, 0), (3, 0), (begin + 1 if begin >= 0 else -1, 0)]
            words = instruction(
                pack, WorkSharing.SHARED, [(1, 0), (2, 0)], [k, n, b.shape[1], k, 0]
            )
            words += instruction(product, WorkSharing.SHARED, pointers, [m, n, k, *strides])
            drive_table(words, [a, b, packed, c, bias], threads)
            results.append(c)
        wide = (a.T if transposed else a).astype(float) @ (b.T if transposed else b)
        expected = {-1: 0.0, 2: initial, 3: bias}[begin] + wide
        np.testing.assert_allclose(results[0], expected, atol=(k + 9) * np.finfo(dtype).eps * 30)
        for other in results[1:]:
            assert results[0].tobytes() == other.tobytes()


def test_other_modules_call_the_library() -> None:
    from llvmlite import ir

    from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin

    tile = library.tile_of(host(), 64)
    library.ensure(host(), 64)
    module = ir.Module()
    types = [("sizes", INDEX), *[(name, POINTER) for name in ("a", "b", "packed", "c")]]
    _, builder = begin(module, "square", types, inner=False)
    size, a, b, packed, c = builder.function.args
    null, zero = ir.Constant(POINTER, None), ir.Constant(INDEX, 0)
    builder.call(library.declare_pack(module, tile), [size, size, b, size, packed, size, zero])
    product = library.declare_product(module, tile)
    assert library.declare_product(module, tile) is product
    builder.call(product, [size, size, size, a, size, packed, c, size, null, zero])
    builder.ret_void()
    kernel = NativeFunction(
        compile_module(str(module)), "square", ctypes.c_int64, *[ctypes.c_void_p] * 4
    )
    x, y = np.random.default_rng(0).standard_normal((2, 19, 19))
    room, z = np.zeros(tile.packed_size(19, 19)), np.zeros((19, 19))
    kernel(19, *(array.ctypes.data for array in (x, y, room, z)))
    np.testing.assert_allclose(z, x @ y, atol=1e-12)


def test_the_library_is_found_on_disk(cache: Path) -> None:
    before = compilations()
    for _ in range(2):
        library.made(host(), 32)
    assert since(before) == (1, 1)
