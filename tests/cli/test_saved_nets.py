"""Saved nets and cells of the library on the command line: summary, draw, check; what is no saved net."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from tests.cli.test_commands import FAULTY
from tests.support.paths import TESTS


@pytest.fixture
def saved(folder):
    """A net in ``net.gn``."""
    x = gn.input()
    hidden = nn.Linear(3, 4)(x)
    gn.GModule([x], [nn.Tanh()(hidden)]).save("net.gn")
    return folder


def test_a_saved_net_is_summarised(saved, graphnet):
    code, output, _ = graphnet("summary", "net.gn", "--input", "5,3")
    assert code == 0
    assert output.splitlines()[-1].split() == ["total", "16", "60"]
    assert "hidden" in output


def test_a_saved_net_is_drawn(saved, graphnet):
    assert graphnet("draw", "net.gn", "-o", "net.dot", "--input", "5,3")[0] == 0
    assert "(5, 4)" in (saved / "net.dot").read_text()


def test_a_saved_net_is_checked(saved, graphnet):
    code, output, _ = graphnet("check", "net.gn", "--input", "5,3")
    assert code == 0
    assert output.splitlines()[0].startswith("file ")
    assert "2, 16 numbers, float64" in output
    assert "fit for inputs 5,3" in output
    assert output.endswith("\nok\n")


def test_a_checkpoint_is_checked_and_says_its_training(folder, graphnet):
    net = nn.Linear(2, 2)
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net, 0.25), show_progress=False,
        checkpoint="a.gn", notes={"author": "me"},
    )  # fmt: skip
    trainer.fit([(np.ones((1, 2)), np.zeros((1, 2)))] * 3, epochs=2)
    code, output, _ = graphnet("check", "a.gn")
    assert code == 0
    assert "after 6 batches, learning rate 0.25" in output
    assert "notes       author" in output


def test_a_net_in_a_file_of_python_is_checked(folder, graphnet):
    code, output, _ = graphnet("check", "nets.py:layer", "--input", "7,20")
    assert (code, output.splitlines()[-1]) == (0, "ok")
    code, _, errors = graphnet("check", "nets.py:layer", "--input", "7,21")
    assert code == 2
    assert "expects an array (…, 20), received (7, 21)" in errors


def test_gradients_are_checked_against_differences(folder, graphnet):
    code, output, _ = graphnet("check", "nets.py:layer", "--input", "7,20")
    assert (code, "gradients   agree with differences" in output) == (0, True)
    (folder / "wrong.py").write_text(
        "from graphnet import nn\n"
        "net = nn.Sequential(nn.Function(lambda x: x**3, lambda x, y, g: 2 * g * x**2))\n"
    )
    code, _, errors = graphnet("check", "wrong.py:net", "--input", "4")
    assert code == 2
    assert "has a wrong gradient by input[" in errors


def test_gradients_by_way_of_random_indices_are_not_checked(folder, graphnet):
    code, output, _ = graphnet("check", "LSTM:2,3", "--input", "5,4,2")
    assert (code, "gradients   agree" in output) == (0, True)
    (folder / "words.py").write_text("from graphnet import nn\nnet = nn.LookupTable(5, 3)\n")
    code, output, _ = graphnet("check", "words.py:net", "--input", "4:int")
    assert (code, "gradients   not checked" in output) == (0, True)


def test_damage_is_found(saved, graphnet):
    content = bytearray((saved / "net.gn").read_bytes())
    content[-3] ^= 1
    (saved / "net.gn").write_bytes(content)
    code, _, errors = graphnet("check", "net.gn")
    assert code == 2
    assert errors.startswith("graphnet: net.gn ")


def test_numbers_that_are_none_are_found(folder, graphnet):
    net = nn.Linear(3, 2)
    net.weight[1, 2] = np.nan
    net.save("net.gn")
    code, output, errors = graphnet("check", "net.gn")
    assert (code, output) == (2, "")
    assert "net.gn holds nan at (1, 2) of weight" in errors


def test_a_saved_net_whose_name_is_in_capitals(saved, graphnet):
    (saved / "net.gn").rename(saved / "NET.GN")
    assert graphnet("summary", "NET.GN", "--input", "5,3")[0] == 0
    code, _, errors = graphnet("summary", "OTHER.GN")
    assert code == 2
    assert "no file OTHER.GN" in errors


# ---- classes of the user's

OWN = """
import graphnet as gn
from graphnet import Module, nn


class Twice(Module):
    def __init__(self, size):
        self.size = size
        self.layer = nn.Linear(size, size)

    def compute(self, x):
        return self.layer.compute(self.layer.compute(x))


if __name__ == "__main__":
    nn.Sequential(Twice(3)).save("ran.gn")
"""


@pytest.fixture
def own_classes(folder):
    """Nets with a class of ``my_cells.py``: ``ran.gn`` where it was run, else imported."""
    (folder / "my_cells.py").write_text(OWN)
    save = "import my_cells; my_cells.Twice(3).save('imported.gn')"
    for arguments in (["my_cells.py"], ["-c", save]):
        path = os.pathsep.join([str(TESTS.parent), str(folder)])
        environment = os.environ | {"PYTHONPATH": path}
        subprocess.run([sys.executable, *arguments], cwd=folder, check=True, env=environment)
    return folder


@pytest.mark.parametrize("name", ["ran.gn", "imported.gn"])
def test_a_net_with_a_class_of_the_users(own_classes, graphnet, name):
    for command in (["summary"], ["check"], ["draw", "-o", "a.dot"], ["compile"]):
        code, _, errors = graphnet(*command, name, "--input", "5,3", "--with", "my_cells.py")
        assert (code, errors) == (0, "")


@pytest.mark.parametrize("command", ["summary", "check", "draw", "compile"])
def test_without_the_file_that_defines_it_a_class_is_not_known(own_classes, graphnet, command):
    code, _, errors = graphnet(command, "ran.gn", "--input", "5,3")
    assert code == 2
    assert "ran.gn names the module class '__main__.Twice', which is not known\n" in errors
    assert "  Name the Python file that defines it: --with FILE.py." in errors
    code, _, errors = graphnet(command, "ran.gn", "--input", "5,3", "--with", "nets.py")
    assert code == 2
    assert "It is not defined in nets.py. Name the Python file that defines it" in errors


def test_files_of_classes_that_cannot_be_used(own_classes, graphnet):
    code, _, errors = graphnet("check", "ran.gn", "--with", "missing.py")
    assert (code, "There is no file missing.py" in errors) == (2, True)
    code, _, errors = graphnet("check", "nets.py:layer", "--with", "my_cells.py")
    assert (code, "nets.py:layer is no saved net, and --with names" in errors) == (2, True)


def zipped(path):
    np.savez(path.with_suffix(".npz"), a=np.ones(3))
    path.with_suffix(".npz").rename(path)


def of_pytorch(path):
    torch = pytest.importorskip("torch")
    torch.save({"weight": torch.ones(2)}, path)


def array(path):
    with path.open("wb") as file:
        np.save(file, np.ones(3))


OTHERS = [
    (zipped, "is an archive of NumPy's arrays (.npz), expected a file written by net.save()\n  np.load"),
    (of_pytorch, "is a file of PyTorch, expected a file written by net.save()\n  nn.from_torch_state"),
    (array, "is an array of NumPy (.npy), expected a file written by net.save()"),
    (lambda path: path.write_bytes(pickle.dumps([1])), "is a pickle of Python"),
    (lambda path: path.write_text(FAULTY), "is text, expected a file written by net.save()"),
    (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "is an HDF5 file"),
    (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(99)), "is a zip archive"),
    (lambda path: path.write_bytes(b""), "is not a whole graphnet file"),
    (lambda path: path.write_bytes(bytes(range(200, 256))), "is not a whole graphnet file"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["check", "summary", "draw"])
@pytest.mark.parametrize(("write", "message"), OTHERS)
def test_a_file_of_another_kind_says_what_it_is(folder, graphnet, command, write, message):
    write(folder / "other.gn")
    code, _, errors = graphnet(command, "other.gn")
    assert code == 2
    assert errors.startswith(f"graphnet: other.gn {message}")


def test_a_file_of_another_kind_under_its_own_name(folder, graphnet):
    np.savez("weights.npz", a=np.ones(3))
    code, _, errors = graphnet("summary", "weights.npz", "--input", "3")
    assert code == 2
    assert "weights.npz is an archive of NumPy's arrays (.npz), expected" in errors


def test_a_missing_file(folder, graphnet):
    code, _, errors = graphnet("summary", "missing.gn")
    assert code == 2
    assert "no file missing.gn" in errors


# ---- cells


def test_a_cell_of_the_library_is_drawn_by_its_name(folder, graphnet):
    code, output, _ = graphnet("draw", "lstm_cell", "-o", "lstm.svg")
    assert (code, output) == (0, "wrote lstm.svg\n")
    picture = (folder / "lstm.svg").read_text()
    assert "forget_gate" in picture
    assert "lstm.py:" in picture  # the file that wires it
    assert "main.py" not in picture


@pytest.mark.parametrize("name", nn.CELLS)
def test_every_cell_is_known(folder, graphnet, name):
    assert graphnet("draw", f"{name}:6,4", "-o", "cell.dot")[0] == 0


def test_a_cell_with_sizes(folder, graphnet):
    shapes = ["--input", "2,6", "2,4", "2,4"]
    code, output, _ = graphnet("summary", "lstm_cell:6,4", *shapes)
    assert code == 0
    assert "Linear(6, 4)" in output


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_a_layer_of_cells_is_known_by_its_name(folder, graphnet, name):
    code, output, _ = graphnet("summary", f"{name}:6,4", "--input", "5,2,6")
    assert code == 0
    assert "(5, 2, 4)" in output
    assert graphnet("draw", name, "-o", "layer.dot")[0] == 0


def test_another_layer_by_its_name_says_what_to_type(folder, graphnet):
    code, _, errors = graphnet("draw", "LSTN:8,16")
    assert code == 2
    assert "'LSTN' does not name a net\n  Did you mean LSTM?" in errors
    assert "a cell or layer with its sizes, as LSTM:8,16: " in errors


def test_a_misspelt_cell_is_guessed(folder, graphnet):
    code, _, errors = graphnet("draw", "lstm_cel")
    assert code == 2
    assert "'lstm_cel' does not name a net\n  Did you mean lstm_cell? Write FILE.py:NAME" in errors


def test_tooltips_of_the_training_command_name_the_wiring_of_the_cell(folder, graphnet):
    (folder / "text.txt").write_text("she sells sea shells by the sea shore\n" * 14)
    graphnet("lstm", "--text", "text.txt", "--quick", "--hidden", "8", "--seq-length", "10",
             "--batch-size", "4", "--sample", "0")  # fmt: skip
    picture = (folder / "lstm" / "lstm_cell.svg").read_text()
    assert "lstm.py:" in picture
    assert "main.py:" not in picture


# ---- completion


def completed(words, folder):
    environment = {
        "_GRAPHNET_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    result = subprocess.run(
        [sys.executable, "-m", "graphnet"], env=os.environ | environment, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return result.stdout.split()


def test_a_shell_completes_commands_files_and_cells(saved):
    assert completed("graphnet su", saved) == ["summary"]
    found = completed("graphnet draw n", saved)
    assert found == [*sorted(name for name in nn.CELLS if name[0] == "n"), "net.gn", "nets.py"]
    assert "lstm_cell_peephole" in completed("graphnet draw lstm_cell_", saved)
    assert "--temperature" in completed("graphnet sample --t", saved)
