"""The output of a cell is chosen by name; the inner state of an LSTM as output is warned of."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from tests.support.recurrent_loops import made

XS = np.random.default_rng(5).normal(size=(6, 2, 3))


def pytorch_order(**names: str) -> gn.GModule:
    """An LSTM whose states are (h, c), as PyTorch's."""
    cell = nn.lstm_cell(3, 4)
    x, prev_c, prev_h = gn.input("x"), nn.State(4)(), nn.State(4)()
    prev_c.annotate(name=names.get("c", "prev_c"))
    prev_h.annotate(name=names.get("h", "prev_h"))
    next_c, next_h = cell(x, prev_c, prev_h).split(2)
    return gn.GModule([x, prev_h, prev_c], [next_h, next_c])


def swapped(net: nn.Recurrent) -> nn.Recurrent:
    """Recurrent of the library's cell, with the weights that the other order holds."""
    (cell,) = [part for _, part in net.cell.named_modules() if isinstance(part, gn.GModule)][1:]
    return nn.Recurrent(cell)


@pytest.mark.parametrize("output", ["h", "next_h", "prev_h"])
def test_the_output_of_a_cell_is_chosen_by_name(output: str) -> None:
    net = nn.Recurrent(pytorch_order(), output=output)
    expected, c, h = swapped(net).forward(XS, lengths=[6, 3])
    found, last_h, last_c = net.forward(XS, lengths=[6, 3])
    for one, other in ((found, expected), (last_h, h), (last_c, c)):
        np.testing.assert_array_equal(one, other)


def test_every_output_of_a_cell_can_be_chosen() -> None:
    cell = nn.lstm_cell(3, 4)
    outputs, c, h = nn.Recurrent(cell, output="c").forward(XS)
    np.testing.assert_array_equal(outputs[-1], c)
    x, prev_h = gn.input("x"), nn.State(4)()
    next_h = nn.rnn_cell(3, 4)(x, prev_h)
    shown, other = nn.Tanh()(next_h), nn.Sigmoid()(next_h)
    cell = gn.GModule([x, prev_h], [next_h, shown, other])
    (both, h) = nn.Recurrent(cell).forward(XS)
    assert len(both) == 2
    for position, name in enumerate(("shown", "other")):
        np.testing.assert_array_equal(
            nn.Recurrent(cell, output=name).forward(XS)[0], both[position]
        )
    np.testing.assert_array_equal(nn.Recurrent(cell, output="h").forward(XS)[0][-1], h)


def test_unrolled_and_in_one_step_the_output_is_the_same() -> None:
    cell, zeros = pytorch_order(), np.zeros((2, 4))
    expected = nn.Recurrent(cell, output="h").forward(XS)[0]
    unrolled = gn.unroll(cell, 6, output="h").forward(XS, zeros, zeros)[0]
    np.testing.assert_allclose(unrolled, expected, rtol=1e-13)
    stepped = nn.Sequencer(nn.Recursor(cell, output="h")).forward(XS)
    np.testing.assert_allclose(stepped, expected, rtol=1e-13)


def test_stacks_and_both_directions_choose_too() -> None:
    cell, other = pytorch_order(), pytorch_order()
    expected = nn.Recurrent(cell, output="h").forward(XS)[0]
    np.testing.assert_array_equal(nn.stack(cell, output="h").forward(XS)[0], expected)
    backward = nn.Recurrent(other, reverse=True, output="h").forward(XS)[0]
    both = nn.Bidirectional(cell, other, output="h").forward(XS)[0]
    np.testing.assert_array_equal(both, np.concatenate([expected, backward], -1))


def test_a_picture_has_the_chosen_output() -> None:
    cell = nn.lstm_cell(3, 4)
    by_default, h, c = (
        gn.draw(nn.Recurrent(cell, output=output)).source for output in (None, "h", "c")
    )
    assert h == by_default != c


def test_weights_of_pytorch_belong_to_its_output() -> None:
    weights = nn.to_torch_state_dict(nn.stack(nn.lstm_cell(3, 4), output="h"))
    with pytest.raises(GraphError, match="gives c as the output of layer1"):
        nn.from_torch_state_dict(nn.stack(nn.lstm_cell(3, 4), output="c"), weights)


def test_the_name_is_kept_in_copies_and_files(tmp_path: Any) -> None:
    net = nn.Recurrent(pytorch_order(), output="h")
    expected = net.forward(XS)[0]
    assert "output='h'" in repr(net)
    net.save(tmp_path / "net.gn")
    for other in (net.clone(), gn.load(tmp_path / "net.gn"), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(other.forward(XS)[0], expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Recurrent(nn.lstm_cell(3, 4), output="hh"), r"Recurrent received a cell that gives no output named 'hh'\n  Did you mean h\? There are: next_c, next_h"),
        (lambda: nn.Recursor(nn.lstm_cell(3, 4), output="x"), r"Recursor received a cell that gives no output named 'x'"),
        (lambda: gn.unroll(nn.lstm_cell(3, 4), 3, output="x"), r"unroll received a cell that gives no output named 'x'"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        make()


def test_another_name_may_be_set_later() -> None:
    net = nn.Recurrent(nn.lstm_cell(3, 4))
    outputs, c, _ = net.forward(XS)
    with pytest.raises(GraphError, match="no output named 'x'"):
        net.output = "x"
    net.output = "c"
    found = net.forward(XS)[0]
    np.testing.assert_array_equal(found[-1], c)
    assert not np.array_equal(found, outputs)


@pytest.mark.parametrize(
    "names",
    [{}, {"h": "h", "c": "c"}, {"h": "hidden", "c": "cell_state"}, {"h": "hx", "c": "cx"}],
    ids=["prev", "short", "long", "PyTorch"],
)
@pytest.mark.parametrize(
    ("owner", "make"),
    [
        ("Recurrent", nn.Recurrent),
        ("Recursor", nn.Recursor),
        ("unroll", lambda cell: gn.unroll(cell, 3)),
        ("Recurrent", nn.stack),
    ],
)
def test_states_in_the_order_of_pytorch_are_warned_of(
    owner: str, make: Callable[[gn.GModule], Any], names: dict[str, str]
) -> None:
    cell = pytorch_order(**names)
    h = names.get("h", "h")
    with pytest.warns(UserWarning, match=rf"{owner}: the output .* next_c, .*output='{h}'") as told:
        make(cell)
    assert len(told) == 1
    assert told[0].filename == __file__


def test_the_numbers_of_a_warned_net_are_those_of_before() -> None:
    with pytest.warns(UserWarning, match="output='h'"):
        net = nn.Recurrent(pytorch_order())
    outputs, _, last_c = net.forward(XS)
    np.testing.assert_array_equal(outputs[-1], last_c)


def test_nothing_is_said_of_a_choice_nor_of_a_file(tmp_path: Any) -> None:
    cell = pytorch_order()
    nn.Recurrent(cell, output="c")
    with pytest.warns(UserWarning, match="output='h'"):
        net = nn.Recurrent(cell)
    net.save(tmp_path / "net.gn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gn.load(tmp_path / "net.gn")
        net.clone()
        pickle.loads(pickle.dumps(net))


@pytest.mark.parametrize("name", nn.CELLS)
def test_no_cell_of_the_library_is_warned_of(name: str, rng: np.random.Generator) -> None:
    cell = made(name, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.Recurrent(cell)
        nn.Recursor(cell)
