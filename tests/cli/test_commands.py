"""The command line: draw, summary, help, and one clear message for each mistake."""

import subprocess
import sys

import pytest

import graphnet as gn

FAULTY = """
from graphnet import Module, nn

class Faulty(Module):
    def compute(self, x):
        return {}["a"]

net = Faulty()

def make():
    return 1 / 0

def leave():
    raise SystemExit(3)
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "faulty.py:make"], "faulty.py fails in line 11: ZeroDivisionError: division"),
        (["draw", "faulty.py:leave"], "faulty.py ends the program in line 14 (SystemExit: 3)"),
        (["draw", "exits.py:net"], "exits.py ends the program in line 2 (SystemExit: 0)"),
        (["summary", "faulty.py:net", "--input", "2"], "faulty.py fails in line 6: KeyError: 'a'"),
        (["draw", "faulty.py:net", "--input", "2"], "faulty.py fails in line 6: KeyError: 'a'"),
        (["draw", "binary.py:net"], "binary.py fails"),
        (["draw", "nets.py:net", "-o", "new/a.bmp"], "-o new/a.bmp ends in none of .svg, .png"),
        (["draw", "nets.py:net", "-o", "nets.py/a.svg"], "nets.py"),
        (["summary", "nets.py:layer", "--input", "9" * 20], "is not a shape"),
    ],
)
def test_files_at_fault(folder, graphnet, arguments, message):
    (folder / "faulty.py").write_text(FAULTY)
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (folder / "binary.py").write_bytes(b"\x00\xff")
    code, _, errors = graphnet(*arguments)
    assert code == 2
    assert errors.startswith("graphnet: ")
    assert message in errors
    assert not (folder / "new").exists()


@pytest.mark.parametrize("name", ["net", "layer", "make"])
def test_draw(folder, graphnet, name):
    code, output, _ = graphnet("draw", f"nets.py:{name}", "-o", f"pictures/{name}.svg")
    assert code == 0
    assert output == f"wrote pictures/{name}.svg\n"
    assert "<svg" in (folder / "pictures" / f"{name}.svg").read_text()


def test_draw_backward_with_shapes(folder, graphnet):
    inputs = ["--input", "10", "--input", "10", "--input", "20"]
    assert graphnet("draw", "nets.py:net", "-o", "a.dot", *inputs)[0] == 0
    assert graphnet("draw", "nets.py:net", "-o", "b.dot", *inputs, "--backward")[0] == 0
    forward, backward = (folder / "a.dot").read_text(), (folder / "b.dot").read_text()
    assert "(20,)" in forward
    assert forward != backward


@pytest.mark.parametrize(
    ("arguments", "total"),
    [
        (["nets.py:net", "--input", "10", "--input", "10", "--input", "20"], "210"),
        (["nets.py:net", "--input", "10", "10", "20"], "210"),
        (["nets.py:layer", "--input", "32,20"], "6,400"),
        (["nets.py:make", "--input", "5,20", "--input", "5,4", "--input", "5,4"], "416"),
        (["nets.py:embedding", "--input", "5,3:int"], "21"),
    ],
)
def test_summary(folder, graphnet, arguments, total):
    code, output, _ = graphnet("summary", *arguments)
    assert code == 0
    assert output.splitlines()[-1].startswith("total")
    assert total in output.splitlines()[-1].split()


@pytest.mark.parametrize("command", ["draw", "summary"])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nets.py", "'nets.py' does not name a net"),
        ("nets.py:", "'nets.py:' does not name a net"),
        (":net", "':net' does not name a net"),
        ("missing.py:net", "There is no file missing.py"),
        ("nets.py:nat", "nets.py has no 'nat'\n  There are: net, layer, embedding, make"),
        ("nets.py:number", "nets.py:number is 3 of type int, expected a module"),
        ("nets.py:z", "expected a module\n  Close the graph first"),
        ("nets.py:make_sized", "nets.py:make_sized needs the arguments inputs, hidden"),
        ("nets.py:make_nothing", "nets.py:make_nothing() is None of type NoneType, expected a"),
        ("text.txt:net", "text.txt is not a Python file"),
        ("broken.py:net", "broken.py fails in line 3: ZeroDivisionError: division by zero"),
        ("syntax.py:net", "syntax.py fails in line 2: SyntaxError"),
        ("wiring.py:net", "is not used by any output"),
        ("empty.py:net", "empty.py has no 'net'\n  There is no module in this file."),
    ],
)
def test_places_that_hold_no_net(folder, graphnet, command, place, message):
    (folder / "broken.py").write_text("def f():\n    # divides\n    return 1 / 0\n\nnet = f()\n")
    (folder / "syntax.py").write_text("a = 1\nb = = 2\n")
    (folder / "empty.py").write_text("\n")
    (folder / "wiring.py").write_text(
        "import graphnet as gn\nx, y = gn.input(), gn.input()\nnet = gn.GModule([x, y], [x])\n"
    )
    code, _, errors = graphnet(command, place)
    assert code == 2
    assert errors.startswith("graphnet: ")
    assert message in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["summary", "nets.py:net"], "Add --input <shape of x1> --input <shape of x2>"),
        (["summary", "nets.py:layer", "--input", "5,x"], "'5,x' is not a shape"),
        (["summary", "nets.py:layer", "--input", "-3"], "'-3' is not a shape"),
        (["summary", "nets.py:layer", "--input", "5:complex"], "'5:complex' is not a shape"),
        (["summary", "nets.py:layer", "--input", "7"], "expects an array (…, 20), received (7,)"),
        (
            ["summary", "nets.py:layer", "--input", "20", "--input", "20"],
            "received [(20,), (20,)]\n  input  [(20,), (20,)]\n  The net has one input, x: expected one",
        ),
        (
            ["summary", "nets.py:net", "--input", "10", "20"],
            "nets.py:net has the inputs x1, x2, x3: expected 3 shapes, received 2 (10 and 20)",
        ),
        (
            ["draw", "nets.py:net", "--input", "10"],
            "expected 3 shapes, received 1 (10)\n  Write --inp",
        ),
        (["draw", "nets.py:net", "-o", "a.bmp"], "-o a.bmp ends in none of .svg"),
        (["draw", "nets.py:net", "--direction", "UP"], "direction='UP', expected one of TB"),
        (["draw", "lstm_cell:3"], "has one size, expected two: of the input and of the hidden"),
        (["draw"], "Missing argument 'FILE.py:NAME'"),
        (["paint"], "No such command 'paint'"),
    ],
)
def test_mistakes(folder, graphnet, arguments, message):
    code, _, errors = graphnet(*arguments)
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors


def test_a_module_of_torch_is_told_apart(folder, graphnet):
    pytest.importorskip("torch")
    (folder / "cell.py").write_text(
        "import torch\n\nnet = torch.nn.Linear(3, 4)\n\n\ndef make():\n    return net\n"
    )
    for place in ("cell.py:net", "cell.py:make"):
        code, _, errors = graphnet("draw", place)
        assert code == 2
        assert "is a torch Linear, expected a module of graphnet" in errors


def test_errors_of_functions_from_elsewhere_are_told(folder, graphnet):
    (folder / "shape.py").write_text(
        "import json\nfrom functools import partial\n\nnet = partial(json.loads, s=3)\n"
    )
    code, _, errors = graphnet("draw", "shape.py:net")
    assert code == 2
    assert "shape.py fails: TypeError" in errors


def test_files_beside_the_named_one_can_be_imported(folder, graphnet):
    (folder / "parts.py").write_text("from graphnet import nn\nsize = 20\n")
    (folder / "whole.py").write_text(
        "from graphnet import nn\nfrom parts import size\nnet = nn.Linear(size, 2)\n"
    )
    before = list(sys.path)
    assert graphnet("summary", "whole.py:net", "--input", "20")[0] == 0
    assert sys.path == before


def test_help_lists_the_commands_and_options(graphnet):
    code, output, _ = graphnet("--help")
    assert code == 0
    for command in ("lstm", "sample", "draw", "summary"):
        assert command in output
    _, output, _ = graphnet("lstm", "--help")
    options = "text hidden layers seq-length batch-size epochs learning-rate dropout seed out"
    for option in [*options.split(), "resume", "sample", "temperature", "quick"]:
        assert f"--{option}" in output
    assert "char-rnn" in output


def test_run_as_a_module():
    command = [sys.executable, "-m", "graphnet", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == f"graphnet {gn.__version__}\n"
