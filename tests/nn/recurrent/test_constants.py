"""Inputs of a cell that are the same at each step: given once, kept once, with summed gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from graphnet.graph.inspection.executed import executed

STEPS, BATCH, SOURCE, SIZE = 5, 3, 6, 4
LENGTHS = [5, 2, 0]


def looking_cell() -> gn.GModule:
    """From (x, memory, prev_h), where x is a query, to (next_h, weights)."""
    x, memory, prev_h = gn.input(), gn.input(), nn.State(SIZE)()
    query = nn.Unsqueeze(1)(nn.Linear(3, SIZE)(x) + prev_h)
    keys = nn.Linear(2, SIZE)(memory)
    weights = nn.SoftMax()(nn.Squeeze(-1)(nn.Linear(SIZE, 1)(nn.Tanh()(query + keys))))
    context = nn.MixtureTable()([weights, memory])
    next_h = nn.Tanh()(nn.Linear(2, SIZE)(context) + nn.Linear(SIZE, SIZE)(prev_h))
    return gn.GModule([x, memory, prev_h], [next_h, weights])


def inputs_of(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(STEPS, BATCH, 3)), rng.normal(size=(BATCH, SOURCE, 2))


def as_state(cell: gn.GModule) -> gn.GModule:
    """The same cell with the memory as a state that it returns as it is."""
    x, memory, prev_h = gn.input(), gn.input(), nn.State(SIZE)()
    next_h, weights = cell([x, memory, prev_h]).split(2)
    return gn.GModule([x, prev_h, memory], [next_h, memory, weights])


def gradients(net: gn.Module, inputs: list[Any], seeds: list[Any]) -> list[np.ndarray]:
    """The gradients of the inputs and of the parameters."""
    net.zero_grad()
    run = net.run(inputs)
    return [*run.backward(seeds), *[p.grad.copy() for p in net.parameters()]]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize(
    "options", [{}, {"reverse": True}, {"truncate": 2}, {"mask_zero": True}, {"initial": "learned"}]
)
def test_a_constant_is_the_state_that_a_cell_returns_as_it_is(
    compiled: bool, lengths: Any, options: dict[str, Any], rng: np.random.Generator
) -> None:
    cell = looking_cell()
    xs, memory = inputs_of(rng)
    xs[1, 2] = 0
    state = None if "initial" in options else rng.normal(size=(BATCH, SIZE))
    net = nn.Recurrent(cell, constants=["memory"], **options).compile(compiled)
    carried = nn.Recurrent(as_state(cell), **{**options, "initial": "zeros"})
    if state is None:
        net.initial_state["prev_h"].data[:] = rng.normal(size=SIZE)
    first = np.tile(net.initial_state["prev_h"].data, (BATCH, 1)) if state is None else state
    end = () if lengths is None else (np.array(lengths),)
    weights, last = net.forward([xs, memory, state, *end])
    if options.get("mask_zero"):
        return  # a state is reset at padding, a constant is not
    expected, last_expected, _ = carried.forward([xs, first, memory, *end])
    np.testing.assert_allclose(weights, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(last, last_expected, rtol=1e-12, atol=1e-14)
    seeds = [rng.normal(size=weights.shape), rng.normal(size=last.shape)]
    found = gradients(net, [xs, memory, state, *end], seeds)
    wanted = gradients(carried, [xs, first, memory, *end], [*seeds, None])
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-11, atol=1e-13)
    if "truncate" not in options:  # which cuts the gradient of a state, and not of a constant
        np.testing.assert_allclose(found[1], wanted[2], rtol=1e-11, atol=1e-13)
    count = len(list(cell.parameters()))
    for a, b in zip(found[-count:], wanted[-count:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_rows_of_zeros_leave_constants_alone(rng: np.random.Generator) -> None:
    net = nn.Recurrent(looking_cell(), constants=["memory"], mask_zero=True)
    xs, memory = inputs_of(rng)
    xs[3:, 0] = 0
    weights, _ = net.forward(xs, memory=memory)
    shorter, _ = net.forward(xs[:3], memory=memory)
    np.testing.assert_allclose(weights[:3], shorter, rtol=1e-13)
    assert not weights[3:, 0].any()


def test_constants_by_place_and_by_name(rng: np.random.Generator) -> None:
    net = nn.Recurrent(looking_cell(), constants=["memory"])
    xs, memory = inputs_of(rng)
    state = rng.normal(size=(BATCH, SIZE))
    expected = net.forward([xs, memory, state])
    for found in (
        net.forward(xs, memory, state),
        net.forward(xs, memory=memory, prev_h=state),
        net.forward([xs, memory], prev_h=state),
    ):
        np.testing.assert_array_equal(found[0], expected[0])
    assert net.required_names() == ("xs", "memory")
    assert net.optional_inputs() == ("prev_h", "lengths")
    x, m, n = gn.input(), gn.input(), gn.input(optional=True)
    weights = net(x, memory=m, lengths=n)[0]
    graph = gn.GModule([x, m, n], [weights])
    full = graph.forward([xs, memory])
    np.testing.assert_array_equal(full, net.forward(xs, memory)[0])
    np.testing.assert_array_equal(
        graph.forward([xs, memory, np.array(LENGTHS)]),
        net.forward(xs, memory=memory, lengths=LENGTHS)[0],
    )


def test_a_constant_may_be_a_table_or_left_out(rng: np.random.Generator) -> None:
    x, prev_h = gn.input(), nn.State(SIZE)()
    pair, shift = gn.input(), gn.input(optional=True)
    left, right = pair.split(2)
    bias = nn.Linear(2, SIZE)(left) + right
    h = nn.Tanh()(nn.Linear(3, SIZE)(x) + prev_h + bias)
    shown = Shifted()(h, shift=shift)
    cell = gn.GModule([x, pair, prev_h, shift], [h, shown])
    net = nn.Recurrent(cell, constants=["pair", "shift"])
    assert net.required_names() == ("xs", "pair")
    assert net.optional_inputs() == ("prev_h", "shift", "lengths")
    xs = rng.normal(size=(STEPS, BATCH, 3))
    pair_value = [rng.normal(size=(BATCH, 2)), rng.normal(size=(SIZE,))]
    plain, last = net.forward(xs, pair=pair_value)
    moved, _ = net.forward(xs, pair=pair_value, shift=np.array(2.0))
    np.testing.assert_allclose(moved, plain + 2)
    np.testing.assert_allclose(plain[-1], last)
    without_batch, _ = net.forward(xs[:, 1], pair=[pair_value[0][1], pair_value[1]])
    np.testing.assert_allclose(without_batch, plain[:, 1], rtol=1e-13)


class Shifted(gn.Module):
    """[x, shift] to their sum, or x without a shift."""

    def required_names(self) -> tuple[str, ...]:
        return ("x",)

    def optional_inputs(self) -> tuple[str, ...]:
        return ("shift",)

    def compute(self, input: Any) -> Any:
        values = list(input) if isinstance(input, list | tuple) else [input]
        return values[0] if len(values) < 2 or values[1] is None else values[0] + values[1]


def test_a_stack_and_both_directions_share_a_constant(rng: np.random.Generator) -> None:
    xs, memory = inputs_of(rng)
    lower, upper = looking_cell(), nn.gru_cell(SOURCE, 2)
    net = nn.stack(lower, upper, constants=["memory"])
    assert net.required_names() == ("xs", "memory")
    output, _, last = net.forward(xs, memory=memory, lengths=LENGTHS)
    weights, _ = nn.Recurrent(lower, constants=["memory"]).forward(
        xs, memory=memory, lengths=LENGTHS
    )
    expected, last_expected = nn.Recurrent(upper).forward(weights, lengths=LENGTHS)
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(last, last_expected)
    other = looking_cell()
    both = nn.Bidirectional(lower, other, constants=["memory"])
    output, *_ = both.forward(xs, memory=memory)
    backward, _ = nn.Recurrent(other, reverse=True, constants=["memory"]).forward(xs, memory)
    np.testing.assert_array_equal(output[..., SOURCE:], backward)
    steps = nn.unroll(lower, STEPS, constants=["memory"])
    state = np.zeros((BATCH, SIZE))
    outputs, _ = steps.forward([xs, memory, state])
    np.testing.assert_allclose(
        outputs, nn.Recurrent(lower, constants=["memory"]).forward(xs, memory)[0]
    )


def test_a_layer_may_give_nothing_but_its_states(rng: np.random.Generator) -> None:
    x, topic, prev_h = gn.input(), gn.input(), nn.State(SIZE)()
    next_h = nn.Tanh()(nn.Linear(3, SIZE)(x) + topic + prev_h)
    cell = gn.GModule([x, topic, prev_h], [next_h])
    xs, topics = inputs_of(rng)[0], rng.normal(size=(BATCH, SIZE))
    expected, last = nn.Recurrent(cell, constants=["topic"]).forward(xs, topic=topics)
    np.testing.assert_array_equal(expected[-1], last)
    for net in (nn.stack(cell, constants=["topic"]), nn.stack((cell, cell), constants=["topic"])):
        np.testing.assert_array_equal(net.forward(xs, topics)[0][..., :SIZE], expected)


def test_a_sequence_with_constants_is_saved_cloned_and_drawn(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    net = nn.Recurrent(looking_cell(), constants=["memory"])
    both = nn.Bidirectional(looking_cell(), looking_cell(), constants=["memory"])
    xs, memory = inputs_of(rng)
    for module in (net, both):
        module.save(tmp_path / "net.gn")
        for copy in (gn.load(tmp_path / "net.gn"), module.clone()):
            assert repr(copy) == repr(module)
            np.testing.assert_array_equal(
                copy.forward(xs, memory=memory)[0], module.forward(xs, memory=memory)[0]
            )
        source = gn.draw(module, [xs.shape, memory.shape]).source
        assert "memory" in source
    assert "next step" in gn.draw(net).source


def test_a_live_cell_keeps_its_constants(rng: np.random.Generator) -> None:
    cell = looking_cell()
    xs, memory = inputs_of(rng)
    live = nn.Live(cell, xs[0], constants={"memory": memory})
    for given in (memory, rng.normal(size=memory.shape)):
        live.refresh({"memory": given})
        expected, _ = nn.Recurrent(cell, constants=["memory"]).forward(xs, memory=given)
        state = live.start()
        for x, row in zip(xs, expected, strict=True):
            state = live.step(state, x)
            np.testing.assert_allclose(state[1], row, rtol=1e-12)
    with pytest.raises(GraphError, match="no constant memo"):
        live.refresh({"memo": memory})
    with pytest.raises(ShapeError, match="the constant memory"):
        live.refresh({"memory": memory[1:]})


def test_a_memory_is_kept_once() -> None:
    """What backward keeps of the memory does not grow with the steps; of a state it does."""
    cell = looking_cell()
    memory = np.ones((BATCH, SOURCE, 2))

    def kept(net: nn.Recurrent, steps: int, inputs: list[np.ndarray]) -> int:
        run = net.run([np.ones((steps, BATCH, 3)), *inputs])
        residuals = executed(run).residuals
        assert residuals is not None
        return sum(array.nbytes for array in residuals if array.shape[-3:] == memory.shape)

    constant = nn.Recurrent(cell, constants=["memory"])
    few, many = (kept(constant, steps, [memory]) for steps in (10, 100))
    assert few == many == memory.nbytes
    carried = nn.Recurrent(as_state(cell))
    state = np.zeros((BATCH, SIZE))
    assert kept(carried, 100, [state, memory]) >= 100 * memory.nbytes
    plans = [
        net.compile().memory_plan([np.ones((100, BATCH, 3)), *inputs])
        for net, inputs in ((constant, [memory]), (carried, [state, memory]))
    ]
    assert plans[0].bytes < plans[1].bytes - 99 * memory.nbytes


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        (["memry"], "Did you mean memory"),
        (["memory", "memory"], "given twice"),
        (["memory", "prev_h"], "all constants"),
        (["x"], "without an input x"),
    ],
)
def test_wrong_constants_are_refused(constants: list[str], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        nn.Recurrent(looking_cell(), constants=constants)


def test_a_missing_constant_is_named(rng: np.random.Generator) -> None:
    xs, memory = inputs_of(rng)
    net = nn.Recurrent(looking_cell(), constants=["memory"])
    with pytest.raises(GraphError, match="expects xs, memory and at most prev_h, lengths"):
        net.forward(xs)
    with pytest.raises(GraphError, match="memory"):
        net.forward(xs, lengths=LENGTHS)
    for wired in (nn.stack, nn.Bidirectional, nn.unroll):
        cells = [nn.gru_cell(3, 4)] * (2 if wired is nn.Bidirectional else 1)
        with pytest.raises(GraphError, match="input memory to keep constant"):
            wired(*cells, *([3] if wired is nn.unroll else []), constants=["memory"])
    with pytest.raises(ShapeError, match="expects an array"):
        net.forward(xs, memory=memory[..., :1])
