"""Random graphs of layers of random sizes: vectors, sequences, images, tables, containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.errors import IndexRangeError, ShapeError
from graphnet.graph.values import table
from tests.random_nets.choices import Choices
from tests.random_nets.library import attention, images, joints, layers, sequences
from tests.random_nets.library.writing import Shape, Write, width
from tests.support.notices import notices_ignored

HEAD = "import numpy as np\nimport graphnet as gn\nfrom graphnet import nn\n"
MOST = 600
"""Entries of an array: a random net is small."""
STARTS: tuple[Shape, ...] = (
    (3, 4), (2, 5), (1, 3), (3, 2, 4), (4, 3, 3), (2, 1, 5), (2, 3, 6, 5), (1, 2, 7, 7), (2, 4, 4, 3),
)  # fmt: skip
"""Of (batch, features), (steps, batch, features), (batch, channels, height, width)."""


@dataclass(frozen=True)
class Value:
    name: str
    shape: Shape


@lru_cache(4096)
def given_by(text: str, shapes: tuple[Shape, ...]) -> tuple[list[Shape], bool] | None:
    """The shapes that a module gives, and whether as a table; None if it does not take these."""
    arrays: list[Any] = [np.linspace(-1, 1, int(np.prod(s))).reshape(s) for s in shapes]
    try:
        with notices_ignored(), np.errstate(all="ignore"):
            output = eval(text, {"nn": nn, "np": np}).forward(
                arrays[0] if len(arrays) == 1 else arrays
            )
    except (ShapeError, IndexRangeError):
        return None
    found = [np.shape(leaf) for leaf in table.flatten(output)[0]]
    return (found, table.is_table(output)) if all(np.prod(s) <= MOST for s in found) else None


@dataclass
class Draft:
    """The lines of a graph as they grow; nothing reads ``unread`` so far."""

    choices: Choices
    lines: list[str] = field(default_factory=list)
    pool: list[Value] = field(default_factory=list)
    unread: dict[Value, None] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    """Of each input node, the code that draws its array."""
    numbers: count[int] = field(default_factory=count)

    def new_input(self, array: str) -> str:
        name = f"x{len(self.inputs)}"
        self.lines.append(f"{name} = gn.input()")
        self.inputs[name] = array
        return name

    def put(self, name: str, shape: Shape) -> Value:
        value = Value(name, shape)
        if shape:
            self.pool.append(value)
        self.unread[value] = None
        return value

    def read(self, value: Value) -> str:
        self.unread.pop(value, None)
        return value.name

    def pick(self, fits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        loose = [value for value in self.unread if value.shape and fits(value)]
        if loose and self.choices.chance(60):
            return self.choices.one_of(loose)
        fitting = [value for value in self.pool if fits(value)]
        return self.choices.one_of(fitting) if fitting else None

    def like(self, value: Value) -> Value:
        """Another one of the same shape: one that is there, or an input."""
        found = self.pick(lambda other: other.shape == value.shape and other is not value)
        if found is not None and not self.choices.chance(30):
            return found
        return Value(self.new_input(f"rng.normal(size={value.shape})"), value.shape)

    def apply(self, text: str, *values: Value, more: str = "") -> None:
        """A node of a module, if it takes these values, and what it gives as further values."""
        made = given_by(text, tuple(value.shape for value in values))
        if made is None:
            return
        names = [self.read(value) for value in values]
        argument = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
        call = f"{text}({argument}{more})"
        shapes, is_table = made
        results = [f"v{next(self.numbers)}" for _ in shapes]
        if is_table:
            call = f"nn.FlattenTable()({call}).split({len(results)})"
        self.lines.append(f"{', '.join(results)}{',' if is_table else ''} = {call}")
        for name, shape in zip(results, shapes, strict=True):
            self.put(name, shape)


# ---- steps


def written(c: Choices, shape: Shape) -> str:
    """A layer for a value of this shape."""
    groups: list[Mapping[str, Write]] = [layers.ENTRIES, layers.LAST, layers.LAST, layers.SHAPES]
    more = {
        2: [layers.ROWS_OF_FEATURES, sequences.STEPS],
        3: [sequences.LOOPED, images.FRAMES, attention.ITSELF],
        4: [images.IMAGES] * 6,
    }
    groups += [layers.NORMS] if layers.NORMS and len(shape) > 1 else []
    groups += [group for group in more.get(len(shape), []) if group]
    group = c.one_of(groups)
    return group[c.one_of(sorted(group))](c, shape)


def one_layer(draft: Draft) -> None:
    if value := draft.pick():
        draft.apply(written(draft.choices, value.shape), value)


def sequence(draft: Draft) -> None:
    """A layer over the steps, with lengths now and then."""
    value = draft.pick(lambda value: len(value.shape) == 3)
    if value is None:
        return
    c, (steps, batch, _) = draft.choices, value.shape
    group = {**sequences.SEQUENCES, **attention.WITH_LENGTHS}
    text = group[c.one_of(sorted(group))](c, value.shape)
    more = ""
    if c.chance(40) and given_by(text, (value.shape,)):
        lengths = [c.between(0, steps) for _ in range(batch)]
        more = f", lengths={draft.new_input(f'np.array({lengths}, int)')}"
    draft.apply(text, value, more=more)


def decoded(draft: Draft) -> None:
    """A decoder over a sequence, with a memory that its cell reads at each step."""
    value = draft.pick(lambda value: len(value.shape) == 3)
    if value is None or not hasattr(nn, "attention_decoder_cell"):
        return
    c = draft.choices
    shape = (value.shape[1], c.between(1, 4), width(c))
    text = attention.decoder(c, value.shape, shape)
    if given_by(text, (value.shape, shape)):
        draft.apply(text, value, Value(draft.new_input(f"rng.normal(size={shape})"), shape))


def looked_up(draft: Draft) -> None:
    c = draft.choices
    shape = (c.between(1, 4), c.between(1, 3))
    name = draft.new_input(f"rng.integers(0, 6, {shape})")
    size = width(c)
    result = f"v{next(draft.numbers)}"
    draft.lines.append(f"{result} = nn.LookupTable(6, {size})({name})")
    draft.put(result, (*shape, size))


def joint(draft: Draft) -> None:
    c = draft.choices
    if value := draft.pick():
        group = joints.OF_TWO if len(value.shape) != 3 else {**joints.OF_TWO, **attention.OF_TWO}
        text = group[c.one_of(sorted(group))](c, value.shape)
        if given_by(text, (value.shape, value.shape)):
            draft.apply(text, value, draft.like(value))


def chain(c: Choices, shape: Shape) -> str:
    """Layers one after the other."""
    texts = []
    for _ in range(c.between(1, 3)):
        text = written(c, shape)
        made = given_by(text, (shape,))
        if made and not made[1] and made[0][0]:
            texts.append(text)
            shape = made[0][0]
    return f"nn.Sequential({', '.join(texts)})"


def container(draft: Draft) -> None:
    """Branches beside each other, and what makes one value or several of them."""
    c, value = draft.choices, draft.pick()
    if value is None:
        return
    branches = [chain(c, value.shape), c.one_of(("nn.Identity()", chain(c, value.shape)))]
    beside = ", ".join(branches)
    kind = c.below(5)
    if kind == 0:
        text = branches[0]
    elif kind == 1:
        text = f"nn.ConcatTable({beside})"
    elif kind == 2:
        text = f"nn.Sequential(nn.ConcatTable({beside}), nn.CAddTable())"
    elif kind == 3:
        text = f"nn.Concat({c.below(len(value.shape))}, {beside})"
    else:
        text = f"nn.Sequential(nn.ConcatTable({beside}), nn.JoinTable(-1))"
    draft.apply(text, value)


def loss(draft: Draft) -> None:
    value = draft.pick(lambda value: len(value.shape) == 2)
    if value is None:
        return
    name = draft.choices.one_of(sorted(joints.CRITERIA))
    before, target = joints.CRITERIA[name]
    scores = f"{before}({draft.read(value)})"
    given = draft.new_input(target(value.shape))
    result = f"v{next(draft.numbers)}"
    text = joints.criterion(name, draft.choices)
    draft.lines.append(f"{result} = {text}([{scores}, {given}])")
    draft.put(result, ())


STEPS: Sequence[Callable[[Draft], None]] = (
    *[one_layer] * 8, sequence, sequence, sequence, joint, joint, container, container, loss, looked_up, decoded,
)  # fmt: skip


def random_library_graph(choices: Choices) -> str:
    """Python code that makes what that of a cell does."""
    draft = Draft(choices)
    for _ in range(choices.between(1, 2)):
        shape = choices.one_of(STARTS)
        draft.put(draft.new_input(f"rng.normal(size={shape})"), shape)
    for _ in range(choices.between(1, 9)):
        choices.one_of(STEPS)(draft)
    for value in [value for value in draft.unread if value.name in draft.inputs]:
        draft.apply("nn.Tanh()", value)
    kind = "float" if choices.chance(15) else "double"
    mode = ".evaluate()" if choices.chance(25) else ""
    draft.lines += [
        f"net = gn.GModule([{', '.join(draft.inputs)}], "
        f"[{', '.join(value.name for value in draft.unread)}]).{kind}(){mode}",
        "rng = np.random.default_rng(0)",
        "for parameter in net.parameters():",
        "    parameter.data += rng.normal(scale=0.1, size=parameter.shape)",
        f"inputs = [{', '.join(draft.inputs.values())}]",
        "inputs = inputs[0] if len(inputs) == 1 else inputs",
        "named, settings = {}, {}",
    ]
    return HEAD + "\n".join(draft.lines) + "\n"
