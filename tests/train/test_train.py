"""Training: text, batches, the loop, checkpoints to the same bits, interruptions, sampling."""

import math
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, FormatError, GraphError, GraphnetError, NumericsError
from graphnet.graph.files.storage import read, save
from graphnet.train.reports.history import History, bits, smoothed
from graphnet.train.reports.progress import loss_text

TEXT = "the quick brown fox jumps over the lazy dog; " * 12


# ---- text and vocabulary


def test_vocabulary_numbers_characters_in_order():
    vocabulary = train.Vocabulary("hello wörld 🙂")
    assert vocabulary.characters == " dehlorwö🙂"
    numbers = vocabulary.encode("öl 🙂")
    assert numbers.tolist() == [8, 4, 0, 9]
    assert vocabulary.decode(numbers) == "öl 🙂"


def test_vocabulary_names_unknown_characters():
    with pytest.raises(DataError, match=r"has no 'X', 'é'"):
        train.Vocabulary("abc").encode("aéX")
    many = "".join(map(chr, range(65, 90)))
    with pytest.raises(DataError, match=r"'A', .* and 15 more"):
        train.Vocabulary("abc").encode(many)


def test_vocabulary_of_nothing():
    with pytest.raises(DataError, match="needs text, received none"):
        train.Vocabulary("")


def test_read_text(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe\r\n")
    assert train.read_text(file) == "grüße\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^a\.txt is empty"),
        (b"\xef\xbb\xbf", r"^a\.txt is empty"),
        (b"abc\xff\xfe", r"^a\.txt is not UTF-8 text: byte 0xff at position 3"),
    ],
)
def test_text_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        train.read_text(tmp_path / "a.txt")


def test_documentation_text_is_long_and_the_same_each_time():
    text = train.documentation_text()
    assert len(text) > 100_000
    assert text == train.documentation_text()


# ---- batches


def test_batches_are_rows_of_the_text_side_by_side():
    batches = train.TextBatches(np.arange(25), batch_size=2, seq_length=4)
    assert len(batches) == 3
    rows = np.arange(24).reshape(2, 12)
    following = np.roll(np.arange(24), -1).reshape(2, 12)
    for k, (inputs, targets) in enumerate(batches):
        np.testing.assert_array_equal(inputs.T, rows[:, 4 * k : 4 * k + 4])
        np.testing.assert_array_equal(targets.T, following[:, 4 * k : 4 * k + 4])


@pytest.mark.parametrize(
    ("batches", "fraction", "expected"),
    [
        (446, 0.95, (423, 23)),
        (3, 0.95, (2, 1)),
        (2, 0.1, (1, 1)),
        (1, 0.95, (1, 0)),
        (5, 1, (5, 0)),
    ],
)
def test_split_for_validation(batches, fraction, expected):
    training, validation = train.TextBatches(np.arange(6 * batches), 2, 3).split(fraction)
    assert (len(training), len(validation)) == expected
    firsts = [int(inputs[0, 0]) for inputs, _ in [*training, *validation]]
    assert firsts == [3 * k for k in range(batches)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: train.TextBatches(np.arange(2499), 50, 50),
            r"The text has 2,499 characters, one batch needs 2,500 \(50 rows of 50\)",
        ),
        (lambda: train.TextBatches(np.arange(0), 1, 1), "has 0 characters, one batch needs 1"),
        (lambda: train.TextBatches(np.arange(9), 0, 3), "Batches of 0 rows of 3 steps"),
        (lambda: train.TextBatches(np.arange(9), 3, 0), "Batches of 3 rows of 0 steps"),
        (lambda: train.TextBatches(np.arange(9), 3, 1).split(0), "fraction is 0, expected 0 <"),
        (lambda: train.TextBatches(np.arange(9), 3, 1).split(1.1), "fraction is 1.1"),
    ],
)
def test_batches_that_cannot_be_made(make, message):
    with pytest.raises(DataError, match=message):
        make()


# ---- the loop


def small_trainer(path=None, *, text=TEXT, rows=3, dropout=0.3, net=None, **settings):
    """A two-layer character model with dropout on a short text; 11 batches an epoch."""
    gn.manual_seed(7)
    vocabulary = train.Vocabulary(text)
    net = net or train.character_model(len(vocabulary), hidden=6, layers=2, dropout=dropout)
    net.seed(8)
    defaults = {
        "states": train.initial_states(2, 6, rows),
        "clip_value": 1.0,
        "schedule": train.decay_after(1, 0.5),
        "notes": {"vocabulary": vocabulary.characters},
        "show_progress": False,
    }
    trainer = train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, 0.01, decay=0.9),
        checkpoint=path,
        **{**defaults, **settings},
    )
    batches = train.TextBatches(vocabulary.encode(text), rows, 15)
    return trainer, *batches.split(0.95)


def everything(trainer):
    """All that two trainings of the same bits share."""
    state = trainer.optimizer.state()
    return {
        "parameters": trainer.net.flatten_parameters()[0],
        **{f"optimizer.{name}": value for name, value in state.items()},
        **{f"state{i}": value for i, value in enumerate(trainer.states)},
        "losses": np.array(trainer.history.training),
        "validation": np.array(trainer.history.validation),
        "next random numbers": trainer.net.generator.random(4),
    }


def assert_same_bits(first, second):
    left, right = everything(first), everything(second)
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_loss_falls_and_states_are_carried():
    trainer, training, validation = small_trainer(dropout=0.0, schedule=train.decay_after(25))
    history = trainer.fit(training, epochs=25, validation=validation)
    assert len(history.training) == 25 * len(training)
    assert [n for n, _ in history.validation] == [len(training) * e for e in range(1, 26)]
    assert history.validation[-1][1] < history.validation[0][1] - 0.2
    assert len(trainer.states) == 4
    assert all(np.abs(state).max() > 0 for state in trainer.states)
    assert trainer.net.is_training


def test_runs_keep_no_node_values():
    trainer, training, validation = small_trainer(compile=False)
    trainer.fit(training, epochs=1, validation=validation)
    train.sample(trainer.net, train.Vocabulary(TEXT), train.initial_states(2, 6, 1), 2)
    modules = (trainer.net, trainer.criterion)
    traces = [traced for module in modules for traced in vars(module)["_trace_cache"].values()]
    assert len(traces) >= 5
    assert not any(traced.records for traced in traces)


def test_modules_keep_their_own_modes():
    trainer, training, validation = small_trainer(dropout=0.5)
    frozen = trainer.net["dropout1"].module.evaluate()
    vocabulary = train.Vocabulary(TEXT)

    def modes():
        return [name for name, module in trainer.net.named_modules() if not module.is_training]

    before = modes()
    assert before == ["dropout1"]
    trainer.fit(training, epochs=1, validation=validation)
    assert modes() == before
    trainer.validate(validation)
    assert modes() == before
    train.sample(trainer.net, vocabulary, train.initial_states(2, 6, 1), 5)
    assert modes() == before
    with pytest.raises(GraphnetError, match="receive"):
        trainer.validate([([training[0][0]] * 2, training[0][1])])
    assert modes() == before
    trainer.net.evaluate()
    train.sample(trainer.net, vocabulary, train.initial_states(2, 6, 1), 5)
    assert not any(module.is_training for _, module in trainer.net.named_modules())
    assert not frozen.is_training


def test_a_module_in_evaluation_mode_is_trained_as_such():
    losses = []
    for dropout in (0.0, 0.5):
        trainer, training, _ = small_trainer(dropout=dropout)
        for name in ("dropout1", "dropout2"):
            if dropout:
                trainer.net[name].module.evaluate()
        losses.append(trainer.fit(training, epochs=1).training)
    assert losses[0] == losses[1]


def test_a_net_in_evaluation_mode_is_not_trained():
    trainer, training, _ = small_trainer()
    trainer.net.evaluate()
    with pytest.raises(GraphError, match=r"is in evaluation mode.*\n.*net\.training\(\)"):
        trainer.fit(training, epochs=1)
    assert trainer.batches_done == 0


def test_validation_is_the_mean_loss_without_dropout_from_the_initial_states():
    trainer, training, _ = small_trainer(dropout=0.5)
    trainer.fit(training, epochs=1)
    kept = everything(trainer)
    trainer.net.seed(9)
    measured = trainer.validate(training[:3])
    net = trainer.net.clone().evaluate()
    states, losses = trainer.initial_states, []
    for inputs, targets in training[:3]:
        scores, *states = net.forward([inputs, *states])
        picked = np.take_along_axis(scores, targets[..., None], -1)
        losses.append(-picked.mean(dtype=np.float64))
    assert measured == pytest.approx(np.mean(losses), rel=1e-6)
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], kept["parameters"])


def test_learning_rate_follows_the_schedule():
    seen = []

    class Watched(list):
        def __getitem__(self, index):
            seen.append(trainer.optimizer.learning_rate)
            return super().__getitem__(index)

    trainer, training, _ = small_trainer(schedule=train.decay_after(2, 0.1))
    trainer.fit(Watched(training[:2]), epochs=4)
    np.testing.assert_allclose(seen, [0.01] * 4 + [0.001] * 2 + [0.0001] * 2, rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [({"clip_norm": 1e-3, "clip_value": None}, 1e-3), ({"clip_value": 1e-5}, 1e-5)],
)
def test_gradients_are_clipped(settings, limit):
    trainer, training, _ = small_trainer(**settings)
    trainer.train_batch(*training[0])
    gradients = trainer.net.flatten_parameters()[1]
    size = np.linalg.norm(gradients) if "clip_norm" in settings else np.abs(gradients).max()
    assert size == pytest.approx(limit, rel=1e-4)


def test_loss_scale_multiplies_the_gradient_not_the_loss():
    results = []
    for scale in (1.0, 15.0):
        trainer, training, _ = small_trainer(loss_scale=scale, clip_value=None)
        loss = trainer.train_batch(*training[0])
        results.append((loss, trainer.net.flatten_parameters()[1].copy()))
    assert results[0][0] == results[1][0]
    np.testing.assert_allclose(results[1][1], 15 * results[0][1], rtol=1e-4, atol=1e-7)


def test_a_net_without_states():
    gn.manual_seed(1)
    net = nn.Linear(3, 1)
    x = np.random.default_rng(2).normal(size=(20, 3))
    batches = [(x, x @ [[1.0], [2.0], [3.0]])]
    trainer = train.Trainer(net, nn.MSECriterion(), optim.SGD(net, 0.2), show_progress=False)
    history = trainer.fit(batches, epochs=200, validation=batches)
    assert history.training[-1] < 1e-8 < history.training[0]
    np.testing.assert_allclose(net.weight.data, [[1, 2, 3]], atol=1e-3)


def test_no_batches():
    trainer, _, _ = small_trainer()
    with pytest.raises(DataError, match="no batch to train on"):
        trainer.fit([], epochs=1)
    with pytest.raises(DataError, match="no batch to validate on"):
        trainer.validate([])


def test_checkpoint_every_no_batches():
    with pytest.raises(ValueError, match="checkpoint_every is 0, expected 1 or more"):
        small_trainer(checkpoint_every=0)


def test_the_folder_of_the_checkpoint_is_made(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a" / "b" / "checkpoint.gn")
    trainer.fit(training[:1], epochs=1)
    assert trainer.checkpoint.exists()


def test_a_loss_that_is_not_finite_stops_before_the_step(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a.gn")
    trainer.train_batch(*training[0])
    trainer.save()
    trainer.net["scores"].bias[0] = np.nan
    before = trainer.net.flatten_parameters()[0].copy()
    with pytest.raises(NumericsError, match=r"the loss is nan at batch 2\n.*a\.gn"):
        trainer.fit(training, epochs=1)
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before)


def test_no_checkpoint_is_named_that_was_not_written(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a.gn")
    trainer.net["scores"].bias[0] = np.nan
    with pytest.raises(NumericsError, match=r"clip the gradients\.$"):
        trainer.fit(training, epochs=1)


def test_a_gradient_that_is_not_finite_stops_before_the_step():
    trainer, training, _ = small_trainer(loss_scale=float("inf"), dropout=0.0)
    before = trainer.net.flatten_parameters()[0].copy()
    with pytest.raises(NumericsError, match="the gradient is not finite at batch 1\n"):
        trainer.train_batch(*training[0])
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before)


def test_progress_without_a_unit_is_the_loss_alone(capsys):
    trainer, training, validation = small_trainer(show_progress=True)
    trainer.fit(training, epochs=1, validation=validation)
    assert "character" not in capsys.readouterr().err


def test_an_optimiser_of_another_net_is_refused():
    net, other = nn.Linear(2, 2), nn.Linear(2, 2)
    with pytest.raises(GraphError, match=r"SGD was made for another net"):
        train.Trainer(net, nn.MSECriterion(), optim.SGD(other))
    whole = nn.Sequential(other, net)
    part = train.Trainer(whole, nn.MSECriterion(), optim.SGD(net), show_progress=False)
    before = other.weight.data.copy()
    part.fit([(np.ones((1, 2)), np.zeros((1, 2)))], epochs=2)
    np.testing.assert_array_equal(other.weight.data, before)


@pytest.mark.parametrize("batches", [iter([]), (np.ones(2), np.ones(2))])
def test_what_is_no_list_of_batches_is_named(batches):
    net = nn.Linear(2, 2)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.SGD(net), show_progress=False)
    with pytest.raises(DataError, match=r"expected a list of pairs \(input, target\)"):
        trainer.fit(batches, epochs=1)


def test_an_optimiser_takes_the_net_itself():
    with pytest.raises(GraphError, match=r"Adam received a ParameterTable, expected a net"):
        optim.Adam(nn.Linear(2, 2).parameters())


def test_progress_without_a_terminal_is_a_few_lines(capsys):
    trainer, training, validation = small_trainer(
        show_progress=True, unit="character", compile=False
    )
    trainer.fit(training, epochs=1, validation=validation)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("epoch 1/1   3/11  loss ")
    assert lines[4].startswith("epoch 1/1  11/11  loss ")
    assert lines[0].endswith(" characters/s")
    loss = trainer.history.validation[0][1]
    assert lines[5] == (
        f"epoch 1/1  validation loss {loss:.3f}, {loss / math.log(2):.3f} bits per character"
    )


def test_models_of_words_are_judged_by_perplexity(capsys):
    trainer, training, validation = small_trainer(show_progress=True, unit="word")
    trainer.fit(training, epochs=1, validation=validation)
    last = capsys.readouterr().err.splitlines()[-1]
    loss = trainer.history.validation[0][1]
    assert last.endswith(f" bits per word, perplexity {math.exp(loss):.4g}")
    assert loss_text(1000.0, "word").endswith("perplexity inf")


# ---- the callback


@pytest.mark.parametrize("validated", [False, True])
def test_the_callback_receives_each_epoch(validated):
    seen = []
    trainer, training, validation = small_trainer(callback=seen.append)
    trainer.fit(training, epochs=3, validation=validation if validated else ())
    count, losses = len(training), np.array(trainer.history.training)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert [epoch.batches_done for epoch in seen] == [count, 2 * count, 3 * count]
    means = losses.reshape(3, count).mean(axis=1)
    np.testing.assert_allclose([epoch.training for epoch in seen], means, rtol=1e-14)
    expected = [loss for _, loss in trainer.history.validation] if validated else [None] * 3
    assert [epoch.validation for epoch in seen] == expected
    judged = expected if validated else means
    np.testing.assert_allclose([epoch.perplexity for epoch in seen], np.exp(judged), rtol=1e-13)


def test_the_callback_comes_after_the_checkpoint_and_once_for_an_interrupted_epoch(tmp_path):
    path, seen = tmp_path / "checkpoint.gn", []
    trainer, training, validation = small_trainer(path, callback=seen.append)
    trainer.fit(Interrupting(training, 2), epochs=2, validation=validation)
    assert trainer.interrupted
    assert seen == []
    resumed, _, _ = small_trainer(path, callback=lambda epoch: seen.append((epoch, saved(path))))
    resumed.load()
    resumed.fit(training, epochs=2, validation=validation)
    count = len(training)
    assert [(epoch.number, batches) for epoch, batches in seen] == [(1, count), (2, 2 * count)]
    mean = math.fsum(resumed.history.training[:count]) / count
    assert seen[0][0].training == pytest.approx(mean, rel=1e-14)


def saved(path):
    """After how many batches a checkpoint was written."""
    reader, _, _ = small_trainer()
    reader.load(path)
    return reader.batches_done


# ---- checkpoints and interruptions


class Interrupting(list):
    """Batches during one of which Ctrl-C is pressed."""

    def __init__(self, batches, at):
        super().__init__(batches)
        self.at = at

    def __getitem__(self, index):
        if index == self.at:
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(index)


@pytest.mark.parametrize("at", [0, 4, 10])
def test_interrupted_in_mid_epoch_and_resumed_gives_the_same_bits(tmp_path, at):
    whole, training, validation = small_trainer()
    whole.fit(training, epochs=3, validation=validation)

    path = tmp_path / "checkpoint.gn"
    first, _, _ = small_trainer(path)
    first.fit(training, epochs=1, validation=validation)
    first.fit(Interrupting(training, at), epochs=3, validation=validation)
    assert first.interrupted
    assert first.batches_done == len(training) + at + 1

    second, _, _ = small_trainer(path)
    second.net.generator.random(100)  # its own beginnings do not matter
    second.load()
    second.fit(training, epochs=3, validation=validation)
    assert not second.interrupted
    assert_same_bits(second, whole)


def test_resumed_from_a_checkpoint_between_epochs_gives_the_same_bits(tmp_path):
    whole, training, _ = small_trainer()
    whole.fit(training, epochs=2)
    path = tmp_path / "checkpoint.gn"
    killed, _, _ = small_trainer(path, checkpoint_every=4)
    for index in range(6):  # dies after batch 6; the checkpoint is that of batch 4
        killed.train_batch(*training[index])
        if killed.batches_done % killed.checkpoint_every == 0:
            killed.save()
    resumed, _, _ = small_trainer(path)
    resumed.load()
    assert resumed.batches_done == 4
    resumed.fit(training, epochs=2)
    assert_same_bits(resumed, whole)


def test_ctrl_c_without_a_checkpoint_is_a_keyboard_interrupt():
    trainer, training, _ = small_trainer()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(Interrupting(training, 2), epochs=1)
    assert trainer.batches_done == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_during_the_last_batch_has_nothing_to_interrupt(tmp_path):
    whole, training, validation = small_trainer()
    whole.fit(training, epochs=1, validation=validation)
    for path in (None, tmp_path / "checkpoint.gn"):
        trainer, _, _ = small_trainer(path)
        trainer.fit(Interrupting(training, 10), epochs=1, validation=validation)
        assert not trainer.interrupted
        np.testing.assert_array_equal(
            trainer.net.flatten_parameters()[0], whole.net.flatten_parameters()[0]
        )
        assert trainer.history == whole.history


def test_training_outside_the_main_thread():
    trainer, training, _ = small_trainer()
    thread = threading.Thread(target=trainer.fit, args=(training, 1))
    thread.start()
    thread.join()
    assert trainer.batches_done == len(training)


def test_a_checkpoint_is_also_a_net(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, training, _ = small_trainer(path)
    trainer.fit(training, epochs=1)
    net = gn.load(path).evaluate()
    inputs = [training[0][0], *trainer.states]
    for ours, theirs in zip(
        trainer.net.evaluate().forward(inputs), net.forward(inputs), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_resume_with_another_vocabulary_names_the_characters(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    other, _, _ = small_trainer(path, text=TEXT.replace("q", "é"))
    with pytest.raises(
        DataError, match=r"trained on 28 characters, .* has 'é' besides and lacks 'q'"
    ):
        other.load()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"notes": {"seed": 2}}, DataError, "trained with seed 1, received 2"),
        ({"rows": 4}, FormatError, r"carries states \(3, 6\) .*expected \(4, 6\)"),
        ({"net": nn.Linear(3, 2)}, FormatError, r"holds a net with 35 parameters .*, expected 2 "),
    ],
)
def test_resume_with_other_options(tmp_path, change, error, message):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path, notes={"seed": 1})
    trainer.save()
    other, _, _ = small_trainer(path, **{"notes": {"seed": 1}, **change})
    with pytest.raises(error, match=message):
        other.load()


def test_resume_with_another_optimiser(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    trainer.optimizer = optim.Adam(trainer.net)
    with pytest.raises(FormatError, match="saved by an optimiser of another kind"):
        trainer.load()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_states_take_the_dtype_of_the_net(tmp_path, dtype):
    path = tmp_path / "checkpoint.gn"
    states = [np.zeros((3, 6), dtype) for _ in range(4)]
    whole, training, _ = small_trainer(states=states)
    whole.fit(training, epochs=2)
    trainer, _, _ = small_trainer(path, states=states)
    trainer.fit(training, epochs=1)
    assert {state.dtype for state in trainer.states} == {np.dtype(np.float32)}
    resumed, _, _ = small_trainer(path, states=states)
    resumed.load()
    resumed.fit(training, epochs=2)
    assert_same_bits(resumed, whole)


def test_resume_with_other_settings_of_the_optimiser(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    trainer.optimizer = optim.RMSprop(trainer.net, 0.01, decay=0.99)
    with pytest.raises(FormatError, match=r"a state with decay 0\.9, it has decay 0\.99"):
        trainer.load()


def two_layers(names):
    """Linear layers of one size under these names, one after the other."""
    x = y = gn.input("x")
    for name in names:
        y = nn.Linear(3, 3)(y).annotate(name=name)
    return gn.GModule([x], [y])


def test_resume_with_the_same_parameters_in_another_order(tmp_path):
    trainers = []
    for names in (("a", "b"), ("b", "a")):
        net = two_layers(names)
        criterion, optimizer = nn.MSECriterion(), optim.SGD(net)
        trainers.append(
            train.Trainer(net, criterion, optimizer, checkpoint=tmp_path / "checkpoint.gn")
        )
    trainers[0].save()
    with pytest.raises(
        FormatError,
        match=r"its parameter 1 is a\.weight float64\[3, 3\], expected b\.weight float64\[3, 3\]",
    ):
        trainers[1].load()


POSITION = ("batches", "learning_rate", "optimizer", "generator")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        *[(lambda notes, _, key=key: notes["position"].pop(key), key) for key in POSITION],
        (lambda notes, _: notes.update(position=3), "not a whole checkpoint"),
        (lambda notes, _: notes["position"].update(batches=-1), "batches is -1"),
        (lambda notes, _: notes["position"].update(batches=1.5), r"batches is 1\.5"),
        (lambda notes, _: notes["position"].update(learning_rate="x"), "learning_rate is 'x'"),
        (lambda notes, _: notes["position"].update(generator={}), "not a whole checkpoint"),
        (lambda notes, _: notes["position"]["generator"].update(state=3), "not a whole checkpoint"),
        (lambda notes, _: notes["position"]["optimizer"].update(steps=-2), "steps -2"),
        (lambda notes, _: notes.update(vocabulary=["a"]), "notes a vocabulary that is no text"),
        (lambda notes, _: notes["position"].update(batches=True), "batches is True"),
        (lambda _, arrays: arrays.pop("state.2"), "carries states"),
        (
            lambda _, arrays: arrays.update({"state.2": arrays["state.2"].astype(int)}),
            r"carries states .*int64 .*, expected .*float32",
        ),
        (lambda _, arrays: arrays.pop("losses.training"), "not a whole checkpoint"),
        (lambda _, arrays: arrays.update({"losses.validation": np.zeros(3)}), "losses of shapes"),
        (lambda _, arrays: arrays.pop("optimizer.square_average"), "of another kind"),
        (
            lambda _, arrays: arrays.update({"optimizer.square_average": np.zeros(3)}),
            "Was it saved for a net of another size",
        ),
    ],
)
def test_a_failed_load_changes_nothing(tmp_path, damage, message):
    path = tmp_path / "checkpoint.gn"
    saved, training, _ = small_trainer(path)
    saved.fit(training, epochs=1)
    stored = read(path)
    damage(stored.notes, stored.arrays)
    save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    trainer, _, _ = small_trainer(path)
    untouched, _, _ = small_trainer()
    with pytest.raises(FormatError, match=message):
        trainer.load()
    assert trainer.batches_done == 0
    assert_same_bits(trainer, untouched)


def test_resume_from_what_is_no_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    with pytest.raises(FileNotFoundError, match=r"no file .*checkpoint\.gn"):
        trainer.load()
    trainer.net.save(path)
    with pytest.raises(FormatError, match="holds a net, but no state of a training"):
        trainer.load()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FormatError, match="not a whole graphnet file"):
        trainer.load()
    with pytest.raises(DataError, match="no path to load from"):
        small_trainer()[0].load()


SAVING = """
import sys
from graphnet import nn, optim, train
net = nn.Linear(700, 700)
trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=sys.argv[1])
while True:
    trainer.batches_done += 1
    trainer.save()
    print(trainer.batches_done, flush=True)
"""


@pytest.mark.parametrize("saves", [1, 2, 4])
def test_a_kill_while_saving_leaves_a_whole_checkpoint(tmp_path, saves):
    path = tmp_path / "checkpoint.gn"
    process = subprocess.Popen([sys.executable, "-c", SAVING, path], stdout=subprocess.PIPE)
    with process:
        for _ in range(saves):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    net = nn.Linear(700, 700)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=path)
    trainer.load()
    assert trainer.batches_done >= last


FULL_DISK = """
import resource, sys
from graphnet import nn, optim, train
net = nn.Linear(100, 100)
trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=sys.argv[1])
trainer.batches_done = 1
trainer.save()
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
trainer.batches_done = 2
trainer.save()
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a matter of POSIX")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.gn"
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=False
    )
    assert "OSError: [Errno 27] File too large" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    net = nn.Linear(100, 100)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=path)
    trainer.load()
    assert trainer.batches_done == 1


# ---- sampling and curves


def trained_on(text, hidden=24, epochs=60):
    gn.manual_seed(3)
    vocabulary = train.Vocabulary(text)
    net = train.character_model(len(vocabulary), hidden, layers=1)
    batches = train.TextBatches(vocabulary.encode(text), 4, 10)
    trainer = train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, 0.01, decay=0.9),
        states=train.initial_states(1, hidden, 4),
        show_progress=False,
    )
    trainer.fit(batches, epochs)
    return net, vocabulary, train.initial_states(1, hidden, 1)


def test_a_model_that_has_learnt_a_pattern_writes_it():
    net, vocabulary, states = trained_on("abcde" * 40)
    text = train.sample(net, vocabulary, states, 20, temperature=0, prime="abcdeabc")
    assert text == "deabc" * 4
    assert net.is_training


def test_sample_is_repeatable_and_as_long_as_asked():
    net, vocabulary, states = trained_on(TEXT, epochs=1)
    first, again, other = (train.sample(net, vocabulary, states, 50, seed=s) for s in (1, 1, 2))
    assert first == again != other
    assert len(first) == 50
    assert set(first) <= set(TEXT)
    assert train.sample(net, vocabulary, states, 0) == ""


def test_temperature_sharpens_and_flattens():
    net, vocabulary, states = trained_on("aaaaaaab" * 40, hidden=2, epochs=15)
    counts = [
        train.sample(net, vocabulary, states, 400, temperature=t, prime="a").count("b")
        for t in (0, 0.3, 1, 100)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[3] == pytest.approx(200, abs=40)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.5}, "temperature is -0.5, expected 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"prime": "aX"}, "The vocabulary has no 'X'"),
    ],
)
def test_samples_that_cannot_be_drawn(settings, message):
    net, vocabulary, states = trained_on("abcde" * 20, epochs=1)
    with pytest.raises(DataError, match=message):
        train.sample(net, vocabulary, states, 5, **settings)


def test_forget_gates_start_open_and_parameters_small():
    net = train.character_model(10, hidden=5, layers=2)
    values = net.flatten_parameters()[0]
    assert values.dtype == np.float32
    for layer in (1, 2):
        bias = net[f"lstm{layer}"].module.cell["forget_gate.i2h"].bias
        np.testing.assert_array_equal(bias.data, 1)
    assert (np.abs(values) <= 0.08).sum() == values.size - 10


def test_the_curve_is_an_svg_with_both_axes(tmp_path):
    history = History([3.0, 2.5, 2.2, 2.0], [(2, 2.4), (4, 2.1)])
    train.draw_losses(history, tmp_path / "a.svg", "title of it")
    train.draw_losses(history, tmp_path / "b.svg", "title of it")
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    for part in ("<svg", "bits -->", "loss (nats)", "title of it", "2.100"):
        assert part in text


def test_smoothing_and_bits():
    np.testing.assert_allclose(smoothed([1, 2, 6, 3], 1), [1.5, 3, 11 / 3, 4.5])
    np.testing.assert_allclose(smoothed([1, 2, 6], 0), [1, 2, 6])
    assert bits(math.log(16)) == pytest.approx(4)
