"""What Python prints of an error: the user's lines and the message, few frames of graphnet's."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ProgramError
from graphnet.tracebacks import public
from tests.support.paths import ROOT

START = """
import numpy as np
import graphnet as gn
from graphnet import nn

x = np.ones((5, 3))
"""
GATE = """
class Gate(gn.Module):
    def compute(self, x):
        return {}["scale"] * x

def wired():
    x = gn.input()
    gate = Gate()(nn.Linear(3, 3)(x))
    return gn.GModule(x, gate)
"""

exact = pytest.mark.skipif(sys.version_info < (3, 11), reason="one frame of graphnet's stays")


class Mistake(NamedTuple):
    """A script that fails in its last line, and what is printed after the frames."""

    script: str
    last: str
    lines: int = 8
    """What may be printed at most, the heading and the message included."""


MISTAKES = {
    "shapes in a nested net": Mistake(
        "inner = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))\n"
        "nn.Sequential(nn.Linear(3, 3), inner).forward(x)",
        "ShapeError: Linear '1.1' expects an array (…, 5), received (5, 4)",
    ),
    "an exception of a user's compute": Mistake(
        GATE + "wired().forward(x)",
        "KeyError: 'scale'",
        10,
    ),
    "an exception of a user's function": Mistake(
        "def halved(x):\n    return x / {}['by']\nnn.Function(halved, halved).forward(x)",
        "GraphnetError: Function calls its function, which raises KeyError: 'by'",
        16,
    ),
    "wiring: no node": Mistake(
        "nn.Linear(3, 2)(None)",
        "GraphError: Linear (script.py:7): input is None",
    ),
    "wiring: an unused input": Mistake(
        "a, b = gn.input(), gn.input()\ngn.GModule([a, b], nn.Tanh()(a))",
        "GraphError: ",
    ),
    "a criterion": Mistake(
        "nn.MSECriterion().forward([x, np.ones(4)])",
        "ShapeError: MSECriterion compares an input (5, 3) with a target (4,)",
        11,
    ),
    "a gradient of another shape": Mistake(
        "net = nn.Linear(3, 2)\nnet.forward(x)\nnet.backward(x, np.ones(4))",
        "ShapeError: backward received a gradient (4,) for output 0, expected (5, 2)",
    ),
    "a training step": Mistake(
        "step = gn.compile_step(nn.Linear(3, 2), nn.MSECriterion())\nstep(x, np.ones((4, 3)))",
        "ShapeError: MSECriterion compares an input (5, 2) with a target (4, 3)",
    ),
    "a cell over a sequence": Mistake(
        "nn.Recurrent(nn.lstm_cell(3, 4)).forward(np.ones((5, 2, 7)))",
        "ShapeError: Linear 'forget_gate.i2h' (script.py:7) expects an array (…, 3), "
        "received (2, 7)",
    ),
    "a live step": Mistake(
        "live = nn.Live(nn.lstm_cell(3, 4), np.zeros(3))\nlive.step(live.start(), np.ones(7))",
        "ShapeError: A live step received an input (7,), expected (3,)",
    ),
    "a training": Mistake(
        "net = nn.Linear(3, 2)\n"
        "trainer = gn.train.Trainer(net, nn.MSECriterion(), gn.optim.SGD(net, 0.1), "
        "show_progress=False)\n"
        "trainer.fit([(x, np.ones((4, 3)))], 1)",
        "ShapeError: MSECriterion compares an input (5, 2) with a target (4, 3)",
    ),
    "a summary": Mistake(
        "nn.Linear(3, 2).summary((7, 4))",
        "ShapeError: Linear expects an array (…, 3), received (7, 4)",
    ),
    "a drawing": Mistake(
        "gn.draw(nn.Linear(3, 2), [(7, 4)])",
        "ShapeError: Linear expects an array (…, 3), received (7, 4)",
    ),
    "a file that is none": Mistake(
        "open('net.gn', 'w').write('text')\ngn.load('net.gn')",
        "FormatError: ",
    ),
}


def printed(script: str, folder: Path, **environment: str) -> list[str]:
    """What Python prints of the error that ends a script, from the heading of the last one on."""
    path = folder / "script.py"
    path.write_text(START + script, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, path.name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return ran.stderr.splitlines()


@pytest.mark.parametrize("name", MISTAKES)
def test_the_user_s_line_and_the_message_come_last(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    lines = printed(mistake.script, tmp_path)
    text = "\n".join(lines)
    shown = [line for line in lines if not set(line) <= set(" ^~")]  # Python 3.10 marks no columns
    assert len(shown) <= mistake.lines + (sys.version_info < (3, 11)) * 2, text
    assert text.count("/graphnet/") <= 1 + (sys.version_info < (3, 11)), text
    message = next(line for line in reversed(lines) if mistake.last in line)
    frames = [line for line in lines[: lines.index(message)] if line.startswith("  File")]
    assert "script.py" in frames[-1], text


def test_the_frames_of_a_user_s_compute_stay_and_a_note_names_the_node(tmp_path: Path) -> None:
    lines = printed(GATE + "nn.Sequential(nn.Linear(3, 3), wired()).forward(x)", tmp_path)
    assert any("in compute" in line for line in lines)
    assert any('return {}["scale"] * x' in line for line in lines)
    if sys.version_info >= (3, 11):
        assert lines[-2:] == [
            "raised in compute of Gate '1.gate' (script.py:14)",
            "  linear  (5, 3)  Linear  script.py:14",
        ]


def test_an_environment_variable_keeps_all_frames(tmp_path: Path) -> None:
    mistake = MISTAKES["shapes in a nested net"]
    lines = printed(mistake.script, tmp_path, GRAPHNET_TRACEBACK="full")
    assert sum("/graphnet/" in line for line in lines) > 10
    assert any(mistake.last in line for line in lines)


def failing(error: Exception) -> nn.Function:
    """A module whose trial call raises an error of graphnet's own, from a user's function."""

    def function(x: Any) -> Any:
        raise error

    return nn.Function(function, function)


def names_of(error: BaseException) -> list[str]:
    """The functions in a traceback, those of this file as ``user``."""
    frames = traceback.extract_tb(error.__traceback__)
    return ["user" if frame.filename == __file__ else frame.name for frame in frames]


class Adding(gn.Module):
    """A user's module that adds what cannot be added, or whose claim fails."""

    def __init__(self, other: Any = None) -> None:
        self.other = other

    def compute(self, x: Any) -> Any:
        assert self.other is not None, "claimed"
        return x + self.other


@exact
def test_a_user_s_own_assertion_is_no_fault_of_graphnet_s() -> None:
    with pytest.raises(AssertionError, match="claimed") as told:
        nn.Sequential(nn.Linear(3, 3), Adding()).forward(np.ones(3))
    assert names_of(told.value) == ["user", "user"]


@exact
def test_what_follows_the_user_s_last_frame_stays() -> None:
    with pytest.raises(TypeError, match=r"unsupported|object") as told:
        nn.Sequential(nn.Linear(3, 3), Adding(object())).forward(np.ones(3))
    assert names_of(told.value)[:2] == ["user", "user"]


def raising(error: Exception) -> None:
    raise error


@exact
def test_an_internal_fault_keeps_all_frames() -> None:
    with pytest.raises(ProgramError, match="is invalid") as told:
        public(raising)(ProgramError("is invalid"))
    assert names_of(told.value) == ["user", "call", "user"]
    with pytest.raises(ValueError, match="invalid literal") as fault:
        public(int)("no number")
    assert names_of(fault.value) == ["user", "call"]
    with pytest.raises(KeyError, match="mine") as mine:
        public(raising)(KeyError("mine"))
    assert names_of(mine.value) == ["user", "user"]


@exact
def test_causes_are_shortened_as_well() -> None:
    with pytest.raises(gn.GraphnetError, match="raises KeyError") as told:
        failing(KeyError("mine")).forward(np.ones(2))
    assert names_of(told.value) == ["user"]
    assert isinstance(told.value.__cause__, KeyError)
    assert names_of(told.value.__cause__) == ["user"]


def refuse(_: object) -> None:
    raise ValueError("no more")


@exact
def test_the_frames_of_a_callback_stay() -> None:
    net = nn.Linear(3, 2)
    trainer = gn.train.Trainer(
        net,
        nn.MSECriterion(),
        gn.optim.SGD(net, 0.1),
        show_progress=False,
        callback=refuse,
        compile=False,
    )
    with pytest.raises(ValueError, match="no more") as told:
        trainer.fit([(np.ones((4, 3)), np.ones((4, 2)))], 1)
    assert names_of(told.value) == ["user", "user"]
