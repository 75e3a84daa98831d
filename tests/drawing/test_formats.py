"""Formats: every suffix, which program renders, notebooks, style sheets."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import graphnet as gn
from graphnet import nn
from graphnet.drawing import Drawing, draw
from graphnet.drawing.rendering.render import render
from graphnet.errors import FormatError, GraphnetError
from graphnet.nn import lstm_cell
from tests.support.blog import BLOG, blog, texts
from tests.support.drawings import renderers_of


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("dot", b"digraph"),
        ("gv", b"digraph"),
    ],
)
def test_every_format(tmp_path, suffix, start):
    if suffix in ("png", "pdf") and not renderers_of(suffix):
        pytest.skip("needs the dot program, or pygraphviz and the libraries that it needs")
    path = tmp_path / f"net.{suffix.upper()}"
    drawing = draw(blog())
    drawing.save(path)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert drawing.render(suffix).startswith(start)


def test_rendering_needs_no_programs_and_says_nothing(tmp_path):
    formats = ["svg", *("png", "pdf") * ("pygraphviz" in renderers_of("png"))]
    code = BLOG + f"d = draw(net)\nfor f in {formats}: d.save(f'net.{{f}}')"
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": ""}, cwd=tmp_path, capture_output=True
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
    assert {p.name for p in tmp_path.iterdir()} == {f"net.{format}" for format in formats}


def test_the_dot_program_is_used_and_a_broken_one_is_not_missed(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len(draw(blog()).svg()) < 200
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    assert "linear" in texts(draw(blog()))


def test_unknown_suffix_lists_the_known_ones(tmp_path):
    with pytest.raises(FormatError, match=r"net\.bmp(.|\n)*\.svg, \.png, \.pdf, \.dot, \.gv"):
        draw(blog()).save(tmp_path / "net.bmp")
    with pytest.raises(FormatError, match="no format 'bmp'"):
        draw(blog()).render("bmp")
    assert not list(tmp_path.iterdir())


def test_attributes_that_graphviz_rejects_give_an_error_with_its_words():
    x = gn.input("x")
    bad = nn.Tanh()(x).annotate(graph_attributes={"label": "<<B>never closed>"})
    with pytest.raises(GraphnetError, match="could not be rendered as svg"):
        render("digraph { a -> }", "svg")
    draw(gn.GModule([x], [bad]))  # the text can be made all the same


def test_notebooks_get_an_svg_element():
    shown = draw(blog())._repr_svg_()
    assert shown.startswith("<svg role=")
    assert ElementTree.fromstring(shown).tag.endswith("svg")
    assert "save" in repr(draw(blog()))
    assert draw(blog())._repr_mimebundle_() == {"image/svg+xml": shown}


def test_a_drawing_that_cannot_be_rendered_says_why_in_a_notebook():
    invalid = Drawing("digraph { a -> }")
    assert invalid._repr_svg_() is None
    said = invalid._repr_mimebundle_()
    assert said.keys() == {"text/plain"}
    assert "could not be rendered as svg" in said["text/plain"]
    assert repr(invalid) in said["text/plain"]


def test_svg_has_ids_and_classes_for_style_sheets():
    svg = draw(lstm_cell(3, 4)).svg()
    ids = [
        e.get("id")
        for e in ElementTree.fromstring(svg).iter()
        if e.get("class", "").startswith("node ")
    ]
    assert "forget_gate-i2h" in ids
    assert len(set(ids)) == len(ids)
    assert 'class="node layer parameters"' in svg
    assert "xlink:title=" in svg
