"""A sketch: the lines of a graph so far, and the values in it that further lines may read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.random_nets.choices import Choices

WIDTHS = (3, 2, 3, 5, 2, 4, 5, 1, 3, 8, 17, 2)
"""Few, so that kernels recur; narrower and wider than registers, and none of both."""
WIDEST = 34


@dataclass(frozen=True)
class Value:
    """A node by the variable that holds it, and the size of its last axis."""

    name: str
    width: int


@dataclass(frozen=True)
class Graph:
    """A graph inside: the variable that holds it, widths of its inputs and outputs."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Sketch:
    """Final. ``unread`` are the values that nothing reads so far: in a graph there must be none."""

    def __init__(self, choices: Choices, numbers: Iterator[int], depth: int = 0) -> None:
        self.choices, self.numbers, self.depth = choices, numbers, depth
        self.lines: list[str] = []
        self.pool: list[Value] = []
        self.unread: dict[Value, None] = {}
        self.layers: list[tuple[str, int, int]] = []
        self.graphs: list[Graph] = []

    def new_name(self, letter: str = "v") -> str:
        return f"{letter}{next(self.numbers)}"

    def put(self, name: str, width: int) -> Value:
        """A value that is there already."""
        value = Value(name, width)
        self.pool.append(value)
        self.unread[value] = None
        return value

    def add(self, text: str, width: int) -> Value:
        """A new value, made by an expression."""
        name = self.new_name()
        self.lines.append(f"{name} = {text}")
        return self.put(name, width)

    def read(self, value: Value) -> str:
        """The variable that holds a value, which counts as read now."""
        self.unread.pop(value, None)
        return value.name

    def pick(self, fits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """A value that fits; those that nothing reads come first half of the time."""
        loose = [value for value in self.unread if fits(value)]
        if loose and self.choices.chance(50):
            return self.choices.one_of(loose)
        fitting = [value for value in self.pool if fits(value)]
        return self.choices.one_of(fitting) if fitting else None

    def any(self) -> Value:
        value = self.pick()
        assert value is not None
        return value

    def of_width(self, width: int) -> Value:
        """A value of this width: one that is there, or a Linear of another one."""
        return self.pick(lambda value: value.width == width) or self.add(self.product(width), width)

    # ---- expressions

    def linear(self, value: Value, width: int, bias: bool = True) -> str:
        """A Linear of a value; some are kept in a variable, and used again where they fit."""
        known = [name for name, *shape in self.layers if shape == [value.width, width]]
        if known and self.choices.chance(30):
            return f"{self.choices.one_of(known)}({self.read(value)})"
        text = f"nn.Linear({value.width}, {width}{'' if bias else ', bias=False'})"
        if self.choices.chance(15):
            name = self.new_name("layer")
            self.lines.append(f"{name} = {text}")
            self.layers.append((name, value.width, width))
            text = name
        return f"{text}({self.read(value)})"

    def product(self, width: int) -> str:
        """A term of a sum: mostly a Linear of some value."""
        kind = self.choices.below(20)
        if kind == 19:
            left, right = self.any(), self.any()
            bilinear = f"nn.Bilinear({left.width}, {right.width}, {width})"
            return f"{bilinear}([{self.read(left)}, {self.read(right)}])"
        same = self.pick(lambda value: value.width == width) if kind >= 16 else None
        if same is not None:
            return f"nn.CMul({width})({self.read(same)})" if kind == 16 else self.read(same)
        return self.linear(self.any(), width, bias=not self.choices.chance(25))

    def sum(self, width: int, most: int = 5) -> str:
        terms = [self.product(width) for _ in range(self.choices.between(1, most))]
        if len(terms) > 1 and self.choices.chance(30):
            return f"nn.CAddTable()([{', '.join(terms)}])"
        return " + ".join(terms)

    def one_argument(self, values: Sequence[Value]) -> str:
        names = [self.read(value) for value in values]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

    def gathered(self, width: int) -> str | None:
        """A sum of Linears of all that nothing reads."""
        loose = list(self.unread)
        return " + ".join(self.linear(value, width) for value in loose) if loose else None
