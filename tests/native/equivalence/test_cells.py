"""Compiled cells against the uncompiled: each option of a sequence, both directions, all sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import nn
from tests.support.cells import OF_EACH_KIND
from tests.support.notices import notices_ignored
from tests.support.numeric import relative_error

pytest.importorskip("llvmlite")

from tests.native.equivalence.test_modules import TOLERANCE, results
from tests.native.equivalence.test_sequences import check

OPTIONS = {
    "lengths": {"lengths": True, "reverse": False, "trace": False},
    "reverse": {"lengths": False, "reverse": True, "trace": False},
    "trace": {"lengths": False, "reverse": False, "trace": True},
}
"""With tests/native/equivalence/test_sequences.py, where each cell runs with none of the options and with all, every
pair of options is met by a cell of each kind."""


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_cell(name: str, options: dict[str, bool], rng: np.random.Generator) -> None:
    dtype = "float32" if options["lengths"] else "float64"
    net = nn.Recurrent(nn.CELLS[name](3, 5), reverse=options["reverse"]).astype(dtype)
    shown = net.cell.name_of(net.cell.outputs[-1])
    more: dict[str, Any] = {"lengths": np.array([4, 0, 1])} if options["lengths"] else {}
    if options["trace"]:
        more["trace"] = [shown]
    with notices_ignored():
        check(net, rng.normal(size=(4, 3, 3)), TOLERANCE[dtype], **more)


@pytest.mark.parametrize("name", ["rnn_cell", "gru_cell", "lstm_cell_zoneout", "sru_cell"])
def test_both_directions(name: str, rng: np.random.Generator) -> None:
    net = nn.Bidirectional(nn.CELLS[name](3, 4), nn.CELLS[name](3, 4))
    with notices_ignored():
        check(net, rng.normal(size=(5, 2, 3)), 1e-12, lengths=np.array([2, 5]))


def test_steps_and_batches_of_every_size(rng: np.random.Generator) -> None:
    """One compiled net, sentences of every length in batches of every size."""
    net = nn.Recurrent(nn.lstm_cell(3, 5))
    compiled = net.clone().compile()
    for steps, batch in [(4, 2), (1, 1), (9, 0), (7, 13), (4, 2), (31, 17)]:
        xs = rng.normal(size=(steps, batch, 3))
        for found, expected in zip(results(compiled, xs), results(net, xs), strict=True):
            assert relative_error(found, expected) < 1e-12
