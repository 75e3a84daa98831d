"""Faults of the compiler: whatever it does wrong, the user's run goes on, and one warning says so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphnetError, ShapeError
from graphnet.ir.core.program import Program

pytest.importorskip("llvmlite")

from graphnet.native import CompilerWarning, faults, passes
from graphnet.native.scheduling import rules

pytestmark = pytest.mark.filterwarnings("default::graphnet.native.CompilerWarning")


def refuse(*_: object) -> Any:
    raise KeyError("nothing is here")


@pytest.fixture
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A compiler that fails at one stage."""
    faults.tell_once.cache_clear()
    if request.param == "scheduling":
        monkeypatch.setattr(
            rules, "RULES", dict.fromkeys(rules.RULES, rules.NativeRule(rule=refuse))
        )
    elif request.param == "a pass":
        break_merge(monkeypatch, refuse)
    else:
        monkeypatch.setattr(rules.Scheduler, "at", refuse)
    return str(request.param)


def break_merge(monkeypatch: pytest.MonkeyPatch, by: Callable[..., Program]) -> None:
    broken = [(name, by if name == "merge" else rewrite) for name, rewrite in passes.PASSES]
    monkeypatch.setattr("graphnet.native.PASSES", tuple(broken))


everywhere = pytest.mark.parametrize("broken", ["scheduling", "a pass", "places"], indirect=True)


def net() -> gn.GModule:
    gn.manual_seed(0)
    x = gn.input("x")
    hidden = nn.Tanh()(nn.Linear(3, 4)(x))
    return gn.GModule([x], [nn.Linear(4, 2)(hidden)])


@everywhere
def test_a_net_runs_on_in_the_interpreter(broken: str) -> None:
    x = np.ones((5, 3))
    plain, compiled = net(), net().compile()
    with pytest.warns(CompilerWarning, match=r"KeyError: 'nothing is here'.*please report"):
        run = compiled.run(x)
    with warnings.catch_warnings(record=True):
        again = compiled.run(x)
        run.backward(np.ones((5, 2)))
    np.testing.assert_array_equal(run.outputs, plain.forward(x))
    np.testing.assert_array_equal(again.outputs, run.outputs)
    plain.backward(x, np.ones((5, 2)))
    for ours, expected in zip(compiled.parameters(), plain.parameters(), strict=True):
        np.testing.assert_array_equal(ours.grad, expected.grad)


@everywhere
def test_a_training_step_goes_on(broken: str) -> None:
    trained = net()
    step = gn.compile_step(trained, nn.MSECriterion())
    with pytest.warns(CompilerWarning, match="runs in the interpreter"):
        loss = step(np.ones((5, 3)), np.zeros((5, 2)))
    assert loss == pytest.approx(float(np.mean(net().forward(np.ones((5, 3))) ** 2)))
    assert any(parameter.grad.any() for parameter in trained.parameters())


@everywhere
def test_a_live_cell_goes_on(broken: str) -> None:
    cell = nn.lstm_cell(3, 4)
    with pytest.warns(CompilerWarning, match="runs in the interpreter"):
        live = nn.Live(cell, np.zeros(3))
    c, h = live.step(live.start(), np.ones(3))
    expected = cell.evaluate().forward([np.ones(3), np.zeros(4), np.zeros(4)])
    np.testing.assert_array_equal([c, h], expected)


@pytest.mark.parametrize("broken", ["scheduling"], indirect=True)
def test_the_warning_names_the_node_and_comes_once(broken: str) -> None:
    compiled = net().compile()
    with pytest.warns(
        CompilerWarning, match=r"scheduling \(near Linear '.*' \(test_compiler_faults"
    ) as told:
        compiled.forward(np.ones((5, 3)))
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled.forward(np.ones((5, 3)))


@pytest.mark.parametrize("broken", ["scheduling"], indirect=True)
def test_where_warnings_are_errors_the_fault_is_seen(broken: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CompilerWarning, match="please report") as raised:
            net().compile().forward(np.ones((5, 3)))
    fault = raised.value.__context__
    assert isinstance(fault, faults.CompilerError)
    assert isinstance(fault.__cause__, KeyError)


def test_what_the_user_can_mend_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHNET_CPU", "nonsense")
    with pytest.raises(GraphnetError, match="nonsense"):
        net().compile().forward(np.ones((5, 3)))


def test_shapes_that_a_pass_confuses_end_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The types of a program are those of its trace: an error of them is the compiler's."""
    faults.tell_once.cache_clear()

    def confuse(program: Program) -> Program:
        raise ShapeError("adds (3,) and (4,)")

    break_merge(monkeypatch, confuse)
    with pytest.warns(CompilerWarning, match=r"ShapeError: adds \(3,\)"):
        result = net().compile().forward(np.ones((5, 3)))
    np.testing.assert_array_equal(result, net().forward(np.ones((5, 3))))


def test_a_warning_that_is_an_error_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(program: Program) -> Program:
        warnings.warn("has no native rule", UserWarning, stacklevel=1)
        return program

    break_merge(monkeypatch, warn)
    with pytest.raises(UserWarning, match="has no native rule"):
        net().compile().forward(np.ones((5, 3)))
