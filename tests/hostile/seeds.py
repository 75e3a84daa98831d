"""The files that are mutated, one for each kind that graphnet writes, and what must hold of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, FormatError, GraphnetError
from graphnet.graph import Module
from graphnet.graph.files.description import describe
from graphnet.graph.files.rebuild import rebuilt
from graphnet.graph.files.save_load import Stored, read
from graphnet.train.text.saved_model import read_character_model
from tests.support.paths import VERSION_1


@dataclass(frozen=True)
class Seed:
    """A file, what else reads such files, and whether all of it is under checksums."""

    name: str
    content: bytes
    readers: tuple[Callable[[Path], Any], ...] = ()
    is_sealed: bool = True


class Block(gn.Module):
    """A user's module: parts and an array made by the constructor, a parameter and an array given."""

    def __init__(self, size: int, scale: Any = 1.0, table: Any = None) -> None:
        self.size = size
        self.first = nn.Linear(size, size)
        self.rest = [nn.Linear(size, size), nn.Dropout(0.5)]
        self.scale = scale if isinstance(scale, gn.Parameter) else gn.Parameter(np.asarray(scale))
        self.table = table
        self.seen = [np.zeros(2)]

    def compute(self, x: Any) -> Any:
        for part in (self.first, *self.rest):
            x = part(x)
        return x * self.scale


def graph() -> Module:
    """Nested, shared, annotated, an optional input, a part that is switched off."""
    x, extra = gn.input("x"), gn.input("extra", optional=True)
    shared = nn.Linear(3, 3)
    twin = nn.Linear(3, 3, bias=False)
    twin.weight = shared.weight
    hidden = nn.Tanh()(shared(x)).annotate(description="é", graph_attributes={"color": "red"})
    first, second = nn.Identity()([twin(hidden), shared(x)]).split(2)
    tail = nn.Sequential(nn.Dropout(0.3), nn.Linear(3, 2), Block(2, gn.Parameter(np.ones(2))))
    tail.modules[0].evaluate()
    return gn.GModule([x, extra], [tail(nn.CAddTable()([first, second])), nn.Tanh()(extra)])


def layers() -> Module:
    return nn.Sequential(nn.LSTM(2, 3, initial="learned"), nn.SelectTable(0), nn.Linear(3, 2))


def recurrent() -> Module:
    return nn.Recurrent(nn.rnn_cell(2, 3), initial="learned")


def settings() -> Module:
    return nn.ConcatTable(
        nn.Clamp(-1.0, float("inf")), nn.Transpose((0, 1)), nn.Reshape(2, 3),
        Block(2, table=np.arange(4)), nn.ClassNLLCriterion(weight=[1.0, 2.0]),
        nn.CrossEntropyCriterion(weight=np.ones(2), ignore_index=-1),
        nn.MultiCriterion(nn.MSECriterion(), nn.AbsCriterion(), weights=[0.5, 2.0]),
    )  # fmt: skip


@lru_cache
def loaded_trainer() -> train.Trainer:
    return trainer()


def trainer(path: Path | None = None) -> train.Trainer:
    """A character model in training."""
    gn.manual_seed(7)
    vocabulary = train.Vocabulary("abcé ")
    net = train.character_model(len(vocabulary), hidden=2, layers=1, dropout=0.3).seed(1)
    return train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.Adam(net, 0.01),
        states=train.initial_states(1, 2, 2),
        notes={"vocabulary": vocabulary.characters, "hidden": 2},
        checkpoint=path,
        show_progress=False,
        compile=False,
    )


def load_into_trainer(path: Path) -> None:
    """The trainer is the same each time: one that could not load is as it was."""
    loaded_trainer().load(path)


def seeds(folder: Path) -> Iterator[Seed]:
    """All of them; the folder is used for writing."""
    path = folder / "seed.gn"
    for make in (graph, layers, recurrent, settings):
        gn.manual_seed(1)
        gn.save(make(), path, notes={"a": [1, None, "b"]}, arrays={"m": np.arange(3)})
        yield Seed(make.__name__, path.read_bytes())
    training = trainer(path)
    text = np.arange(40) % 5
    training.fit(train.TextBatches(text, 2, 4).split()[0], epochs=1)
    training.save()
    yield Seed("checkpoint", path.read_bytes(), (load_into_trainer, read_character_model))
    yield Seed("version 1", VERSION_1.read_bytes(), (), False)
    for name, module in modules().items():
        module.save(path)
        yield Seed(name, path.read_bytes())


def modules() -> dict[str, Module]:
    """One module of each class that a file can hold; their table needs PyTorch."""
    if find_spec("torch") is None:
        return {}
    from tests.module_rows import ROWS

    return {name: rows[0].make() for name, rows in ROWS.items() if name != "Function"}


# ---- what must hold


def problem_of(seed: Seed, path: Path, resealed: bool) -> str | None:
    """What is wrong with how a mutant of a seed was read: None where nothing is."""
    try:
        stored = read(path)
    except FormatError as error:
        return problem_of_message(str(error), path)
    if seed.is_sealed and not resealed and not same(stored, seed):
        return "a damaged file was loaded as another one"
    checks = [partial(unusable, stored.module)]
    checks += [partial(problem_of_reader, reader, path) for reader in seed.readers]
    return next((found for check in checks if (found := check()) is not None), None)


def problem_of_reader(reader: Callable[[Path], Any], path: Path) -> str | None:
    try:
        reader(path)
    except (FormatError, DataError) as error:
        return problem_of_message(str(error), path)
    return None


def problem_of_message(text: str, path: Path) -> str | None:
    if not text.startswith((path.name, "The checkpoint", "Adam")):
        return f"the message does not name the file: {text:.300}"
    if "allocate" in text or "MemoryError" in text:
        return f"memory was asked for: {text:.300}"
    return None


ORIGINALS: dict[str, Stored] = {}


def same(stored: Stored, seed: Seed) -> bool:
    """Whether what was loaded is the seed itself."""
    original = ORIGINALS.get(seed.name)
    if original is None:
        return True  # the first to be read is the seed
    return contents(stored) == contents(original)


def contents(stored: Stored) -> Any:
    found = describe(stored.module)
    kinds = {**found.arrays(), "beside": stored.arrays}
    values = {
        (kind, name): (a.dtype, a.shape, a.tobytes())
        for kind, arrays in kinds.items()
        for name, a in arrays.items()
    }
    return repr(found.data), values, repr(stored.notes)


def unusable(module: Module) -> str | None:
    """What cannot be done with a module that was loaded: shown, walked, written again, made again."""
    try:
        text = repr(module)
        found = describe(module)
        again = rebuilt(found.data, **found.arrays())
        if repr(again) != text or describe(again).data != found.data:
            return "what was loaded is not what it describes"
    except GraphnetError as error:
        return f"what was loaded cannot be described: {error}"
    return None
