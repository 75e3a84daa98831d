"""Saving and loading: everything comes back, also from files of an older version."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph.files import save_load
from graphnet.graph.modules.spellings import FORMER
from tests.support.paths import FILES, VERSION_1


def network() -> gn.GModule:
    """Nested, shared, annotated, with a switched-off part."""
    x, state = gn.input(), gn.input()
    shared = nn.Linear(3, 3)
    twin = nn.Linear(3, 3, bias=False)
    twin.weight = shared.weight
    hidden = nn.Tanh()(shared(x)).annotate(
        description="squashed", graph_attributes={"color": "red"}
    )
    first, second = nn.Identity()([twin(hidden), shared(state)]).split(2)
    tail = nn.Sequential(nn.Dropout(0.3), nn.Linear(3, 2))
    tail.modules[0].evaluate()
    out = tail(nn.CAddTable()([first, second]))
    return gn.GModule([x, state], [out, hidden])


DATA = [np.linspace(-1, 1, 6).reshape(2, 3), np.ones((2, 3))]


def test_everything_comes_back(tmp_path: Path) -> None:
    net = network()
    net.save(tmp_path / "net.gn")
    copy = gn.load(tmp_path / "net.gn")
    for found, expected in zip(copy.forward(DATA), net.forward(DATA), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert copy.names == net.names
    assert [n for n, _ in copy.named_parameters()] == [n for n, _ in net.named_parameters()]
    hidden = copy["hidden"]
    assert (hidden.description, hidden.attributes) == ("squashed", {"color": "red"})
    assert hidden.place == net["hidden"].place
    assert copy["out"].modules[0].is_training is False
    assert str(copy) == str(net)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_comes_back(tmp_path: Path, dtype: str) -> None:
    nn.Linear(2, 2).astype(dtype).save(tmp_path / "a.gn")
    assert gn.load(tmp_path / "a.gn").weight.dtype == dtype


def test_recurrent_nets_come_back(tmp_path: Path) -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    net.save(tmp_path / "lstm.gn")
    data = [np.ones((4, 1, 2)), np.zeros((1, 3)), np.zeros((1, 3))]
    copy = gn.load(tmp_path / "lstm.gn")
    np.testing.assert_array_equal(copy.forward(data)[0], net.forward(data)[0])


def test_the_same_net_gives_the_same_bytes(tmp_path: Path) -> None:
    net = network()
    net.save(tmp_path / "a.gn")
    gn.load(tmp_path / "a.gn").save(tmp_path / "b.gn")
    assert (tmp_path / "a.gn").read_bytes() == (tmp_path / "b.gn").read_bytes()


def test_notes_and_arrays_are_kept_beside_the_module(tmp_path: Path) -> None:
    notes = {"epoch": 3, "text": "a\n☃", "losses": [1.5, None]}
    gn.save(nn.Tanh(), tmp_path / "a.gn", notes=notes, arrays={"m": np.arange(3)})
    stored = save_load.read(tmp_path / "a.gn")
    assert stored.notes == notes
    np.testing.assert_array_equal(stored.arrays["m"], [0, 1, 2])


def test_loading_leaves_the_default_generator_alone(tmp_path: Path) -> None:
    nn.Linear(3, 3).save(tmp_path / "a.gn")
    gn.manual_seed(1)
    expected = nn.Linear(2, 2).weight.data
    gn.manual_seed(1)
    gn.load(tmp_path / "a.gn")
    np.testing.assert_array_equal(nn.Linear(2, 2).weight.data, expected)


def test_former_names_of_arguments_are_read() -> None:
    """Written when ``eps`` was ``epsilon`` and ``weight`` of a criterion ``weights``."""
    loaded = gn.load(FILES / "former_arguments.gn")
    three = [1.0, 2.0, 4.0]
    expected = nn.ParallelTable(
        nn.Normalize(2.0, 0.25), nn.Normalize(3.0, 0.5),
        nn.ClassNLLCriterion(three, ignore_index=1), nn.CrossEntropyCriterion(np.array(three)),
        nn.MultiMarginCriterion(2, three), nn.BCECriterion(0.5),
        nn.MultiLabelSoftMarginCriterion(np.array([[1.0], [3.0]])),
    )  # fmt: skip
    assert str(loaded.arguments()) == str(expected.arguments())
    x, classes, ones = np.full((2, 3), 0.25), np.array([2, 0]), np.eye(2, 3)
    judged = [[x, classes]] * 3 + [[x, ones]] * 2
    assert loaded.forward([ones, x, *judged])[2:] == expected.forward([ones, x, *judged])[2:]
    for name, argument in (
        ("Normalize", "epsilon"), ("ClassNLLCriterion", "weights"),
        ("CrossEntropyCriterion", "weights"), ("MultiMarginCriterion", "weights"),
        ("BCECriterion", "weights"), ("MultiLabelSoftMarginCriterion", "weights"),
    ):  # fmt: skip
        assert set(FORMER[argument]) <= set(getattr(nn, name)().arguments())


def test_files_of_version_1_are_read() -> None:
    """They have no checksums, and constant arrays as lists."""
    stored = save_load.read(VERSION_1)
    net, criterion = stored.module.modules
    assert stored.notes == {"epoch": 3}
    for index, found in enumerate(net.forward(stored.arrays["data"])):
        np.testing.assert_allclose(found, stored.arrays[f"output.{index}"], rtol=1e-6)
    np.testing.assert_array_equal(criterion.weight, [1, 2, 0.5])
    assert net["lstm"].initial_state["prev_c"].dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", ">f8", "int16", "bool", "float16"])
def test_constant_arrays_come_back(tmp_path: Path, dtype: str) -> None:
    Kept(np.arange(4).reshape(2, 2).T.astype(dtype)).save(tmp_path / "a.gn")
    table = gn.load(tmp_path / "a.gn").table
    np.testing.assert_array_equal(table, np.arange(4).reshape(2, 2).T.astype(dtype))
    assert table.dtype == np.dtype(dtype).newbyteorder("=")


class Kept(gn.Module):
    """A user's module with an array that nothing learns, and a weight that it fills itself."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.weight = gn.Parameter((2,))
        self.weight[...] = 3
        self.weight.data[0] += self.weight.sum()

    def compute(self, x: Any) -> Any:
        return x * self.weight


def test_a_constructor_may_use_the_values_of_its_parameters(tmp_path: Path) -> None:
    net = Kept(np.ones(1))
    net.weight[1] = 5
    net.save(tmp_path / "a.gn")
    assert gn.load(tmp_path / "a.gn").weight.data.tolist() == [9, 5]


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    leaky = nn.LeakyReLU()
    vars(leaky)["negative_slope"] = "x"  # an assignment would be refused
    for module, message in (
        (leaky, "gives a LeakyReLU the negative_slope"),
        (Doubled({}), "has an argument {}, a dict"),  # type: ignore[arg-type]
        (Doubled(np.array(["a"])), "has array.*, an array of <U1"),  # type: ignore[arg-type]
        (nn.Reshape(2**40), "gives a Reshape the sizes .*, expected int"),
    ):
        with pytest.raises(GraphError, match=f"cannot be saved: it {message}"):
            module.save(tmp_path / "a.gn")


def test_what_cannot_be_saved_is_named_with_its_class_and_path(tmp_path: Path) -> None:
    doubled = Doubled({})  # type: ignore[arg-type]
    x = gn.input()
    gate = nn.Sequential(nn.Tanh(), doubled)(x)
    for net, expected in (
        (doubled, "^Doubled cannot be saved: it has an argument {}, a dict"),
        (nn.Sequential(nn.Tanh(), doubled), r"^Doubled '1' cannot be saved: it has an argument"),
        (gn.GModule(x, gate), r"^Doubled 'gate\.1' cannot be saved: it has an argument"),
    ):
        with pytest.raises(GraphError, match=expected):
            net.save(tmp_path / "a.gn")
    with pytest.raises(GraphError, match=r"^Tanh cannot be saved as net\.svg: "):
        nn.Tanh().save(tmp_path / "net.svg")
    with pytest.raises(GraphError, match=r"^Tanh cannot be saved: "):
        gn.save(nn.Tanh(), tmp_path / "a.gn", notes={"x": object()})


def test_pickled_modules_have_memory_of_their_own() -> None:
    net = nn.Linear(2, 2)
    for other in (copy.copy(net), pickle.loads(pickle.dumps(net))):
        other.weight[...] = 7
        assert not (net.weight.data == 7).any()


class Doubled(gn.Module):
    """A user's own module."""

    def __init__(self, times: int, offsets: tuple[float, ...] = ()) -> None:
        self.times = times
        self.offsets = offsets

    def compute(self, x: Any) -> Any:
        return x * float(self.times) + sum(self.offsets)


def test_a_class_of_ones_own_comes_back(tmp_path: Path) -> None:
    Doubled(3, (0.5, float("inf"))).save(tmp_path / "a.gn")
    copy = gn.load(tmp_path / "a.gn")
    assert (copy.times, copy.offsets) == (3, (0.5, float("inf")))


class Block(gn.Module):
    """Parts that the constructor makes itself, and a parameter that it is given."""

    def __init__(self, size: int, scale: Any = 1.0) -> None:
        self.size = size
        self.first = nn.Linear(size, size)
        self.rest = [nn.Linear(size, size), nn.Dropout(0.5)]
        self.scale = scale if isinstance(scale, gn.Parameter) else gn.Parameter(np.asarray(scale))

    def compute(self, x: Any) -> Any:
        for part in (self.first, *self.rest):
            x = part(x)
        return x * self.scale


def test_parts_made_by_a_constructor_come_back(tmp_path: Path) -> None:
    net = nn.Sequential(Block(3, gn.Parameter(np.full(3, 2.0))), Block(3))
    net.modules[1].first.weight = net.modules[0].first.weight
    net.evaluate().save(tmp_path / "a.gn")
    copy = gn.load(tmp_path / "a.gn")
    np.testing.assert_array_equal(copy.forward(DATA[0]), net.forward(DATA[0]))
    assert copy.modules[1].first.weight is copy.modules[0].first.weight
    assert copy.modules[0].rest[1].is_training is False


def test_an_argument_that_was_not_kept_is_named(tmp_path: Path) -> None:
    class Forgetful(gn.Module):
        def __init__(self, size: int) -> None:
            pass

        def compute(self, x: Any) -> Any:
            return x

    with pytest.raises(GraphError, match="does not keep its constructor argument 'size'"):
        Forgetful(3).save(tmp_path / "a.gn")


def test_an_old_file_survives_a_failed_save(tmp_path: Path) -> None:
    path = tmp_path / "a.gn"
    nn.Linear(2, 2).save(path)
    before = path.read_bytes()
    with pytest.raises(GraphError, match="cannot be saved"):
        gn.save(nn.Tanh(), path, notes={"x": object()})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"There is no folder .*nowhere to write a\.gn into"
    ):
        nn.Tanh().save(tmp_path / "nowhere" / "a.gn")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no file .*nothing\.gn"):
        gn.load(tmp_path / "nothing.gn")


def test_a_header_that_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    """Each of these takes four bytes in the file."""
    save_load.save(nn.Tanh(), tmp_path / "a.gn", notes={"quotes": '"' * 2**22})
    assert len(save_load.read(tmp_path / "a.gn").notes["quotes"]) == 2**22
    with pytest.raises(GraphError, match="header"):
        save_load.save(nn.Tanh(), tmp_path / "a.gn", notes={"quotes": '"' * 2**23})
    assert gn.load(tmp_path / "a.gn")


@pytest.mark.parametrize("weight", [2.0, [1, 2.0], [[1.0, 2.0], [3.0, 4.0]], np.ones((2, 1))])
@pytest.mark.parametrize("name", ["BCECriterion", "MultiLabelSoftMarginCriterion"])
def test_weights_that_broadcast_come_back(tmp_path: Path, name: str, weight: Any) -> None:
    criterion = getattr(nn, name)(weight=weight)
    criterion.save(tmp_path / "a.gn")
    data = [np.full((2, 2), 0.3), np.eye(2)]
    assert gn.load(tmp_path / "a.gn").forward(data) == criterion.forward(data)


class Remembering(gn.Module):
    """Arrays that no argument gives: an attribute, and an entry of a list."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.mean, self.more = np.zeros(size), [np.zeros(2)]

    def compute(self, x: Any) -> Any:
        return x + self.mean + self.more[0].sum()


def test_arrays_that_no_argument_gives_are_kept(tmp_path: Path) -> None:
    module = Remembering(3)
    module.mean[:] = [1, 2, 3]
    module.more[0][:] = 5
    net = nn.Sequential(module, nn.Tanh())
    net.save(tmp_path / "net.gn")
    for copied in (gn.load(tmp_path / "net.gn"), pickle.loads(pickle.dumps(net)), net.clone()):
        np.testing.assert_array_equal(copied.modules[0].mean, [1, 2, 3])
        copied.modules[0].mean[:] = 0  # its own
        np.testing.assert_array_equal(copied.forward(np.zeros(3)), np.tanh([10.0] * 3))
    assert module.mean.sum() == 6


def test_an_array_of_no_numbers_is_refused(tmp_path: Path) -> None:
    module = Remembering(3)
    module.mean = np.array(["a"])
    with pytest.raises(GraphError, match=r"Remembering cannot be saved: it has .*an array of <U1"):
        module.save(tmp_path / "net.gn")


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "net.gn").mkdir()
    with pytest.raises(FileExistsError, match=r"net\.gn is no file, so none can be written"):
        nn.Tanh().save(tmp_path / "net.gn")


@pytest.mark.parametrize("suffix", [".png", ".SVG", ".pdf"])
def test_a_net_is_not_saved_as_a_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    with pytest.raises(GraphError, match=r"gn\.draw\(net\)\.save\('net\.\w+'\) draws"):
        nn.Linear(2, 2).save(path)
    assert not path.exists()
