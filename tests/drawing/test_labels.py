"""Labels: any name is drawn as it is, identifiers are plain, long text is cut."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import graphnet as gn
from graphnet import nn
from graphnet.drawing import draw
from graphnet.drawing.labels.quoting import html_text, identifier, quoted, quoted_tooltip, shortened
from graphnet.drawing.rendering.plain import Plain
from graphnet.drawing.rendering.render import render
from graphnet.printable import printable
from tests.support.blog import SVG, texts

NASTY = [
    'a"b\\',
    "graph",
    "<b>&amp;",
    "a\nb",
    "\\N\\G",
    "ünïcödé 漢字 🙂",
    "}; x -> y",
    "\x00\x07",
    "\\",
]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_are_drawn_as_they_are(name):
    x = gn.input(name)
    y = nn.Linear(2, 2)(x).annotate(name=name + "!", description=name)
    drawing = draw(gn.GModule([x], [nn.Tanh()(y).annotate(name=name + "?")]), [(2,)], title=name)
    shown = "".join(texts(drawing))
    for line in name.split("\n"):
        assert re.sub(r"[\x00\x07]", "\N{REPLACEMENT CHARACTER}", line) in shown


@given(st.text(min_size=1, max_size=30))
@example("\\")
@example("&amp;\\N<")
@example("\t\t")
@settings(max_examples=100, deadline=None)
def test_any_string_survives_as_label_and_tooltip(text):
    strings = f"label={quoted(text)}, tooltip={quoted_tooltip(text)}"
    html = f"<<TABLE><TR><TD>{html_text(text)}</TD></TR></TABLE>>"
    source, plain = (
        f"digraph {{ a [{strings}] b [label={label}] }}" for label in (html, quoted(text))
    )
    root = ElementTree.fromstring(render(source, "svg", lambda: Plain(plain, {})))
    label, table = (
        [e.text or "" for e in group.iter(SVG + "text")]
        for group in root.iter(SVG + "g")
        if group.get("class") == "node"
    )
    title = root.find(f".//{SVG}a").get("{http://www.w3.org/1999/xlink}title")
    assert title.replace("\xa0", " ") == printable(text).replace("\xa0", " ")
    for shown in (label, table):
        assert "".join(shown).split() == "".join(printable(text).split("\n")).split()


@given(st.text())
def test_identifiers_are_plain(text):
    assert re.fullmatch(r"[A-Za-z0-9_-]+", identifier(text))


@given(st.text(max_size=200), st.integers(4, 60))
def test_shortened_is_short(text, longest):
    assert len(shortened(text, longest)) <= longest
