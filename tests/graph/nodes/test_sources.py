"""What names from the user's source cost, leave alone and keep; and sources that have changed."""

from __future__ import annotations

import ast
import copy
import gc
import linecache
import os
import subprocess
import sys
import threading
import time
import warnings
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.nodes.targets import parsed


def wrap(i: Any, o: Any) -> gn.GModule:
    """Whoever closes the graph has other names for its ends, or none."""
    return gn.GModule(i, o)


GIVEN = {"gn": gn, "nn": nn, "wrap": wrap}


def of_file(file: Path, text: str) -> dict[str, Any]:
    """The names of a module made from a file with this text."""
    file.write_text(text)
    linecache.checkcache(str(file))
    built: dict[str, Any] = dict(GIVEN)
    exec(compile(text, str(file), "exec"), built)
    return built


def test_threads_that_wire_leave_the_filters_of_warnings_alone(tmp_path: Path) -> None:
    text = "def build():\n" + "  x = gn.input()\n" * 50 + "  return wrap(x, [nn.Tanh()(x)])\n"
    builds = [of_file(tmp_path / f"{i}.py", text)["build"] for i in range(40)]
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda part: [build() for build in part], args=(builds[i::8],))
        for i in range(8)
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert warnings.filters == before


ESCAPES = r"""
a = "\d \" \\ \777 é\é", '\'', b"\q", r"\"\d", f"{1}\d\N{EM DASH}{2}", "\N{DASH}"
b = 1 + \
    2  # \d
"""


def test_escapes_do_not_warn_and_nothing_moves() -> None:
    tree = parsed(ESCAPES)
    first, second = tree.body
    assert isinstance(first, ast.Assign)
    assert isinstance(first.value, ast.Tuple)
    kinds = [type(part) for part in first.value.elts]
    assert kinds == [*[ast.Constant] * 4, ast.JoinedStr, ast.Constant]
    assert (second.lineno, second.end_lineno) == (3, 4)
    assert (first.end_lineno, second.end_col_offset) == (2, 5)


def test_a_text_that_warns_otherwise_gives_no_names_where_warnings_are_errors() -> None:
    text = "x = 1if y else 2"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(parsed(text).body) in (0, 1)  # CPython 3.10 does not warn of it


def seconds(build: Any) -> float:
    """The time in this thread of a first call."""
    start = time.thread_time()
    build()
    return time.thread_time() - start


def test_the_cost_of_names_is_linear_in_the_lines_of_a_function(tmp_path: Path) -> None:
    def least(lines: int) -> float:
        text = "def f():\n h = gn.input()\n" + " h = nn.Tanh()(h)\n" * lines + " return h\n"
        files = (tmp_path / f"{lines}_{i}.py" for i in range(5))
        return min(seconds(of_file(file, text)["f"]) for file in files)

    assert least(1600) < 24 * least(200)  # quadratic: 64 times


def test_code_that_runs_again_gives_the_same_names() -> None:
    text = (
        "start = gn.input()\nh = nn.Tanh()(start)\nkept = [h]\ndel h\n"
        "def deeper(x):\n  h = nn.Abs()(x)\n  return [h]\n"
        "net = gn.GModule(start, deeper(*kept))\n"
    )
    name = "<ipython-input-of-test_sources>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    try:
        code = compile(text, name, "exec")
        found = []
        for _ in range(3):
            built: dict[str, Any] = dict(GIVEN)
            exec(code, built)
            found.append(built["net"].names)
    finally:
        del linecache.cache[name]
    assert found == [("start", "h", "h_1")] * 3


def test_a_namespace_is_freed_though_its_nodes_live(tmp_path: Path) -> None:
    class Big:
        pass

    built = of_file(tmp_path / "freed.py", "x = gn.input()\nh = nn.Tanh()(x)\n")
    node, big = built["h"], Big()
    assert node.assigned.name == "h"
    built["big"], ref = big, weakref.ref(big)
    del built, big
    gc.collect()
    assert ref() is None


class Holder(nn.Tanh):
    """A module that keeps a node."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = nn.Tanh()(gn.input())


held = nn.Exp()(gn.input())


def test_nodes_can_be_copied() -> None:
    assert copy.deepcopy(held).assigned == held.assigned
    for made in (Holder(), gn.GModule(x := gn.input(), nn.Tanh()(x))):
        assert type(copy.deepcopy(made)) is type(made)
        assert type(made.clone()) is type(made)


def test_comprehensions_assign_in_the_function_around_them() -> None:
    """As from CPython 3.12 on, where they have no frame of their own."""
    x = gn.input()
    h = x
    made = [(h := nn.Linear(3, 3)(h)) for _ in range(3)]
    net = gn.GModule(x, made)
    assert net.names == ("x", "h_1", "h_2", "h_3")


def test_texts_that_share_a_name_are_not_known() -> None:
    """``python -c`` from CPython 3.13 on: it may be the text of an ``exec``."""
    text = (
        "import graphnet as gn\nfrom graphnet import nn\ndef wrap(i, o): return gn.GModule(i, o)\n"
        "def build():\n  x = gn.input()\n  return wrap(x, nn.Tanh()(x))\nprint(build().names)"
    )
    assert printed("-c", text) == "('i', 'o')"


def test_without_columns_the_only_target_of_a_line_counts(tmp_path: Path) -> None:
    file = tmp_path / "columns.py"
    file.write_text(
        "import graphnet as gn\nfrom graphnet import nn\ndef wrap(i, o): return gn.GModule(i, o)\n"
        "def build():\n  x = gn.input()\n  inner = nn.Tanh()(nn.Linear(2 * 1, 2)(x))\n"
        "  layers = [nn.Exp()(inner), nn.Exp()(inner)]\n  return wrap(x, layers)\n"
        "print(build().names)"
    )
    expected = "('x', 'linear', 'inner', 'layers_0', 'layers_1')"
    assert printed("-X", "no_debug_ranges", str(file)) == expected


def printed(*arguments: str) -> str:
    """What Python prints for these arguments."""
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=paths, capture_output=True, text=True, check=True
    ).stdout.strip()


CHANGES = {
    "lines": ("{} = nn.Tanh()(x)\n  {} = nn.Exp()(x)", "a, b"),
    "pairs": ("{}, {} = nn.Tanh()(x).split(2)", "a, b"),
    "lists": ("a, b = [], []\n  {}.append(nn.Tanh()(x))\n  {}.append(nn.Exp()(x))", "*a, *b"),
    "attributes": ("k.{} = nn.Tanh()(x)\n  k.{} = nn.Exp()(x)", "k.a, k.b"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_whose_names_were_swapped_since_gives_none(how: str, tmp_path: Path) -> None:
    """Wrong ones are worse; each name is compared with what the code stores there."""
    lines, result = CHANGES[how]
    text = f"def build(k):\n  x = gn.input()\n  {lines}\n  return [{result}]\n"
    file = tmp_path / "swapped.py"
    assert names_in(of_file(file, text.format("a", "b"))) == ["a", "b"]
    built = of_file(file, text.format("a", "b"))
    of_file(file, text.format("b", "a"))
    os.utime(file, (1, 1))  # of the same size
    linecache.checkcache(str(file))
    assert names_in(built) == [None, None]


def names_in(built: dict[str, Any]) -> list[str | None]:
    """To what the nodes are assigned that a function makes."""
    nodes = built["build"](SimpleNamespace())
    return [node.assigned and node.assigned.name for node in nodes]
