"""The pictures of the README's first command: they are there, and each is SVG."""

import sys
from pathlib import Path
from xml.etree import ElementTree

pictures = sorted(Path(sys.argv[1]).glob("*.svg"))
names = {picture.name for picture in pictures}
assert {"lstm_cell.svg", "lstm_cell_backward.svg"} <= names, names
for picture in pictures:
    assert ElementTree.parse(picture).getroot().tag.endswith("svg"), picture
print("pictures:", *pictures)
