"""Damaged and hostile files: refused with a reason, before memory is taken for what they say."""

from __future__ import annotations

import json
import random
import struct
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

import graphnet as gn
from graphnet import nn
from graphnet.errors import FormatError
from graphnet.graph.files.checksums import START, checksum_of_text, checksums, sealed
from graphnet.graph.files.settings import argument_tests, predicate_of
from graphnet.graph.modules.registry import MODULE_TYPES, is_own
from graphnet.ir.core.types import NDArray
from tests.hostile.campaign import choice, flip, judged, prepared
from tests.hostile.mutants import mutant


def written(change: Any, tensors: dict[str, np.ndarray] | None = None) -> bytes:
    """A file of Linear(2, 2) whose header was changed, with the checksums of what it became."""
    header: Any = {
        "version": 2,
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
    return to_bytes(values, {"graphnet": sealed({**header, "checksums": checksums(values, {})})})


def entry(**changes: Any) -> Any:
    return lambda header: header["graph"]["modules"][0].update(changes)


def graph_of(
    *nodes: dict[str, Any], inputs: Any = (0,), outputs: Any = (1,), module: Any = None
) -> Any:
    def change(header: Any) -> None:
        identity = {"type": "Identity", "arguments": {}, "parameters": {}}
        listed = [{"module": 0, "place": "a.py:1", **node} for node in nodes]
        graph = {"type": "GModule", "place": "a.py:1", "parameters": {}, "nodes": listed,
                 "inputs": list(inputs), "outputs": list(outputs)}  # fmt: skip
        header["graph"]["modules"] = (
            [identity, graph] if module is None else [identity, identity, module, graph]
        )

    return change


def linear(**arguments: Any) -> Any:
    return entry(arguments={"in_features": 2, "out_features": 2, "bias": True, **arguments})


def recurrent(size: int) -> Any:
    """A Recurrent with a learned state of that size, which its file has no values for."""

    def change(header: Any) -> None:
        nodes = [{"module": 0, "parents": [], "name": "x"}, {"module": 1, "parents": [], "name": "h"},
                 {"module": 2, "parents": [0, 1]}]  # fmt: skip
        graph = {"type": "GModule", "place": "a.py:1", "parameters": {}, "inputs": [0, 1], "outputs": [2],
                 "nodes": [{"place": "a.py:1", **node} for node in nodes]}  # fmt: skip
        whole = {"type": "Recurrent", "arguments": {"cell": {"module": 3}, "initial": "learned"},
                 "parts": {"cell": 3}, "parameters": {"initial_state.h": 0}}  # fmt: skip
        plain = [("Identity", {}), ("State", {"size": size}), ("CAddTable", {})]
        modules = [{"type": t, "arguments": a, "parameters": {}} for t, a in plain]
        header["graph"]["modules"] = [*modules, graph, whole]

    return change


def written_text(change: Any) -> bytes:
    """A file of Tanh whose description was changed as text, and sealed again."""
    tanh = {"type": "Tanh", "arguments": {}, "parameters": {}}
    text = sealed({"version": 2, "graph": {"modules": [tanh]}, "notes": {}, "checksums": {}})
    rest = change(text[text.index('", ') + 1 :])
    return to_bytes({}, {"graphnet": START + checksum_of_text(rest) + '"' + rest})


def renamed(name: str, new: str) -> bytes:
    """The whole file with another name for an array."""
    tensors = from_bytes(WHOLE)
    tensors[new] = tensors.pop(name)
    length = int.from_bytes(WHOLE[:8], "little")
    return to_bytes(tensors, json.loads(WHOLE[8 : 8 + length])["__metadata__"])


WHOLE = written(lambda header: None)

HOSTILE: list[tuple[str, bytes, str]] = [
    ("empty", b"", "is not a whole graphnet file"),
    ("bad magic", b"PK\x03\x04" + b"\0" * 100, "is a zip archive, expected a file written by net.save"),
    ("cut short", WHOLE[:-9], "is not a whole graphnet file"),
    ("cut in the header", WHOLE[:50], "is not a whole graphnet file"),
    ("huge header", struct.pack("<Q", 2**62) + WHOLE[8:], "is not a whole graphnet file"),
    ("no graph", to_bytes({"a": np.ones(1)}), "holds no graph"),
    ("header is no JSON", to_bytes({}, {"graphnet": "{"}), "is no JSON"),
    ("deep JSON", to_bytes({}, {"graphnet": "[" * 200_000}), "is no JSON"),
    ("header is a list", to_bytes({}, {"graphnet": "[]"}), "version None, expected a number from 1"),
    ("newer version", written(lambda h: h.update(version=99)), "format version 99, this release"),
    ("no modules", written(lambda h: h["graph"].update(modules=[])), "holds no module"),
    ("unknown class", written(entry(type="os.system")), "names the module class 'os.system'"),
    ("abstract class", written(entry(type="Module")), "is not known|cannot be made"),
    ("wrong argument", written(linear(hidden=3)), "the argument .hidden.\n.*in_features, out_features, bias"),
    ("argument of wrong type", written(linear(in_features="x")), "gives a Linear the in_features .x., expected int"),
    ("negative size", written(linear(in_features=-2)), r"module 0 \(Linear\) that cannot be made: Linear: in_features is -2"),
    ("immense size", written(linear(in_features=2**40, out_features=2**40)), "gives a Linear the in_features 1099511627776"),
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
    ("immense array", written(linear(bias={"array": ["a"], "dtype": "S1500000000"})), "array of dtype .S"),
    ("array of objects", written(linear(bias={"array": [1], "dtype": "O"})), "array of dtype .O."),
    ("a link", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"URL": "javascript:alert(1)"}})),
     "sets the Graphviz attribute URL"),
    ("a local file", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"image": "/etc/x"}})), "attribute image"),
    ("a label with markup", written(graph_of({"parents": []}, {"parents": [0], "attributes": {"label": "<b>"}})), "plain labels"),
    ("a description that is no text", written(graph_of({"parents": []}, {"parents": [0], "description": {}})), "whose description is"),
    ("modules within modules", written(lambda h: h["graph"].update(modules=[
        {"type": "Sequential", "arguments": {"modules": [{"module": i - 1}, {"module": i - 1}]},
         "parts": {"0": i - 1, "1": i - 1}, "parameters": {}} if i else
        {"type": "Tanh", "arguments": {}, "parameters": {}} for i in range(40)])), "stands for more than"),
    ("other parts", written(entry(type="Tanh", arguments={}, parameters={}, parts={"x": 0})), "with the parts"),
    ("learned states of two gigabytes", written(recurrent(250_000_000)), r"initial_state.h of module 4 .*\(250000000,\)"),
    ("weights of eight terabytes", written(linear(in_features=10**6, out_features=10**6)), r"float64\[2, 2\] for the weight .*\(1000000, 1000000\)"),
    ("a shape that overflows", written(entry(type="CAdd", arguments={"sizes": {"tuple": [2**31 - 1] * 9}})), "parameters"),
    ("states without number", written(entry(type="LayerStates", arguments={"count": 10**12, "size": 2})), "the count 1000000000000, expected int"),
    ("outputs without number", written(graph_of({"parents": []}, {"parents": [0], "module": 2}, module={"type": "Split", "arguments": {"count": 2**31 - 1}, "parameters": {}})),
     "2147483647 of the 2147483647 outputs"),
    ("a function", written(entry(type="Function", arguments={"function": "os.system", "gradient": "x"})),
     "gives a Function the function 'os.system', expected Callable"),
    ("weights as text", written(entry(type="ClassNLLCriterion", arguments={"weight": "12"})), "the weight '12', expected"),
    ("a size that is true", written(linear(in_features=True)), "the in_features True, expected int"),
    ("a module as text", written(entry(type="MapTable", arguments={"module": "Linear"})), "the module 'Linear', expected Module"),
    ("a part that is not the argument", written(lambda h: h["graph"].update(modules=[
        {"type": "Tanh", "arguments": {}, "parameters": {}}, {"type": "Exp", "arguments": {}, "parameters": {}},
        {"type": "MapTable", "arguments": {"module": {"module": 0}}, "parts": {"module": 1}, "parameters": {}}])),
     "the part module otherwise than the arguments do"),
    *[(f"version {value}", written(lambda h, value=value: h.update(version=value)), f"version {text}, expected a number from 1")
      for value, text in ((float("nan"), "nan"), (True, "True"), (-1, "-1"), (0, "0"), (1.0, "1.0"), ("1", "'1'"), (None, "None"))],
    ("no version", written(lambda h: h.pop("version")), "version None, expected a number"),
    ("no checksums", to_bytes({}, {"graphnet": '{"version": 2, "graph": {"modules": []}, "notes": {}}'}), "damaged description"),
    ("an array under another name", renamed("parameter.1", "parameter.01"), "holds values that it does not describe|lacks the values"),
    ("a name that is said twice", written_text(lambda text: text.replace('"notes"', '"version": 1, "notes"')), "two entries of one name"),
    ("a damaged description", WHOLE.replace(b"out_features", b"outfeatures_"), "holds a damaged description: its checksum is"),
    ("an argument of two kinds", written(linear(bias={"float": "nan", "tuple": []})), "of no kind"),
    ("an argument without a kind", written(linear(bias={})), "of no kind"),
    ("a number in words", written(linear(bias={"float": "1e3"})), "unknown kind 'float'"),
    ("a constant that is not there", written(entry(type="BCECriterion", arguments={"weights": {"constant": 0}})), "the constant 0 of 0"),
    ("a constant without axes", written(entry(type="BCECriterion", arguments={"weights": {"array": 1.5, "dtype": "float64"}})), "an array without axes"),
    ("a stored constant without axes", written(entry(type="BCECriterion", arguments={"weights": {"constant": 0}}), {"constant.0": np.ones(())}), "an array without axes"),
    ("a place without line", written(graph_of({"parents": [], "place": "a.py"}, {"parents": [0]})), "expected FILE:LINE"),
    ("an immense name", written(graph_of({"parents": [], "name": "x" * 1001}, {"parents": [0]})), "1,001 characters, expected 1,000"),
    ("an entry that is not known", written(entry(extra=1)), "with an unknown entry 'extra'"),
    ("parameters that no module has", written(lambda h: None, {"parameter.2": np.ones(1)}), "parameters of no module, numbers 2"),
    ("arrays of no kind", written(lambda h: None, {"other.2": np.ones(1)}), "values of no kind"),
    ("numbers that NumPy has not", WHOLE.replace(b'"dtype":"F64"', b'"dtype":"C64"'), "of dtype C64"),
    ("lists without end", to_bytes({}, {"graphnet": '{"a": [' + "[]," * 2_000_000 + "0]}"}), "bytes in memory"),
    ("name of wrong type", written(graph_of({"parents": [], "name": 3}, {"parents": [0]})), "whose name is 3"),
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


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    """Every byte of every array is under a checksum, which is told with the path."""
    path = tmp_path / "a.gn"
    x = gn.input("x")
    hidden = nn.Linear(2, 3)(x)
    net = gn.GModule([x], [nn.Sequential(nn.Tanh(), nn.LayerNorm(3))(hidden)])
    gn.save(net, path, arrays={"losses": np.arange(2.0)})
    content = path.read_bytes()
    names = {"hidden.weight": 6, "hidden.bias": 3, "sequential.1.weight": 3, "losses": 2}
    found: set[str] = set()
    for place in range(len(content) - 8 * (sum(names.values()) + 3), len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(FormatError, match=r"a\.gn holds damaged values of ") as refused:
            gn.load(path)
        found.add(str(refused.value).split()[5])
    assert found == {*names, "sequential.1.bias"}


def test_every_bit_of_a_file_matters(tmp_path: Path) -> None:
    """One bit of each byte of a small file; the script flips all of them, of every kind."""
    path = tmp_path / "a.gn"
    sealed_ones = [s for s in prepared(tmp_path) if b"parameter.0" in s.content]
    seed = min(sealed_ones, key=lambda seed: len(seed.content))
    for byte in range(len(seed.content)):
        path.write_bytes(flip(seed.content, 8 * byte + byte % 8))
        assert judged(byte, seed, path, False) is None


def test_mutants_are_refused_or_work(tmp_path: Path) -> None:
    """Some hundreds of those that ``hostile_files.py`` makes, in this process."""
    path, seeds, loaded = tmp_path / "mutant.gn", prepared(tmp_path), 0
    for number in range(600):
        rng = random.Random(f"test.{number}")
        seed = choice(seeds, rng)
        content, resealed = mutant(seed.content, rng)
        path.write_bytes(content)
        fault = judged(number, seed, path, resealed)
        assert fault is None, str(fault)
        loaded += is_read(path)
    assert 10 < loaded < 300


def test_the_judge_of_mutants_knows_what_is_wrong(tmp_path: Path) -> None:
    path, seeds = tmp_path / "mutant.gn", prepared(tmp_path)
    one, other = seeds[0], seeds[1]
    path.write_bytes(other.content)
    assert "a damaged file was loaded as another one" in str(judged(7, one, path, False))
    assert judged(7, one, path, True) is None
    path.unlink()
    assert "mutant 7 (graph): FileNotFoundError" in str(judged(7, one, path, False))


@pytest.mark.parametrize("cls", [c for c in MODULE_TYPES.values() if is_own(c)])
def test_every_argument_of_every_module_has_a_type(cls: type[gn.Module]) -> None:
    """So that a file cannot give it anything else: a set is of no type that a file knows."""
    for name, (test, expected) in argument_tests(cls).items():
        assert not test({1}), f"{name}: {expected}"
        assert expected != "Any"


@pytest.mark.parametrize(
    ("kind", "fine", "wrong"),
    [
        (int, [0, -1, 2**31 - 1], [True, 1.0, "1", None, 2**31, -(2**31) - 1]),
        (float, [0, 1.5, 10**10, float("nan")], [True, "1", None, 2**1001]),
        (bool, [True, False], [0, 1, None]),
        (int | None, [None, 3], [True, "x"]),
        (Sequence[float], [[], [1, 2.5], (1,)], [[None], "12", 1, {1: 2}]),
        (tuple[int, int], [(1, 2), [1, 2]], [(1,), (1, 2, 3), (1, "x")]),
        (tuple[int, ...], [(), (1, 2, 3)], [("x",), 1]),
        (dict[str, int], [{}, {"a": 1}], [{"a": "b"}, {1: 1}, []]),
        (Callable[[Any], Any], [], [len, "len"]),
        (gn.Module, [nn.Tanh()], [nn.Tanh, "Tanh"]),
        (Sequence[float] | NDArray | None, [None, [1.0], np.ones(2)], ["12", [[1.0]], 3]),
    ],
)
def test_types_of_settings(kind: Any, fine: list[Any], wrong: list[Any]) -> None:
    assert all(map(predicate_of(kind), fine))
    assert not any(map(predicate_of(kind), wrong))


def is_read(path: Path) -> bool:
    try:
        gn.load(path)
    except FormatError:
        return False
    return True


@pytest.mark.parametrize("size", [250_000_000, 2**31 - 1])
def test_sizes_are_refused_before_memory_is_taken(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.gn"
    for change in (
        recurrent(size),
        linear(in_features=size),
        entry(type="LookupTable", arguments={"count": size, "size": 2}),
    ):
        path.write_bytes(written(change))
        tracemalloc.start()
        try:
            with pytest.raises(FormatError, match="expected"):
                gn.load(path)
            assert tracemalloc.get_traced_memory()[1] < 2**21
        finally:
            tracemalloc.stop()
