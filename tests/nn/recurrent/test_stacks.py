"""nn.stack and nn.Bidirectional against compositions by hand of nn.Recurrent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.numeric import weighted_sum
from tests.support.recurrent_loops import HIDDEN, INPUTS, with_nan

STEPS, BATCH = 5, 4
LENGTHS = [3, STEPS, 0, 3]
WAYS = ("", "_reverse")


def lstm(inputs: int = INPUTS, hidden: int = HIDDEN) -> gn.GModule:
    return nn.lstm_cell(inputs, hidden)


def gru(inputs: int = INPUTS, hidden: int = HIDDEN) -> gn.GModule:
    return nn.gru_cell(inputs, hidden)


STACKS: dict[str, tuple[str, Callable[[], list[Any]]]] = {
    "one layer": ("plain", lambda: [lstm()]),
    "three kinds": ("plain", lambda: [lstm(), gru(4, 5), nn.sru_cell(5, 2)]),
    "a pair": ("plain", lambda: [(gru(), gru())]),
    "a pair of two kinds": ("plain", lambda: [(lstm(3, 2), gru(3, 5)), nn.rnn_cell(7, 3)]),
    "pairs": ("plain", lambda: [(gru(), gru()), (lstm(8, 2), lstm(8, 2))]),
    "residual": ("residual", lambda: [lstm(3, 3), gru(3, 3), nn.lstm_cell_projected(3, 5, 3)]),
    "residual pairs": ("residual", lambda: [(gru(3, 1), gru(3, 2)), (lstm(3, 2), lstm(3, 1))]),
    "dense": ("dense", lambda: [lstm(), gru(7, 5), nn.rnn_cell(12, 2)]),
    "dense pairs": ("dense", lambda: [(gru(), gru()), (lstm(11, 2), lstm(11, 2))]),
    "projected": ("plain", lambda: [nn.lstm_cell_projected(3, 5, 2), nn.qrnn_cell(2, 4)]),
}
"""How the layers are connected, and what makes them."""


def directions(layer: Any) -> list[tuple[str, nn.Recurrent]]:
    """What a layer is made of: one direction, or two, with the ends of their names."""
    cells = layer if isinstance(layer, tuple) else (layer,)
    return [
        (way, nn.Recurrent(cell, reverse=way != "")) for way, cell in zip(WAYS, cells, strict=False)
    ]


def one_direction(
    part: nn.Recurrent, prefix: str, xs: np.ndarray, given: dict[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The output of a Recurrent and its final states, named with a prefix as its inputs are."""
    cell = part.cell
    optional = {n: given[prefix + n] for n in part.optional_inputs()[:-1] if prefix + n in given}
    optional |= {name: value for name, value in given.items() if name == "lengths"}
    output, *last = part.forward(xs, **optional)
    names = [prefix + cell.name_of(node) for node in cell.outputs[: len(last)]]
    return output, dict(zip(names, last, strict=True))


def by_hand(
    layers: list[Any], connection: str, xs: np.ndarray, given: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Output and final states by name, one Recurrent after another."""
    finals: dict[str, np.ndarray] = {}
    seen = [xs]
    for number, layer in enumerate(layers, start=1):
        shown = []
        for way, part in directions(layer):
            output, last = one_direction(part, f"layer{number}{way}_", xs, given)
            shown.append(output)
            finals |= last
        y = np.concatenate(shown, -1)
        seen.append(y)
        if connection == "residual":
            xs = xs + y
        elif connection == "dense" and number < len(layers):
            xs = np.concatenate(seen, -1)
        else:
            xs = y
    return {"output": xs, **finals}


def state_names(net: gn.GModule) -> list[str]:
    names = list(net.optional_inputs())
    assert names.pop() == "lengths"
    return names


def state_for(net: gn.GModule, name: str, rng: np.random.Generator) -> np.ndarray:
    """A state for an optional input such as ``layer1_reverse_prev_h``."""
    layer, state = name.rsplit("_prev_", 1)
    return rng.normal(size=(BATCH, net[layer].module.cell[f"prev_{state}"].module.size))


def close(found: Any, expected: Any, what: str = "") -> None:
    """To 1e-13: the same operations on the same values."""
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13, err_msg=what)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("given", ["none", "first", "all"])
@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_recurrents_one_after_another(
    name: str, given: str, lengths: Any, rng: np.random.Generator
) -> None:
    connection, make = STACKS[name]
    layers = make()
    net = nn.stack(*layers, connection=connection)
    names = state_names(net)
    chosen = {"none": [], "first": names[:1], "all": names}[given]
    optional: dict[str, Any] = {n: state_for(net, n, rng) for n in chosen}
    if lengths is not None:
        optional["lengths"] = lengths
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    live = np.ones(xs.shape[:2]) if lengths is None else np.arange(STEPS)[:, None] < lengths
    expected = by_hand(layers, connection, xs * live[..., None], optional)
    assert [n.replace("prev", "next") for n in names] == [
        n.replace("projection", "next_h") for n in list(expected)[1:]
    ]
    found = net.forward(with_nan(xs, lengths), **optional)
    for label, value, wanted in zip(expected, found, expected.values(), strict=True):
        close(value, wanted, label)
    assert [net.name_of(node) for node in net.outputs[1:]] == list(expected)[1:]


def check_gradients(
    net: gn.GModule, xs: np.ndarray, optional: dict[str, Any], rng: np.random.Generator
) -> None:
    """Gradients of the sequences, the states and all parameters, each along a random direction.

    1e-8 is what differences leave of float64: rounding of 1e-16 / 1e-4, squared over five terms.
    """
    values, gradients = net.flatten_parameters()
    run = net.run(xs, **optional)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_input = run.backward(seeds) if optional else [run.backward(seeds)]
    names = net.optional_inputs()
    found = {"xs": (xs, by_input[0]), "parameters": (values, gradients)}
    for name, value in optional.items():
        if name != "lengths":
            found[name] = (value, by_input[1 + names.index(name)])
    step = 1e-4
    for name, (array, gradient) in found.items():
        way = rng.normal(size=array.shape)
        kept = array.copy()
        losses = []
        for multiple in (-2, -1, 1, 2):
            array[:] = kept + multiple * step * way
            losses.append(weighted_sum(net.forward(xs, **optional), seeds))
        array[:] = kept
        quotient = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step)
        expected = pytest.approx(quotient, rel=1e-8, abs=1e-8)
        assert float((gradient * way).sum()) == expected, name


@pytest.mark.parametrize("name", STACKS)
def test_gradients_of_a_stack_equal_finite_differences(name: str, rng: np.random.Generator) -> None:
    connection, make = STACKS[name]
    net = nn.stack(*make(), connection=connection)
    optional: dict[str, Any] = {n: state_for(net, n, rng) for n in state_names(net)}
    optional["lengths"] = LENGTHS
    check_gradients(net, rng.normal(size=(STEPS, BATCH, INPUTS)), optional, rng)


def test_options_reach_every_layer(rng: np.random.Generator) -> None:
    layers = [lstm(), (gru(4, 2), gru(4, 2))]
    net = nn.stack(*layers, batch_first=True, initial="learned", truncate=2)
    parts = [net[name].module for name in ("layer1", "layer2", "layer2_reverse")]
    assert [part.reverse for part in parts] == [False, False, True]
    assert all(part.batch_first and part.truncate == 2 for part in parts)
    starts = [name for name in net.parameters().named if "initial_state" in name]
    assert len(starts) == 4
    xs = rng.normal(size=(BATCH, STEPS, INPUTS))
    output = net.forward(xs, lengths=LENGTHS)[0]
    plain = nn.stack(*layers).forward(xs.swapaxes(0, 1), lengths=LENGTHS)[0]
    close(output, plain.swapaxes(0, 1))


def test_dropout_acts_on_every_layer_but_the_last(rng: np.random.Generator) -> None:
    layers = [gru(3, 20), gru(20, 20), gru(20, 20)]
    net = nn.stack(*layers, dropout=0.25)
    xs = rng.normal(size=(STEPS, 40, INPUTS))
    run = net.run(xs)
    assert [n for n in run.names if n.startswith("dropout")] == ["dropout1", "dropout2"]
    for number in (1, 2):
        shown, dropped = run[f"layer{number}_output"], run[f"dropout{number}"]
        kept = dropped != 0
        np.testing.assert_allclose(dropped[kept], shown[kept] / 0.75, rtol=1e-14)
        assert abs(kept.mean() - 0.75) < 0.03  # 4 standard deviations of 4000 entries
        after = nn.Recurrent(layers[number]).forward(dropped)[0]
        close(after, run[f"layer{number + 1}_output"])
    np.testing.assert_array_equal(run.outputs[0], run["layer3_output"])
    expected = by_hand(layers, "plain", xs, {})["output"]
    assert np.abs(run.outputs[0] - expected).max() > 1e-3
    close(net.evaluate().forward(xs)[0], expected)


# ---- two directions

MERGES: dict[str, tuple[str | nn.CSubTable, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "concat": ("concat", lambda a, b: np.concatenate([a, b], -1)),
    "sum": ("sum", lambda a, b: a + b),
    "mean": ("mean", lambda a, b: (a + b) / 2),
    "product": ("product", lambda a, b: a * b),
    "a module": (nn.CSubTable(), lambda a, b: a - b),
}


def test_every_merge_is_covered() -> None:
    assert set(nn.recurrent.bidirectional.MERGES) == set(MERGES) - {"a module"}


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("states", [False, True], ids=["zeros", "given"])
@pytest.mark.parametrize("merge", MERGES)
def test_two_directions_are_two_recurrents(
    merge: str, states: bool, lengths: Any, rng: np.random.Generator
) -> None:
    how, function = MERGES[merge]
    cells = {"forward": lstm(), "backward": gru()}
    net = nn.Bidirectional(cells["forward"], cells["backward"], how)
    optional: dict[str, Any] = {
        name: rng.normal(size=(BATCH, HIDDEN)) for name in (state_names(net) if states else [])
    }
    if lengths is not None:
        optional["lengths"] = lengths
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    found = net.forward(with_nan(xs, lengths), **optional)
    shown, finals = [], {}
    for name, cell in cells.items():
        part = nn.Recurrent(cell, reverse=name == "backward")
        output, last = one_direction(part, f"{name}_", xs, optional)
        shown.append(output)
        finals |= last
    expected = [function(*shown), *finals.values()]
    for value, wanted in zip(found, expected, strict=True):
        close(value, wanted)
    assert [net.name_of(node) for node in net.outputs] == ["output", *finals]
    assert list(finals) == ["forward_next_c", "forward_next_h", "backward_next_h"]
    check_gradients(net, xs, optional, rng)


def test_layouts_and_initial_states_of_two_directions(rng: np.random.Generator) -> None:
    cells = gru(), gru()
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    net = nn.Bidirectional(*cells, batch_first=True, initial="learned", truncate=2)
    assert sum("initial_state" in name for name in net.parameters().named) == 2
    assert net["forward"].module.truncate == net["backward"].module.truncate == 2
    output = net.forward(xs.swapaxes(0, 1), lengths=LENGTHS)[0]
    close(output.swapaxes(0, 1), nn.Bidirectional(*cells).forward(xs, lengths=LENGTHS)[0])


# ---- open graphs

NETS: dict[str, Callable[[], gn.GModule]] = {
    **{name: lambda row=row: nn.stack(*row[1](), connection=row[0]) for name, row in STACKS.items()},
    **{f"merged by {m}": lambda how=row[0]: nn.Bidirectional(gru(), gru(), how)
       for m, row in MERGES.items()},
    "learned": lambda: nn.stack(gru(), (lstm(4, 2), lstm(4, 2)), initial="learned", dropout=0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_a_net_is_drawn_saved_and_cloned(
    name: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    net = NETS[name]().evaluate()
    source = gn.draw(net).source
    assert all(node in source for node in state_names(net))
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    expected = net.forward(xs, lengths=LENGTHS)
    net.save(tmp_path / "net.gn")
    for copy in (gn.load(tmp_path / "net.gn"), net.clone()):
        assert copy.optional_inputs() == net.optional_inputs()
        for found, wanted in zip(copy.forward(xs, lengths=LENGTHS), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
        for parameter in copy.parameters():
            parameter.data += 1
    np.testing.assert_array_equal(net.forward(xs, lengths=LENGTHS)[0], expected[0])
