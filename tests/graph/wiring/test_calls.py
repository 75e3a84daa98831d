"""Calls of modules: inputs as a table, as arguments, by name, and mixed; what backward takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError

A, B, C = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([7.0, 11.0])
ONES = np.ones(2)


def product() -> gn.GModule:
    """Two required inputs, and one that may be left out."""
    x, state, bias = gn.input("x"), gn.input("state"), gn.input("bias", optional=True)
    return gn.GModule([x, state, bias], [x * state, Sum()(x, bias=bias)])


class Sum(gn.Module):
    """The sum of the inputs that are there."""

    def required_inputs(self) -> int:
        return 1

    def optional_inputs(self) -> tuple[str, ...]:
        return ("bias",)

    def compute(self, table: Any) -> Any:
        x, *rest = table if isinstance(table, list | tuple) else [table]
        return x + rest[0] if rest and rest[0] is not None else x


def two() -> gn.GModule:
    x, state = gn.input("x"), gn.input("state")
    return gn.GModule([x, state], [x * state])


def one() -> gn.GModule:
    x = gn.input("x")
    return gn.GModule([x], [nn.Tanh()(x)])


FORMS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("a table", ([A, B],), {}),
    ("arguments", (A, B), {}),
    ("names", (), {"x": A, "state": B}),
    ("names in another order", (), {"state": B, "x": A}),
    ("an argument and a name", (A,), {"state": B}),
    ("a table and a name", ([A],), {"state": B}),
    ("the former name of the table", (), {"inputs": [A, B]}),
]
CALLS = pytest.mark.parametrize(
    ("inputs", "named"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS]
)


@CALLS
def test_all_forms_mean_the_table(inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
    net = two()
    for found in (
        net(*inputs, **named),
        net.forward(*inputs, **named),
        net.run(*inputs, **named).outputs,
    ):
        np.testing.assert_array_equal(found, A * B)
    for gradient in (
        net.backward(*inputs, **named, grad_outputs=C),
        net.backward(*inputs, C, **named) if inputs else net.backward([A, B], C),
    ):
        np.testing.assert_array_equal(gradient, [B * C, A * C])
    assert net.profile(*inputs, **named, repeats=1).rows


@CALLS
def test_nodes_are_wired_in_all_forms(inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
    a, b = gn.input("a"), gn.input("b")

    def nodes(value: Any) -> Any:
        if isinstance(value, list):
            return [nodes(part) for part in value]
        return a if value is A else b

    made = two()(*map(nodes, inputs), **{name: nodes(value) for name, value in named.items()})
    assert made.parents == (a, b)
    np.testing.assert_array_equal(gn.GModule([a, b], made).forward(A, B), A * B)


@pytest.mark.parametrize("inputs", [(A, B, C), ([A, B, C],), (A, B)])
def test_an_optional_input_follows_the_others_or_has_a_name(inputs: tuple[Any, ...]) -> None:
    net = product()
    named = {"bias": C} if len(inputs) == 2 else {}
    for found, expected in zip(net.forward(*inputs, **named), [A * B, A + C], strict=True):
        np.testing.assert_array_equal(found, expected)
    gradients = net.backward(*inputs, [ONES, ONES], **named)
    np.testing.assert_array_equal(gradients, [B + 1, A, ONES])


def test_a_graph_of_one_input_takes_it_by_name() -> None:
    np.testing.assert_array_equal(one().forward(x=A), np.tanh(A))
    x = gn.input("x")
    last = gn.GModule([x], [nn.SelectTable(-1)(x)])
    np.testing.assert_array_equal(last.forward(x=[A, B]), B)


def test_a_loss_of_two_inputs_needs_no_gradient() -> None:
    x, y = gn.input("x"), gn.input("y")
    net = gn.GModule([x, y], [nn.MSECriterion()(x, y)])
    net.forward(A, B)
    np.testing.assert_array_equal(net.backward(A, B), [A - B, B - A])
    np.testing.assert_array_equal(net.backward(A, B, 2.0), [2 * (A - B), 2 * (B - A)])
    np.testing.assert_array_equal(net.backward([A, B], 2.0), [2 * (A - B), 2 * (B - A)])


def test_an_input_may_have_the_name_of_an_argument_of_forward() -> None:
    inputs, self = gn.input("inputs"), gn.input("self")
    net = gn.GModule([inputs, self], [inputs - self])
    np.testing.assert_array_equal(net.forward(inputs=A, self=B), A - B)


def test_recurrent_layers_name_their_inputs() -> None:
    xs, h, lengths = np.ones((5, 2, 3)), np.ones((2, 4)), np.array([5, 2])
    rnn = nn.Recurrent(nn.rnn_cell(3, 4))
    expected = rnn.forward([xs, h, lengths])
    np.testing.assert_array_equal(rnn.forward(xs=xs, prev_h=h, lengths=lengths)[0], expected[0])
    lstm = nn.LSTM(3, 4)
    state = h[None], h[None]
    expected = lstm.forward([xs, state])
    np.testing.assert_array_equal(lstm.forward(input=xs, state=state)[0], expected[0])


def test_a_criterion_names_its_inputs() -> None:
    assert nn.MSECriterion().forward(input=A, target=B) == ((A - B) ** 2).mean()


def test_a_plan_takes_names() -> None:
    pytest.importorskip("llvmlite")
    net = two()
    assert str(net.memory_plan(x=(2,), state=(2,))) == str(net.memory_plan((2,), (2,)))


Fault = tuple[Callable[[], Any], str]

FAULTS: list[Fault] = [
    (lambda: two().forward(A, stat=B), r"GModule has no input named 'stat'\n  Did you mean state\? Its inputs: x, state\."),
    (lambda: two().forward(x=A), r"GModule received no state\n  Its inputs: x, state\."),
    (lambda: product().forward(bias=C), r"received no x, no state\n  Its inputs: x, state, bias"),
    (lambda: two().forward(A, x=B), r"received x twice"),
    (lambda: two().forward([A, B], x=C), r"received x twice\n  One list is the table of all inputs"),
    (lambda: two().forward(A, B, C), r"takes 2 inputs, received \[\(2,\), \(2,\), \(2,\)\]\n  Its inputs: x, state"),
    (lambda: product().forward(A, B, C, A), r"takes 3 inputs, received"),
    (lambda: product()(A, B, C, A), r"takes 3 inputs, received"),
    (lambda: two().forward(), r"received no input\n  Its inputs: x, state"),
    (lambda: two().run(), r"received no input\n  Its inputs: x, state"),
    (lambda: nn.Tanh().forward(), r"Tanh received no input"),
    (lambda: nn.Tanh().forward(A, B), r"received 2 arguments, expected one\n.*as a list"),
    (lambda: one().forward(A, B), r"received 2 arguments, expected one\n.*as a list"),
    (lambda: one().forward(A, x=B), r"received x twice"),
    (lambda: nn.Tanh().forward(x=A), r"Tanh has no input named 'x'\n  Its inputs have no names: forward\(x\)"),
    (lambda: two()(A, B, check_finite=True), r"check_finite is an argument of run, forward or backward"),
    (lambda: two()(gn.input(), stat=gn.input()), r"Did you mean state\?"),
    (lambda: nn.Tanh()(gn.input(), name="squash"), r"no input named 'name'\n.*annotate\(name=…\)"),
    (lambda: two().backward(A, B, C), r"backward needs the input of the last forward"),
    (lambda: nn.MSECriterion().forward(A, B, C), r"takes 2 inputs, received .*\n  Its inputs: input, target"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "message"), FAULTS, ids=[f[1] for f in FAULTS])
def test_a_wrong_call_names_the_inputs_there_are(action: Callable[[], Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        action()


def test_backward_of_other_inputs_is_refused_in_every_form() -> None:
    net = two()
    net.forward(A, B)
    for wrong in ((B, A, C), ([B, A], C), (A, C), (A, B, C, C)):
        with pytest.raises(GraphError, match=r"backward needs the input|takes 2 inputs"):
            net.backward(*wrong)


class Total(gn.Module):
    """A user's module of a table."""

    def compute(self, table: Any) -> Any:
        return table[0] + table[1]


@pytest.mark.parametrize("make", [Total, nn.CAddTable, lambda: nn.Sequential(nn.CAddTable())])
def test_a_module_of_a_table_is_given_one_list_as_its_docstring_says(
    make: Callable[[], gn.Module],
) -> None:
    np.testing.assert_array_equal(make()([A, B]), A + B)
    np.testing.assert_array_equal(make().forward([A, B]), A + B)
    for call in (make(), make().forward, make().run):
        with pytest.raises(
            GraphError, match=r"received 2 arguments.*\n.*as a list, module\(\[a, b\]\)"
        ):
            call(A, B)
    assert "receives it as one list" in " ".join(str(gn.Module.__call__.__doc__).split())
    assert "is given one list" in " ".join(str(gn.Module.run.__doc__).split())
