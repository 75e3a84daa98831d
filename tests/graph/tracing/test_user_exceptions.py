"""Exceptions of a user's ``compute``: a note names the node and its line, once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import note_place

X = np.ones((5, 3))


class Raising(gn.Module):
    """Raises what it was made with."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def compute(self, x: Any) -> Any:
        raise self.error


class MineError(Exception):
    """An exception of the user's."""


class Around(gn.Module):
    """A user's module with a part."""

    def __init__(self, part: gn.Module) -> None:
        self.part = part

    def compute(self, x: Any) -> Any:
        return self.part(x)


def notes(error: Exception) -> list[str]:
    """What is noted at an exception; in Python 3.10 at the end of its message, if it has one."""
    found = list(getattr(error, "__notes__", []))
    if sys.version_info < (3, 11):
        found += [text.partition("\n")[2] for text in error.args if "\nraised in" in str(text)]
    return found


ERRORS = [ValueError("odd"), KeyError("odd"), TypeError("odd"), MineError("odd"),
          OSError(2, "odd"), AssertionError(), ZeroDivisionError("odd")]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_node_its_line_and_its_inputs_are_noted(error: Exception) -> None:
    x = gn.input()
    gate = Raising(error)(nn.Linear(3, 4)(x))
    line = gate.line
    net = nn.Sequential(nn.Tanh(), gn.GModule(x, gate))
    with pytest.raises(type(error), match=r"odd|^\s*$|^\nraised") as told:
        net.forward(X)
    assert told.value is error
    place = f"test_user_exceptions.py:{line}"
    assert notes(error) == [
        f"raised in compute of Raising '1.gate' ({place})\n  linear  (5, 4)  Linear  {place}"
    ]


def test_the_innermost_node_is_noted_and_it_alone() -> None:
    error = ValueError("odd")
    with pytest.raises(ValueError, match="odd"):
        nn.Sequential(nn.Tanh(), Around(Around(Raising(error)))).forward(X)
    assert notes(error) == ["raised in compute of Raising '1.part.part'\n  input  (5, 3)"]


def test_a_module_by_itself_is_noted() -> None:
    error = ValueError("odd")
    with pytest.raises(ValueError, match="odd"):
        Raising(error).run(X)
    assert notes(error) == ["raised in compute of Raising\n  input  (5, 3)"]


def test_inside_a_sequence_the_node_of_the_cell_is_noted() -> None:
    x, h = gn.input(), nn.State(3)()
    after = Raising(ValueError("odd"))(nn.CAddTable()([x, h]))
    with pytest.raises(ValueError, match="odd") as told:
        nn.Recurrent(gn.GModule([x, h], after)).forward(np.ones((4, 2, 3)))
    (note,) = notes(told.value)
    assert f"Raising 'after' (test_user_exceptions.py:{after.line})" in note


def test_notes_of_the_user_s_own_stay() -> None:
    error = ValueError("odd")
    error.__notes__ = ["of mine"]  # type: ignore[attr-defined,unused-ignore]
    note_place(error, "Gate 'gate'")
    note_place(error, "Outer 'outer'")
    assert "of mine" in notes(error)
    assert [text for text in notes(error) if "outer" in text] == []
    assert "raised in compute of Gate 'gate'" in notes(error)
