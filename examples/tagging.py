"""Names in Python code, tagged as called, assigned, read, parameter, argument or declared.

The text is Python's own library, and its parser gives the tags (python_names.py). Whether a name
is called or assigned shows only to its right: a bidirectional LSTM sees it, a forward one guesses.
"""

import argparse
from collections import Counter, defaultdict

import numpy as np
from python_names import TAGS, statements

import graphnet as gn
from graphnet import nn, optim, train

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="two fifths of the text, 2 epochs")
parser.add_argument("--epochs", type=int, default=5, help="epochs of training (default: 5)")
options = parser.parse_args()
epochs = 2 if options.quick else options.epochs
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
    """Pairs ([words, lengths], tags), words and tags as numbers in arrays (steps, statements)."""
    made = []
    order = np.random.default_rng(1).permutation(len(chosen))
    for part in np.array_split(order, len(chosen) // 16):
        lengths = np.array([len(chosen[i]) for i in part])
        words, tags = np.zeros((2, lengths.max(), len(part)), int)
        for column, i in enumerate(part):
            words[: lengths[column], column] = [vocabulary.get(word, 0) for word, _ in chosen[i]]
            tags[: lengths[column], column] = [TAGS.index(tag) for _, tag in chosen[i]]
        made.append(([words, lengths], tags))
    return made


def accuracy(guess):
    """The share of the names in the test text that get their tag; ``guess`` maps inputs to tags."""
    right = [(guess(inputs) == tags)[tags > 0] for inputs, tags in batches(test)]
    return np.concatenate(right).mean()


def tagger(bidirectional):
    """A trained net from [words, lengths] to a score for each tag of each word."""
    words, lengths = gn.input(), gn.input()
    lookup = nn.LookupTable(len(vocabulary) + 1, 32)(words)
    lstm = nn.LSTM(32, 32 if bidirectional else 64, bidirectional=bidirectional)
    output = nn.SelectTable(0)(lstm(lookup, lengths=lengths))
    scores = nn.Linear(64, len(TAGS))(output)
    net = gn.GModule([words, lengths], scores).float()
    criterion = nn.CrossEntropyCriterion(ignore_index=0)  # names alone count
    optimizer = optim.Adam(net, learning_rate=5e-3)
    train.Trainer(net, criterion, optimizer, max_norm=5).fit(batches(training), epochs)
    return net.evaluate()


usual = np.array([0] + [TAGS.index(uses[word].most_common(1)[0][0]) for word in known])
usual[0] = TAGS.index("read")  # the most frequent tag of all
forward, both_ways = tagger(bidirectional=False), tagger(bidirectional=True)
print(
    f"names tagged right: usual tag {accuracy(lambda inputs: usual[inputs[0]]):.1%}, "
    f"forward {accuracy(lambda inputs: forward.forward(inputs).argmax(-1)):.1%}, "
    f"bidirectional {accuracy(lambda inputs: both_ways.forward(inputs).argmax(-1)):.1%}"
)
