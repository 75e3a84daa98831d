"""Native products against OpenBLAS (in NumPy) and MKL (in PyTorch), on one thread.

    python benchmarks/products.py                    # float32, GF/s, the tile that graphnet uses
    python benchmarks/products.py --bits 64
    python benchmarks/products.py --tile 12 2 256 16  # rows, vectors, steps, panels

The libraries and ours run by turns in one process; a figure is the median over the rounds. A row
(m,k)x(k,n) is a product of layers, whose B is a transposed weight; ^T is a gradient of a weight.
"packed" is ours with B packed beforehand, as in a loop over time; "whole" packs B each time.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import threadpoolctl
import torch
from llvmlite import ir

from graphnet.native.packing import emit_pack
from graphnet.native.product import emit_product
from graphnet.native.target import Engine, Kernel, compile_module, host
from graphnet.native.tile import Tile, best_tile

SHAPES = [  # m, k, n, A transposed
    (50, 128, 512, False),
    (20, 650, 2600, False),
    (2500, 128, 512, False),
    (32, 400, 1600, False),
    (64, 1024, 4096, False),
    (4096, 1024, 1024, False),
    (128, 2500, 512, True),
    (1, 128, 512, False),
    (1, 512, 128, False),
    (4, 32, 128, False),
    (2, 1024, 1024, False),
    (16, 1024, 4096, False),
]
ROUND_SECONDS = 0.02
NUMBER, ADDRESS = ctypes.c_int64, ctypes.c_void_p
PACK = (NUMBER, NUMBER, ADDRESS, NUMBER, ADDRESS)
PRODUCT = (*[NUMBER] * 3, ADDRESS, NUMBER, ADDRESS, ADDRESS, NUMBER, ADDRESS, NUMBER)


def compiled(tile: Tile) -> Engine:
    module = ir.Module()
    for transposed in (False, True):
        emit_pack(module, tile, transposed)
        emit_product(module, tile, transposed)
    begin = time.perf_counter()
    engine = compile_module(str(module), optimise=False)  # as the library does
    seconds = time.perf_counter() - begin
    print(f"tile {tile.name}, compiled with both ways of packing in {seconds * 1000:.0f} ms")
    return engine


def contenders(
    engine: Engine, tile: Tile, m: int, k: int, n: int, turned: bool
) -> dict[str, Callable[[], object]]:
    dtype = np.dtype(f"f{tile.real_bytes}")
    rng = np.random.default_rng(0)
    a = rng.standard_normal((k, m) if turned else (m, k)).astype(dtype)
    b = rng.standard_normal((k, n) if turned else (n, k)).astype(dtype)
    c = np.zeros((m, n), dtype)
    room = np.empty(tile.packed_size(k, n) + 64, dtype)
    packed = room[-room.ctypes.data % 64 // tile.real_bytes :]
    left, right = (a.T, b) if turned else (a, b.T)
    torch_left, torch_right, torch_c = map(torch.from_numpy, (left, right, np.zeros_like(c)))
    way = "_transposed"
    pack = Kernel(engine, f"pack_{tile.name}{'' if turned else way}", *PACK)
    product = Kernel(engine, f"product_{tile.name}{way if turned else ''}", *PRODUCT)
    # data_as keeps the array alive, which a bare address would not.
    address_a, address_b, address_c, address = (
        array.ctypes.data_as(ADDRESS) for array in (a, b, c, packed)
    )
    to_pack = (k, n, address_b, b.shape[1], address)
    arguments = (m, n, k, address_a, a.shape[1], address, address_c, n, None, 0)

    def whole() -> None:
        pack(*to_pack)
        product(*arguments)

    whole()
    np.testing.assert_allclose(c, left @ right, atol=1e-2)
    return {
        "OpenBLAS": lambda: np.matmul(left, right, out=c),
        "MKL": lambda: torch.mm(torch_left, torch_right, out=torch_c),
        "packed": lambda: product(*arguments),
        "whole": whole,
    }


def seconds(run: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begin) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", type=int, choices=(32, 64), default=32)
    parser.add_argument("--tile", type=int, nargs=4, metavar=("ROWS", "VECTORS", "STEPS", "PANELS"))
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)
    processor = host()
    tile = best_tile(options.bits, processor.vector_bytes, processor.has_fma)
    if options.tile:
        rows, vectors, steps, panels = options.tile
        tile = Tile(tile.bits, tile.width, rows, vectors, tile.has_fma, steps, panels)
    engine = compiled(tile)
    names = ["OpenBLAS", "MKL", "packed", "whole"]
    print(f"{'':26}" + "".join(f"{name:>10}" for name in names))
    for m, k, n, turned in SHAPES:
        runs = contenders(engine, tile, m, k, n, turned)
        times = {name: max(1, int(ROUND_SECONDS / seconds(runs[name], 3))) for name in names}
        rounds = [
            {name: seconds(runs[name], times[name]) for name in names}
            for _ in range(options.rounds)
        ]
        rates = [2e-9 * m * k * n / median(turn[name] for turn in rounds) for name in names]
        label = f"({m},{k}){'^T' if turned else ''}x({k},{n})"
        print(f"{label:26}" + "".join(f"{rate:10.0f}" for rate in rates))


if __name__ == "__main__":
    main()
