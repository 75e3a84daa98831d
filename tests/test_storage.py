"""Saving and loading: everything comes back; damaged and hostile files are refused with a reason."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as to_bytes

import graphnet as gn
from graphnet import nn
from graphnet.errors import FormatError, GraphError
from graphnet.graph import storage


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
    stored = storage.read(tmp_path / "a.gn")
    assert stored.notes == notes
    np.testing.assert_array_equal(stored.arrays["m"], [0, 1, 2])


def test_loading_leaves_the_default_generator_alone(tmp_path: Path) -> None:
    nn.Linear(3, 3).save(tmp_path / "a.gn")
    gn.manual_seed(1)
    expected = nn.Linear(2, 2).weight.data
    gn.manual_seed(1)
    gn.load(tmp_path / "a.gn")
    np.testing.assert_array_equal(nn.Linear(2, 2).weight.data, expected)


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


# ---- damaged and hostile files


def written(change: Any, tensors: dict[str, np.ndarray] | None = None) -> bytes:
    """A file of Linear(2, 2) whose header was changed."""
    header: Any = {
        "version": 1,
        "notes": {},
        "graph": {
            "modules": [
                {
                    "type": "Linear",
                    "arguments": {"in_features": 2, "out_features": 2, "bias": True},
                    "parameters": {"weight": 0, "bias": 1},
                }
            ]
        },
    }
    change(header)
    values = {"parameter.0": np.ones((2, 2)), "parameter.1": np.ones(2), **(tensors or {})}
    return to_bytes(values, {"graphnet": json.dumps(header)})


def entry(**changes: Any) -> Any:
    return lambda header: header["graph"]["modules"][0].update(changes)


def graph_of(*nodes: dict[str, Any], inputs: Any = (0,), outputs: Any = (1,)) -> Any:
    def change(header: Any) -> None:
        identity = {"type": "Identity", "arguments": {}, "parameters": {}}
        listed = [{"module": 0, "place": "a.py:1", **node} for node in nodes]
        graph = {"type": "GModule", "place": "a.py:1", "parameters": {}, "nodes": listed,
                 "inputs": list(inputs), "outputs": list(outputs)}  # fmt: skip
        header["graph"]["modules"] = [identity, graph]

    return change


def linear(**arguments: Any) -> Any:
    return entry(arguments={"in_features": 2, "out_features": 2, "bias": True, **arguments})


WHOLE = written(lambda header: None)

HOSTILE: list[tuple[str, bytes, str]] = [
    ("empty", b"", "is not a whole graphnet file"),
    ("bad magic", b"PK\x03\x04" + b"\0" * 100, "is not a whole graphnet file"),
    ("cut short", WHOLE[:-9], "is not a whole graphnet file"),
    ("cut in the header", WHOLE[:50], "is not a whole graphnet file"),
    ("huge header", struct.pack("<Q", 2**62) + WHOLE[8:], "is not a whole graphnet file"),
    ("no graph", to_bytes({"a": np.ones(1)}), "holds no graph"),
    ("header is no JSON", to_bytes({}, {"graphnet": "{"}), "is not a whole graphnet file"),
    ("deep JSON", to_bytes({}, {"graphnet": "[" * 200_000}), "is not a whole graphnet file"),
    ("header is a list", to_bytes({}, {"graphnet": "[]"}), "is not a whole graphnet file"),
    ("newer version", written(lambda h: h.update(version=99)), "format version 99, this release"),
    ("no modules", written(lambda h: h["graph"].update(modules=[])), "holds no module"),
    ("unknown class", written(entry(type="os.system")), "names the module class 'os.system'"),
    ("abstract class", written(entry(type="Module")), "is not known|cannot be made"),
    ("wrong argument", written(linear(hidden=3)), "module 0 that cannot be made"),
    ("argument of wrong type", written(linear(in_features="x")), "module 0 that cannot be made"),
    ("negative size", written(linear(in_features=-2)), "module 0 that cannot be made"),
    ("immense size", written(linear(in_features=2**40, out_features=2**40)), "cannot be made"),
    ("argument of no kind", written(linear(bias={"eval": "1"})), "unknown kind 'eval'"),
    ("module to come", written(linear(bias={"module": 7})), "refers to number 7 of 0 parts"),
    ("wrong shape", written(lambda h: None, {"parameter.0": np.ones((3, 2))}),
     r"float64\[3, 2\] for the weight of module 0 \(Linear\), expected .* \(2, 2\)"),
    ("wrong dtype", written(lambda h: None, {"parameter.0": np.ones((2, 2), int)}), "int64"),
    ("missing values", written(entry(parameters={"weight": 0, "bias": 9})), "nothing for the bias"),
    ("shared but unlike", written(entry(parameters={"weight": 0, "bias": 0})), "shares a parameter"),
    ("missing parameter", written(entry(parameters={"weight": 0})), "expected .'bias', 'weight'."),
    ("cycle", written(graph_of({"parents": [1]}, {"parents": [0]})), "would have a cycle"),
    ("parent of itself", written(graph_of({"parents": []}, {"parents": [1]})), "have a cycle"),
    ("no such parent", written(graph_of({"parents": []}, {"parents": [-1]})), "have a cycle"),
    ("no such module", written(graph_of({"parents": []}, {"parents": [0], "module": 5})), "number 5"),
    ("unused input", written(graph_of({"parents": []}, {"parents": []}, inputs=[0, 1])), "not used"),
    ("immense array", written(linear(bias={"array": ["a"], "dtype": "S1500000000"})), "array of dtype S"),
    ("array of objects", written(linear(bias={"array": [1], "dtype": "O"})), "array of dtype O"),
    ("a link", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"URL": "javascript:alert(1)"}})),
     "sets the Graphviz attribute URL"),
    ("a local file", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"image": "/etc/x"}})), "attribute image"),
    ("a label with markup", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"label": "<b>"}})), "plain labels"),
    ("a description that is no text", written(graph_of({"parents": []}, {"parents": [0], "description": {}})), "not text"),
    ("modules within modules", written(lambda h: h["graph"].update(modules=[
        {"type": "Sequential", "arguments": {"modules": [{"module": i - 1}, {"module": i - 1}]},
         "parts": {"0": i - 1, "1": i - 1}, "parameters": {}} if i else
        {"type": "Tanh", "arguments": {}, "parameters": {}} for i in range(40)])), "stands for more than"),
    ("other parts", written(entry(type="Tanh", arguments={}, parameters={}, parts={"x": 0})), "with the parts"),
    ("name of wrong type", written(graph_of({"parents": [], "name": 3}, {"parents": [0]})), "named 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE]
)
def test_a_bad_file_is_refused_with_a_reason(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.gn"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        gn.load(path)


def test_the_unchanged_file_is_fine(tmp_path: Path) -> None:
    (tmp_path / "good.gn").write_bytes(WHOLE)
    assert gn.load(tmp_path / "good.gn").forward(np.ones(2)).tolist() == [3, 3]


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.gn"
    for length in range(0, len(WHOLE), 7):
        path.write_bytes(WHOLE[:length])
        with pytest.raises(FormatError, match="is not a whole graphnet file"):
            gn.load(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"There is no folder .*nowhere to write a\.gn into"
    ):
        nn.Tanh().save(tmp_path / "nowhere" / "a.gn")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no file .*nothing\.gn"):
        gn.load(tmp_path / "nothing.gn")
