"""Element-Research's names: steps, sequences of them, what is remembered, masks, and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, GraphnetError, IndexRangeError, ShapeError
from graphnet.graph.values import table


def ones_like(outputs: list[np.ndarray]) -> list[np.ndarray]:
    return [np.ones_like(output) for output in outputs]


def mixed_step() -> nn.Sequential:
    """Recurrent and ordinary modules in one step."""
    return nn.Sequential(
        nn.Recursor(nn.lstm_cell(3, 4)),
        nn.Tanh(),
        nn.Recursor(nn.gru_cell(4, 2)),
        nn.Linear(2, 5),
        nn.LogSoftMax(),
    )


# ---- Sequencer


@pytest.mark.parametrize("make", [nn.lstm_cell, nn.gru_cell, nn.lstm_cell_peephole, nn.sru_cell])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_sequencer_computes_what_recurrent_does(
    make: object, reverse: bool, rng: np.random.Generator
) -> None:
    cell = make(3, 4)
    sequencer = nn.Sequencer(nn.Recursor(cell), reverse)
    recurrent = nn.Recurrent(cell, reverse=reverse)
    xs, seed = rng.normal(size=(6, 2, 3)), rng.normal(size=(6, 2, 4))
    run = sequencer.run(xs)
    gradient = run.backward(seed)
    found = [p.grad.copy() for p in cell.parameters()]
    cell.zero_grad()
    reference = recurrent.run(xs)
    states = [np.zeros_like(state) for state in reference.outputs[1:]]
    np.testing.assert_allclose(run.outputs, reference.outputs[0])
    np.testing.assert_allclose(gradient, reference.backward([seed, *states]))
    for left, parameter in zip(found, cell.parameters(), strict=True):
        np.testing.assert_allclose(left, parameter.grad, atol=1e-12)


def test_recursors_between_ordinary_modules(rng: np.random.Generator) -> None:
    step = mixed_step()
    lstm, _, gru, linear, _ = step.modules
    xs = rng.normal(size=(6, 2, 3))
    hs = np.tanh(nn.Recurrent(lstm.cell).forward(xs)[0])
    hs = nn.Recurrent(gru.cell).forward(hs)[0]
    expected = nn.LogSoftMax().forward(linear.forward(hs))
    np.testing.assert_allclose(nn.Sequencer(step).forward(xs), expected)


def test_recursors_in_a_graph(rng: np.random.Generator) -> None:
    x = gn.input()
    below = nn.Recursor(nn.lstm_cell(3, 4))(x)
    above = nn.Recursor(nn.gru_cell(7, 2))(nn.JoinTable(-1)([x, below]))
    net = nn.Sequencer(gn.GModule([x], [above, below]))
    xs = rng.normal(size=(6, 2, 3))
    hs = nn.Recurrent(below.module.cell).forward(xs)[0]
    gs = nn.Recurrent(above.module.cell).forward(np.concatenate([xs, hs], -1))[0]
    for left, right in zip(net.forward(xs), [gs, hs], strict=True):
        np.testing.assert_allclose(left, right)


def test_tables_and_arrays_of_steps_and_single_vectors(rng: np.random.Generator) -> None:
    net = nn.Sequencer(mixed_step())
    xs = rng.normal(size=(6, 2, 3))
    whole = net.forward(xs)
    steps = net.forward(list(xs))
    assert isinstance(steps, list)
    np.testing.assert_array_equal(np.stack(steps), whole)
    np.testing.assert_allclose(net.forward(xs[:, 0]), whole[:, 0])
    np.testing.assert_allclose(np.stack(net.forward(list(xs[:, 0]))), whole[:, 0])


def test_a_step_may_be_a_table_and_make_one(rng: np.random.Generator) -> None:
    net = nn.Sequencer(nn.ConcatTable(nn.CAddTable(), nn.SelectTable(1)))
    pairs = [[rng.normal(size=3), rng.normal(size=3)] for _ in range(4)]
    for (left, right), (total, second) in zip(pairs, net.forward(pairs), strict=True):
        np.testing.assert_array_equal(total, left + right)
        np.testing.assert_array_equal(second, right)


def test_a_sequence_inside_a_sequence_starts_anew_at_each_step(rng: np.random.Generator) -> None:
    inner = nn.Sequencer(nn.Recursor(nn.gru_cell(3, 2)))
    outer = nn.Sequencer(nn.Sequential(inner, nn.Recursor(nn.gru_cell(2, 2))))
    xs = rng.normal(size=(4, 5, 2, 3))
    hs = np.stack([inner.forward(x) for x in xs])
    expected = nn.Recurrent(outer.module.modules[1].cell).forward(hs)[0]
    np.testing.assert_allclose(outer.forward(xs), expected)
    outer.remember().forward(xs)  # the outer Recursor alone: the inner one starts anew


def test_one_recursor_at_two_places_of_a_step_advances_twice(rng: np.random.Generator) -> None:
    recursor = nn.Recursor(nn.gru_cell(3, 3))
    x = rng.normal(size=(2, 3))
    step = nn.Sequencer(nn.Sequential(recursor, recursor))
    h = recursor.forward(x)
    expected = recursor.cell.forward([h, h])
    np.testing.assert_allclose(step.forward(x[None])[0], expected)


def test_nodes_inside_are_named_by_their_place() -> None:
    run = nn.Sequencer(mixed_step()).run(np.ones((6, 2, 3)), trace=["input_gate"])
    assert run["0.input_gate"].shape == (6, 2, 4)


# ---- memory


@pytest.mark.parametrize("as_table", [False, True])
def test_remember_continues_and_forget_starts_anew(
    as_table: bool, rng: np.random.Generator
) -> None:
    net = nn.Sequencer(mixed_step())
    xs = rng.normal(size=(6, 2, 3))
    whole = net.forward(xs)
    layout = list if as_table else np.asarray
    net.remember()
    for _ in range(2):
        parts = [net.forward(layout(part)) for part in (xs[:2], xs[2:5], xs[5:])]
        np.testing.assert_allclose(np.concatenate(parts), whole)
        net.forget()
    net.remember("neither")
    np.testing.assert_allclose(net.forward(xs[2:]), nn.Sequencer(net.module).forward(xs[2:]))
    assert not np.allclose(net.forward(xs[2:]), whole[2:])


def test_no_gradient_across_the_border_of_runs(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell(3, 4)
    net = nn.Sequencer(nn.Recursor(cell)).remember()
    xs, seed = rng.normal(size=(5, 2, 3)), rng.normal(size=(3, 2, 4))
    net.forward(xs[:2])
    _, c, h = nn.Recurrent(cell).forward(xs[:2])
    gradient = net.run(xs[2:]).backward(seed)
    found = [p.grad.copy() for p in cell.parameters()]
    cell.zero_grad()
    run = nn.Recurrent(cell).run([xs[2:], c, h])
    expected = run.backward([seed, np.zeros((2, 4)), np.zeros((2, 4))])[0]
    np.testing.assert_allclose(gradient, expected)
    for left, parameter in zip(found, cell.parameters(), strict=True):
        np.testing.assert_allclose(left, parameter.grad, atol=1e-12)


@pytest.mark.parametrize(
    ("mode", "training", "carries"),
    [
        ("both", True, True),
        ("both", False, True),
        ("train", True, True),
        ("train", False, False),
        ("eval", True, False),
        ("eval", False, True),
        ("neither", True, False),
    ],
)
@pytest.mark.parametrize(
    "make", [lambda: nn.Sequencer(nn.FastLSTM(3, 4)), lambda: nn.SeqLSTM(3, 4)], ids=["step", "seq"]
)
def test_modes_of_remember(make: object, mode: str, training: bool, carries: bool) -> None:
    net = make().remember(mode).train(training)
    xs = np.ones((2, 1, 3))
    assert np.allclose(net.forward(xs), net.forward(xs)) is not carries


def test_another_batch_needs_forget() -> None:
    net = nn.Sequencer(nn.FastLSTM(3, 4)).remember()
    net.forward(np.ones((5, 2, 3)))
    with pytest.raises(ShapeError, match=r"remembers a state \(2, 4\) and needs \(3, 4\)"):
        net.forward(np.ones((5, 3, 3)))
    assert net.forget().forward(np.ones((5, 3, 3))).shape == (5, 3, 4)


def test_a_recursor_alone_does_one_step(rng: np.random.Generator) -> None:
    recursor = nn.Recursor(nn.gru_cell(3, 4))
    xs = rng.normal(size=(3, 2, 3))
    steps = nn.Sequencer(recursor).forward(xs)
    np.testing.assert_allclose(recursor.forward(xs[0]), steps[0])
    recursor.remember()
    np.testing.assert_allclose([recursor.forward(x) for x in xs], steps)
    recursor.forget()
    np.testing.assert_allclose(recursor.forward(xs[0]), steps[0])


def test_memories_inside_another_sequence_are_refused() -> None:
    inner = nn.Sequencer(nn.FastLSTM(3, 4)).remember()
    with pytest.raises(GraphError, match="remembers its state inside another sequence"):
        nn.Sequencer(inner).forward(np.ones((2, 5, 1, 3)))


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(ValueError, match="Recursor: remembers is 'always', expected 'neither' or"):
        nn.Sequencer(nn.FastLSTM(3, 4)).remember("always")


def test_saved_loaded_and_cloned(tmp_path: Path, rng: np.random.Generator) -> None:
    net = nn.Sequencer(mixed_step()).remember("eval").evaluate()
    xs = rng.normal(size=(5, 2, 3))
    expected = net.forward(xs)
    net.save(tmp_path / "net.gn")
    for copy in (gn.load(tmp_path / "net.gn"), net.clone()):
        copy.evaluate()
        np.testing.assert_array_equal(copy.forward(xs), expected)  # starts with nothing remembered
        assert not np.allclose(copy.forward(xs), expected)  # but remembers
    shared = nn.FastLSTM(3, 4)
    shared.save(tmp_path / "step.gn")
    loaded = gn.load(tmp_path / "step.gn")
    assert len(loaded.parameters()) == len(shared.parameters()) == 12


# ---- the others


def test_zero_rows_reset_the_state(rng: np.random.Generator) -> None:
    step = nn.FastLSTM(3, 4, mask_zero=True)
    net = nn.Sequencer(step)
    xs = rng.normal(size=(5, 2, 3))
    xs[2, 0] = 0
    run = net.run(xs)
    assert not run.outputs[2, 0].any()
    assert run.outputs[2, 1].all()
    np.testing.assert_allclose(run.outputs[3:, 0], net.forward(xs[3:])[:, 0])
    gradient = run.backward(np.where(np.arange(5)[:, None, None] == 4, 1.0, 0.0) * run.outputs)
    assert not gradient[:3, 0].any()
    assert gradient[:3, 1].all()
    whole = nn.Recurrent(step.cell, mask_zero=True)
    np.testing.assert_allclose(whole.forward(xs)[0], run.outputs)


def test_repeater(rng: np.random.Generator) -> None:
    step = nn.Recursor(nn.gru_cell(3, 4))
    x = rng.normal(size=(2, 3))
    repeater = nn.Repeater(step, 4)
    expected = nn.Sequencer(step).forward([x] * 4)
    outputs = repeater.forward(x)
    np.testing.assert_allclose(outputs, expected)
    repeater.remember().forward(x)
    np.testing.assert_allclose(repeater.forward(x)[0], step.cell.forward([x, outputs[-1]]))
    with pytest.raises(ValueError, match="Repeater: steps is 0"):
        nn.Repeater(step, 0)


def test_bi_sequencer(rng: np.random.Generator) -> None:
    forward, backward = nn.Recursor(nn.gru_cell(3, 4)), nn.Recursor(nn.lstm_cell(3, 4))
    xs = list(rng.normal(size=(5, 2, 3)))
    left = nn.Sequencer(forward).forward(xs)
    right = nn.Sequencer(backward).forward(xs[::-1])[::-1]
    joined = nn.BiSequencer(forward, backward).forward(xs)
    np.testing.assert_allclose(joined, np.concatenate([left, right], -1))
    added = nn.BiSequencer(forward, backward, nn.CAddTable()).forward(xs)
    np.testing.assert_allclose(added, np.add(left, right))
    alone = nn.BiSequencer(forward)
    assert len(alone.parameters()) == 2 * len(forward.parameters())
    assert [y.shape for y in alone.forward(xs)] == [(2, 8)] * 5


def test_seq_brnn_with_the_batch_first(rng: np.random.Generator) -> None:
    net = nn.SeqBRNN(3, 4, True, nn.JoinTable(-1))
    xs = rng.normal(size=(2, 5, 3))
    cells = [m.cell for _, m in net.named_modules() if isinstance(m, nn.Recurrent)]
    left = nn.Recurrent(cells[0], batch_first=True).forward(xs)[0]
    right = nn.Recurrent(cells[1], batch_first=True, reverse=True).forward(xs)[0]
    np.testing.assert_allclose(net.forward(xs), np.concatenate([left, right], -1))


def test_seq_modules_take_initial_states(rng: np.random.Generator) -> None:
    lstm = nn.SeqLSTM(3, 4, batch_first=True)
    xs, c, h = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    expected = lstm.recurrent.forward([xs, c, h])[0]
    np.testing.assert_array_equal(lstm.forward(xs, prev_c=c, prev_h=h), expected)
    np.testing.assert_array_equal(
        lstm.forward(xs, prev_h=h), lstm.forward([xs, np.zeros((2, 4)), h])
    )
    lstm.remember().forward(xs)
    lstm.forget()
    assert not nn.SeqGRU(3, 4).forward(xs, lengths=[2, 1, 0, 0, 0])[:, 2:].any()


def test_a_feedback_cell_starts_with_its_bias(rng: np.random.Generator) -> None:
    cell = nn.feedback_cell(4, nn.Linear(3, 4), nn.Linear(4, 4), nn.Tanh())
    i2h, start, feedback = (cell[name].module for name in ("i2h", "start", "h2h"))
    xs = rng.normal(size=(2, 2, 3))
    first = np.tanh(i2h.forward(xs[0]) + start.bias.data)
    second = np.tanh(i2h.forward(xs[1]) + feedback.forward(first))
    np.testing.assert_allclose(nn.Sequencer(nn.Recursor(cell)).forward(xs), [first, second])


def test_index_0_is_padding() -> None:
    lookup = nn.LookupTableMaskZero(2, 3)
    rows = lookup.forward(np.array([[2, 0], [0, 1]]))
    assert not rows[0, 1].any()
    np.testing.assert_array_equal(rows[0, 0], lookup.weight.data[2])
    with pytest.raises(IndexRangeError, match="3"):
        lookup.forward(np.array([3]))
    with pytest.raises(DtypeError, match="expects integer indices, received float64"):
        lookup.forward(np.ones(2))


def test_a_part_that_never_ran_in_the_step_is_left_alone() -> None:
    unused = nn.Recursor(nn.gru_cell(3, 4))

    class Half(gn.Module):
        def __init__(self, used: gn.Module, unused: gn.Module) -> None:
            self.used = used
            self.unused = unused

        def compute(self, x: object) -> object:
            return self.used.call(x)

    net = nn.Sequencer(Half(nn.FastLSTM(3, 4), unused)).remember()
    assert net.forward(np.ones((5, 2, 3))).shape == (5, 2, 4)


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ([], "received an empty table"),
        (np.ones((0, 2, 3)), "received an empty sequence"),
        (np.array(1.0), r"runs over \(\), expected sequences"),
        ([np.ones((2, 3)), np.ones((1, 3))], r"received \(1, 3\) at step 1 and \(2, 3\) at step 0"),
        ([np.ones(3), [np.ones(3)]], r"received \[\(3,\)\] at step 1 and \(3,\)"),
        ([np.ones((2, 4))], r"expects an array \(…, 3\), received \(2, 4\)"),
    ],
    ids=["empty", "no steps", "number", "shapes", "structures", "features"],
)
def test_what_is_no_sequence_is_named(input: object, message: str) -> None:
    with pytest.raises(GraphnetError, match=message):
        nn.Sequencer(mixed_step()).forward(input)


def test_an_error_in_a_step_names_its_place_once() -> None:
    with pytest.raises(ShapeError, match="received") as caught:
        nn.Sequencer(nn.Sequential(nn.FastLSTM(3, 4), nn.Linear(5, 2))).forward(np.ones((4, 2, 3)))
    assert str(caught.value).count("expects an array") == 1
    assert "Linear '1'" in str(caught.value)


def two_outputs() -> nn.ConcatTable:
    return nn.ConcatTable(nn.FastLSTM(3, 4), nn.Linear(3, 2))


@pytest.mark.parametrize(
    ("step", "merge"),
    [
        (lambda: nn.FastLSTM(3, 4), None),
        (lambda: nn.FastLSTM(3, 4), nn.CAddTable),
        (two_outputs, lambda: nn.Sequential(nn.FlattenTable(), nn.JoinTable(-1))),
        (two_outputs, lambda: nn.ConcatTable(nn.SelectTable(0), nn.SelectTable(1))),
    ],
    ids=["joined", "added", "tables merged to arrays", "tables merged to tables"],
)
def test_bi_sequencer_takes_what_a_sequencer_takes(
    step: Callable[[], gn.Module],
    merge: Callable[[], gn.Module] | None,
    rng: np.random.Generator,
) -> None:
    net = nn.BiSequencer(step(), None, merge and merge())
    xs = rng.normal(size=(5, 2, 3))
    run, by_steps = net.run(xs), net.run(list(xs))
    outputs, structure = table.flatten(run.outputs)
    steps = [table.flatten(step)[0] for step in by_steps.outputs]
    for output, column in zip(outputs, zip(*steps, strict=True), strict=True):
        np.testing.assert_array_equal(output, np.stack(column))
    seeds = [rng.normal(size=output.shape) for output in outputs]
    of_steps = [table.unflatten(structure, list(parts)) for parts in zip(*seeds, strict=True)]
    whole = run.backward(table.unflatten(structure, seeds))
    np.testing.assert_allclose(whole, np.stack(by_steps.backward(of_steps)), rtol=1e-13)


def test_what_the_merge_of_two_sequences_cannot_take_is_named() -> None:
    for net in (nn.Sequencer(nn.FastLSTM(3, 4)), nn.BiSequencer(nn.FastLSTM(3, 4))):
        with pytest.raises(ShapeError, match="empty"):
            net.forward([])
        with pytest.raises(ShapeError, match="empty sequence"):
            net.forward(np.ones((0, 2, 3)))


def test_a_recursor_needs_a_cell() -> None:
    with pytest.raises(GraphError, match="Recursor received Linear, expected a cell"):
        nn.Recursor(nn.Linear(3, 4))
