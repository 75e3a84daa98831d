"""Random nets of random cells: all options of ``Recurrent``, both directions, layers, sharing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.random_nets.cells import WORDS, Cell, Leaves, cell_of_the_library, random_cell
from tests.random_nets.choices import Choices
from tests.random_nets.sketch import WIDTHS

HEAD = "import numpy as np\nimport graphnet as gn\nfrom graphnet import nn\n"
LEAVES: tuple[Leaves, ...] = ((2,), (3,), (2,), (5,), (0,), (2, 3), (3, 0), (0, 0), (2, 1, 4))
SIZES = ((2, 2), (3, 2), (3, 3), (1, 2), (4, 1), (2, 0), (3, 17))
"""Steps and batch."""


@dataclass
class Draft:
    """The lines of a net and of its input, as they grow; ``options`` are those of ``Recurrent``."""

    choices: Choices
    leaves: Leaves
    steps: int
    batch: int | None
    lines: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    options: dict[str, Any] = field(default_factory=dict)
    states: list[tuple[str, int]] = field(default_factory=list)
    """Optional inputs, with their widths."""
    is_open: bool = True
    """Whether it takes states and lengths beside its sequence."""

    def cell(self, leaves: Leaves | None = None, most_shown: int = 1) -> Cell:
        taken = leaves or self.leaves
        cell = None
        if len(taken) == 1 and taken[0] and self.choices.chance(25):
            cell = cell_of_the_library(self.choices, self.numbers, taken[0])
        cell = cell or random_cell(self.choices, self.numbers, taken, most_shown)
        self.lines += cell.lines
        return cell

    def arguments(self, *left_out: str) -> str:
        """Options as they are written in a call."""
        options = {k: v for k, v in self.options.items() if k not in left_out}
        return "".join(f", {name}={value!r}" for name, value in options.items())


def random_net(choices: Choices) -> str:
    """Python code that makes ``net``, its ``inputs``, ``named`` ones, and ``settings`` of a run."""
    leaves = choices.one_of(LEAVES)
    steps, batch = choices.one_of(SIZES)
    alone = 0 not in leaves and choices.chance(10)
    draft = Draft(choices, leaves, steps, None if alone else batch)
    choose_options(draft)
    choices.one_of(KINDS)(draft)
    finish(draft)
    return HEAD + "\n".join(draft.lines) + "\n"


def choose_options(draft: Draft) -> None:
    choices = draft.choices
    if choices.chance(25):
        draft.options["batch_first"] = True
    if choices.chance(30):
        draft.options["reverse"] = True
    if choices.chance(20):
        draft.options["initial"] = "learned"
    if choices.chance(20):
        draft.options["truncate"] = choices.between(1, 3)
    if choices.chance(15):
        draft.options["mask_zero"] = True
    if "initial" not in draft.options and choices.chance(15):
        draft.options["remembers"] = choices.one_of(("both", "train", "eval"))


# ---- kinds of nets


def one_sequence(draft: Draft) -> None:
    cell = draft.cell(most_shown=3)
    draft.lines.append(f"net = nn.Recurrent({cell.name}{draft.arguments()})")
    draft.states = cell.named_states()


def both_directions(draft: Draft) -> None:
    there, back = draft.cell(), draft.cell()
    merges = ["concat"]
    if (there.shown or there.states)[-1] == (back.shown or back.states)[-1]:
        merges += ["sum", "mean", "product"]
    merge = draft.choices.one_of(merges)
    arguments = draft.arguments("reverse", "mask_zero", "remembers")
    draft.options = {k: v for k, v in draft.options.items() if k == "batch_first"}
    draft.lines.append(f"net = nn.Bidirectional({there.name}, {back.name}, {merge!r}{arguments})")
    for name, cell in (("forward", there), ("backward", back)):
        draft.states += [(f"{name}_{state}", width) for state, width in cell.named_states()]


def layers(draft: Draft) -> None:
    first = draft.cell()
    width = (first.shown or first.states)[-1]
    second = draft.cell((width,))
    connection = "plain"
    if len(draft.leaves) == 1 and draft.leaves[0]:
        shown = (second.shown or second.states)[-1]
        kinds = ["plain", "residual"] if draft.leaves[0] == width == shown else ["plain"]
        connection = draft.choices.one_of(kinds)
    drop = ", dropout=0.3" if draft.choices.chance(30) else ""
    arguments = draft.arguments("reverse", "mask_zero", "remembers")
    draft.options = {k: v for k, v in draft.options.items() if k == "batch_first"}
    draft.lines.append(
        f"net = nn.stack({first.name}, {second.name}, connection={connection!r}{drop}{arguments})"
    )
    for number, cell in enumerate((first, second), start=1):
        draft.states += [(f"layer{number}_{state}", w) for state, w in cell.named_states()]


def with_head(draft: Draft) -> None:
    """A layer behind the sequence, and the final states unused but for one."""
    cell = draft.cell()
    width = (cell.shown or cell.states)[-1]
    size = draft.choices.one_of(WIDTHS)
    given, inputs = sequence_inputs(draft)
    given = given if len(draft.leaves) == 1 else f"nn.JustTable()({given})"
    draft.lines += [
        f"whole = nn.Recurrent({cell.name}{draft.arguments()})({given})",
        f"scores = nn.LogSoftMax()(nn.Linear({width}, {size})(whole[0]))",
        f"net = gn.GModule([{inputs}], [scores, nn.Tanh()(whole[1])])",
    ]
    draft.is_open = False


def shared_twice(draft: Draft) -> None:
    """One cell in two sequences: the second begins from the final states of the first."""
    cell = draft.cell()
    names = ", ".join(f"last{i}" for i in range(len(cell.states)))
    draft.options.pop("remembers", None)
    other = {**draft.options, "reverse": not draft.options.get("reverse", False)}
    second = "".join(f", {name}={value!r}" for name, value in other.items())
    given, inputs = sequence_inputs(draft)
    first = given if len(draft.leaves) == 1 else f"nn.JustTable()({given})"
    draft.lines += [
        f"there, {names} = nn.Recurrent({cell.name}{draft.arguments()})({first})"
        f".split({1 + len(cell.states)})",
        f"back = nn.Recurrent({cell.name}{second})([{given}, {names}])",
        f"net = gn.GModule([{inputs}], [there, back])",
    ]
    draft.is_open = False


def sequence_inputs(draft: Draft) -> tuple[str, str]:
    """Input nodes, one for each array of a step: as what a ``Recurrent`` is given, and listed."""
    names = [f"sequence{i}" for i in range(len(draft.leaves))]
    draft.lines += [f"{name} = gn.input()" for name in names]
    given = names[0] if len(names) == 1 else listed(names)
    return given, ", ".join(names)


KINDS: tuple[Callable[[Draft], None], ...] = (
    *[one_sequence] * 8, both_directions, both_directions, layers, layers, with_head, shared_twice,
)  # fmt: skip


# ---- inputs


def finish(draft: Draft) -> None:
    """The lines that give the net parameters, a mode and an input."""
    choices = draft.choices
    single = choices.chance(20)
    draft.lines += [f"net.{'float' if single else 'double'}()"]
    if choices.chance(25):
        draft.lines.append("net.evaluate()")
    draft.lines += [
        "rng = np.random.default_rng(0)",
        "for parameter in net.parameters():",
        "    parameter.data += rng.normal(scale=0.3, size=parameter.shape)",
    ]
    named = given_states(draft)
    lengths = given_lengths(draft)
    sequences = [sequence(draft, width, i) for i, width in enumerate(draft.leaves)]
    inputs = sequences[0] if len(sequences) == 1 else listed(sequences)
    if draft.is_open and len(sequences) > 1:
        inputs = f"[{inputs}]"  # a table as the only entry of the table of inputs
    draft.lines.append(f"inputs = {inputs}")
    if lengths is not None:
        named["lengths"] = f"np.array({lengths}, int)"
    pairs = ", ".join(f"{name!r}: {text}" for name, text in named.items())
    draft.lines += [f"named = {{{pairs}}}", f"settings = {settings(choices)!r}"]


def listed(names: list[str]) -> str:
    return f"[{', '.join(names)}]"


def given_states(draft: Draft) -> dict[str, str]:
    if not draft.choices.chance(35):
        return {}
    batch = "" if draft.batch is None else f"{draft.batch}, "
    states = [(n, w) for n, w in draft.states if draft.choices.chance(70)]
    return {name: f"rng.normal(size=({batch}{width},))" for name, width in states}


def given_lengths(draft: Draft) -> list[int] | None:
    if draft.batch is None or not draft.is_open or not draft.choices.chance(35):
        return None
    return [draft.choices.between(0, draft.steps) for _ in range(draft.batch)]


def sequence(draft: Draft, width: int, number: int) -> str:
    """A sequence, some steps of the first one zero where these mean padding."""
    name, batch = f"xs{number}", () if draft.batch is None else (draft.batch,)
    shape = (draft.steps, *batch, *((width,) if width else ()))
    made = f"rng.normal(size={shape})" if width else f"rng.integers(0, {WORDS}, {shape})"
    draft.lines.append(f"{name} = {made}")
    if draft.options.get("mask_zero") and not number:
        draft.lines.append(f"{name}[rng.random({shape[: 1 + len(batch)]}) < 0.3] = 0")
    if draft.options.get("batch_first") and batch:
        draft.lines.append(f"{name} = {name}.swapaxes(0, 1).copy()")
    return name


def settings(choices: Choices) -> dict[str, Any]:
    """What a run keeps."""
    found: dict[str, Any] = {}
    if choices.chance(40):
        found["trace"] = True
    if choices.chance(15):
        found["trace_weights"] = True
    if choices.chance(30):
        found["keep"] = False
    return found
