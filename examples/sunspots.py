"""Yearly sunspots since 1700 (statsmodels): each year forecast from the years before it."""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import graphnet as gn
from graphnet import nn, optim, train

try:
    from statsmodels.datasets import sunspots
except ImportError:
    raise SystemExit("This example needs statsmodels: pip install 'graphnet[examples]'") from None

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="half of the batches, a few seconds")
parser.add_argument("--batches", type=int, default=200, help="to train on (default: 200)")
parser.add_argument("--hidden", type=int, default=16, help="units of the LSTM (default: 16)")
parser.add_argument(
    "--seed", type=int, default=1, help="of initial values and batches (default: 1)"
)
parser.add_argument("--out", type=Path, default=Path("sunspots"), help="the folder for the plot")
options = parser.parse_args()
options.out.mkdir(parents=True, exist_ok=True)
gn.manual_seed(options.seed)

# The numbers are learned in roots of hundreds; years after 1960 are for the test only.
years, numbers = sunspots.load_pandas().data.to_numpy().T
series = np.sqrt(numbers / 100)
tested = years > 1960
known = series[~tested]

# A batch: 16 stretches of 50 years from anywhere before 1961, (steps, batch, 1), each year with
# the next one as its target.
random = np.random.default_rng(options.seed)
batches = []
for _ in range(100 if options.quick else options.batches):
    places = np.arange(51)[:, None] + random.integers(len(known) - 50, size=16)
    stretches = known[places][..., None]
    batches.append((stretches[:-1], stretches[1:]))

this_year = gn.input()
hidden_states = nn.SelectTable(0)(nn.LSTM(1, options.hidden)(this_year))
change = nn.Linear(options.hidden, 1)(hidden_states)
next_year = this_year + change
net = gn.GModule(this_year, next_year)

optimizer = optim.Adam(net, learning_rate=0.01)
train.Trainer(net, nn.MSECriterion(), optimizer, max_norm=1).fit(batches, epochs=1)

# One run over the whole series: what comes out at a year has seen only the years up to it.
forecast = 100 * net.evaluate().forward(series[:-1, None, None])[:, 0, 0] ** 2
truth, before = numbers[1:], numbers[:-1]
tested = tested[1:]


def rmse(guess):
    return np.sqrt(np.mean((guess - truth)[tested] ** 2))


figure = Figure(figsize=(9, 4), layout="constrained")
axes = figure.subplots()
shown = years[1:] > 1900
axes.plot(years[1:][shown], truth[shown], "k.-", label="observed")
axes.plot(years[1:][tested], forecast[tested], "C1o-", label=f"LSTM, RMSE {rmse(forecast):.1f}")
axes.plot(years[1:][tested], before[tested], "C0:", label=f"year before, RMSE {rmse(before):.1f}")
axes.set(xlabel="year", ylabel="sunspots", title="Sunspots one year ahead; trained up to 1960")
axes.legend(frameon=False)
figure.savefig(options.out / "sunspots.png")
print(f"the plot is {options.out / 'sunspots.png'}")
print(
    f"RMSE over {tested.sum()} test years: LSTM {rmse(forecast):.1f}, "
    f"year before (persistence) {rmse(before):.1f}"
)
