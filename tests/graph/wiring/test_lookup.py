"""``net[…]`` and ``run[…]``: nodes, parts, parameters, guesses for misspelt names, completion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError


def model() -> gn.GModule:
    x = gn.input()
    linear = nn.Linear(3, 4)(x)
    lstm = nn.Recurrent(nn.lstm_cell(4, 4), initial="learned")(linear)
    last = nn.Sequential(nn.Linear(4, 2, bias=False), nn.Tanh())(lstm[0])
    return gn.GModule(x, last)


def test_a_path_gives_the_parameter() -> None:
    net = model()
    assert net["linear.weight"] is net["linear"].weight
    assert net["lstm.forget_gate.i2h.bias"] is net["lstm"].module["forget_gate.i2h"].bias
    assert net["lstm.initial_state.prev_h"].shape == (4,)
    assert net["last.0.weight"].shape == (2, 4)
    paths = [path for path, _ in net.named_parameters()]
    assert all(net[path] is parameter for path, parameter in net.named_parameters())
    assert all(path in net for path in paths)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("liner", "Did you mean linear[?]"),
        ("linear.wieght", r"Did you mean linear.weight[?] There are: linear.weight, linear.bias"),
        ("lstm.forgte_gate", r"Did you mean lstm.forget_gate[?]"),
        (
            "forget_gate.i2h",
            r"Did you mean lstm.forget_gate.i2h[?] There are: lstm.forget_gate.i2h$",
        ),
        ("forgte_gate", r"Did you mean lstm.forget_gate[?]"),
        ("forget_gate", r"Did you mean lstm.forget_gate[?] There are: lstm.forget_gate$"),
        ("last.0.bias", r"There are: last.0.weight"),
        ("nothing.like.it", r"There are: x, linear, lstm, selecttable, last"),
    ],
)
def test_a_misspelt_name_is_guessed(path: str, hint: str) -> None:
    net = model()
    with pytest.raises(GraphError, match=rf"There is no node named '{path}'\n.*{hint}"):
        net[path]
    assert path not in net


def test_a_run_guesses_alike() -> None:
    run = model().run(np.ones((5, 2, 3)))
    with pytest.raises(GraphError, match=r"no node named 'liner'\n.*Did you mean linear[?]"):
        run["liner"]


@pytest.mark.parametrize("key", [0, None, slice(2), nn.Tanh()])
def test_what_is_no_text_is_refused(key: Any) -> None:
    net = model()
    with pytest.raises(GraphError, match=r"is no name of a node\n.*net\.nodes"):
        net[key]
    assert key not in net


def test_a_container_is_asked_alike() -> None:
    linear, lstm = nn.Linear(3, 4), nn.LSTM(4, 2)
    net = nn.Sequential(linear, nn.Sequential(lstm, nn.SelectTable(0)))
    assert net["0.weight"] is linear.weight
    assert net["0"] is net[0] is linear
    assert net["1.0.layer1.forget_gate"] is lstm["layer1.forget_gate"]
    with pytest.raises(
        GraphError, match=r"There is no part named '0\.wieght'\n.*mean 0\.weight[?]"
    ):
        net["0.wieght"]
    assert {"0", "0.weight", "1.0.layer1.forget_gate"} <= set(completions(net))
    assert [type(part).__name__ for part in net] == ["Linear", "Sequential"]  # type: ignore[attr-defined]


def test_a_guess_needs_no_list_of_all_names() -> None:
    wide = gn.GModule(x := gn.input(), [nn.Tanh()(x) for _ in range(30)])
    with pytest.raises(GraphError, match=r"named 'tahn'\n  Did you mean tanh\?$"):
        wide["tahn"]
    with pytest.raises(GraphError, match=r"There are: x, tanh, .*, tanh_19 and 11 more$"):
        wide["nothing"]
    run = wide.run(np.ones(2))
    with pytest.raises(GraphError, match=r"named 'tahn'\n  Did you mean tanh\? For nodes inside"):
        run["tahn"]


def completions(value: Any) -> list[str]:
    """What IPython offers after ``value["``."""
    return list(value._ipython_key_completions_())


def test_names_are_completed() -> None:
    net = model()
    offered = completions(net)
    assert offered[:3] == ["x", "linear", "lstm"]
    assert {"linear.weight", "lstm.forget_gate", "last.0.weight"} <= set(offered)
    assert len(offered) == len(set(offered))
    assert all(path in net for path in offered)
    assert "forget_gate.i2h.weight" in completions(net["lstm"].module)
    run = net.run(np.ones((5, 2, 3)), trace=["forget_gate"])
    assert completions(run) == run.names
    run.backward(np.ones((5, 2, 2)))
    assert completions(run.grad) == run.names
    assert all(run[name] is not None for name in completions(run))
