"""The graph of the README, drawn, and the texts of a picture."""

import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"


BLOG = """
import graphnet as gn
from graphnet import nn
from graphnet.drawing import draw
x1, x2, x3 = gn.input(), gn.input(), gn.input()
linear = nn.Linear(20, 10)(x3)
z = x1 + x2 * linear
net = gn.GModule([x1, x2, x3], [z])
"""


def blog():
    space = {}
    exec(compile(BLOG, "blog.py", "exec"), space)
    return space["net"]


def texts(drawing):
    """Everything written in the SVG."""
    root = ElementTree.fromstring(drawing.svg())
    return [(e.text or "").strip() for e in root.iter(SVG + "text")]
