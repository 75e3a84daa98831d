"""Writes the pictures of the documentation: python docs/pictures.py"""

from pathlib import Path

import graphnet as gn
from graphnet import nn
from graphnet.drawing import draw
from graphnet.nn import lstm_cell

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    cell = lstm_cell(400, 400)
    shapes = [(32, 400), (32, 400), (32, 400)]
    draw(cell, shapes).save(IMAGES / "lstm_cell.svg")
    draw(cell, shapes, backward=True).save(IMAGES / "lstm_cell_backward.svg")
    draw(nn.GRU(20, 10), [(30, 5, 20)], depth=1).save(IMAGES / "gru_opened.svg")
    decoder = nn.Recurrent(nn.attention_decoder_cell(3, 4, 5), constants=["memory"])
    draw(decoder, [(6, 2, 3), (2, 7, 5)], depth=2).save(IMAGES / "attention_decoder.svg")
    layer = nn.TransformerEncoderLayer(256, 4, 1024)
    draw(layer, [(64, 16, 256)]).save(IMAGES / "transformer_layer.svg")
    draw(blog_example(), [10, 10, 20]).save(IMAGES / "blog_example.svg")


def blog_example() -> gn.GModule:
    """z = x1 + x2 * linear(x3)"""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = x1 + x2 * linear
    return gn.GModule([x1, x2, x3], [z])


if __name__ == "__main__":
    main()
