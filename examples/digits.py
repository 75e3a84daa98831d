"""Handwritten digits (scikit-learn, 8 by 8 pixels), read row by row by an LSTM."""

import argparse
import time

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit("This example needs scikit-learn: pip install 'graphnet[examples]'") from None

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="5 epochs")
parser.add_argument("--epochs", type=int, default=40, help="epochs of training (default: 40)")
parser.add_argument("--hidden", type=int, default=128, help="units of the LSTM (default: 128)")
parser.add_argument("--seed", type=int, default=1, help="of the initial values (default: 1)")
options = parser.parse_args()
gn.manual_seed(options.seed)

# An image is a sequence of 8 rows of 8 pixels. A fifth of the images, always the same, is for the
# test: (batch, steps, pixels) and (batch,).
images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8) / 16
order = np.random.default_rng(0).permutation(len(images))
test, training = np.split(order, [len(images) // 5])
batches = [
    (images[chosen], labels[chosen]) for chosen in np.array_split(training, len(training) // 32)
]

rows = gn.input()
lstm = nn.LSTM(8, options.hidden, num_layers=2, dropout=0.3, batch_first=True)(rows)
output = nn.SelectTable(0)(lstm)
last = nn.Select(1, -1)(output)
dropout = nn.Dropout(0.5)(last)
scores = nn.Linear(options.hidden, 10)(dropout)
net = gn.GModule(rows, scores).float()

epochs = 5 if options.quick else options.epochs
optimizer = optim.Adam(net, learning_rate=3e-3)
schedule = train.decay_after(epochs // 2, 0.8)
trainer = train.Trainer(net, nn.CrossEntropyCriterion(), optimizer, max_norm=5, schedule=schedule)
start = time.perf_counter()
trainer.fit(batches, epochs)
seconds = time.perf_counter() - start

guessed = net.evaluate().forward(images[test]).argmax(1)
accuracy = (guessed == labels[test]).mean()
print(f"the first 20 test images are {labels[test][:20]}")
print(f"             and are read as {guessed[:20]}")
print(f"test accuracy {accuracy:.2%} ({len(test)} images), trained for {seconds:.1f} s")
