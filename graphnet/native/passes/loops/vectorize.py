"""Vectorisation: an equation of one step over all steps at once, by a rule for each primitive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Origin, Var
from graphnet.ir.core.types import Shape, normalise_axis
from graphnet.ir.primitives import indexing, product, reduction, shaping
from graphnet.ir.primitives.reduction import axes_of


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of the steps as it is found outside: ``stepped`` ones have the steps first, all
    others are the same at each step."""

    atom: Atom
    stepped: bool

    @property
    def step_shape(self) -> Shape:
        shape = self.atom.type.shape
        return shape[1:] if self.stepped else shape


class Vectorizer:
    """Emits, outside of a scan of so many steps, what its body computes; final."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.equations: list[Equation] = []
        self.origin: Origin | None = None
        self.slices: dict[Atom, Equation] = {}

    def emit(self, primitive: Primitive, *atoms: Atom, **settings: Any) -> Atom:
        """One equation as it is; literals are not computed with, so that the time to compile
        is independent of the number of steps."""
        (type,) = primitive.output_types(atoms, settings)
        output = Var(type)
        equation = Equation(primitive, atoms, settings, (output,), self.origin)
        self.equations.append(equation)
        if primitive is indexing.slice_:
            self.slices[output] = equation
        return output

    def reshape(self, atom: Atom, shape: Shape) -> Atom:
        if atom.type.shape == shape:
            return atom
        cut = self.slices.get(atom)
        if cut is None or not shape or not cuts_columns(cut) or shape[-1] != atom.type.shape[-1]:
            return self.emit(shaping.reshape, atom, shape=shape)
        (whole,), (*_, columns) = cut.inputs, cut.settings["window"]
        rows = self.reshape(whole, (*shape[:-1], whole.type.shape[-1]))  # as it lies: no copy
        window = (*((0, size, 1) for size in shape[:-1]), columns)
        return self.emit(indexing.slice_, rows, window=window)

    def vectorized(self, equation: Equation, operands: Sequence[Operand]) -> Operand:
        """The result of an equation for which ``can_vectorize`` holds."""
        self.origin = equation.origin
        atoms = [operand.atom for operand in operands]
        if not any(operand.stepped for operand in operands):
            return Operand(self.emit(equation.primitive, *atoms, **equation.settings), False)
        rule = vectorize_pointwise if equation.primitive.is_pointwise else RULES[equation.primitive]
        return Operand(rule(self, equation, operands), True)

    def ranked(self, operand: Operand, rank: int) -> Atom:
        """Axes of size 1 after the steps, so that the slices broadcast as they do in a step.

        What is the same at each step broadcasts as it is.
        """
        shape = operand.step_shape
        if not operand.stepped or len(shape) >= rank:
            return operand.atom
        return self.reshape(operand.atom, (self.length, *(1,) * (rank - len(shape)), *shape))


def cuts_columns(cut: Equation) -> bool:
    """Whether a slice takes all but along the last axis."""
    (whole,), window = cut.inputs, cut.settings["window"]
    return all(w == (0, n, 1) for w, n in zip(window[:-1], whole.type.shape, strict=False))


Vectorization = Callable[[Vectorizer, Equation, Sequence[Operand]], Atom]


def can_vectorize(equation: Equation, stepped: Sequence[bool]) -> bool:
    """Whether there is a rule for an equation with such operands."""
    if equation.primitive is indexing.take and stepped[0]:
        return False  # rows of another table at each step
    return equation.primitive.is_pointwise or equation.primitive in RULES


def vectorize_pointwise(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    rank = len(equation.outputs[0].type.shape)
    atoms = [vectorizer.ranked(operand, rank) for operand in operands]
    return vectorizer.emit(equation.primitive, *atoms, **equation.settings)


def vectorize_matmul(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    left, right = operands
    shape = (vectorizer.length, *equation.outputs[0].type.shape)
    if left.stepped and not right.stepped and len(right.step_shape) == 2:
        rows, columns = prod(left.atom.type.shape[:-1]), left.atom.type.shape[-1]
        flat = vectorizer.reshape(left.atom, (rows, columns))  # one large product
        return vectorizer.reshape(vectorizer.emit(product.matmul, flat, right.atom), shape)
    a = as_matrix(vectorizer, left, (1, *left.step_shape))
    b = as_matrix(vectorizer, right, (*right.step_shape, 1))
    rank = max(len(a.step_shape), len(b.step_shape))
    batches = vectorizer.emit(
        product.matmul, vectorizer.ranked(a, rank), vectorizer.ranked(b, rank)
    )
    return vectorizer.reshape(batches, shape)


def as_matrix(vectorizer: Vectorizer, operand: Operand, shape: Shape) -> Operand:
    """A vector as a matrix of this shape; anything else as it is."""
    if len(operand.step_shape) > 1:
        return operand
    whole = (vectorizer.length, *shape) if operand.stepped else shape
    return Operand(vectorizer.reshape(operand.atom, whole), operand.stepped)


def vectorize_reshape(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    return vectorizer.reshape(
        operands[0].atom, (vectorizer.length, *equation.outputs[0].type.shape)
    )


def vectorize_transpose(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    axes = (0, *(axis + 1 for axis in equation.settings["axes"]))
    return vectorizer.emit(shaping.transpose, operands[0].atom, axes=axes)


def vectorize_broadcast(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    shape = equation.outputs[0].type.shape
    ranked = vectorizer.ranked(operands[0], len(shape))
    return vectorizer.emit(shaping.broadcast, ranked, shape=(vectorizer.length, *shape))


def vectorize_concatenate(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    axis = normalise_axis(equation.settings["axis"], len(equation.outputs[0].type.shape))
    parts = [
        operand.atom
        if operand.stepped
        else vectorizer.emit(
            shaping.broadcast, operand.atom, shape=(vectorizer.length, *operand.step_shape)
        )
        for operand in operands
    ]
    return vectorizer.emit(shaping.concatenate, *parts, axis=axis + 1)


def vectorize_window(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    settings = {"window": ((0, vectorizer.length, 1), *equation.settings["window"])}
    if "shape" in equation.settings:
        settings["shape"] = (vectorizer.length, *equation.settings["shape"])
    return vectorizer.emit(equation.primitive, operands[0].atom, **settings)


def vectorize_reduction(
    vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]
) -> Atom:
    axes = axes_of(equation.settings["axis"], len(operands[0].step_shape))
    return vectorizer.emit(
        equation.primitive,
        operands[0].atom,
        axis=tuple(axis + 1 for axis in axes),
        keepdims=equation.settings["keepdims"],
    )


def vectorize_take(vectorizer: Vectorizer, equation: Equation, operands: Sequence[Operand]) -> Atom:
    return vectorizer.emit(indexing.take, operands[0].atom, operands[1].atom)


RULES: dict[Primitive, Vectorization] = {
    product.matmul: vectorize_matmul,
    shaping.reshape: vectorize_reshape,
    shaping.transpose: vectorize_transpose,
    shaping.broadcast: vectorize_broadcast,
    shaping.concatenate: vectorize_concatenate,
    indexing.slice_: vectorize_window,
    indexing.unslice: vectorize_window,
    indexing.take: vectorize_take,
    reduction.sum: vectorize_reduction,
    reduction.max: vectorize_reduction,
}
"""How primitives that are not pointwise are vectorised; scans, calls and scattered sums are not."""
