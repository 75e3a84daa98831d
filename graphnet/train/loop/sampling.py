"""Sampling: text from a character model, with each drawn character as the next input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from graphnet.errors import DataError
from graphnet.graph import Module
from graphnet.graph.modules.calls import understanding
from graphnet.graph.modules.modes import evaluating
from graphnet.ir.core.types import NDArray
from graphnet.train.text.vocabulary import Vocabulary


@understanding
def sample(
    net: Module,
    vocabulary: Vocabulary,
    states: Sequence[NDArray],
    length: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
    prime: str = "",
) -> str:
    """``length`` characters that follow ``prime``; the same seed gives the same text.

    ``states`` are the initial states of one row, (1, hidden) each. A temperature below 1 sharpens
    the distribution (0: always the likeliest character), above 1 flattens it. Without ``prime`` the
    first character is drawn uniformly. Dropout is off meanwhile. Raises DataError for a negative
    temperature, or if ``prime`` has characters outside of the vocabulary.
    """
    if not temperature >= 0:
        raise DataError(f"The temperature is {temperature}, expected 0 or more")
    random = np.random.default_rng(seed)
    numbers = vocabulary.encode(prime).tolist() if prime else []
    with evaluating(net):
        drawn = draws(net, list(states), numbers, len(vocabulary), temperature, random)
        return vocabulary.decode(islice(drawn, length))


def draws(
    net: Module,
    states: list[NDArray],
    prime: list[int],
    characters: int,
    temperature: float,
    random: np.random.Generator,
) -> Iterator[int]:
    """The numbers of the following characters, without end."""
    if not prime:
        prime = [int(random.integers(characters))]
        yield prime[0]
    while True:
        for number in prime:
            run = net.run([np.array([[number]]), *states], keep=False)
            log_probabilities, *states = run.outputs
        number = choose(log_probabilities[0, 0], temperature, random)
        yield number
        prime = [number]


def choose(log_probabilities: NDArray, temperature: float, random: np.random.Generator) -> int:
    """One index, drawn with probabilities proportional to exp(log_probabilities / temperature)."""
    scores = log_probabilities.astype(np.float64)
    scores -= scores.max()
    if temperature == 0:
        return int(scores.argmax())
    with np.errstate(over="ignore"):  # of minus infinity, whose exponential is 0
        cumulative = np.cumsum(np.exp(scores / temperature))
    return int(np.searchsorted(cumulative, random.random() * cumulative[-1], side="right"))
