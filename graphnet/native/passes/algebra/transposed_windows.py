"""Transposed windows: a product that is added up where windows overlap is one over windows itself.

The gradient of the images of a convolution is such a sum: each entry of the output's gradient,
times the filters, goes to the entries of its window. Where windows are next to each other
(stride 1), it is the convolution of the gradient, with zeros around it, by the filters reversed,
and nothing of the size of all windows is written. A part of the sum that alone is read (images
without their padding) needs fewer zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.core.types import Shape
from graphnet.ir.primitives.contraction import Labels, einsum, labels_of
from graphnet.ir.primitives.indexing import slice_, unslice
from graphnet.ir.primitives.windows import flip, overlap_add, windows
from graphnet.native.analysis.rewrite import Rewriter, producers, read_by, read_counts
from graphnet.native.passes.simplification.dead_code import everywhere


def transpose_windows(program: Program) -> Program:
    """The program with products over windows in place of overlapping sums of products."""
    return everywhere(program, rewritten)


@dataclass(frozen=True)
class Overlap:
    """A sum of overlapping windows, and the product that makes these."""

    sum: Equation
    product: Equation
    filters: int
    """The operand of the product that has the axes of the window."""
    cut: Equation | None
    """The slice that alone reads the sum, if so."""

    @property
    def labels(self) -> Labels:
        return labels_of(self.product.settings["subscripts"])

    @property
    def axes(self) -> tuple[str, str]:
        """The letters of what windows slide along, and of the places in them."""
        result, rank = self.labels.result, len(self.sum.settings["shape"])
        return "".join(result[axis] for axis in self.sum.settings["axes"]), result[rank:]

    @property
    def sizes(self) -> Shape:
        return self.sum.inputs[0].type.shape[len(self.sum.settings["shape"]) :]

    def margins(self) -> list[tuple[int, int]]:
        """How many zeros stand before and after the gradient along each axis."""
        found = []
        for axis, size, step in zip(
            self.sum.settings["axes"], self.sizes, self.sum.settings["dilations"], strict=True
        ):
            before = after = step * (size - 1)
            if self.cut is not None:
                start, stop, _ = self.cut.settings["window"][axis]
                before -= start
                after -= self.sum.settings["shape"][axis] - stop
            found.append((before, after))
        return found


def rewritten(program: Program) -> Program:
    made, counts = producers(program.equations), read_counts(program)
    readers = {var: e for e in program.equations for var in read_by(e) if counts[var] == 1}
    found: dict[Equation, Overlap] = {}
    for equation in program.equations:
        if (overlap := overlap_of(equation, made, counts)) is not None:
            cut = cut_of(overlap, readers)
            found[cut or equation] = Overlap(equation, overlap.product, overlap.filters, cut)
    if not found:
        return program
    new = Rewriter()
    for equation in program.equations:
        if equation in found:
            write(new, found[equation], equation.outputs[0])
        else:
            new.keep(equation)
    return Program(program.inputs, new.equations, program.outputs)


def overlap_of(
    equation: Equation, made: Mapping[Var, Equation], counts: Mapping[Var, int]
) -> Overlap | None:
    if equation.primitive is not overlap_add or set(equation.settings["strides"]) != {1}:
        return None
    (added,) = equation.inputs
    product = made.get(added) if is_var(added) and counts[added] == 1 else None
    if product is None or product.primitive is not einsum:
        return None
    for filters in (0, 1):
        overlap = Overlap(equation, product, filters, None)
        slid, places = overlap.axes
        own, other = overlap.labels.left, overlap.labels.right
        if filters:
            own, other = other, own
        if set(places) <= set(own) - set(other) and set(slid) <= set(other) - set(own):
            return overlap
    return None


def cut_of(overlap: Overlap, readers: Mapping[Var, Equation]) -> Equation | None:
    """The slice along the slid axes that alone reads the sum, if zeros remain or none."""
    cut = readers.get(overlap.sum.outputs[0])
    if cut is None or cut.primitive is not slice_:
        return None
    shape, axes = overlap.sum.settings["shape"], overlap.sum.settings["axes"]
    for axis, (bounds, n) in enumerate(zip(cut.settings["window"], shape, strict=True)):
        if bounds[2] != 1 or (axis not in axes and bounds != (0, n, 1)):
            return None
    whole = Overlap(overlap.sum, overlap.product, overlap.filters, cut)
    return cut if min(min(pair) for pair in whole.margins()) >= 0 else None


def write(new: Rewriter, overlap: Overlap, result: Var) -> None:
    labels, origin = overlap.labels, overlap.product.origin
    slid, places = overlap.axes
    letters = [labels.left, labels.right]
    operands: list[Atom] = list(new.atoms(overlap.product.inputs))
    filters, gradient = overlap.filters, 1 - overlap.filters
    axes = tuple(letters[filters].index(letter) for letter in places)
    operands[filters] = new.emit(flip, (operands[filters],), {"axes": axes}, origin)
    along = tuple(letters[gradient].index(letter) for letter in slid)
    surrounded = with_zeros(new, operands[gradient], along, overlap)
    ones = (1,) * len(slid)
    settings = {
        "axes": along,
        "sizes": overlap.sizes,
        "strides": ones,
        "dilations": overlap.sum.settings["dilations"],
    }
    operands[gradient] = new.emit(windows, (surrounded,), settings, origin)
    letters[gradient] += places
    kept = labels.result[: len(labels.result) - len(places)]
    subscripts = {"subscripts": f"{letters[0]},{letters[1]}->{kept}"}
    new.append(Equation(einsum, tuple(operands), subscripts, (result,), origin))


def with_zeros(new: Rewriter, gradient: Atom, along: Shape, overlap: Overlap) -> Atom:
    """The gradient with the zeros around it that the outer windows reach into."""
    shape = list(gradient.type.shape)
    window = [(0, n, 1) for n in shape]
    for axis, (before, after) in zip(along, overlap.margins(), strict=True):
        window[axis] = (before, before + shape[axis], 1)
        shape[axis] += before + after
    if tuple(shape) == gradient.type.shape:
        return gradient
    settings = {"window": tuple(window), "shape": tuple(shape)}
    return new.emit(unslice, (gradient,), settings, overlap.product.origin)
