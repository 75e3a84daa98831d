"""Every cell of torchrecurrent, over several steps: weights copied, outputs and all gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import nn
from tests.nn.cells.peer_rows import ROWS
from tests.support.cell_checks import check, scatter
from tests.support.oracle import F, Tensor, torch
from tests.support.recurrent_loops import states_of

pytest.importorskip("torch", reason="PyTorch is not installed")
peers = pytest.importorskip("torchrecurrent", reason="torchrecurrent is not installed")

STEPS, BATCH, INPUTS, HIDDEN = 4, 3, 3, 5


def test_every_cell_of_the_package_has_a_row() -> None:
    assert {row.peer for row in ROWS.values()} == {n for n in peers.__all__ if n.endswith("Cell")}
    assert set(ROWS) <= set(nn.CELLS)


class HardSigmoid(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
    """PyTorch's has the slope 1 / 6 in float32 precision alone, 1e-8 away."""

    def forward(self, x: Tensor) -> Tensor:
        return F.hardtanh(x / 6 + 0.5, 0.0, 1.0)


def step(call: Any, name: str, x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """One step of a cell whose states come in the opposite order: its output and next states."""
    if name == "janet_cell_learned":  # h and c are the same there
        (h,) = states
        h, _ = call(x, (h, h))
        return h, [h]
    if name.startswith("taugru"):
        past, h = states
        after = call(x, h, past[..., :HIDDEN])
        return after, [torch.cat([past[..., HIDDEN:], h], -1), after]
    if len(states) == 1:
        found = call(x, states[0])
        output, after = found if isinstance(found, tuple) else (found, found)
        return output, [after]
    first, second = call(x, (states[1], states[0]))
    if isinstance(second, tuple):
        return first, [second[1], second[0]]
    return first, [second, first]


@pytest.mark.parametrize("name", ROWS)
def test_a_cell_equals_that_of_torchrecurrent(name: str, rng: np.random.Generator) -> None:
    row = ROWS[name]
    inputs = HIDDEN if row.is_square else INPUTS
    net = nn.Recurrent(nn.CELLS[name](inputs, HIDDEN, **row.ours))
    scatter(net, rng)
    peer = getattr(peers, row.peer)(inputs, HIDDEN, **row.theirs).double()
    if hasattr(peer, "gate_act") and isinstance(peer.gate_act, torch.nn.Hardsigmoid):
        peer.gate_act = HardSigmoid()

    def looped(named: dict[str, Tensor], xs: Tensor, *states: Tensor) -> list[Tensor]:
        weights = row.weights(named)
        assert set(weights) <= {n for n, _ in peer.named_parameters()}
        carry, outputs = list(states), []
        for x in xs:
            output, carry = step(
                lambda *data: torch.func.functional_call(peer, weights, data), name, x, carry
            )
            outputs.append(output)
        return [torch.stack(outputs), *carry]

    data = [rng.normal(size=(STEPS, BATCH, inputs)), *states_of(net.cell, rng, BATCH)]
    check(net, data, looped, rng)
