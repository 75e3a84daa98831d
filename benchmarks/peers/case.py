"""A case of the recurrent benchmark: which cell, which shape, which way, and its data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnet import nn

SHAPES: dict[str, tuple[int, int, int, int]] = {
    "char-rnn": (50, 50, 128, 128),
    "ptb-small": (20, 20, 200, 200),
    "ptb-medium": (35, 20, 650, 650),
    "nngraph-400": (50, 32, 400, 400),
    "large": (64, 64, 1024, 1024),
    "stream": (100, 1, 128, 128),
    "tiny": (100, 8, 16, 32),
}
"""Steps, batch, inputs, hidden units: section 7 of the design."""

SHORT_NAMES = {name.replace("_cell", ""): name for name in nn.CELLS}
SHORT_NAMES |= {"lstm_projection": "lstm_cell_projected", "gru_after": "gru_cell"}


def cell_name(text: str) -> str:
    """The key of ``nn.CELLS`` for a name with or without ``_cell``."""
    return SHORT_NAMES.get(text, text)


@dataclass(frozen=True)
class Case:
    """One thing to time; ``cell`` is a key of ``nn.CELLS``."""

    cell: str
    shape_name: str
    shape: tuple[int, int, int, int]
    mode: str = "train"
    dtype: str = "float32"
    layers: int = 1
    bidirectional: bool = False
    lengths: bool = False

    @property
    def train(self) -> bool:
        return self.mode == "train"

    @property
    def is_plain(self) -> bool:
        """Whether it is one layer in one direction over whole sequences."""
        return self.layers == 1 and not self.bidirectional and not self.lengths

    @property
    def label(self) -> str:
        """``lstm, 2 layers, both directions``."""
        extra = [f"{self.layers} layers"] if self.layers > 1 else []
        extra += ["both directions"] if self.bidirectional else []
        extra += ["lengths"] if self.lengths else []
        return ", ".join([self.cell.replace("_cell", ""), *extra])

    def with_steps(self, steps: int) -> Case:
        return replace(self, shape=(steps, *self.shape[1:]))


@dataclass(frozen=True)
class Data:
    """What a case is run on: ``xs``, the gradient of the outputs, and lengths or None."""

    xs: np.ndarray
    seed: np.ndarray
    lengths: np.ndarray | None

    @property
    def live(self) -> np.ndarray | None:
        """Which entries are no padding: (steps, batch, 1)."""
        if self.lengths is None:
            return None
        count: np.ndarray = np.arange(len(self.xs))[:, None, None]
        return count < self.lengths[None, :, None]


@dataclass
class Results:
    """What a step computes, to be compared: parameters' gradients by the names of ours."""

    output: np.ndarray
    input_gradient: np.ndarray | None
    gradients: dict[str, np.ndarray]


def make_data(case: Case, output_size: int) -> Data:
    """The same numbers for every side, each sequence half to wholly as long as the longest."""
    steps, batch, inputs, _ = case.shape
    random = np.random.default_rng(0)
    xs = random.standard_normal((steps, batch, inputs)).astype(case.dtype)
    seed = random.standard_normal((steps, batch, output_size)).astype(case.dtype)
    lengths = None
    if case.lengths:
        lengths = random.integers(max(1, steps // 2), steps + 1, batch)
        lengths[0] = steps
    return Data(xs, seed, lengths)


def differences(ours: Results, peer: Results, tolerance: float) -> list[str]:
    """The entries that differ by more than ``tolerance`` of the peer's largest number in them."""
    pairs: list[tuple[str, Any, Any]] = [("the output", ours.output, peer.output)]
    if ours.input_gradient is not None and peer.input_gradient is not None:
        pairs.append(("the input's gradient", ours.input_gradient, peer.input_gradient))
    if ours.gradients.keys() != peer.gradients.keys():
        return [f"parameters {sorted(ours.gradients.keys() ^ peer.gradients.keys())}"]
    pairs += [(f"{n}'s gradient", g, peer.gradients[n]) for n, g in ours.gradients.items()]
    return [found for name, a, b in pairs for found in difference(name, a, b, tolerance)]


def difference(name: str, ours: np.ndarray, peer: np.ndarray, tolerance: float) -> list[str]:
    if ours.shape != peer.shape:
        return [f"{name}: {ours.shape} and {peer.shape}"]
    scale = float(np.abs(peer).max(initial=0))
    worst = float(np.abs(ours - peer).max(initial=0))
    if worst <= tolerance * scale:  # false for NaN
        return []
    return [f"{name}: by {worst:.2g}, of entries up to {scale:.2g}"]
