"""``graphnet lstm``: training end to end, interrupted and resumed, and its mistakes."""

import os
import signal
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, train
from graphnet.cli.text.equations import largest_difference
from graphnet.graph.files.save_load import read, save
from tests.support.command_line import TEXT, TINY, resumable


def arrays(path):
    """All arrays of a checkpoint, parameters included."""
    stored = read(path)
    return {"parameters": stored.module.flatten_parameters()[0], **stored.arrays}


def assert_same_checkpoints(first, second):
    left, right = arrays(first), arrays(second)
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)
    assert read(first).notes["position"] == read(second).notes["position"]


def test_lstm_goes_all_the_way(folder, graphnet):
    code, output, errors = graphnet(
        "lstm", "--text", "text.txt", *TINY, "--epochs", "2", "--sample", "30", "--out", "run"
    )
    assert code == 0
    written = {path.name for path in (folder / "run").iterdir()}
    assert written == {
        "lstm_cell.svg",
        "lstm_cell_backward.svg",
        "loss.svg",
        "checkpoint.gn",
    }
    for name in written - {"checkpoint.gn"}:
        assert "<svg" in (folder / "run" / name).read_text()
    assert all(name in output for name in written)
    difference = float(output.split("equations in NumPy: ")[1].split()[0])
    assert difference < 1e-14
    assert "532 characters, 12 of them distinct; 12 batches to train on, 1 to validate" in output
    assert "2 x 8 units" in output
    assert "epoch 2/2  12/12  loss" in errors
    assert "epoch 2/2  validation loss" in errors
    assert "graphnet lstm --out run --resume" in output


@pytest.mark.parametrize("switch", ["--compile", "--no-compile"])
def test_lstm_says_what_computes_it(folder, graphnet, switch):
    _, output, errors = graphnet("lstm", "--text", "text.txt", *TINY, "--epochs", "1", switch)
    lines = output.splitlines()
    told = lines[lines.index(next(line for line in lines if line.startswith("3."))) + 1]
    is_compiled = switch == "--compile" and find_spec("llvmlite") is not None
    assert ("are compiled into one program (" in told) == is_compiled
    assert ("computed by the interpreter" in told) != is_compiled
    assert ("compiling…" in errors) == is_compiled


@pytest.mark.skipif(find_spec("llvmlite") is None, reason="needs llvmlite")
def test_lstm_compiled_has_the_losses_of_the_interpreter(folder, graphnet):
    curves = []
    for out, switch in (("a", "--compile"), ("b", "--no-compile")):
        graphnet("lstm", "--text", "text.txt", *TINY, "--epochs", "3", "--out", out, switch)
        curves.append(arrays(folder / out / "checkpoint.gn")["losses.training"])
    assert len(curves[0]) == 36
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


def test_quick_is_a_set_of_defaults(folder, graphnet):
    (folder / "text.txt").write_text(TEXT * 4)
    code, output, errors = graphnet("lstm", "--quick", "--text", "text.txt", "--hidden", "16")
    assert code == 0
    assert "1 x 16 units" in output
    assert "3 batches to train on, 1 to validate" in output
    assert "epoch 1/1  3/3" in errors
    graphnet("lstm", "--resume", "--epochs", "2")
    notes = read("lstm/checkpoint.gn").notes
    assert (notes["batch_size"], notes["seq_length"]) == (20, 25)
    assert notes["position"]["batches"] == 6


def test_the_equations_are_not_the_cell():
    """The check can fail: it reads the weights, and another candidate gate shows."""
    gn.manual_seed(1)
    cell = nn.lstm_cell(5, 4)
    assert largest_difference(cell, 5, 4) < 1e-15
    broken = nn.lstm_cell(5, 4)
    object.__setattr__(broken["candidate"].module, "compute", lambda x: x)
    assert largest_difference(broken, 5, 4) > 1e-3


def test_lstm_resumed_gives_the_same_bits(folder, graphnet):
    common = ["lstm", "--text", "text.txt", "--sample", "0"]
    assert graphnet(*common, *TINY, "--epochs", "3", "--out", "whole")[0] == 0
    assert graphnet(*common, *TINY, "--epochs", "1", "--out", "parts")[0] == 0
    code, output, _ = graphnet(*common, "--epochs", "3", "--out", "parts", "--resume")
    assert code == 0
    assert "resumed after 12 batches" in output
    assert_same_checkpoints("whole/checkpoint.gn", "parts/checkpoint.gn")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent to another process")
def test_lstm_interrupted_by_ctrl_c_and_resumed_gives_the_same_bits(folder, graphnet):
    common = ["lstm", "--text", "text.txt", "--sample", "0", *TINY]
    command = [sys.executable, "-m", "graphnet", *common, "--out", "parts", "--epochs", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(9):  # lines of progress: into the second epoch
        assert process.stderr.readline().startswith("epoch")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "nothing is lost" in output
    assert "continue with: graphnet lstm --out parts --resume" in output
    done = read("parts/checkpoint.gn").notes["position"]["batches"]
    epochs = str(done // 12 + 1)
    assert graphnet("lstm", "--out", "parts", "--resume", "--epochs", epochs)[0] == 0
    assert graphnet(*common, "--out", "whole", "--epochs", epochs)[0] == 0
    assert_same_checkpoints("whole/checkpoint.gn", "parts/checkpoint.gn")


def test_lstm_resumed_from_a_file_that_is_no_training(folder, graphnet):
    (folder / "lstm").mkdir()
    path = folder / "lstm" / "checkpoint.gn"
    nn.Linear(2, 2).save(path)
    code, _, errors = graphnet("lstm", "--resume")
    assert code == 2
    assert errors.startswith("graphnet: checkpoint.gn is not a character model: it holds a Linear")
    net = train.character_model(12, 8, layers=2)
    notes = {"vocabulary": "".join(sorted(set(TEXT)))}
    save(net, path, notes=notes)
    code, _, errors = graphnet("lstm", "--resume", "--text", "text.txt", *TINY)
    assert code == 2
    assert "holds a net, but no state of a training" in errors


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"layers": 10**9}, "notes layers as 1000000000, but its net has 2"),
        ({"hidden": -8}, "notes hidden as -8, but its net has 8"),
        ({"batch_size": 0}, "notes batch_size as 0"),
        ({"batch_size": True}, "notes batch_size as True"),
        ({"batch_size": 5}, "carries states (4, 8)"),
        ({"batch_size": 10**12}, "one batch needs 10,000,000,000,000"),
        ({"seq_length": "ten"}, "notes seq_length as 'ten'"),
        ({"dropout": 1.5}, "notes dropout as 1.5"),
        ({"dropout": float("nan")}, "notes dropout as nan"),
        ({"learning_rate": float("inf")}, "notes learning_rate as inf"),
        ({"seed": -1}, "notes seed as -1"),
        ({"text": ["text.txt"]}, "notes text as ['text.txt']"),
        ({"vocabulary": None}, "is not a character model: it notes no vocabulary"),
    ],
)
def test_lstm_resumed_with_notes_that_were_tampered_with(folder, graphnet, notes, message):
    resumable(graphnet)
    path = folder / "lstm" / "checkpoint.gn"
    stored = read(path)
    save(stored.module, path, notes={**stored.notes, **notes}, arrays=stored.arrays)
    before = {file.name: file.stat().st_mtime_ns for file in (folder / "lstm").iterdir()}
    code, _, errors = graphnet("lstm", "--resume", "--epochs", "2")
    assert code == 2
    assert message in errors
    assert {f.name: f.stat().st_mtime_ns for f in (folder / "lstm").iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", "missing.txt"], "missing.txt: No such file or directory"),
        (["--text", "text.txt"], "The text has 532 characters, one batch needs 2,500"),
        (["--text", "text.txt", *TINY, "--out", "text.txt"], "--out text.txt is a file"),
        (["--text", "text.txt", *TINY, "--out", "text.txt/a"], "Not a directory"),
        (["--text", "text.txt", *TINY, "--temperature", "nan"], "'--temperature'"),
        (["--text", "text.txt", *TINY, "--layers", "1000000000"], "'--layers'"),
        (["--text", "text.txt", *TINY, "--hidden", "9" * 12], "not enough memory"),
    ],
)
def test_lstm_that_cannot_begin_leaves_nothing_behind(folder, graphnet, arguments, message):
    before = sorted(file.name for file in folder.iterdir())
    code, output, errors = graphnet("lstm", *arguments)
    assert (code, output) == (2, "")
    assert message in errors
    assert "Traceback" not in errors
    assert sorted(file.name for file in folder.iterdir()) == before


def test_lstm_resumed_keeps_the_epochs_that_it_began_with(folder, graphnet):
    graphnet("lstm", "--text", "text.txt", "--sample", "5", "--epochs", "1", *TINY)
    code, output, _ = graphnet("lstm", "--text", "text.txt", "--sample", "5", "--resume")
    assert code == 0
    assert "the epochs asked for are done already (1)" in output


def test_lstm_resumed_after_the_last_epoch_says_so(folder, graphnet):
    common = ["lstm", "--text", "text.txt", "--sample", "5", "--epochs", "1"]
    graphnet(*common, *TINY)
    before = arrays("lstm/checkpoint.gn")
    code, output, _ = graphnet(*common, "--resume")
    assert code == 0
    assert "the epochs asked for are done already (1): raise --epochs" in output
    after = arrays("lstm/checkpoint.gn")
    np.testing.assert_array_equal(after["parameters"], before["parameters"])


def test_a_new_training_keeps_the_older_one(folder, graphnet):
    common = ["lstm", "--text", "text.txt", "--sample", "0", "--epochs", "1", *TINY]
    graphnet(*common)
    first = (folder / "lstm" / "checkpoint.gn").read_bytes()
    _, output, _ = graphnet(*common, "--seed", "5")
    assert "older_checkpoint.gn" in output
    assert (folder / "lstm" / "older_checkpoint.gn").read_bytes() == first
    assert (folder / "lstm" / "checkpoint.gn").read_bytes() != first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", "9"], "trained with hidden 8, received 9"),
        (["--dropout", "0.5"], "trained with dropout 0.2, received 0.5"),
        (["--text", "other.txt"], "has 'é' besides and lacks 'b'"),
        (["--text", "shuffled.txt"], "trained on another text"),
    ],
)
def test_lstm_resumed_with_other_options_or_text(folder, graphnet, options, message):
    (folder / "other.txt").write_text(TEXT.replace("b", "é"))
    (folder / "shuffled.txt").write_text(TEXT[1:] + TEXT[0])
    resumable(graphnet)
    code, _, errors = graphnet("lstm", "--resume", "--epochs", "2", *options)
    assert code == 2
    assert message in errors
    assert errors.startswith("graphnet: The checkpoint was trained")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", "missing.txt"], "graphnet: missing.txt: No such file or directory"),
        (["--text", "."], "graphnet: .: Is a directory"),
        (["--text", "empty.txt"], "graphnet: empty.txt is empty"),
        (["--text", "binary.txt"], "graphnet: binary.txt is not UTF-8 text: byte 0xff"),
        (
            ["--text", "text.txt"],
            "graphnet: The text has 532 characters, one batch needs 2,500 (50 rows of 50)",
        ),
        (["--resume"], "graphnet: There is no training to resume in lstm"),
        (["--hidden", "0"], "Invalid value for '--hidden'"),
        (["--seq-length", "0"], "Invalid value for '--seq-length'"),
        (["--dropout", "1"], "Invalid value for '--dropout'"),
        (["--dropout", "nan"], "Invalid value for '--dropout'"),
        (["--learning-rate", "inf"], "Invalid value for '--learning-rate'"),
        (["--learning-rate", "nan"], "Invalid value for '--learning-rate'"),
        (["--layers", "two"], "Invalid value for '--layers'"),
        (["--wrong"], "No such option: --wrong"),
    ],
)
def test_lstm_mistakes(folder, graphnet, arguments, message):
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(b"abc\xff")
    code, _, errors = graphnet("lstm", *arguments)
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors


LIMITED = """
import resource, sys
from graphnet.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
main(sys.argv[1:])
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a matter of POSIX")
def test_lstm_on_a_full_disk_keeps_the_old_checkpoint(folder, graphnet):
    options = ["lstm", "--text", "text.txt", "--sample", "0", *TINY, "--hidden", "32"]
    assert graphnet(*options, "--epochs", "1")[0] == 0
    before = (folder / "lstm" / "checkpoint.gn").read_bytes()
    assert len(before) > 100_000
    command = [sys.executable, "-c", LIMITED, *options, "--resume", "--epochs", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "graphnet: File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert (folder / "lstm" / "checkpoint.gn").read_bytes() == before
