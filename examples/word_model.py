"""A word-level language model: the small one of Zaremba et al. 2014, on any text."""

import argparse
import re
from collections import Counter

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--text", help="a UTF-8 file (default: the documentation inside Python)")
parser.add_argument("--quick", action="store_true", help="30,000 words, 64 units, 4 epochs")
parser.add_argument("--words", type=int, default=10_000, help="in the vocabulary (default: 10000)")
parser.add_argument("--hidden", type=int, default=200, help="units of a layer (default: 200)")
parser.add_argument("--epochs", type=int, default=13, help="rate halved after 4 (default: 13)")
options = parser.parse_args()
hidden, epochs = (64, 4) if options.quick else (options.hidden, options.epochs)
layers, rows, steps = 2, 20, 20
gn.manual_seed(1)

# Words and signs in small letters, <eos> at line ends; the last tenth of the text is for
# validation, and words that are not among the most frequent of the rest are <unk>.
text = train.read_text(options.text) if options.text else train.documentation_text()
pieces = re.findall(r"\w+(?:['’]\w+)?|[^\w\s]|\n", text.lower())
pieces = ["<eos>" if piece == "\n" else piece for piece in pieces]
pieces = pieces[:30_000] if options.quick else pieces
cut = len(pieces) * 9 // 10
frequent = [word for word, _ in Counter(pieces[:cut]).most_common(options.words - 1)]
vocabulary = {word: number for number, word in enumerate(["<unk>", *frequent])}
numbers = np.array([vocabulary.get(piece, 0) for piece in pieces])
training = train.TextBatches(numbers[:cut], rows, steps)
validation = train.TextBatches(numbers[cut:], rows, steps)
print(
    f"{len(pieces):,} words, {len(vocabulary):,} different ones, {np.mean(numbers == 0):.1%} <unk>"
)

# The comparison: each word as likely as it was frequent in training (one added to each count).
counts = np.bincount(numbers[:cut], minlength=len(vocabulary)) + 1
unigram = np.exp(-np.mean(np.log(counts / counts.sum())[numbers[cut:]]))

words, h, c = gn.input(), gn.input(), gn.input()
lookup = nn.LookupTable(len(vocabulary), hidden)(words)
output, state = nn.LSTM(hidden, hidden, layers)(lookup, state=[h, c]).split(2)
next_h, next_c = state.split(2)
scores = nn.Linear(hidden, len(vocabulary))(output)
net = gn.GModule([words, h, c], [scores, next_h, next_c])
random = np.random.default_rng(1)
for parameter in net.parameters():
    parameter[...] = random.uniform(-0.1, 0.1, parameter.shape)
net.float()

trainer = train.Trainer(
    net, nn.CrossEntropyCriterion(), optim.SGD(net, learning_rate=1.0),
    states=[np.zeros((layers, rows, hidden))] * 2, loss_scale=steps, max_norm=5,
    schedule=train.decay_after(4, 0.5), unit="word",
)  # fmt: skip
history = trainer.fit(training, epochs, validation)

perplexities = [float(np.exp(loss)) for _, loss in history.validation]
print("perplexity of the validation text after each epoch")
for epoch, perplexity in enumerate(perplexities, start=1):
    print(f"{epoch:4}{perplexity:10.1f}")
lowest = f"{min(perplexities):.1f} after epoch {np.argmin(perplexities) + 1}"
print(f"perplexity {perplexities[-1]:.1f}, lowest {lowest}, unigram model {unigram:.1f}")
