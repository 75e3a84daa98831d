"""Names in Python code, tagged by a Transformer as called, assigned, read, parameter and so on.

The text is Python's own library, and its parser gives the tags (python_names.py). Whether a name is
called shows at its neighbours, which attention cannot tell from other words without positions.
"""

import argparse
from collections import Counter, defaultdict

import numpy as np
from python_names import TAGS, statements

import graphnet as gn
from graphnet import nn, optim, train

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="two fifths of the text, 5 epochs")
parser.add_argument("--epochs", type=int, default=8, help="epochs of training (default: 8)")
options = parser.parse_args()
epochs = 5 if options.quick else options.epochs
gn.manual_seed(1)

modules = "argparse calendar csv cmd" + ("" if options.quick else " ast configparser difflib pdb")
training, test = list(statements(modules)), list(statements("shlex textwrap"))
uses = defaultdict(Counter)
for statement in training:
    for word, tag in statement:
        uses[word][tag] += 1
# Number 0 is padding and every word that is in the training text less than twice.
known = [word for word, tags in uses.items() if tags.total() > 1]
vocabulary = {word: number for number, word in enumerate(known, start=1)}


def batches(chosen):
    """Pairs ([words, lengths], tags), words and tags as numbers in arrays (steps, statements).

    Steps are a multiple of 12 and statements 16, so that a few shapes are compiled for.
    """
    made = []
    order = np.random.default_rng(1).permutation(len(chosen))
    for part in order[: len(order) // 16 * 16].reshape(-1, 16):
        lengths = np.array([len(chosen[i]) for i in part])
        words, tags = np.zeros((2, -(-lengths.max() // 12) * 12, 16), int)
        for column, i in enumerate(part):
            words[: lengths[column], column] = [vocabulary.get(word, 0) for word, _ in chosen[i]]
            tags[: lengths[column], column] = [TAGS.index(tag) for _, tag in chosen[i]]
        made.append(([words, lengths], tags))
    return made


def tagger(positions):
    """A trained net from [words, lengths] to a score for each tag of each word."""
    words, lengths = gn.input(), gn.input()
    vectors = nn.LookupTable(len(vocabulary) + 1, 32)(words)
    start = nn.PositionalEncoding(32)(vectors) if positions else vectors
    layer = nn.TransformerEncoderLayer(32, nhead=4, dim_feedforward=64, norm_first=True)
    encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(32))(start, lengths=lengths)
    net = gn.GModule([words, lengths], nn.Linear(32, len(TAGS))(encoder)).float()
    criterion = nn.CrossEntropyCriterion(ignore_index=0)  # names alone count
    optimizer = optim.Adam(net, learning_rate=3e-3)
    train.Trainer(net, criterion, optimizer, max_norm=1).fit(batches(training), epochs)
    return net.evaluate()


def accuracy(net):
    """The share of the names in the test text that get their tag."""
    right = [(net.forward(inputs).argmax(-1) == tags)[tags > 0] for inputs, tags in batches(test)]
    return np.concatenate(right).mean()


without, complete = tagger(positions=False), tagger(positions=True)
words = ["total", "=", "total", "+", "price", "(", "item", ")"]
numbers = np.array([[vocabulary.get(word, 0)] for word in words])
run = complete.run([numbers, np.array([len(words)])])
looks = run["layer1.self_attn.head_weights"][0].max(0)  # of the head that looks most
for word, row in zip(words, looks, strict=True):
    print(f"{word:>8} looks at " + "  ".join(words[i] for i in np.argsort(row)[:-4:-1]))
shares = f"without positions {accuracy(without):.1%}, with {accuracy(complete):.1%}"
print(f"names tagged right: {shares}")
