"""Attribution: which nodes of the graph an equation works for, also where passes joined several.

A product of joined weights works for the nodes that the weights are of; what is taken apart again
by slices, for those that the slices stand for; anything else for the node that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.shaping import concatenate
from graphnet.native.analysis.compiled_piece import code_of

Piece = tuple[Var, int, int]
"""Some numbers of a value: from where to where."""

Shares = Mapping[str, float]
"""Paths of nodes, with parts that sum to one; the path of the whole net is empty."""


class Attribution:
    """Knows the nodes behind the equations of a rewritten program; final.

    ``weights`` are inputs of the program that hold parameters, or views of them.
    """

    def __init__(self, original: Program, rewritten: Program, weights: Iterable[Var]) -> None:
        self.maker: dict[Var, Equation] = {}
        self.readers: dict[Var, list[Equation]] = {}
        self.outside: dict[Var, Atom] = {}
        self.pieces: dict[Var, list[tuple[Piece, Shares]]] = {}
        self.known: dict[Equation, Shares] = {}
        for equation in walk(rewritten):
            self.note(equation)
        for piece, paths in pieces_read(original, set(weights)).items():
            self.pieces.setdefault(piece[0], []).append((piece, evenly(paths)))

    def note(self, equation: Equation) -> None:
        self.maker.update(dict.fromkeys(equation.outputs, equation))
        for atom in equation.inputs:
            if is_var(atom):
                self.readers.setdefault(atom, []).append(equation)
        for body in equation.bodies():
            self.outside.update(zip(body.inputs, equation.inputs, strict=False))

    # ---- equations

    def shares(self, equation: Equation) -> Shares:
        """The nodes that an equation works for, with the parts of its work."""
        if equation not in self.known:
            own = path_of(equation)
            found: Shares | None = None
            for candidate in (self.by_weights(equation), self.by_slices(equation)):
                if found is None and candidate and (own is None or own in candidate):
                    found = candidate
            self.known[equation] = found or (
                {own: 1.0} if own is not None else self.around(equation)
            )
        return self.known[equation]

    def by_weights(self, equation: Equation) -> Shares | None:
        """By the owners of joined weights that a product has for an operand, or that are joined."""
        if equation.primitive is concatenate:
            return self.owners(equation.outputs[0])
        if equation.primitive.kind is PrimitiveKind.PRODUCT:
            for atom in reversed(equation.inputs[:2]):
                if found := self.owners(atom):
                    return found
        return None

    def owners(self, atom: Atom) -> Shares | None:
        """The nodes whose weights an array is joined of; None where it holds anything else."""
        if not is_var(atom):
            return None
        if atom in self.pieces:
            return self.owners_of_piece(whole(atom))
        if atom in self.outside:
            return self.owners(self.outside[atom])
        maker = self.maker.get(atom)
        if maker is None:
            return None
        piece = piece_of(maker)
        if piece and piece[0] in self.pieces:
            return self.owners_of_piece(piece)
        if maker.primitive.is_view:
            return self.owners(maker.inputs[0])
        if maker.primitive is not concatenate:
            return None
        found = [(self.owners(part), part.type.size) for part in maker.inputs]
        return None if any(shares is None for shares, _ in found) else together(found)

    def owners_of_piece(self, piece: Piece) -> Shares | None:
        var, start, stop = piece
        within = [
            (shares, max(0, min(stop, end) - max(start, begin)))
            for (_, begin, end), shares in self.pieces[var]
        ]
        return together(within)

    def by_slices(self, equation: Equation) -> Shares | None:
        """By the slices that a result is taken apart into, at once or after work on the whole."""
        while len(equation.outputs) == 1:
            (result,) = equation.outputs
            readers = self.readers.get(result, [])
            if readers and all(reader.primitive is slice_ for reader in readers):
                parts = [(path_of(reader), reader.outputs[0].type.size) for reader in readers]
                return together([({path: 1.0}, n) for path, n in parts if path is not None])
            if len(readers) != 1 or readers[0].outputs[0].type.shape != result.type.shape:
                return None
            (equation,) = readers
        return None

    def around(self, equation: Equation) -> Shares:
        """Of what comes from no node: those that it reads from, else those that read it."""
        if bodies := list(equation.bodies()):
            paths = [path for body in bodies for e in walk(body) if (path := path_of(e))]
            return {common_prefix(paths): 1.0}
        before = [self.maker[atom] for atom in equation.inputs if atom in self.maker]
        after = [reader for var in equation.outputs for reader in self.readers.get(var, ())]
        for near in (before, after):
            if paths := [path for other in near if (path := path_of(other)) is not None]:
                return evenly(paths)
        return {"": 1.0}

    # ---- values

    def of_value(self, var: Var) -> Shares:
        """The node that makes a value: inside the body, where a scan makes it."""
        maker = self.maker.get(var)
        if maker is None:
            return {"": 1.0}
        for body in maker.bodies():
            inner = body.outputs[maker.outputs.index(var)]
            if inner in self.maker:
                return self.of_value(inner)
            if is_var(inner) and inner in body.inputs:  # a carried value, as a step received it
                return self.carried(maker, body, inner)
        return self.shares(maker)

    def carried(self, scan: Equation, body: Program, inner: Var) -> Shares:
        position = body.inputs.index(inner) - int(scan.settings["constants"])
        leaving = body.outputs[position] if 0 <= position < scan.settings["carried"] else inner
        return self.of_value(leaving) if leaving in self.maker else self.shares(scan)


def walk(program: Program) -> Iterator[Equation]:
    """All equations, those of bodies after their own, and of compiled pieces in their place."""
    for equation in program.equations:
        if (code := code_of(equation)) is not None:
            yield from walk(code.program)
            continue
        yield equation
        for body in equation.bodies():
            yield from walk(body)


def path_of(equation: Equation) -> str | None:
    """The path of its node; empty for a criterion, which is no node; None if unknown."""
    origin = equation.origin
    return origin.path if origin and (origin.path or origin.module) else None


def pieces_read(program: Program, wanted: set[Var]) -> dict[Piece, list[str]]:
    """The paths of the nodes that read each piece of these inputs, in bodies too."""
    found: dict[Piece, list[str]] = {}
    stands_for: dict[Atom, Piece] = {var: whole(var) for var in wanted}
    for equation in walk(program):
        bodies = list(equation.bodies())
        for body in bodies:
            for inner, atom in zip(body.inputs, equation.inputs, strict=False):
                if atom in stands_for:
                    stands_for[inner] = stands_for[atom]
        if bodies:
            continue  # the readers are inside
        for piece in [stands_for[atom] for atom in equation.inputs if atom in stands_for]:
            if equation.primitive.is_view:
                stands_for[equation.outputs[0]] = piece_of(equation) or piece
            if path := path_of(equation):
                found.setdefault(stands_for.get(equation.outputs[0], piece), []).append(path)
    return found


def whole(var: Var) -> Piece:
    return var, 0, max(var.type.size, 1)


def piece_of(equation: Equation) -> Piece | None:
    """Of one long vector, what a slice takes: all parameters may lie in one vector."""
    source = equation.inputs[0]
    if equation.primitive is not slice_ or not is_var(source) or len(source.type.shape) != 1:
        return None
    ((start, stop, step),) = equation.settings["window"]
    return (source, start, stop) if step == 1 else None


def evenly(paths: Iterable[str]) -> Shares:
    paths = list(dict.fromkeys(paths))
    return {path: 1 / len(paths) for path in paths}


def together(parts: Iterable[tuple[Shares | None, float]]) -> Shares | None:
    """Shares of parts of these sizes, as shares of the whole."""
    parts = [(shares, size) for shares, size in parts if size]
    total = sum(size for _, size in parts)
    if not total:
        return None
    found: dict[str, float] = {}
    for shares, size in parts:
        for path, share in (shares or {}).items():
            found[path] = found.get(path, 0.0) + share * size / total
    return found


def common_prefix(paths: Iterable[str]) -> str:
    """The words that all of these paths begin with: the innermost node around them."""
    words = [path.split(".")[:-1] for path in paths] or [[]]
    shared: list[str] = []
    for same in zip(*words, strict=False):
        if len(set(same)) > 1:
            break
        shared.append(same[0])
    return ".".join(shared)
