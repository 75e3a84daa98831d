"""Sequences at the edges: functions without a slope, no batch, odd lengths, names that begin alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, ShapeError
from graphnet.graph import Module, Parameter

XS = np.ones((5, 4, 3))


def gru(inputs: int = 3, hidden: int = 4) -> nn.Recurrent:
    return nn.Recurrent(nn.gru_cell(inputs, hidden))


@pytest.mark.parametrize("function", [nn.Log, lambda: nn.Power(-1)])
def test_padding_does_not_spoil_the_gradients_of_a_function_without_a_slope_at_zero(
    function: Callable[[], Module], rng: np.random.Generator
) -> None:
    x, prev_h = gn.input(), nn.State(4)()
    next_h = nn.Tanh()(nn.CAddTable()([nn.Linear(3, 4)(function()(x)), prev_h]))
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h]))
    run = net.run(rng.uniform(1, 2, size=(5, 2, 3)), lengths=[5, 2])
    by_xs = run.backward([np.ones((5, 2, 4)), None])[0]
    assert np.isfinite(by_xs).all()
    assert all(np.isfinite(parameter.grad).all() for parameter in net.parameters())


def test_zeros_are_the_states_of_a_sequence_in_each_step(rng: np.random.Generator) -> None:
    x, prev_h = gn.input(), nn.State(4)()
    shown, next_h = gru()(x, prev_h).split(2)
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, shown]))
    xs = rng.normal(size=(6, 5, 2, 3))
    expected = net.forward([xs, np.zeros((2, 4))])
    for found, wanted in zip(net.forward(xs), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_lengths_without_a_batch_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ShapeError, match=r"lengths for a sequence without batch \(5, 3\)"):
        nn.GRU(3, 3).forward(rng.normal(size=(5, 3)), lengths=np.array([5, 3, 2]))


@pytest.mark.parametrize("steps", [3, 5])
def test_batch_first_leaves_a_sequence_without_batch(steps: int, rng: np.random.Generator) -> None:
    net = nn.GRU(3, 4, batch_first=True)
    plain = nn.from_torch_state_dict(nn.GRU(3, 4), nn.to_torch_state_dict(net))
    xs = rng.normal(size=(steps, 3))
    np.testing.assert_array_equal(net.forward(xs)[0], plain.forward(xs)[0])


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "uint64"])
def test_lengths_may_have_any_whole_dtype(dtype: str) -> None:
    lengths = np.array([5, 3, 0, 1])
    found = gru().forward(XS, lengths=lengths.astype(dtype))[0]
    np.testing.assert_array_equal(
        found != 0, np.arange(5)[:, None, None] < lengths[:, None] + 0 * found
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_an_unrolled_graph_refuses_more_steps(reverse: bool) -> None:
    net = gn.unroll(nn.gru_cell(3, 4), 4, reverse=reverse)
    with pytest.raises(GraphError, match="a table of 5 into 4 outputs"):
        net.forward([XS, np.zeros((4, 4))])


def test_check_finite_leaves_padding_alone() -> None:
    xs = XS.copy()
    xs[2:, 1] = np.nan
    outputs, _ = gru().forward(xs, lengths=[5, 2, 5, 5], check_finite=True)
    assert np.isfinite(outputs).all()


class Scaled(Module):
    """Two parameters, the name of one of which begins with that of the other."""

    def __init__(self) -> None:
        self.weight_scale = Parameter(np.ones(3))
        self.weight = Parameter(np.ones(3))

    def compute(self, x: Any) -> Any:
        return x * self.weight_scale * self.weight


def test_parameters_whose_names_begin_alike_are_traced() -> None:
    x, prev_h = gn.input(), nn.State(3)()
    next_h = Scaled()(nn.CAddTable()([x, prev_h]))
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h]))
    run = net.run(XS, trace_weights=["weight", "weight_scale"])
    run.backward([np.ones(XS.shape), None])
    assert set(run.weight_grad_by_step) == {"next_h.weight", "next_h.weight_scale"}


def test_the_output_of_a_residual_stack_is_zero_in_the_padding() -> None:
    xs = XS.copy()
    xs[2:, 1] = np.nan
    net = nn.stack(nn.gru_cell(3, 3), connection="residual")
    assert not net.forward(xs, lengths=[5, 2, 5, 5])[0][2:, 1].any()


FAULTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: gru().forward(XS, lengths=[[5, 1, 1, 1]]), DtypeError, "received the lengths .*expected whole numbers"),
    (lambda: gru().forward(XS, lengths=[5, 1.5, 1, 1]), DtypeError, "lengths"),
    (lambda: gru().forward(XS, prev_h=np.ones((3, 4))), ShapeError, r"state prev_h .*\[3, 4\]|prev_h .*\(3, 4\)"),
    (lambda: gru().forward(None), (GraphError, DtypeError), "None|nothing"),  # type: ignore[list-item]
    (lambda: nn.LSTM(3, 4).forward(XS, state=(np.ones((1, 4, 4)), None)), GraphError, r"\[\(1, 4, 4\), nothing\], expected all 2 entries"),
    (lambda: nn.LSTM(3, 4, dropout=1.5), ValueError, "dropout|p is 1.5"),
    (lambda: nn.stack(nn.gru_cell(3, 4), dropout=1.5), ValueError, "dropout|p is 1.5"),
    (lambda: gru().run(XS)["update_gate"], GraphError, "Nothing was kept. For nodes"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_does_not_fit_is_named(
    action: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()


def joined_cell() -> gn.GModule:
    """A cell that does not say how wide its state ``a`` is: a layer reads it joined to the input."""
    x, a, b = gn.input("x"), gn.input("a"), nn.State(4)()
    next_a = nn.Tanh()(nn.Linear(2 + 7, 7)(nn.JoinTable(-1)([x, a])))
    return gn.GModule([x, a, b], [next_a, nn.Tanh()(b + nn.Linear(2, 4)(x))])


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_a_state_that_is_given_tells_its_own_size(
    batch: tuple[int, ...], batch_first: bool
) -> None:
    net = nn.Recurrent(joined_cell(), batch_first=batch_first)
    steps = (*batch, 5) if batch_first else (5, *batch)
    xs, a = np.ones((*steps, 2)), np.ones((*batch, 7))
    outputs, last_a, last_b = net.forward(xs, a=a)
    assert (outputs.shape, last_a.shape, last_b.shape) == ((*steps, 4), (*batch, 7), (*batch, 4))
    whole = net.forward([xs, a, np.zeros((*batch, 4))])
    np.testing.assert_array_equal(outputs, whole[0])


def test_a_state_that_nobody_tells_is_asked_for() -> None:
    with pytest.raises(GraphError, match=r"cannot tell how wide the states \(a, b\) are"):
        nn.Recurrent(joined_cell()).forward(np.ones((5, 3, 2)))


def test_a_cell_without_parameters_has_no_gradients_of_them_by_step() -> None:
    x, h = gn.input("x"), nn.State(3)()
    net = nn.Recurrent(gn.GModule([x, h], [nn.Tanh()(nn.CAddTable()([x, h]))]))
    run = net.run(XS, trace_weights=True)
    run.backward([np.ones_like(output) for output in run.outputs])
    assert run.weight_grad_by_step == {}
    run = net.run(XS)
    run.backward([np.ones_like(output) for output in run.outputs])
    with pytest.raises(GraphError, match="Ask for them"):
        _ = run.weight_grad_by_step
