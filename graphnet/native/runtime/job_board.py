"""Job board: idle workers claim the shares of a kernel that its caller has not begun.

This is work sharing. The thread that runs a program leads: it posts a job on the board, executes
shares itself, and waits for those that workers have begun, so that it never waits for a worker
without a core. The board is their only shared memory, and is never freed: a late worker finds
another job on it, or none.
"""

from __future__ import annotations

import ctypes
import sys

import llvmlite.binding as llvm
from llvmlite import ir

from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin, index
from graphnet.native.llvm.kernel_abi import KERNEL

TOGETHER = [("kernel", INDEX), ("arguments", POINTER), ("pointers", POINTER), ("shares", INDEX)]
TOGETHER_SYMBOL = "graphnet_together"
BOARD = "board"
BOARD_WORDS = 32
CLAIM, DONE, OPEN, JOB = 0, 8, 16, 24
"""Words of the board, in lines of the cache of their own. Claim: the number of shares of the job
in the upper half, the next one to take in the lower. Open: whether some run has the board."""
HALF = 32
SPINS = 2000
"""How often a waiting thread looks before it lets other threads have its core."""
FLAG = ir.IntType(1)
CALLED = ir.FunctionType(ir.VoidType(), [type_ for _, type_ in KERNEL])


def word(builder: ir.IRBuilder, base: ir.Value, position: ir.Value) -> ir.Value:
    return builder.gep(base, [position], source_etype=INDEX)


def on_board(builder: ir.IRBuilder, position: int) -> ir.Value:
    # The way around is for llvmlite, which takes a global for a pointer to just its own type.
    address = builder.ptrtoint(builder.module.globals[BOARD], INDEX)
    return builder.inttoptr(builder.add(address, index(8 * position)), POINTER)


def emit_team(module: ir.Module) -> None:
    """The board, ``together`` for who leads, ``serve`` for who helps."""
    kind = ir.ArrayType(INDEX, BOARD_WORDS)
    board = ir.GlobalVariable(module, kind, BOARD)
    board.initializer, board.align = ir.Constant(kind, None), 64
    emit_take(module)
    emit_rest(module)
    emit_together(module)
    emit_serve(module)


def left_of(builder: ir.IRBuilder, claim: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Whether there is a share to take; its number; how many there are."""
    shares = builder.lshr(claim, index(HALF))
    number = builder.and_(claim, index(2**HALF - 1))
    return builder.icmp_unsigned("<", number, shares), number, shares


def emit_take(module: ir.Module) -> None:
    """``take()``: do the next share of the job on the board, if there is one."""
    function = ir.Function(module, ir.FunctionType(FLAG, []), "take")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    claim = builder.atomic_rmw("add", on_board(builder, CLAIM), index(1), "acq_rel")
    is_left, number, shares = left_of(builder, claim)
    with builder.if_then(is_left):
        kernel, arguments, pointers = (
            builder.load(on_board(builder, JOB + i), typ=type_)
            for i, (_, type_) in enumerate(TOGETHER[:3])
        )
        call(builder, kernel, [arguments, pointers, number, shares])
        builder.atomic_rmw("add", on_board(builder, DONE), index(1), "release")
    builder.ret(is_left)


def emit_rest(module: ir.Module) -> None:
    """``rest(looks)``: a moment until the next look; after many, others may have the core."""
    function = ir.Function(module, ir.FunctionType(INDEX, [INDEX]), "rest")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    (looks,) = function.args
    pause(builder)
    with builder.if_then(builder.icmp_signed(">=", looks, index(SPINS))):
        leave_core(builder)
    builder.ret(builder.add(looks, index(1)))


def emit_together(module: ir.Module) -> None:
    """``together(kernel, arguments, pointers, shares)``: the caller has the board, if it shares."""
    function, builder = begin(module, "together", TOGETHER, inner=False)
    kernel, arguments, pointers, shares = function.args
    names = ("taking", "waiting", "resting", "end")
    taking, waiting, resting, end = map(function.append_basic_block, names)
    with builder.if_then(builder.icmp_signed("<=", shares, index(1))):
        call(builder, kernel, [arguments, pointers, index(0), index(1)])
        builder.ret_void()
    for i, value in enumerate((kernel, arguments, pointers)):
        builder.store(value, on_board(builder, JOB + i))
    put(builder, DONE, index(1))  # the first share, of which nobody else knows
    put(builder, CLAIM, builder.or_(builder.shl(shares, index(HALF)), index(1)))
    call(builder, kernel, [arguments, pointers, index(0), shares])
    builder.branch(taking)
    builder.position_at_end(taking)
    builder.cbranch(builder.call(module.globals["take"], []), taking, waiting)
    builder.position_at_end(waiting)
    looks = builder.phi(INDEX)
    done = builder.load_atomic(on_board(builder, DONE), "acquire", 8, typ=INDEX)
    builder.cbranch(builder.icmp_signed("==", done, shares), end, resting)
    builder.position_at_end(resting)
    looks.add_incoming(index(0), taking)
    looks.add_incoming(builder.call(module.globals["rest"], [looks]), resting)
    builder.branch(waiting)
    builder.position_at_end(end)
    builder.ret_void()


def emit_serve(module: ir.Module) -> None:
    """``serve(patience)``: do shares of jobs, until no run had the board for so many looks."""
    function, builder = begin(module, "serve", [("patience", INDEX)], inner=False)
    (patience,) = function.args
    entry = builder.block
    look, taking, resting, end = map(
        function.append_basic_block, ("look", "taking", "resting", "end")
    )
    builder.branch(look)
    builder.position_at_end(look)
    looks = builder.phi(INDEX)
    claim = builder.load_atomic(on_board(builder, CLAIM), "acquire", 8, typ=INDEX)
    builder.cbranch(left_of(builder, claim)[0], taking, resting)
    builder.position_at_end(taking)
    builder.call(module.globals["take"], [])
    builder.branch(look)
    builder.position_at_end(resting)
    more = builder.call(module.globals["rest"], [looks])
    opened = builder.load_atomic(on_board(builder, OPEN), "acquire", 8, typ=INDEX)
    is_open = builder.icmp_signed("!=", opened, index(0))
    is_patient = builder.icmp_signed("<", more, patience)
    builder.cbranch(builder.or_(is_open, is_patient), look, end)
    for block, count in ((entry, index(0)), (taking, index(0)), (resting, more)):
        looks.add_incoming(count, block)
    builder.position_at_end(end)
    builder.ret_void()


def call(builder: ir.IRBuilder, kernel: ir.Value, values: list[ir.Value]) -> None:
    builder.call(builder.inttoptr(kernel, CALLED.as_pointer()), values)


def put(builder: ir.IRBuilder, position: int, value: ir.Value) -> None:
    """Write a word of the board after all that was written before."""
    # llvmlite's store_atomic cannot take a pointer without a type.
    builder.atomic_rmw("xchg", on_board(builder, position), value, "release")


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


def leave_core(builder: ir.IRBuilder) -> None:
    kind = ir.FunctionType(ir.IntType(32), [])
    builder.call(ir.Function(builder.module, kind, "graphnet_yield"), [])


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
