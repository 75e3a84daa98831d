"""The matrices of a scan's body that are constants, or views of them, packed before all steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.products import in_panels

Pack = Callable[[StridedView, Atom], None]
"""Called with each matrix, and the value of the body that it is."""


@dataclass
class Constants:
    """The constants of a scan in its body, and in the bodies of scans inside; final."""

    pack: Pack
    known: dict[Atom, StridedView] = field(default_factory=dict)
    source: dict[Atom, int] = field(default_factory=dict)
    """The number of the constant that a known value is, or is a view of."""
    read: set[int] = field(default_factory=set)
    """The constants that are read in another way."""

    def follow(self, body: Program) -> None:
        for equation in body.equations:
            if equation.primitive.kind is PrimitiveKind.CONTROL:
                self.enter(equation)
                continue
            for position, atom in enumerate(equation.inputs):
                if atom in self.known:
                    self.use(equation, position, atom)
        self.read.update(self.source[atom] for atom in body.outputs if atom in self.source)

    def use(self, equation: Equation, position: int, atom: Atom) -> None:
        primitive, place = equation.primitive, self.known[atom]
        made = place.view(equation) if primitive.is_view else None
        if primitive.kind is PrimitiveKind.PRODUCT and position == 1 and in_panels(equation):
            self.pack(place.as_matrix(), atom)
        elif made is not None:
            (result,) = equation.outputs
            self.known[result], self.source[result] = made, self.source[atom]
        else:
            self.read.add(self.source[atom])

    def enter(self, equation: Equation) -> None:
        """What is constant in a scan inside too."""
        body: Program = equation.settings["body"]
        for i, (var, atom) in enumerate(zip(body.inputs, equation.inputs, strict=True)):
            if atom in self.known and i < equation.settings["constants"]:
                self.known[var], self.source[var] = self.known[atom], self.source[atom]
            elif atom in self.known:
                self.read.add(self.source[atom])
        self.follow(body)


def pack_constants(
    body: Program, places: Sequence[StridedView | None], pack: Pack
) -> frozenset[int]:
    """``pack`` each matrix once; which of the constants are read in another way too."""
    atoms = body.inputs[: len(places)]
    known: dict[Atom, StridedView] = {
        atom: place for atom, place in zip(atoms, places, strict=True) if place is not None
    }
    source: dict[Atom, int] = {atom: i for i, atom in enumerate(atoms) if atom in known}
    seen: set[Atom] = set()

    def once(matrix: StridedView, atom: Atom) -> None:
        if atom not in seen:
            seen.add(atom)
            pack(matrix, atom)

    constants = Constants(once, known, source)
    constants.follow(body)
    return frozenset(constants.read)
