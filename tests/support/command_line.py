"""Files and small settings for tests of the command line."""

TEXT = "she sells sea shells by the sea shore\n" * 14  # 532 characters


TINY = ["--hidden", "8", "--seq-length", "10", "--batch-size", "4", "--dropout", "0.2"]


NETS = """
import graphnet as gn
from graphnet import nn

x1, x2, x3 = gn.input(), gn.input(), gn.input()
z = nn.CAddTable()([x1, nn.CMulTable()([x2, nn.Linear(20, 10)(x3)])])
net = gn.GModule([x1, x2, x3], [z])
layer = nn.Linear(20, 10)
embedding = nn.LookupTable(7, 3)
number = 3


def make(hidden=4):
    return nn.lstm_cell(20, hidden)


def make_sized(inputs, hidden):
    return nn.lstm_cell(inputs, hidden)


def make_nothing():
    pass
"""


def resumable(graphnet):
    graphnet("lstm", "--text", "text.txt", "--sample", "0", "--epochs", "1", *TINY)
