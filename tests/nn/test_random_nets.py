"""Random cells and graphs, as people write them: passes, machine code, PyTorch agree.

What fails is made small by hypothesis, and its code is shown. ``python tests/random_cells.py`` runs
thousands, by seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite")

from tests.random_nets.campaign import RUN, Campaign
from tests.random_nets.choices import Choices, drawn, made_small, seeded
from tests.random_nets.compare import compiled_differences, torch_differences
from tests.random_nets.graphs import random_graph
from tests.random_nets.memory import memory_differences
from tests.random_nets.nets import random_net
from tests.random_nets.passes import pass_differences
from tests.support.notices import notices_ignored

FAST = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def assert_same(data: Any, draw: Callable[[Choices], str], *checks: Callable[[str], Any]) -> None:
    code = draw(drawn(data))
    note(code + RUN)
    for check in checks:
        assert check(code) == []


@settings(FAST, max_examples=80)
@given(st.data(), st.booleans())
def test_passes_leave_cells_as_they_are(data: Any, is_step: bool) -> None:
    assert_same(data, random_net, partial(pass_differences, is_step=is_step))


@settings(FAST, max_examples=100)
@given(st.data())
def test_cells_give_what_they_give_in_pytorch(data: Any) -> None:
    assert_same(data, random_net, torch_differences)


@settings(FAST, max_examples=5)
@given(st.data())
def test_compiled_cells(data: Any) -> None:
    assert_same(data, random_net, compiled_differences, memory_differences)


@settings(FAST, max_examples=80)
@given(st.data(), st.booleans())
def test_passes_leave_graphs_of_all_modules_as_they_are(data: Any, is_step: bool) -> None:
    assert_same(data, random_graph, partial(pass_differences, is_step=is_step))


@settings(FAST, max_examples=100)
@given(st.data())
def test_graphs_of_all_modules_give_what_they_give_in_pytorch(data: Any) -> None:
    assert_same(data, random_graph, torch_differences)


@settings(FAST, max_examples=6)
@given(st.data())
def test_compiled_graphs(data: Any) -> None:
    assert_same(data, random_graph, compiled_differences)


def test_what_is_shown_runs_as_it_is() -> None:
    with notices_ignored():
        exec(random_net(seeded(7)) + RUN, {})


def test_the_same_seed_gives_the_same_net() -> None:
    codes = [random_net(seeded(seed)) for seed in (1, 1, 2)]
    assert codes[0] == codes[1] != codes[2]


def test_a_campaign_makes_failures_small(capsys: pytest.CaptureFixture[str]) -> None:
    """Of cells with a LayerNorm, which counts as a fault here, little else is left."""

    def check(seed: int) -> Callable[[str], list[str]]:
        return lambda code: ["a norm of something"] if "nn.LayerNorm" in code else []

    campaign = Campaign("cells", random_net, check)
    campaign.run(range(12))
    shown = capsys.readouterr().out
    assert campaign.counts["compared"] == 12
    assert campaign.counts["failed"] == len(campaign.kinds["a norm"]) > 0
    cell = shown.partition("from graphnet")[2].partition("net = ")[0]
    assert "nn.LayerNorm" in cell
    assert len(cell.splitlines()) < 8
    first = campaign.kinds["a norm"][0]
    assert len(random_net(seeded(first)).splitlines()) > 20


def test_decisions_are_made_small() -> None:
    assert made_small([9, 4, 7, 50, 3, 8], lambda numbers: max(numbers, default=0) >= 12) == [12]
