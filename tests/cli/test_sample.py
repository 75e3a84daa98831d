"""``graphnet sample``: text from a checkpoint, and its mistakes."""

import os
import subprocess
import sys

import pytest

from graphnet import nn, train
from graphnet.graph.files.save_load import save
from tests.support.command_line import resumable


def test_sample_from_a_checkpoint(folder, graphnet):
    resumable(graphnet)
    arguments = ["sample", "lstm/checkpoint.gn", "-n", "40", "--prime", "she "]
    code, first, _ = graphnet(*arguments)
    assert code == 0
    assert first.startswith("she ")
    assert len(first) == 4 + 40 + 1
    assert graphnet(*arguments)[1] == first
    assert graphnet(*arguments, "--seed", "3")[1] != first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.gn"], "graphnet: There is no file missing.gn"),
        (["text.txt"], "graphnet: text.txt is text, expected a file written by net.save()"),
        (["net.gn"], "graphnet: net.gn is not a character model: it holds a Linear"),
        (["cell.gn"], "graphnet: cell.gn is not a character model"),
        (["."], "graphnet: . is a folder"),
        (["lstm/checkpoint.gn", "--prime", "Q"], "The vocabulary has no 'Q'"),
        (["lstm/checkpoint.gn", "--temperature", "-1"], "'--temperature'"),
    ],
)
def test_sample_mistakes(folder, graphnet, arguments, message):
    nn.Linear(2, 2).save("net.gn")
    nn.lstm_cell(3, 3).save("cell.gn")
    if arguments[0].startswith("lstm"):
        resumable(graphnet)
    code, _, errors = graphnet("sample", *arguments)
    assert code == 2
    assert message in errors


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"vocabulary": "abc"}, ""),
        ({"vocabulary": ["a", "b", "c"]}, ""),
        ({"vocabulary": "abc", "layers": 10**9, "hidden": -1, "batch_size": 0}, ""),
        ({}, "it notes no vocabulary"),
        ({"vocabulary": 3}, "it notes no vocabulary"),
        ({"vocabulary": ["a", 2, "c"]}, "it notes no vocabulary"),
        ({"vocabulary": ["a", "bc"]}, "it notes no vocabulary"),
        ({"vocabulary": "aab"}, "are not distinct"),
        ({"vocabulary": "cab"}, "are not distinct, in order"),
        ({"vocabulary": "abcd"}, "it notes 4 characters, but its net has 3"),
    ],
)
def test_sample_takes_sizes_from_the_net(folder, graphnet, notes, message):
    save(train.character_model(3, 4, layers=2), "net.gn", notes=notes)
    code, output, errors = graphnet("sample", "net.gn", "-n", "9")
    if message:
        assert code == 2
        assert errors.startswith("graphnet: net.gn is not a character model: ")
        assert message in errors
    else:
        assert (code, len(output)) == (0, 9 + 1)


def test_sample_on_a_terminal_that_does_not_know_the_characters(folder):
    save(train.character_model(1, 4, layers=1), "net.gn", notes={"vocabulary": "ж"})
    command = [sys.executable, "-m", "graphnet", "sample", "net.gn", "-n", "2"]
    result = subprocess.run(
        command, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "latin-1"}
    )
    assert result.stdout.split() == [rb"\u0436\u0436"]
