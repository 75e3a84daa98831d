"""Native products against OpenBLAS (in NumPy) and MKL (in PyTorch), on one thread.

    python benchmarks/products.py                    # float32, GF/s, the tile that graphnet uses
    python benchmarks/products.py --bits 64
    python benchmarks/products.py --tile 12 2 256 16  # rows, vectors, steps, panels

The libraries and ours run by turns in one process; a figure is the median over the rounds. A row
(m,k)x(k,n) is a product of layers, whose B is a transposed weight; ^T is a gradient of a weight.
"packed" is ours with B packed beforehand, as in a loop over time; "whole" packs B each time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from llvmlite import ir
from measuring.arguments import at_least, parser_of
from measuring.machine import started
from measuring.tables import facts_line
from measuring.turns import calls_for, seconds, turn
from peers.case import SHAPES

from graphnet.native.gemm.blocking import emit_product
from graphnet.native.gemm.packing import emit_pack
from graphnet.native.gemm.register_tile import Tile, best_tile
from graphnet.native.llvm.target import Engine, NativeFunction, compile_module, host

Product = tuple[int, int, int, bool]
"""m, k, n, and whether A is transposed."""


def step_of(name: str) -> Product:
    """What one step of an LSTM of that reference shape multiplies: all gates at once."""
    _, batch, _, hidden = SHAPES[name]
    return batch, hidden, 4 * hidden, False


STEPS, BATCH, INPUTS, HIDDEN = SHAPES["char-rnn"]
PRODUCTS: list[Product] = [
    *map(step_of, ("char-rnn", "ptb-medium", "nngraph-400", "large", "stream")),
    (STEPS * BATCH, INPUTS, 4 * HIDDEN, False),  # all steps of the inputs
    (INPUTS, STEPS * BATCH, 4 * HIDDEN, True),  # and the gradient of their weight
    (4096, 1024, 1024, False),
    (1, 512, 128, False),  # few rows, as each thread has of a small batch
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
    made: list[Engine] = []  # optimise=False, as the library does
    taken = seconds(lambda: made.append(compile_module(str(module), optimise=False)))
    print(f"tile {tile.name}, compiled with both ways of packing in {taken * 1000:.0f} ms")
    return made[0]


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
    pack = NativeFunction(engine, f"pack_{tile.name}{'' if turned else way}", *PACK)
    product = NativeFunction(engine, f"product_{tile.name}{way if turned else ''}", *PRODUCT)
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


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bits", type=int, choices=(32, 64), default=32)
    parser.add_argument("--tile", type=int, nargs=4, metavar=("ROWS", "VECTORS", "STEPS", "PANELS"))
    parser.add_argument("--rounds", type=at_least(1), default=15, metavar="N", help="15")
    options = parser.parse_args()
    print(facts_line(started(1)))
    processor = host()
    tile = best_tile(options.bits, processor.vector_bytes, processor.has_fma)
    if options.tile:
        rows, vectors, steps, panels = options.tile
        tile = Tile(tile.bits, tile.width, rows, vectors, tile.has_fma, steps, panels)
    engine = compiled(tile)
    names = ["OpenBLAS", "MKL", "packed", "whole"]
    print(f"{'':26}" + "".join(f"{name:>10}" for name in names))
    for m, k, n, turned in PRODUCTS:
        runs = contenders(engine, tile, m, k, n, turned)
        times = {name: calls_for(runs[name], ROUND_SECONDS) for name in names}
        rounds = [
            {name: turn(runs[name], times[name]) for name in names} for _ in range(options.rounds)
        ]
        rates = [2e-9 * m * k * n / median(turn[name] for turn in rounds) for name in names]
        label = f"({m},{k}){'^T' if turned else ''}x({k},{n})"
        print(f"{label:26}" + "".join(f"{rate:10.0f}" for rate in rates))


if __name__ == "__main__":
    main()
