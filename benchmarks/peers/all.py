"""The peers by name, which cells each has, and a case measured against one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from measuring.machine import LargeProduct
from measuring.turns import by_turns

from graphnet import nn
from peers import inductor, ours, pytorch
from peers.case import Case, Data, differences, make_data
from peers.equations import EQUATIONS, draws_per_direction
from peers.limit import TooSlow

TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
"""Of the largest number of an array: sums of thousands of terms in another order."""
NORMALISED = 50
"""Layer norm divides rows by their deviation, which magnifies rounding, and at the first step it
divides zeros: two layers at the shape "tiny" agree to 1e-11 in float64 on all sides, and in float32
to 3e-3, in the interpreter and compiled alike. So the strict check of such a cell is --dtype
float64."""


def jax_side(case: Case, net: Any, data: Data) -> ours.Side:
    from peers import xla

    return xla.side(case, net, data)


def interpreter_side(case: Case, net: Any, data: Data) -> ours.Side:
    return ours.side(net.clone().compile(False).train(case.train), data, "run")


def merged_side(case: Case, net: Any, data: Data) -> ours.Side:
    """The merged form of the same LSTM, compiled too."""
    merged = nn.Recurrent(nn.merge_gates(net.cell)).train(case.train).compile()
    side, names = ours.side(merged, data), pytorch.stacked_names(case, [])

    def results(draws: list[np.ndarray]) -> Any:
        found = side.results(draws)
        parts: dict[str, np.ndarray] = {}
        for theirs, rows in names.items() if case.train else ():
            kind, short, _ = theirs.split("_")
            part = {"ih": "i2h", "hh": "h2h"}[short]
            gates = np.split(found.gradients[f"layer1.{part}.{kind}"], len(rows))
            parts |= dict(zip(rows, gates, strict=True))
        return replace(found, gradients=parts)

    return ours.Side(side.step, results)


@dataclass(frozen=True)
class Peer:
    """One side to compare with."""

    make: Callable[[Case, Any, Data], ours.Side]
    cells: Any
    plain_only: bool = False
    needs: str = "torch"

    def missing(self, case: Case) -> str | None:
        """Why this peer cannot do a case."""
        if case.cell not in self.cells:
            return f"has no {case.cell}, but {', '.join(self.cells)}"
        if self.plain_only and not case.is_plain:
            return "has one layer in one direction, without lengths"
        return None if find_spec(self.needs) else f"needs {self.needs}, which is not installed"


PEERS = {
    "torch": Peer(pytorch.fused_side, pytorch.FUSED),
    "torch-composed": Peer(pytorch.composed_side, EQUATIONS),
    "torch-compile": Peer(inductor.compiled_side, EQUATIONS),
    "torch-compile-cell": Peer(inductor.cell_side, EQUATIONS),
    "jax": Peer(jax_side, EQUATIONS, needs="jax"),
    "interpreter": Peer(interpreter_side, nn.CELLS),
    "merged": Peer(merged_side, ("lstm_cell",), plain_only=True),
}


@dataclass(frozen=True)
class Settings:
    """How to time."""

    rounds: int
    round_seconds: float
    way: str


def random_draws(case: Case) -> list[np.ndarray]:
    """The random numbers that a training step needs, for the check."""
    directions = case.layers * (2 if case.bidirectional else 1)
    count = draws_per_direction(case.cell) * directions if case.train else 0
    random, shape = np.random.default_rng(1), (*case.shape[:2], case.shape[-1])
    return [random.random(shape, np.float32).astype(case.dtype) for _ in range(count)]


def measured(case: Case, peer: str, settings: Settings, product: LargeProduct) -> dict[str, Any]:
    """One row: the figures, or under ``"refused"`` why there are none."""
    row: dict[str, Any] = {
        "cell": case.label, "shape": case.shape_name, "sizes": case.shape, "mode": case.mode,
        "dtype": case.dtype, "peer": peer,
    }  # fmt: skip
    missing = PEERS[peer].missing(case)
    if missing:
        return row | {"skipped": f"{peer} {missing}"}
    net = ours.build(case)
    data = make_data(case, ours.total_output_size(case))
    own = ours.side(net.compile(), data, settings.way)
    try:
        theirs = PEERS[peer].make(case, net, data)
    except TooSlow as reason:
        return row | {"skipped": str(reason)}
    draws = random_draws(case)
    magnifies = "norm" in case.cell and case.dtype == "float32"
    tolerance = TOLERANCE[case.dtype] * (NORMALISED if magnifies else 1)
    wrong = differences(own.results(draws), theirs.results(draws), tolerance)
    if wrong:
        return row | {"refused": f"the sides differ in {'; '.join(wrong[:3])}"}
    timing = by_turns(
        own.step, theirs.step, settings.rounds, product.measure, settings.round_seconds
    )
    rate = 2e-6 * ours.multiply_adds(net, data) * (3 if case.train else 1) / timing.ours_ms
    compile_seconds = {"compile_seconds": theirs.compile_seconds} if theirs.compile_seconds else {}
    return row | compile_seconds | timing.numbers() | {"gflops": rate, "share": rate / product.rate}
