"""Faults of the compiler: whatever it does wrong, the user's run goes on, and one warning says so."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphnetError, ShapeError
from graphnet.ir.core.program import Program

pytest.importorskip("llvmlite")

from graphnet.native import CompilerWarning, faults, passes
from graphnet.native.execution.call_frame import Frames
from graphnet.native.execution.native_pieces import Native
from graphnet.native.scheduling import rules
from graphnet.source import warn_once

pytestmark = pytest.mark.filterwarnings("default::graphnet.native.CompilerWarning")


def own_function(text: str) -> Callable[..., Any]:
    """A function that counts as graphnet's own code: what it raises is a fault of the compiler."""
    names: dict[str, Any] = {"__name__": "graphnet.broken", "ShapeError": ShapeError}
    exec(text, names)
    function: Callable[..., Any] = names["broken"]
    return function


refuse = own_function("def broken(*_): raise KeyError('nothing is here')")


@pytest.fixture
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A compiler that fails at one stage."""
    warn_once.cache_clear()
    if request.param == "scheduling":
        monkeypatch.setattr(
            rules, "RULES", dict.fromkeys(rules.RULES, rules.NativeRule(lowering=refuse))
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
    warn_once.cache_clear()
    confuse = own_function("def broken(program): raise ShapeError('adds (3,) and (4,)')")
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


RUNS = {
    "inputs": (Frames, "take"),
    "threads": (Native, "execute"),
    "results": (Frames, "finish"),
}
"""Where a run of machine code may go wrong; the last one after its kernels have run."""


@pytest.fixture(params=RUNS)
def broken_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine code whose runs fail."""
    warn_once.cache_clear()
    monkeypatch.setattr(*RUNS[request.param], refuse)


FAULT_OF_RUN = r"a run of machine code \(near .* \(test_compiler_faults.*KeyError.*please report"


@pytest.mark.usefixtures("broken_run")
def test_a_fault_in_a_run_ends_nothing() -> None:
    x = np.ones((5, 3))
    plain, compiled = net(), net().compile()
    with pytest.warns(CompilerWarning, match=FAULT_OF_RUN) as told:
        run = compiled.run(x)
    assert [warning.filename for warning in told] == [__file__]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the compiler failed at a run of machine code .near Lin")
        again = compiled.forward(x)
    np.testing.assert_allclose(run.outputs, plain.forward(x), rtol=1e-12)
    np.testing.assert_array_equal(again, run.outputs)


@pytest.mark.usefixtures("broken_run")
def test_a_step_whose_runs_fail_adds_the_same_gradients() -> None:
    x, target = np.ones((5, 3)), np.zeros((5, 2))
    trained, plain = net(), net()
    step, criterion = gn.compile_step(trained, nn.MSECriterion()), nn.MSECriterion()
    with pytest.warns(CompilerWarning, match=FAULT_OF_RUN):
        losses = [step(x, target) for _ in range(3)]
    for expected in losses:
        made = [plain.forward(x), target]
        assert criterion.forward(made) == pytest.approx(expected, rel=1e-12)
        plain.backward(x, criterion.backward(made, 1.0)[0])
    for ours, theirs in zip(trained.parameters(), plain.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-12)


@pytest.mark.usefixtures("broken_run")
def test_where_warnings_are_errors_a_fault_in_a_run_is_seen() -> None:
    compiled = net().compile()
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(CompilerWarning, match=FAULT_OF_RUN) as raised:
                compiled.forward(np.ones((5, 3)))
        fault = raised.value.__context__
        assert isinstance(fault, faults.CompilerError)
        assert isinstance(fault.__cause__, KeyError)


class Stop(Exception):  # noqa: N818 (as a user names it)
    """What a handler of a signal raises."""


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, Stop, ShapeError, TimeoutError])
@pytest.mark.parametrize("where", RUNS)
def test_what_is_no_fault_of_the_compiler_ends_a_run(
    where: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> Any:
        raise error("enough")

    compiled = net().compile()
    compiled.forward(np.ones((5, 3)))
    monkeypatch.setattr(*RUNS[where], end)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match="enough"):
            compiled.forward(np.ones((5, 3)))


def time_out(*_: object) -> Any:
    """A handler of a signal, which Python calls in the midst of any code."""
    raise ValueError("my timeout")


@pytest.fixture
def handled() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, time_out)
    yield
    signal.signal(signal.SIGALRM, before)


STRIKE = own_function("def broken(*_):\n    import signal\n    signal.raise_signal(signal.SIGALRM)")
"""What is interrupted by the signal of a timer."""


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no such signal")
@pytest.mark.usefixtures("handled")
@pytest.mark.parametrize("where", RUNS)
def test_what_a_handler_of_a_signal_raises_ends_a_run(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, x = net().compile(), np.ones((5, 3))
    expected = compiled.forward(x)
    with monkeypatch.context() as patch:
        patch.setattr(*RUNS[where], STRIKE)
        with pytest.raises(ValueError, match="my timeout"):
            compiled.forward(x)
    np.testing.assert_array_equal(compiled.forward(x), expected)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no such signal")
@pytest.mark.usefixtures("handled")
def test_what_a_handler_of_a_signal_raises_ends_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, x = net().compile(), np.ones((5, 3))
    with monkeypatch.context() as patch:
        break_merge(patch, STRIKE)
        with pytest.raises(ValueError, match="my timeout"):
            compiled.forward(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compiled.forward(x)
    np.testing.assert_allclose(result, net().forward(x), rtol=1e-12)


def test_a_fault_of_one_run_leaves_the_next_ones_as_they_were() -> None:
    warn_once.cache_clear()
    compiled, x = net().compile(), np.ones((5, 3))
    expected = compiled.forward(x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*RUNS["results"], refuse)
        with pytest.warns(CompilerWarning, match=FAULT_OF_RUN):
            compiled.forward(x)
    for _ in range(3):
        np.testing.assert_array_equal(compiled.forward(x), expected)
