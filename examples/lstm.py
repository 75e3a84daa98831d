"""An LSTM cell as a graph: check it against its equations, draw it, train it, let it write."""

import argparse
from pathlib import Path

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.drawing import draw

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--text", help="a UTF-8 file (default: the documentation inside Python)")
parser.add_argument("--quick", action="store_true", help="one layer, half a minute")
parser.add_argument("--resume", action="store_true", help="continue the training in --out")
parser.add_argument("--out", type=Path, default=Path("lstm"))
options = parser.parse_args()
text = train.read_text(options.text) if options.text else train.documentation_text()
options.out.mkdir(parents=True, exist_ok=True)
gn.manual_seed(1)

# The cell beside its six equations
cell = nn.lstm_cell(20, 10)
random = np.random.default_rng(2)
x, c, h = random.normal(size=(5, 20)), random.normal(size=(5, 10)), random.normal(size=(5, 10))


def affine(gate):
    i2h, h2h = cell[f"{gate}.i2h"], cell[f"{gate}.h2h"]
    return x @ i2h.weight.T + i2h.bias + h @ h2h.weight.T + h2h.bias


i = 1 / (1 + np.exp(-affine("input_gate")))
f = 1 / (1 + np.exp(-affine("forget_gate")))
o = 1 / (1 + np.exp(-affine("output_gate")))
g = np.tanh(affine("candidate"))
next_c = f * c + i * g
next_h = o * np.tanh(next_c)
difference = np.abs(np.array(cell.forward([x, c, h])) - [next_c, next_h]).max()
print(f"largest difference from the six equations: {difference:.1e}")

pictures = train.Pictures()  # one that cannot be made is told, and ends nothing
pictures.write(options.out / "lstm_cell.svg", draw(cell, [(5, 20), (5, 10), (5, 10)]).save)
pictures.write(options.out / "lstm_cell_backward.svg", draw(cell, backward=True).save)

# The character model
rows, steps, hidden, layers = (20, 25, 128, 1) if options.quick else (50, 50, 128, 2)
vocabulary = train.Vocabulary(text)
training, validation = train.TextBatches(vocabulary.encode(text), rows, steps).split(0.95)
net = train.character_model(len(vocabulary), hidden, layers)
optimizer = optim.RMSprop(net, learning_rate=8e-3 if options.quick else 2e-3, decay=0.95)
trainer = train.Trainer(
    net, nn.ClassNLLCriterion(), optimizer, states=train.initial_states(layers, hidden, rows),
    loss_scale=steps, max_value=5, unit="character", schedule=train.decay_after(10, 0.97),
    checkpoint=options.out / "example.gn", notes={"vocabulary": vocabulary.characters},
)  # fmt: skip
trainer.load() if options.resume else None
history = trainer.fit(training, epochs=1 if options.quick else 10, validation=validation)
pictures.write(options.out / "loss.svg", lambda path: train.draw_losses(history, path))
print(train.sample(net, vocabulary, train.initial_states(layers, hidden, 1), 400, temperature=0.7))
print(f"pictures, curve and checkpoint are in {options.out}")
