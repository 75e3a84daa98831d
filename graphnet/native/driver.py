"""The driver: one function of machine code that calls the kernels of a table, on all threads.

An instruction is words of 64 bits: its number of words, the kernel's address, whether all threads
run it, the numbers of pointers and of arguments; for each pointer an index of ``bases`` (-1: null)
and an offset in bytes; then the arguments. The kernel gets its arguments where they lie in the
table. Threads wait for each other between two instructions unless both run on the first alone.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm
from llvmlite import ir

from graphnet.native.target import Engine, Kernel, compile_module, define_symbol
from graphnet.native.tile import INDEX, POINTER, begin, counted, index

MOST_POINTERS = 512
"""How many pointers a kernel may have."""
SHARED_WORDS = 24
"""Of what threads share; zero before each run."""
ABANDONED = 16
"""The word to set where a thread will not come: the others then return at their next wait."""
ARRIVED, GENERATION = 0, 8  # each in a line of the cache of its own
HEADER = 5
SPINS = 2000
"""How often a waiting thread looks before it lets other threads have its core."""
BYTE, FLAG = ir.IntType(8), ir.IntType(1)
DRIVE = [
    ("table", POINTER),
    ("length", INDEX),
    ("bases", POINTER),
    ("thread", INDEX),
    ("threads", INDEX),
    ("shared", POINTER),
]
KERNEL = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, INDEX, INDEX])


def word(builder: ir.IRBuilder, base: ir.Value, position: ir.Value) -> ir.Value:
    return builder.gep(base, [position], source_etype=INDEX)


def read(builder: ir.IRBuilder, base: ir.Value, position: ir.Value) -> ir.Value:
    return builder.load(word(builder, base, position), typ=INDEX)


def emit_drive(module: ir.Module) -> None:
    wait = emit_wait(module)
    function, builder = begin(module, "drive", DRIVE, inner=False)
    table, length, bases, thread, threads, shared = function.args
    room = builder.alloca(POINTER, index(MOST_POINTERS))
    is_first = builder.icmp_signed("==", thread, index(0))
    entry = builder.block
    head, body, following, after = (
        function.append_basic_block(name) for name in ("next", "instruction", "following", "end")
    )
    builder.branch(head)
    builder.position_at_end(head)
    position, was_parallel = builder.phi(INDEX), builder.phi(FLAG)
    builder.cbranch(builder.icmp_signed("<", position, length), body, after)

    builder.position_at_end(body)
    here = word(builder, table, position)
    parallel = builder.icmp_signed("!=", read(builder, here, index(2)), index(0))
    meets = builder.and_(
        builder.and_(
            builder.or_(parallel, was_parallel), builder.icmp_signed(">", threads, index(1))
        ),
        builder.icmp_signed(">", position, index(0)),
    )
    with builder.if_then(meets):
        left_alone = builder.call(wait, [threads, shared])
        with builder.if_then(left_alone, likely=False):
            builder.ret_void()
    with builder.if_then(builder.or_(parallel, is_first)):
        call_kernel(builder, here, bases, room, thread, builder.select(parallel, threads, index(1)))
    builder.branch(following)
    builder.position_at_end(following)
    position.add_incoming(index(0), entry)
    position.add_incoming(builder.add(position, read(builder, here, index(0))), following)
    was_parallel.add_incoming(ir.Constant(FLAG, 0), entry)
    was_parallel.add_incoming(parallel, following)
    builder.branch(head)
    builder.position_at_end(after)
    builder.ret_void()


def call_kernel(
    builder: ir.IRBuilder,
    here: ir.Value,
    bases: ir.Value,
    room: ir.Value,
    thread: ir.Value,
    threads: ir.Value,
) -> None:
    count = read(builder, here, index(3))
    with counted(builder, count) as number:
        pair = builder.add(index(HEADER), builder.mul(number, index(2)))
        base, offset = read(builder, here, pair), read(builder, here, builder.add(pair, index(1)))
        is_null = builder.icmp_signed("<", base, index(0))
        safe = builder.select(is_null, index(0), base)
        start = builder.load(builder.gep(bases, [safe], source_etype=POINTER), typ=POINTER)
        place = builder.gep(start, [offset], source_etype=BYTE)
        pointer = builder.select(is_null, ir.Constant(POINTER, None), place)
        builder.store(pointer, builder.gep(room, [number], source_etype=POINTER))
    arguments = word(builder, here, builder.add(index(HEADER), builder.mul(count, index(2))))
    kernel = builder.inttoptr(read(builder, here, index(1)), KERNEL.as_pointer())
    builder.call(kernel, [arguments, room, thread, threads])


def emit_wait(module: ir.Module) -> ir.Function:
    """``wait(threads, shared)``: until all are here, or (then true) one will not come.

    The last one to arrive makes it the next generation, which the others look for.
    """
    function = ir.Function(module, ir.FunctionType(FLAG, [INDEX, POINTER]), "wait")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    threads, shared = function.args
    arrived, generation, abandoned = (
        word(builder, shared, index(i)) for i in (ARRIVED, GENERATION, ABANDONED)
    )
    before = builder.load_atomic(generation, "acquire", 8, typ=INDEX)
    others = builder.atomic_rmw("add", arrived, index(1), "acq_rel")
    last = builder.icmp_signed("==", builder.add(others, index(1)), threads)
    with builder.if_then(last):
        # llvmlite's store_atomic cannot take a pointer without a type.
        builder.atomic_rmw("xchg", arrived, index(0), "monotonic")
        builder.atomic_rmw("xchg", generation, builder.add(before, index(1)), "release")
        builder.ret(ir.Constant(FLAG, 0))
    entry = builder.block
    look, again, patient, done = (
        function.append_basic_block(name) for name in ("look", "again", "patient", "done")
    )
    gone = function.append_basic_block("gone")
    builder.branch(look)

    builder.position_at_end(look)
    spins = builder.phi(INDEX)
    now = builder.load_atomic(generation, "acquire", 8, typ=INDEX)
    builder.cbranch(builder.icmp_signed("!=", now, before), done, again)
    builder.position_at_end(again)
    pause(builder)
    more = builder.add(spins, index(1))
    builder.cbranch(builder.icmp_signed("<", more, index(SPINS)), look, patient)
    builder.position_at_end(patient)
    yield_ = ir.Function(module, ir.FunctionType(ir.IntType(32), []), "graphnet_yield")
    builder.call(yield_, [])
    left = builder.load_atomic(abandoned, "acquire", 8, typ=INDEX)
    builder.cbranch(builder.icmp_signed("!=", left, index(0)), gone, look)
    spins.add_incoming(index(0), entry)
    spins.add_incoming(more, again)
    spins.add_incoming(more, patient)
    for block, value in ((done, 0), (gone, 1)):
        builder.position_at_end(block)
        builder.ret(ir.Constant(FLAG, value))
    return function


def pause(builder: ir.IRBuilder) -> None:
    """Leave the core's other thread, or its power, alone for a moment."""
    machine, none = llvm.get_process_triple(), ir.VoidType()
    if machine.startswith("x86_64"):
        kind = ir.FunctionType(none, [])
        builder.call(ir.Function(builder.module, kind, "llvm.x86.sse2.pause"), [])
    elif machine.startswith(("aarch64", "arm64")):
        kind = ir.FunctionType(none, [ir.IntType(32)])
        barrier = ir.Function(builder.module, kind, "llvm.aarch64.isb")
        builder.call(barrier, [ir.Constant(ir.IntType(32), 15)])


def yield_address() -> int:
    """The system's function that lets another thread have the core."""
    function: object
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address, "the C library has sched_yield"
    return address


def emit_drive_alone(module: ir.Module) -> None:
    """``drive_alone(record)``: a run of one thread, its table, length, bases and what threads share
    given as four words. Each argument takes ctypes a tenth of a microsecond."""
    function, builder = begin(module, "drive_alone", [("record", POINTER)], inner=False)
    table, length, bases, shared = (read(builder, function.args[0], index(i)) for i in range(4))
    places = [builder.inttoptr(word, POINTER) for word in (table, bases, shared)]
    drive = module.globals["drive"]
    builder.call(drive, [places[0], length, places[1], index(0), index(1), places[2]])
    builder.ret_void()


def compiled() -> Engine:
    define_symbol("graphnet_yield", yield_address())
    module = ir.Module("driver")
    emit_drive(module)
    emit_drive_alone(module)
    return compile_module(str(module))


_made: list[Engine] = []
_making = threading.Lock()


def engine() -> Engine:
    with _making:
        if not _made:
            _made.append(compiled())
        return _made[0]


@cache
def driver() -> Callable[[int, int, int, int, int, int], None]:
    """The compiled function itself, as cheap to call as it gets: hold on to it in a loop."""
    number, address = ctypes.c_int64, ctypes.c_void_p
    types = (address, number, address, number, number, address)
    pointer: Callable[[int, int, int, int, int, int], None]
    pointer = Kernel(engine(), "drive", *types).pointer
    return pointer


@cache
def lone_driver() -> Callable[[int], None]:
    """``drive_alone`` itself, for records as ``record_of`` makes them."""
    pointer: Callable[[int], None] = Kernel(engine(), "drive_alone", ctypes.c_void_p).pointer
    return pointer


def record_of(table: int, length: int, bases: int, shared: int) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * 4)(table, length, bases, shared)


def drive(table: int, length: int, bases: int, thread: int, threads: int, shared: int) -> None:
    """Run a thread's part of a table; the numbers are addresses but for the three in the middle."""
    driver()(table, length, bases, thread, threads, shared)
