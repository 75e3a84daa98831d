"""Truncation: the same as pieces of a sequence with states carried over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.numeric import close
from tests.support.recurrent_loops import BATCH, INPUTS, made, states_of


def check_each_alone(
    cell: gn.GModule, cut: int, lengths: list[int], rng: np.random.Generator
) -> None:
    """Backwards, each sequence counts its pieces from its own end, as it does alone."""
    xs, states = rng.normal(size=(7, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    net = nn.Recurrent(cell, reverse=True, truncate=cut)
    run = net.run([xs, *states], lengths=lengths)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_xs, *by_states = run.backward(seeds)[: 1 + len(states)]
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        if not length:
            assert not by_xs[:, row].any()
            continue
        alone = net.run([xs[:length, one], *[state[one] for state in states]])
        back = alone.backward([seeds[0][:length, one], *[seed[one] for seed in seeds[1:]]])
        close(by_xs[:length, one], back[0])
        for found, expected in zip(by_states, back[1 : 1 + len(states)], strict=True):
            close(found[one], expected)


@pytest.mark.parametrize("lengths", [None, [7, 2, 0, 4]], ids=["full", "lengths"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cut", [1, 3, 7, 20])
@pytest.mark.parametrize("name", ["lstm_cell", "sru_cell"])
def test_truncation_equals_pieces_with_states_carried_over(
    name: str, cut: int, reverse: bool, lengths: list[int] | None, rng: np.random.Generator
) -> None:
    cell, steps = made(name, rng), 7
    if reverse and lengths is not None:
        check_each_alone(cell, cut, lengths, rng)
        return
    xs, states = rng.normal(size=(steps, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    optional: dict[str, Any] = {} if lengths is None else {"lengths": lengths}
    net = nn.Recurrent(cell, reverse=reverse, truncate=cut)
    run = net.run([xs, *states], **optional)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_input = run.backward(seeds)
    found = [parameter.grad.copy() for parameter in cell.parameters()]
    cell.zero_grad()

    by_xs, carried = np.zeros(xs.shape), list(states)
    piecewise = nn.Recurrent(cell, reverse=reverse)
    starts = list(range(0, steps, cut))
    for start in starts:
        stop = min(start + cut, steps)
        begin, end = (steps - stop, steps - start) if reverse else (start, stop)
        if lengths is not None:
            optional = {"lengths": np.clip(np.array(lengths) - begin, 0, end - begin)}
        piece = piecewise.run([xs[begin:end], *carried], **optional)
        close(run.outputs[0][begin:end], piece.outputs[0])
        carried = piece.outputs[1:]
        last = seeds[1:] if start == starts[-1] else [None] * len(states)
        back = piece.backward([seeds[0][begin:end], *last])
        by_xs[begin:end] = back[0]
        if start == 0:
            by_states = back[1 : 1 + len(states)]
    close(by_input[0], by_xs)
    for gradient, expected in zip(by_input[1 : 1 + len(states)], by_states, strict=True):
        close(gradient, expected)
    for gradient, parameter in zip(found, cell.parameters(), strict=True):
        close(gradient, parameter.grad)
    if 1 < cut < steps:
        whole = nn.Recurrent(cell, reverse=reverse).run([xs, *states])
        assert np.abs(whole.backward(seeds)[0] - by_xs).max() > 1e-6
