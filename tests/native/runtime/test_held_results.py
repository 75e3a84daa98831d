"""The memory of runs: results stay as they are for as long as anybody holds on to them."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite")

from graphnet.native.runtime import arena_pool
from tests.support.held_results import WAYS, campaign, net, values

SHAPE = (130, 130)
"""Large enough that a result is handed out where its run computed it."""


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    arena_pool.forget()


def addresses(made: Any, runs: int = 4) -> set[int]:
    """Where the results of some runs lie; the last run of a net is kept for ``backward``."""
    x = np.ones(SHAPE, np.float32)
    return {made.forward(x).ctypes.data for _ in range(runs)}


@pytest.mark.parametrize("way", WAYS)
def test_held_results_stay(way: str) -> None:
    made = net()
    first = WAYS[way](made.forward(np.ones(SHAPE, np.float32)))
    expected = values(first)
    later = [made.forward(np.full(SHAPE, i, np.float32)) for i in range(5)]
    np.testing.assert_array_equal(values(first), expected)
    for i, result in enumerate(later):
        np.testing.assert_allclose(result, np.tanh(float(i) ** 2), rtol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_dropped_results_give_their_memory_back(way: str) -> None:
    made = net()
    result = made.forward(np.ones(SHAPE, np.float32))
    address, held = result.ctypes.data, WAYS[way](result)
    del result
    assert address not in addresses(made)
    del held
    assert address in addresses(made)


def test_a_result_in_a_cycle_gives_its_memory_back_when_that_is_collected() -> None:
    made = net()
    cycle: list[Any] = [made.forward(np.ones(SHAPE, np.float32))]
    address = cycle[0].ctypes.data
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert address in addresses(made)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(WAYS)), st.integers(0, 5)), max_size=40))
def test_any_order_of_holding_and_dropping(steps: list[tuple[str, int]]) -> None:
    made = net()
    held: list[tuple[Any, np.ndarray]] = []
    for number, (way, dropped) in enumerate(steps):
        kept = WAYS[way](made.forward(np.full(SHAPE, number / 9, np.float32)))
        held.append((kept, values(kept)))
        if len(held) > dropped:
            last, expected = held.pop(dropped)
            np.testing.assert_array_equal(values(last), expected)
    for last, expected in held:
        np.testing.assert_array_equal(values(last), expected)


def test_eight_threads_hold_and_drop() -> None:
    assert campaign(threads=8, rounds=60) == 0


def test_no_more_memory_is_kept_than_promised() -> None:
    made, x = net(), np.ones(SHAPE, np.float32)
    results = [made.forward(x) for _ in range(5 * arena_pool.KEPT)]
    assert len({result.ctypes.data for result in results}) == len(results)
    results.clear()
    assert arena_pool.kept() == arena_pool.KEPT
