"""Handwritten digits (scikit-learn, 8 by 8 pixels), read as images by convolutions of two sizes."""

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
parser.add_argument("--quick", action="store_true", help="3 epochs")
parser.add_argument("--epochs", type=int, default=40, help="epochs of training (default: 40)")
parser.add_argument("--seed", type=int, default=1, help="of the initial values (default: 1)")
options = parser.parse_args()
gn.manual_seed(options.seed)

# Images are (batch, channels, height, width). A fifth of them, always the same, is for the test.
images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 1, 8, 8).astype(np.float32) / 16
order = np.random.default_rng(0).permutation(len(images))
test, training = np.split(order, [len(images) // 5])
batches = [
    (images[chosen], labels[chosen]) for chosen in np.array_split(training, len(training) // 32)
]

# Filters of 3 by 3 and of 5 by 5 pixels see the same image; their outputs are one image of 32
# channels, which further convolutions read. Pooling keeps the largest of each 2 by 2 pixels.
image = gn.input()
fine = nn.SpatialConvolution(1, 16, 3, padding_width=1)(image)
coarse = nn.SpatialConvolution(1, 16, 5, padding_width=2)(image)
strokes = nn.ReLU()(nn.JoinTable(1)([fine, coarse]))
corners = nn.ReLU()(nn.SpatialConvolution(32, 32, 3, padding_width=1)(strokes))
smaller = nn.SpatialMaxPooling(2)(corners)
shapes = nn.ReLU()(nn.SpatialConvolution(32, 64, 3, padding_width=1)(smaller))
smallest = nn.SpatialMaxPooling(2)(shapes)
features = nn.Dropout(0.3)(nn.Reshape(256)(smallest))
scores = nn.Linear(256, 10)(features)
net = gn.GModule(image, scores).float().compile()

epochs = 3 if options.quick else options.epochs
optimizer = optim.Adam(net, learning_rate=4e-3)
schedule = train.decay_after(epochs // 2, 0.8)
trainer = train.Trainer(net, nn.CrossEntropyCriterion(), optimizer, schedule=schedule)
start = time.perf_counter()
trainer.fit(batches, epochs)
seconds = time.perf_counter() - start

gn.draw(net, (32, 1, 8, 8)).save("digits_convolution.svg")
guessed = net.evaluate().forward(images[test]).argmax(1)
accuracy = (guessed == labels[test]).mean()
print("the graph is drawn in digits_convolution.svg")
print(f"the first 20 test images are {labels[test][:20]}")
print(f"             and are read as {guessed[:20]}")
print(f"test accuracy {accuracy:.2%} ({len(test)} images), trained for {seconds:.1f} s")
