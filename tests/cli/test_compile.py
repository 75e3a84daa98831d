"""``graphnet compile``: what it says, every view that it shows, and one message for a mistake."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from graphnet import nn
from graphnet.cli import main
from graphnet.native import PASSES

pytest.importorskip("llvmlite")

NETS = """
import graphnet as gn
from graphnet import nn

net = nn.LSTM(5, 8)
x1, x2 = gn.input("x1"), gn.input("x2")
pair = gn.GModule([x1, x2], [nn.CAddTable()([nn.Linear(4, 3)(x1), x2])])
embedding = nn.Sequential(nn.LookupTable(7, 3), nn.Linear(3, 2))


def outer():
    inner = nn.Recurrent(nn.lstm_cell(5, 8))
    return nn.Sequential(inner)
"""


@pytest.fixture
def graphnet(tmp_path, monkeypatch, capsys):
    """Runs the command line in a folder with a file of nets: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)

    def run(*arguments):
        try:
            main(["compile", *arguments])
            code = 0
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


LSTM = ["nets.py:net", "--input", "6,3,5"]


def numbers(text):
    return [int(n) for n in re.findall(r"\d+", text)]


def test_it_says_what_was_made(graphnet):
    code, output, errors = graphnet(*LSTM)
    assert (code, errors) == (0, "")
    forward, backward, kernels, arena, native, processor = output.splitlines()
    before, after, calls, different = numbers(forward)
    assert before > after
    assert calls >= different
    assert backward.startswith("backward")
    assert " of the library" in kernels
    assert arena.count("KiB") == 2
    assert native.endswith("everything runs as machine code")
    assert "thread" in processor


def test_one_compiled_before_is_known(graphnet):
    graphnet(*LSTM)
    _, output, _ = graphnet(*LSTM)
    assert "known before" in output
    assert " compiled," not in output


def test_modes_and_dtypes(graphnet):
    _, single, _ = graphnet(*LSTM, "--mode", "infer", "--dtype", "float32", "--show", "program")
    assert "float32[6, 3, 5]" in single
    assert "float64" not in single
    assert "# forward" in single
    assert "# backward" not in single
    _, both, _ = graphnet(*LSTM, "--show", "program")
    assert "# backward" in both
    assert "float64[6, 3, 5]" in both


@pytest.mark.parametrize("name", [name for name, _ in PASSES])
def test_the_program_after_each_pass(graphnet, name):
    code, output, errors = graphnet(*LSTM, "--show", f"after={name.replace(' ', '-')}")
    assert code == 0
    forward, backward = re.split("^# ", output, flags=re.MULTILINE)[1:]
    for part, title in ((forward, "forward"), (backward, "backward")):
        head, first, *_ = part.splitlines()
        assert head.startswith(f"{title}, after {name.replace(' ', '-')}: ")
        assert first.startswith("inputs  ")
        assert "outputs " in part
        assert len([line for line in part.splitlines() if " = " in line]) == numbers(head)[-1]
    assert "calls of" in errors


def test_hoist_leaves_one_product_in_the_scan(graphnet):
    _, output, _ = graphnet(*LSTM, "--mode", "infer", "--show", "after=hoist")
    inside = [line for line in output.splitlines() if "    |" in line]
    assert sum("matmul" in line for line in inside) == 1


def test_the_calls(graphnet):
    _, output, said = graphnet(*LSTM, "--show", "calls")
    lines = output.splitlines()
    assert lines[0] == "# forward"
    count = numbers(said.splitlines()[0])[2]
    assert [int(line.split()[0]) for line in lines[1 : 1 + count]] == list(range(count))
    assert any(line.endswith("scan for layer1") for line in lines)


def test_memory_and_profile(graphnet):
    _, memory, _ = graphnet(*LSTM, "--show", "memory")
    assert memory == f"{nn.LSTM(5, 8).memory_plan((6, 3, 5))}\n"
    _, profile, _ = graphnet(*LSTM, "--show", "profile")
    assert "layer1.forget_gate.h2h" in profile
    assert "on one thread, compiled" in profile


def test_the_code_of_the_kernels(graphnet):
    _, llvm, _ = graphnet(*LSTM, "--mode", "infer", "--show", "llvm")
    assert re.search(r'^define .*@"kernel_0"', llvm, re.MULTILINE)
    assert "scan" in llvm.splitlines()[-1] + llvm[:2000]
    _, assembly, _ = graphnet(*LSTM, "--mode", "infer", "--show", "assembly")
    assert re.search(r"^_?kernel_0:", assembly, re.MULTILINE)


def test_several_views_in_the_order_asked_for(graphnet):
    _, output, _ = graphnet(*LSTM, "--show", "memory", "--show", "after=merge")
    assert output.index("in use") < output.index("# forward, after merge")


def test_several_inputs_and_indices(graphnet):
    code, output, _ = graphnet(
        "nets.py:pair", "--input", "2,4", "--input", "2,3", "--show", "memory"
    )
    assert code == 0
    assert "inputs 112 bytes" in output
    code, output, _ = graphnet("nets.py:embedding", "--input", "6,4:int", "--show", "profile")
    assert code == 0
    assert "LookupTable" in output


def test_help_teaches(graphnet):
    code, output, _ = graphnet("--help")
    assert code == 0
    for word in ("after=hoist", "GRAPHNET_CPU", "assembly", "--input 50,32,128"):
        assert word in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nets.py:net"], "Add --input"),
        (
            ["nets.py:pair"],
            "nets.py:pair needs the shape of each input\n  Add --input <shape of x1> --",
        ),
        (
            [*LSTM, "--show", "after=polish"],
            "--show after=polish names no pass\n  There are, in th",
        ),
        ([*LSTM, "--show", "after=?"], "in this order: simplify, merge, join-sums, hoist, "),
        (["nets.py:net", "--show", "after="], "--show after= names no pass"),
        (["nets.py:net", "--show", "calls", "--show", "after=x"], "--show after=x names no pass"),
        ([*LSTM, "--show", "beauty"], "--show beauty is none of after=PASS, program, calls"),
        ([*LSTM, "--show", "?"], "assembly\n  --show after=? lists the passes."),
        ([*LSTM, "--show"], "Option '--show' requires an argument"),
        ([*LSTM, "--mode", "dream"], "--mode dream is none of train, infer"),
        ([*LSTM, "--dtype", "int8"], "--dtype int8 is none of float32"),
        (["nets.py:net", "--input", "6,3,7"], "graphnet: "),
        (
            ["nets.py:net", *["--input", "6,3,5"] * 4],
            "has the inputs input, and may have state, lengths: expected 1 to 3 shapes, received 4 (6,3,5 ",
        ),
        (
            ["nets.py:pair", "--input", "2,4"],
            "has the inputs x1, x2: expected 2 shapes, received 1 (2,4)\n  Write --input <shape of x1> ",
        ),
        (
            ["nets.py:embedding", "--input", "6,4:int", "--input", "6"],
            "The net has one input, x: expected one --input for an array, received 2, which make it a",
        ),
        (["nets.py:nothing", "--input", "6"], "has no 'nothing'"),
    ],
)
def test_mistakes(graphnet, arguments, message):
    code, output, errors = graphnet(*arguments)
    assert (code, output) == (2, "")
    assert message in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", ["nonsense", "znver9", "help"])
def test_a_processor_that_llvm_does_not_know(graphnet, monkeypatch, name):
    monkeypatch.setenv("GRAPHNET_CPU", name)
    code, output, errors = graphnet(*LSTM)
    assert (code, output) == (2, "")
    assert errors.startswith(f"graphnet: GRAPHNET_CPU names '{name}', expected a processor by ")
    assert len(errors.splitlines()) == 2


def test_a_cache_that_cannot_be_written_is_told_once(graphnet, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "graphnet", "compile", *LSTM],
        env=os.environ | {"GRAPHNET_CACHE": str(tmp_path / "nets.py" / "below")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stderr.count("GRAPHNET_CACHE names ") == 1
    assert "everything runs as machine code" in result.stdout


def test_what_stays_with_the_interpreter_is_named(graphnet, tmp_path):
    (tmp_path / "odd.py").write_text(ODD)
    code, output, _ = graphnet("odd.py:net", "--input", "4,3")
    assert code == 0
    assert "all but what runs interpreted: " in output
    assert "'odd'" in output


ODD = """
import graphnet as gn
from graphnet import nn
x = gn.input("x")
odd = nn.Function(lambda x: x**3, lambda x, y, g: g * 3 * x**2)(x).annotate(name="odd")
net = gn.GModule([x], [nn.Tanh()(odd)])
"""
