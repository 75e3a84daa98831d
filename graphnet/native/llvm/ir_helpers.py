"""Idioms of LLVM IR that emitters share: functions, loops, indices, vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llvmlite import ir

INDEX = ir.IntType(64)
POINTER = ir.PointerType()
LANE = ir.IntType(32)
BYTE = ir.IntType(8)


def index(value: int) -> ir.Constant:
    return ir.Constant(INDEX, int(value))  # Python 3.10 writes an IntEnum by its name


def begin(
    module: ir.Module, name: str, arguments: list[tuple[str, ir.Type]], inner: bool = True
) -> tuple[ir.Function, ir.IRBuilder]:
    """A function without a result, and a builder at its start."""
    kind = ir.FunctionType(ir.VoidType(), [type_ for _, type_ in arguments])
    function = ir.Function(module, kind, name)
    function.attributes.add("nounwind")
    if inner:
        # Inlined into a driver, kernels would only cost compile time: each has one caller.
        function.attributes.add("noinline")
        function.linkage = "internal"
    for argument, (label, _) in zip(function.args, arguments, strict=True):
        argument.name = label
    return function, ir.IRBuilder(function.append_basic_block("entry"))


def known(module: ir.Module, name: str) -> ir.Function | None:
    """The function of that name if the module has it already."""
    value = module.globals.get(name)
    return value if isinstance(value, ir.Function) else None


@contextmanager
def counted(
    builder: ir.IRBuilder, stop: ir.Value, start: ir.Value | None = None, step: int = 1
) -> Iterator[ir.Value]:
    """A loop whose body is what is emitted inside; the value is its index."""
    before = builder.block
    head = builder.append_basic_block("head")
    body = builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.branch(head)
    builder.position_at_end(head)
    counter = builder.phi(INDEX)
    counter.add_incoming(index(0) if start is None else start, before)
    builder.cbranch(builder.icmp_signed("<", counter, stop), body, after)
    builder.position_at_end(body)
    yield counter
    counter.add_incoming(builder.add(counter, index(step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)


def smaller(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def divide_up(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.udiv(builder.sub(builder.add(a, b), index(1)), b)


def splat(builder: ir.IRBuilder, value: ir.Value, width: int) -> ir.Value:
    """A vector all of whose lanes are one number."""
    kind = ir.VectorType(value.type, width)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(LANE, 0))
    mask = ir.Constant(ir.VectorType(LANE, width), [0] * width)
    return builder.shuffle_vector(one, one, mask)


def intrinsic(module: ir.Module, name: str, result: ir.Type, *types: ir.Type) -> ir.Function:
    return known(module, name) or ir.Function(module, ir.FunctionType(result, types), name)


def prefetch(builder: ir.IRBuilder, address: ir.Value) -> None:
    """Have a line of data brought to the second level cache; any address will do."""
    types = (POINTER, LANE, LANE, LANE)
    function = intrinsic(builder.module, "llvm.prefetch.p0", ir.VoidType(), *types)
    for_reading, second_level, data = (ir.Constant(LANE, number) for number in (0, 2, 1))
    builder.call(function, [address, for_reading, second_level, data])
