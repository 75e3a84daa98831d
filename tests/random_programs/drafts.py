"""Drafts: random array programs that grow operation by operation on values that they know.

So they keep clear of overflow, and of what rounding could turn; all else is random: which operations,
on what, sizes with 0, 1, odd and prime numbers, and how inputs lie in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from graphnet.ir import PRIMITIVES, ArrayType, Builder
from graphnet.ir.core.program import Literal
from tests.random_programs.tolerances import Pair, applied, exact

SIZES = [0, 1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 33]
LARGEST = 3000
"""Entries of the largest array."""

DTYPES = ["float64", "float64", "float32", "float32", "int64", "bool"]

# ---- inputs as they may lie in memory


def laid_out(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same values: as they are, strided, transposed, reversed, off alignment, or read-only."""
    shape, kind = values.shape, int(rng.integers(7))
    if kind == 1 and values.ndim:
        wide = np.zeros((*shape[:-1], 2 * shape[-1] + 1), values.dtype)
        wide[..., 1::2] = values
        return wide[..., 1::2]
    if kind == 2:
        return np.array(values, order="F")
    if kind == 3 and values.ndim:
        return np.ascontiguousarray(values[::-1])[::-1]
    if kind == 4:
        raw = np.frombuffer(b"\0" + values.tobytes(), np.uint8, offset=1)  # read-only as well
        return raw.view(values.dtype).reshape(shape) if raw.size else values
    if kind == 5:
        values.flags.writeable = False
    if kind == 6 and values.ndim:
        return np.broadcast_to(values[:1], shape)  # all rows are one
    return values


# ---- drafts


@dataclass(frozen=True)
class Known:
    """A traced array, its value, and how far another evaluation may be from it.

    ``varies`` says that in the body of a scan it depends on a carried value: what does not, passes
    take out of the scan.
    """

    array: Any
    pair: Pair
    varies: bool = False

    @property
    def value(self) -> np.ndarray:
        return self.pair[0]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def kind(self) -> str:
        return self.value.dtype.kind


Operations = Sequence[Callable[["Draft"], None]]
"""What may be drawn, each as often as it stands here."""


class Draft:
    """A program that grows, or the body of a scan inside one (``outer``)."""

    def __init__(
        self, rng: np.random.Generator, operations: Operations, outer: Draft | None = None
    ) -> None:
        self.rng, self.operations = rng, operations
        self.root: Draft = outer.root if outer else self
        self.depth: int = outer.depth + 1 if outer else 0
        self.pool: list[Known] = []
        if outer is None:
            self.builder = Builder()
            self.arrays: list[np.ndarray] = []
            self.pairs: dict[Any, Pair] = {}
            self.special = rng.random() < 0.15  # infinities and NaN among the inputs

    def grow(self) -> None:
        """Add one operation, drawn at random."""
        self.operations[self.rng.integers(len(self.operations))](self)

    def pick(self, fits: Callable[[Known], bool] = lambda known: True) -> Known:
        """One that fits, the latest and those that vary more often; a new input where none does."""
        found = [known for known in self.pool if fits(known)]
        varying = [known for known in found if known.varies]
        if varying and self.rng.random() < 0.8:
            found = varying
        if found and self.rng.random() < 0.9:
            return found[max(self.rng.integers(len(found), size=2))]
        while True:
            shape, dtype = self.shape(), self.dtype()
            if fits(Known(None, exact(np.zeros(shape, dtype)))):
                return self.new(shape, dtype)

    def partner(self, first: Known, fits: Callable[[Known], bool], shape: Any) -> Known:
        """Another operand of its type: a known one, a number, or a new input of this shape."""
        found = [k for k in self.pool if k.value.dtype == first.value.dtype and fits(k)]
        if found and self.rng.random() < 0.6:
            return found[self.rng.integers(len(found))]
        return self.new(shape, str(first.value.dtype))

    def shape(self) -> tuple[int, ...]:
        shape = tuple(int(n) for n in self.rng.choice(SIZES, self.rng.integers(4)))
        return shape if prod(shape) <= LARGEST else shape[:1]

    def dtype(self) -> str:
        return str(self.rng.choice(DTYPES))

    def new(self, shape: Any, dtype: str, below: int = 0) -> Known:
        """A new input of the program; now and then one that aliases another, or is no input."""
        root, type = self.root, ArrayType(tuple(shape), np.dtype(dtype))
        same = [a for a in root.arrays if (a.shape, a.dtype) == (type.shape, type.dtype)]
        if same and not below and self.rng.random() < 0.3:
            values = same[0]
        elif type.dtype.kind == "f":
            values = np.asarray(self.rng.normal(size=shape), dtype)
            if root.special and values.size:
                values.reshape(-1)[self.rng.integers(values.size)] = self.rng.choice(
                    [np.inf, -np.inf, np.nan, -0.0]
                )
            values = laid_out(values, self.rng)
        else:
            below = below or (2 if dtype == "bool" else 5)
            values = laid_out(np.asarray(self.rng.integers(0, below, shape), dtype), self.rng)
        root.arrays.append(values)
        known = Known(root.builder.input(type), exact(values))
        root.pairs[known.array.atom] = known.pair
        self.pool.append(known)
        return known

    def number(self, value: float, like: Known) -> Known:
        array = np.array(value, like.value.dtype)
        return Known(array, exact(array))

    def add(self, name: str, *operands: Known, **settings: Any) -> Known | None:
        """Emit an operation, if its result is one to go on with."""
        with np.errstate(all="ignore"):
            (pair,) = applied(PRIMITIVES[name], settings, [known.pair for known in operands])
        if not self.is_sound(pair):
            return None
        array = PRIMITIVES[name](*[known.array for known in operands], **settings)
        return self.keep(array, pair, any(known.varies for known in operands))

    def keep(self, array: Any, pair: Pair, varies: bool = False) -> Known:
        known = Known(array, pair, varies)
        self.pool.append(known)
        self.root.pairs[array.atom] = pair
        return known

    def pair_of(self, builder: Builder, atom: Any) -> Pair:
        """The value of an atom of a builder, its own or captured from further out."""
        if isinstance(atom, Literal):
            return exact(atom.value)
        if atom in self.root.pairs:
            return self.root.pairs[atom]
        assert builder.outer is not None
        (outer,) = (outer for outer, var in builder.captures.items() if var is atom)
        return self.pair_of(builder.outer, outer)

    def is_sound(self, pair: Pair) -> bool:
        """Neither large nor ill-conditioned; infinite or NaN only where inputs are."""
        value, error = pair
        finite = np.isfinite(value)
        scale = np.abs(value[finite].astype(float)).max(initial=1.0)
        relative = 1e-8 if value.dtype == np.float64 else 1e-2
        small = scale < 1e4 and value.size <= LARGEST and float(error.max(initial=0)) < relative
        return bool(small and (self.root.special or finite.all()))
