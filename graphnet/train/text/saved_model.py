"""A character model from a file: its sizes from its graph, its vocabulary from the notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.errors import FormatError
from graphnet.graph import GModule, Module
from graphnet.graph.files.save_load import read
from graphnet.graph.running.signature import leaves_of
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.types import Shape
from graphnet.train.text.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CharacterModel:
    """A net as made by ``character_model``, its vocabulary, and the notes in its file."""

    net: GModule
    vocabulary: Vocabulary
    hidden: int
    layers: int
    notes: Mapping[str, Any]


def read_character_model(path: str | Path) -> CharacterModel:
    """The character model in a file; raises FormatError if the file holds something else."""
    stored = read(path)
    name = Path(path).name
    net, notes = stored.module, stored.notes
    if not isinstance(net, GModule):
        raise no_character_model(name, f"it holds a {type(net).__name__}")
    try:
        characters, hidden = embedding_of(net)
        layers = (len(net.inputs) - 1) // 2
        found = output_shapes(net, layers, hidden)
    except Exception as error:  # a net from a file may do anything
        raise no_character_model(name, f"{error}".split("\n")[0]) from error
    if not layers or found != [(1, 1, characters), *[(1, hidden)] * (2 * layers)]:
        raise no_character_model(name, f"one character gives {found}")
    vocabulary = noted_vocabulary(notes.get("vocabulary"), characters, name)
    return CharacterModel(net, vocabulary, hidden, layers, notes)


def embedding_of(net: GModule) -> Shape:
    """(characters, hidden) of the table that characters are looked up in."""
    lookup: Module = net["lookup"].module
    if not isinstance(lookup, nn.LookupTable):
        raise FormatError(f"its lookup is a {type(lookup).__name__}")
    return lookup.weight.shape


def output_shapes(net: GModule, layers: int, hidden: int) -> list[Shape]:
    """The output shapes for one character and its states, by shape rules alone."""
    states = [np.zeros((1, hidden), np.float32)] * (2 * layers)
    leaves, structure = leaves_of(net, [np.zeros((1, 1), np.int64), *states])
    traced = trace_module(net, structure, leaves, NOTHING)
    return [atom.type.shape for atom in traced.program.outputs[: traced.output_count]]


def noted_vocabulary(noted: Any, characters: int, name: str) -> Vocabulary:
    """The vocabulary of a model with that many characters."""
    listed = list(noted) if isinstance(noted, str | list) else []
    if not listed or not all(isinstance(entry, str) and len(entry) == 1 for entry in listed):
        raise no_character_model(name, "it notes no vocabulary")
    vocabulary = Vocabulary("".join(listed))
    if list(vocabulary.characters) != listed:
        raise no_character_model(
            name, "the characters of its vocabulary are not distinct, in order"
        )
    if len(listed) != characters:
        raise no_character_model(
            name, f"it notes {len(listed)} characters, but its net has {characters}"
        )
    return vocabulary


def no_character_model(name: str, reason: str) -> FormatError:
    return FormatError(
        f"is not a character model: {reason}",
        "Expected a file that graphnet lstm has written.",
        name,
    )
