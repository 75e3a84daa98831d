"""The dispatcher: one function of machine code that calls the kernels of a table.

An instruction is words of 64 bits: its number of words, the kernel's address, who runs it
(``WorkSharing``), the numbers of pointers and of arguments; for each pointer an index of ``bases``
(-1: null) and an offset in bytes; then the arguments. The kernel gets its arguments where they lie
in the table.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum
from functools import cache

from llvmlite import ir

from graphnet import forkable
from graphnet.native.llvm.ir_helpers import BYTE, INDEX, POINTER, begin, counted, index
from graphnet.native.llvm.target import Engine, NativeFunction, compile_module, define_symbol
from graphnet.native.runtime.job_board import (
    BOARD,
    BOARD_WORDS,
    OPEN,
    TOGETHER_SYMBOL,
    call,
    emit_team,
    on_board,
    put,
    word,
    yield_address,
)

MOST_POINTERS = 4096
"""Most pointers of a kernel."""
HEADER = 5
DRIVE = [("table", POINTER), ("length", INDEX), ("bases", POINTER), ("threads", INDEX)]


class WorkSharing(IntEnum):
    """The threads of a kernel: the caller's, a team in shares, or a leader of a team inside."""

    ALONE = 0
    SHARED = 1
    LED = 2


def read(builder: ir.IRBuilder, base: ir.Value, position: ir.Value) -> ir.Value:
    return builder.load(word(builder, base, position), typ=INDEX)


def emit_drive(module: ir.Module) -> None:
    """``drive(table, length, bases, threads)``: by that many threads if the board is free."""
    function, builder = begin(module, "drive", DRIVE, inner=False)
    table, length, bases, threads = function.args
    pointers = builder.alloca(POINTER, index(MOST_POINTERS))
    team = builder.alloca(INDEX)
    builder.store(index(1), team)
    with builder.if_then(builder.icmp_signed(">", threads, index(1))):
        was_open = builder.atomic_rmw("xchg", on_board(builder, OPEN), index(1), "acquire")
        is_free = builder.icmp_signed("==", was_open, index(0))
        builder.store(builder.select(is_free, threads, index(1)), team)
    size = builder.load(team, typ=INDEX)
    entry = builder.block
    head, body, after = map(function.append_basic_block, ("next", "instruction", "end"))
    builder.branch(head)
    builder.position_at_end(head)
    position = builder.phi(INDEX)
    builder.cbranch(builder.icmp_signed("<", position, length), body, after)
    builder.position_at_end(body)
    here = word(builder, table, position)
    instruct(builder, here, bases, pointers, size)
    position.add_incoming(index(0), entry)
    position.add_incoming(builder.add(position, read(builder, here, index(0))), builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    with builder.if_then(builder.icmp_signed(">", size, index(1))):
        put(builder, OPEN, index(0))
    builder.ret_void()


def instruct(
    builder: ir.IRBuilder, here: ir.Value, bases: ir.Value, pointers: ir.Value, team: ir.Value
) -> None:
    """Run one instruction."""
    count = read(builder, here, index(3))
    with counted(builder, count) as number:
        pair = builder.add(index(HEADER), builder.mul(number, index(2)))
        base, offset = read(builder, here, pair), read(builder, here, builder.add(pair, index(1)))
        is_null = builder.icmp_signed("<", base, index(0))
        safe = builder.select(is_null, index(0), base)
        start = builder.load(builder.gep(bases, [safe], source_etype=POINTER), typ=POINTER)
        place = builder.gep(start, [offset], source_etype=BYTE)
        pointer = builder.select(is_null, ir.Constant(POINTER, None), place)
        builder.store(pointer, builder.gep(pointers, [number], source_etype=POINTER))
    arguments = word(builder, here, builder.add(index(HEADER), builder.mul(count, index(2))))
    address, sharing = (read(builder, here, index(i)) for i in (1, 2))
    is_shared = builder.icmp_signed("==", sharing, index(WorkSharing.SHARED))
    with builder.if_else(is_shared) as (shared, other):
        with shared:
            builder.call(builder.module.globals["together"], [address, arguments, pointers, team])
        with other:
            leads = builder.icmp_signed("==", sharing, index(WorkSharing.LED))
            threads = builder.select(leads, team, index(1))
            call(builder, address, [arguments, pointers, index(0), threads])


def emit_drive_alone(module: ir.Module) -> None:
    """``drive_alone(record)``: a run of one thread, its table, length and bases given as three
    words. Each argument takes ctypes a tenth of a microsecond."""
    function, builder = begin(module, "drive_alone", [("record", POINTER)], inner=False)
    table, length, bases = (read(builder, function.args[0], index(i)) for i in range(3))
    places = [builder.inttoptr(word, POINTER) for word in (table, bases)]
    builder.call(module.globals["drive"], [places[0], length, places[1], index(1)])
    builder.ret_void()


def compiled() -> tuple[Engine, Board]:
    define_symbol("graphnet_yield", yield_address())
    module = ir.Module("driver")
    emit_team(module)
    emit_drive(module)
    emit_drive_alone(module)
    made = compile_module(str(module))
    # A worker may be in this code when the interpreter ends: it is never freed.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    define_symbol(TOGETHER_SYMBOL, made.address("together"))
    return made, (ctypes.c_int64 * BOARD_WORDS).from_address(made.data_address(BOARD))


Board = ctypes.Array[ctypes.c_int64]
_made: list[tuple[Engine, Board]] = []
_making = forkable.Lock()


def engine() -> Engine:
    with _making:
        if not _made:
            _made.append(compiled())
        return _made[0][0]


@forkable.renews
def clear_board() -> None:
    """Reset the board, as it is before the first run."""
    for _, board in _made:
        ctypes.memset(board, 0, ctypes.sizeof(board))


@cache
def driver() -> Callable[[int, int, int, int], None]:
    """``drive`` itself, as cheap to call as it gets: hold on to it in a loop.

    The addresses of a table and of bases, with the length of the table between them; threads.
    """
    number, address = ctypes.c_int64, ctypes.c_void_p
    pointer: Callable[[int, int, int, int], None]
    pointer = NativeFunction(engine(), "drive", address, number, address, number).pointer
    return pointer


@cache
def lone_driver() -> Callable[[int], None]:
    """``drive_alone`` itself, for records as ``record_of`` makes them."""
    pointer: Callable[[int], None] = NativeFunction(
        engine(), "drive_alone", ctypes.c_void_p
    ).pointer
    return pointer


def record_of(table: int, length: int, bases: int) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * 3)(table, length, bases)


@cache
def server() -> Callable[[int], None]:
    """``serve`` itself: what workers do."""
    pointer: Callable[[int], None] = NativeFunction(engine(), "serve", ctypes.c_int64).pointer
    return pointer
