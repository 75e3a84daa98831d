"""The reference cases of Torch7 nngraph, run by machine code within the tolerances of the interpreter."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from graphnet import nn
from tests.golden_support.cases import Case, cases, run_case
from tests.golden_support.runner import every_net_compiled
from tests.golden_support.skip import Skip
from tests.support.notices import notices_ignored
from tests.support.paths import GOLDEN, TESTS

pytest.importorskip("llvmlite")

CASES = [pytest.param(case, id=case.name) for case in cases(GOLDEN)]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    with every_net_compiled(), notices_ignored():
        try:
            differences = run_case(case)
        except Skip as reason:
            pytest.skip(str(reason))
    assert differences == []


def test_every_net_is_compiled_there_and_nowhere_else() -> None:
    net = nn.Linear(2, 3)
    with every_net_compiled():
        assert net.is_compiled
        assert nn.LSTM(2, 3).is_compiled
        np.testing.assert_allclose(
            net.forward(np.ones(2)), net.weight.data.sum(1) + net.bias.data, rtol=1e-12
        )
    assert not net.is_compiled


def test_the_runner_runs_a_folder_compiled() -> None:
    command = [sys.executable, str(TESTS / "golden_runner.py"), "--compiled"]
    ran = subprocess.run(
        [*command, str(GOLDEN / "lstm")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 failed" in ran.stdout
