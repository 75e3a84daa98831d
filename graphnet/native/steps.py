"""The steps of a scan as machine code: which equations go together, and where values lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from llvmlite import ir

from graphnet.ir.pointwise import identity
from graphnet.ir.program import Atom, Equation, Literal, Program, Var, is_var, literal
from graphnet.ir.types import ArrayType
from graphnet.native.elements import REGISTER, memory_type
from graphnet.native.fused import Group, Loops, address, emit_group
from graphnet.native.packing import emit_pack
from graphnet.native.place import Place
from graphnet.native.product import emit_product
from graphnet.native.sums import emit_sum
from graphnet.native.tile import POINTER, Tile, index

VIEWS = {"slice", "reshape", "transpose", "broadcast", "identity", "stop_gradient"}


class NotNative(Exception):  # noqa: N818 (no error)
    """An equation that has no native rule; the message names it."""


@dataclass
class Arena:
    """Working memory: offsets in bytes, each on a line of the cache."""

    base: ir.Value
    size: int = 0

    def take(self, builder: ir.IRBuilder, type: ArrayType, count: int | None = None) -> ir.Value:
        bytes_ = (type.size if count is None else count) * type.dtype.itemsize
        pointer = builder.gep(self.base, [index(self.size)], source_etype=ir.IntType(8))
        self.size += -(-bytes_ // 64) * 64
        return pointer


@dataclass
class Emitter:
    """Emits the equations of a body, once, for one step.

    ``places`` says where values are; ``wanted`` where results must be put (in the output of this
    step), if they can be made there.
    """

    builder: ir.IRBuilder
    start: ir.IRBuilder  # before the loop: buffers and packed constants are made there
    loops: Loops
    tiles: Mapping[str, Tile]
    arena: Arena
    places: dict[Atom, Place]
    fixed: set[Atom]
    wanted: dict[Var, Place]
    group: Group | None = None
    packed: dict[tuple[Atom, bool], ir.Value] = field(default_factory=dict)

    def body(self, program: Program) -> None:
        self.outputs = {atom for atom in program.outputs if is_var(atom)}
        self.users: dict[Var, list[Equation]] = {}
        for equation in program.equations:
            for atom in equation.inputs:
                if is_var(atom):
                    self.users.setdefault(atom, []).append(equation)
        for equation in program.equations:
            self.equation(equation)
        self.flush()

    def equation(self, equation: Equation) -> None:
        name = equation.primitive.name
        pending = self.group.produced() if self.group else set()
        if self.loops.supports(equation) and name not in ("identity", "stop_gradient"):
            shape = equation.outputs[0].type.shape
            other = any(a in pending and a.type.shape != shape for a in equation.inputs)
            if self.group and (self.group.shape != shape or other):
                self.flush()
            if self.group is None:
                self.group = Group(shape, [])
            self.group.equations.append(equation)
            return
        if any(atom in pending for atom in equation.inputs):
            self.flush()
        if name in VIEWS:
            self.view(equation)
        elif name == "matmul":
            self.product(equation)
        elif name == "concatenate":
            self.concatenate(equation)
        elif name == "sum":
            self.sum(equation)
        elif name == "unslice":
            self.unslice(equation)
        else:
            raise NotNative(name)

    def flush(self) -> None:
        """Emit the pending pointwise equations."""
        group, self.group = self.group, None
        if group is None:
            return
        members = set(map(id, group.equations))
        stores: dict[Var, Place] = {}
        for equation in group.equations:
            var = equation.outputs[0]
            outside = any(id(user) not in members for user in self.users.get(var, ()))
            if outside or var in self.outputs:
                stores[var] = self.room(var)
        emit_group(self.builder, self.loops, group, self.places, stores)
        for var, place in stores.items():
            self.places[var] = place

    def room(self, var: Var) -> Place:
        """Where a result goes: its place in the output of this step, else working memory."""
        if var in self.wanted:
            return self.wanted[var]
        return Place.of(self.arena.take(self.start, var.type), var.type)

    def view(self, equation: Equation) -> None:
        source, type = self.at(equation.inputs[0]), equation.outputs[0].type
        name, settings = equation.primitive.name, equation.settings
        made: Place | None = source
        if equation.inputs[0] in self.fixed and name != "reshape":
            self.fixed.add(equation.outputs[0])
        if name == "slice":
            made = source.window(settings["window"], type)
        elif name == "transpose":
            made = source.transposed(settings["axes"], type)
        elif name == "broadcast":
            made = source.broadcast(type)
        elif name == "reshape":
            made = source.reshaped(type)
            if made is None:
                copied = Place.of(self.arena.take(self.start, source.type), source.type)
                self.copy(source, copied)
                made = copied.reshaped(type)
        assert made is not None
        self.places[equation.outputs[0]] = made

    def unslice(self, equation: Equation) -> None:
        """Zeros with an array in a window of them."""
        source = self.at(equation.inputs[0])
        target = self.room(equation.outputs[0])
        self.copy(self.zero(target.type), target)
        self.copy(source, target.window(equation.settings["window"], source.type))
        self.places[equation.outputs[0]] = target

    def at(self, atom: Atom) -> Place:
        if atom not in self.places:
            assert isinstance(atom, Literal)
            self.places[atom] = constant_place(self.builder.module, atom)
            self.fixed.add(atom)
        return self.places[atom]

    def copy(self, source: Place, target: Place) -> None:
        """Copy an array of one shape into a place."""
        var = Var(target.type)
        inner = Var(source.type)
        group = Group(target.type.shape, [Equation(identity, (inner,), {}, (var,), None)])
        emit_group(self.builder, self.loops, group, {inner: source}, {var: target})

    def concatenate(self, equation: Equation) -> None:
        var, axis = (
            equation.outputs[0],
            equation.settings["axis"] % len(equation.outputs[0].type.shape),
        )
        target = self.room(var)
        start = 0
        for atom in equation.inputs:
            stop = start + atom.type.shape[axis]
            window = tuple(
                (start, stop, 1) if i == axis else (0, n, 1) for i, n in enumerate(var.type.shape)
            )
            self.copy(self.at(atom), target.window(window, atom.type))
            start = stop
        self.places[var] = target

    def sum(self, equation: Equation) -> None:
        var, source = equation.outputs[0], self.at(equation.inputs[0])
        if not var.type.is_float:
            raise NotNative(f"sum of {source.type}")
        ndim, axis = len(source.type.shape), equation.settings["axis"]
        given = range(ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        axes = tuple(a % ndim for a in given)
        kept = tuple(1 if i in axes else n for i, n in enumerate(source.type.shape))
        target = self.room(var)
        spread = target.reshaped(ArrayType(kept, var.type.dtype))
        if spread is None:
            raise NotNative("sum into a strided place")
        self.copy(self.zero(var.type), target)
        emit_sum(self.builder, self.loops.width, source, spread, axes)
        self.places[var] = target

    def zero(self, type: ArrayType) -> Place:
        """An array of zeros that lies nowhere but in one number."""
        return constant_place(self.builder.module, literal(0, type.dtype)).broadcast(type)

    # ---- products

    def product(self, equation: Equation) -> None:
        left, right = equation.inputs
        var = equation.outputs[0]
        if (
            len(right.type.shape) != 2
            or not left.type.shape
            or var.type.dtype.name not in self.tiles
        ):
            raise NotNative(f"matmul of {left.type} and {right.type}")
        tile = self.tiles[var.type.dtype.name]
        rows, depth = prod(left.type.shape[:-1]), left.type.shape[-1]
        columns = right.type.shape[1]
        a = self.rows_of(self.at(left), rows, depth)
        packed = self.packed_panels(right, tile, depth, columns)
        target = self.room(var)
        if not target.is_contiguous:
            raise NotNative("matmul into a strided place")
        transposed = a.strides[1] != 1 and a.strides[0] == 1
        stride = a.strides[1] if transposed else a.strides[0]
        function = emit_product(self.builder.module, tile, transposed)
        function.attributes.add("noinline")  # it is large, and called several times
        self.builder.call(
            function,
            [
                index(rows), index(columns), index(depth),
                self.pointer(a), index(stride), packed,
                self.pointer(target), index(columns),
                ir.Constant(POINTER, None), index(0),
            ],
        )  # fmt: skip
        self.places[var] = target

    def rows_of(self, place: Place, rows: int, depth: int) -> Place:
        """A left operand as rows one after the other, copied where it is laid out otherwise."""
        type = ArrayType((rows, depth), place.type.dtype)
        if len(place.type.shape) == 2 and 1 in (place.strides[1], place.strides[0]):
            return place
        if place.is_contiguous:
            return Place(place.pointer, place.offset, (depth, 1), type)
        copied = Place.of(self.arena.take(self.start, place.type), place.type)
        self.copy(place, copied)
        return Place(copied.pointer, 0, (depth, 1), type)

    def packed_panels(self, atom: Atom, tile: Tile, depth: int, columns: int) -> ir.Value:
        """The right operand in panels; what does not change within the scan is packed once."""
        builder = self.start if atom in self.fixed else self.builder
        key = (atom, atom in self.fixed)
        if key in self.packed:
            return self.packed[key]
        place = self.at(atom)
        transposed = place.strides[1] != 1
        if transposed and place.strides[0] != 1:
            raise NotNative("matmul with a strided matrix")
        size = tile.packed_size(depth, columns)
        panels = self.arena.take(self.start, atom.type, size)
        pack = emit_pack(builder.module, tile, transposed)
        pack.attributes.add("noinline")
        stride = place.strides[1] if transposed else place.strides[0]
        pointer = address(builder, place.pointer, place.type, index(place.offset))
        builder.call(pack, [index(depth), index(columns), pointer, index(stride), panels])
        if atom in self.fixed:
            self.packed[key] = panels
        return panels

    def pointer(self, place: Place) -> ir.Value:
        return address(self.builder, place.pointer, place.type, index(place.offset))


LARGEST = 4096
"""How many numbers a constant may have that is written into the code."""


def constant_place(module: ir.Module, constant: Literal) -> Place:
    """A constant array, as data of the module."""
    if constant.value.size > LARGEST:
        raise NotNative(f"a constant {constant.type}")
    kind = ir.ArrayType(memory_type(constant.type.dtype), constant.value.size)
    data = ir.GlobalVariable(module, kind, module.get_unique_name("constant"))
    data.initializer = ir.Constant(kind, [number.item() for number in constant.value.reshape(-1)])
    data.global_constant, data.linkage = True, "internal"
    return Place.of(data, constant.type)


def is_supported(type: ArrayType) -> bool:
    return type.dtype.name in REGISTER
