"""The products that all programs share: compiled once for a processor and a dtype.

Other modules call them by symbol (``declare_product``, ``declare_pack``); tables of kernels call
them by address, in shares of a thread. A symbol names the tile; ``ensure`` makes it that of a
processor, so it comes right before a module is linked.
"""

from __future__ import annotations

from llvmlite import ir

from graphnet import forkable
from graphnet.native.gemm.batched import (
    emit_columns_kernel,
    emit_dots_kernel,
    emit_products_kernel,
)
from graphnet.native.gemm.blocking import PRODUCT, emit_product
from graphnet.native.gemm.contraction import emit_contraction_kernel
from graphnet.native.gemm.matrix_vector import COLUMNS, DOTS, emit_columns, emit_dots
from graphnet.native.gemm.packing import PACK, emit_pack
from graphnet.native.gemm.register_tile import Tile, at, best_tile
from graphnet.native.llvm.build import compiled_module
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import POINTER, divide_up, index, known, smaller
from graphnet.native.llvm.kernel_abi import KERNEL, Kernel, begin_kernel
from graphnet.native.llvm.target import Engine, Processor, define_symbol

BOTH = (False, True)
OVERHEAD = 8
"""What a share costs beside its products: as much as so many more rows, and so many more columns.

Each row of A is laid out anew for a share of columns; all of B is read for a share of rows.
"""


def tile_of(processor: Processor, bits: int) -> Tile:
    return best_tile(bits, processor.vector_bytes, processor.has_fma)


def way(transposed: bool) -> str:
    return "_transposed" if transposed else ""


def symbol(name: str, tile: Tile, transposed: bool) -> str:
    fma = "_fma" if tile.has_fma else ""
    return f"graphnet_{name}_{tile.name}_{tile.width}{fma}{way(transposed)}"


def kernel_name(name: str, tile: Tile, transposed: bool) -> str:
    """The symbol of the kernel of ``product``, ``pack`` or ``contraction``."""
    return f"{name}_kernel_{tile.name}{way(transposed)}"


def declare_product(module: ir.Module, tile: Tile, transposed: bool = False) -> ir.Function:
    """``emit_product`` for a module that is linked to the library."""
    return declared(module, symbol("product", tile, transposed), PRODUCT)


def declare_product_kernel(module: ir.Module, tile: Tile, transposed: bool) -> ir.Function:
    """``emit_product_kernel``, to be called in shares."""
    return declared(module, symbol("product_kernel", tile, transposed), KERNEL)


def declare_dots(module: ir.Module, tile: Tile) -> ir.Function:
    return declared(module, symbol("dots", tile, False), DOTS)


def declare_columns(module: ir.Module, tile: Tile) -> ir.Function:
    return declared(module, symbol("columns", tile, False), COLUMNS)


def declare_pack(module: ir.Module, tile: Tile, transposed: bool = False) -> ir.Function:
    return declared(module, symbol("pack", tile, transposed), PACK)


def declared(module: ir.Module, name: str, arguments: list[tuple[str, ir.Type]]) -> ir.Function:
    if function := known(module, name):
        return function
    kind = ir.FunctionType(ir.VoidType(), [type_ for _, type_ in arguments])
    function = ir.Function(module, kind, name)
    function.attributes.add("nounwind")
    return function


_engines: dict[tuple[Processor, int], Engine] = {}
_making = forkable.Lock()


def ensure(processor: Processor, bits: int) -> Engine:
    """The library's code; modules linked from now on call that of this processor."""
    with _making:
        engine = _engines.get((processor, bits)) or made(processor, bits)
        _engines[processor, bits] = engine
        tile = tile_of(processor, bits)
        names = [(name, t) for name in ("product", "pack", "product_kernel") for t in BOTH]
        for name, transposed in (*names, ("dots", False), ("columns", False)):
            address = engine.address(f"{name}_{tile.name}{way(transposed)}")
            define_symbol(symbol(name, tile, transposed), address)
        return engine


def products_name(tile: Tile, left_transposed: bool, right_transposed: bool) -> str:
    """The symbol of the kernel of a batch of products."""
    return f"{kernel_name('products', tile, left_transposed)}_by{way(right_transposed)}"


def address(name: str, tile: Tile, transposed: bool, processor: Processor) -> int:
    """The address of the kernel of ``product`` or ``pack``."""
    return address_of(kernel_name(name, tile, transposed), tile, processor)


def address_of(kernel: str, tile: Tile, processor: Processor) -> int:
    """The address of a kernel, by its symbol."""
    engine = _engines.get((processor, tile.bits)) or ensure(processor, tile.bits)
    return engine.address(kernel)


def made(processor: Processor, bits: int) -> Engine:
    tile = tile_of(processor, bits)
    return compiled_module([f"library {tile!r}"], lambda: emitted(tile), processor, optimise=False)


def emitted(tile: Tile) -> str:
    module = ir.Module("library")
    for transposed in BOTH:
        emit_product_kernel(module, tile, transposed)
        emit_pack_kernel(module, tile, transposed)
        for other in BOTH:
            emit_products_kernel(
                module, tile, products_name(tile, transposed, other), transposed, other
            )
    dots, columns = (
        emit(module, tile, f"{name}_{tile.name}")
        for name, emit in (("dots", emit_dots), ("columns", emit_columns))
    )
    emit_dots_kernel(module, tile, kernel_name("dots", tile, False), dots)
    emit_columns_kernel(module, tile, kernel_name("columns", tile, False), columns)
    emit_contraction_kernel(module, tile, kernel_name("contraction", tile, False))
    return str(module)


def emit_product_kernel(module: ir.Module, tile: Tile, transposed: bool) -> None:
    """Arguments m, n, k, a_stride, c_stride, start_stride; pointers a, packed, c, start."""
    inner = emit_product(module, tile, transposed)
    kernel = begin_kernel(module, kernel_name("product", tile, transposed))
    builder = kernel.builder
    m, n, k, a_stride, c_stride, start_stride = (kernel.argument(i) for i in range(6))
    a, packed, c, start = (kernel.pointer(i) for i in range(4))
    top, bottom, left, right = shares_of_product(kernel, tile, m, n)
    begin = at(builder, tile, start, builder.mul(top, start_stride), left)
    is_zero = builder.icmp_unsigned("==", start, ir.Constant(POINTER, None))
    arguments = [
        builder.sub(bottom, top),
        builder.sub(right, left),
        k,
        at(builder, tile, a, top if transposed else builder.mul(top, a_stride)),
        a_stride,
        at(builder, tile, packed, builder.mul(left, k)),
        at(builder, tile, c, builder.mul(top, c_stride), left),
        c_stride,
        builder.select(is_zero, start, begin),
        start_stride,
    ]
    builder.call(inner, arguments)
    builder.ret_void()


def shares_of_product(kernel: Kernel, tile: Tile, m: ir.Value, n: ir.Value) -> list[ir.Value]:
    """Top, bottom, left and right of a thread's share: all columns of rows, or the contrary."""
    builder, thread, threads = kernel.builder, kernel.thread, kernel.threads
    panel, overhead = index(tile.panel), index(OVERHEAD)
    panels = divide_up(builder, n, panel)

    def cost(rows: ir.Value, columns: ir.Value) -> ir.Value:
        return builder.mul(builder.add(rows, overhead), builder.add(columns, overhead))

    widest = smaller(builder, n, builder.mul(divide_up(builder, panels, threads), panel))
    by_rows = cost(divide_up(builder, m, threads), n)
    of_rows = builder.icmp_signed("<", by_rows, cost(m, widest))
    top, bottom = share(builder, m, thread, threads)
    left, right = (builder.mul(x, panel) for x in share(builder, panels, thread, threads))
    return [
        builder.select(of_rows, top, index(0)),
        builder.select(of_rows, bottom, m),
        builder.select(of_rows, index(0), left),
        builder.select(of_rows, n, smaller(builder, right, n)),
    ]


def emit_pack_kernel(module: ir.Module, tile: Tile, transposed: bool) -> None:
    """Arguments k, n, stride, pitch, lead; pointers b, packed. A thread packs some of the panels.

    B is all of a packed matrix (``pitch`` is k, ``lead`` 0) or a part (see ``emit_pack``).
    """
    inner = emit_pack(module, tile, transposed)
    kernel = begin_kernel(module, kernel_name("pack", tile, transposed))
    builder, panel = kernel.builder, index(tile.panel)
    k, n, stride, pitch, lead = (kernel.argument(i) for i in range(5))
    panels = divide_up(builder, builder.add(lead, n), panel)
    first, last = share(builder, panels, kernel.thread, kernel.threads)
    is_first = builder.icmp_signed("==", first, index(0))
    left = builder.select(is_first, index(0), builder.sub(builder.mul(first, panel), lead))
    right = smaller(builder, builder.sub(builder.mul(last, panel), lead), n)
    b = at(builder, tile, kernel.pointer(0), builder.mul(left, stride) if transposed else left)
    packed = at(builder, tile, kernel.pointer(1), builder.mul(builder.mul(first, panel), pitch))
    own_lead = builder.select(is_first, lead, index(0))
    builder.call(inner, [k, builder.sub(right, left), b, stride, packed, pitch, own_lead])
    builder.ret_void()
