"""Early stopping, the best parameters, metrics, and callbacks at each batch."""

import math

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import ArgumentError, DataError, FormatError
from graphnet.graph.files.save_load import read, save
from graphnet.train.checkpoints.training_state import Best
from graphnet.train.loop.early_stopping import EarlyStopping
from tests.support.trainers import Interrupting, everything
from tests.train.checkpoints.test_checkpoints import assert_same_bits

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(6, 16, 5))
CLASSES = (X[..., :3] + RANDOM.normal(size=(6, 16, 3))).argmax(-1)  # half of it is noise
TRAINING = list(zip(X[:4], CLASSES[:4], strict=True))
VALIDATION = list(zip(X[4:], CLASSES[4:], strict=True))  # it gets better, then worse


def classifier(path=None, **settings):
    gn.manual_seed(5)
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 3)).seed(6)
    return train.Trainer(
        net, nn.CrossEntropyCriterion(), optim.Adam(net, 0.02),
        checkpoint=path, show_progress=False, **settings,
    )  # fmt: skip


def test_it_stops_when_the_validation_gets_no_better_and_keeps_the_best():
    seen = []
    trainer = classifier(callback=lambda e: seen.append((e, trainer.net.clone())))
    history = trainer.fit(TRAINING, 50, VALIDATION, patience=3)
    losses = [loss for _, loss in history.validation]
    best = int(np.argmin(losses)) + 1
    assert best > 1
    assert len(losses) == best + 3 == trainer.epochs_done < 50
    assert (trainer.best.epoch, trainer.best.value) == (best, min(losses))
    kept = seen[best - 1][1]
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], kept.flatten_parameters()[0])
    assert trainer.validate(VALIDATION) == min(losses)


def test_the_last_epoch_may_be_the_best():
    trainer = classifier()
    trainer.fit(TRAINING, 2, patience=5)
    assert trainer.best.monitor == "training"
    assert trainer.best.epoch == trainer.epochs_done == 2


def test_a_metric_is_better_when_it_is_larger():
    def negative_loss(output, target):
        shifted = output - output.max(-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        return np.take_along_axis(logs, target[:, None], -1).mean()

    by_loss, by_metric = classifier(), classifier(metrics={"score": negative_loss})
    by_loss.fit(TRAINING, 50, VALIDATION, patience=2)
    by_metric.fit(TRAINING, 50, VALIDATION, patience=2, monitor="score")
    assert by_metric.epochs_done == by_loss.epochs_done
    assert by_metric.best.epoch == by_loss.best.epoch
    assert by_metric.best.value == pytest.approx(-by_loss.best.value, rel=1e-12)
    upside_down = classifier(metrics={"score": negative_loss})
    upside_down.fit(TRAINING, 50, VALIDATION, patience=1, monitor="score", mode="min")
    assert upside_down.best.value == min(v for _, v in upside_down.history.metrics["score"])


def test_resumed_it_stops_at_the_same_epoch_with_the_same_bits(tmp_path):
    whole = classifier()
    whole.fit(TRAINING, 50, VALIDATION, patience=3, shuffle=True)
    epochs, expected = whole.epochs_done, everything(whole)
    for stop in range(1, epochs):
        path = tmp_path / f"{stop}.gn"
        classifier(path).fit(TRAINING, stop, VALIDATION, patience=3, shuffle=True)
        resumed = classifier(path)
        resumed.load()
        resumed.fit(TRAINING, 50, VALIDATION, patience=3, shuffle=True)
        assert resumed.epochs_done == epochs
        assert resumed.best.epoch == whole.best.epoch
        for name, value in everything(resumed).items():
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_interrupted_it_has_the_last_parameters_and_goes_on(tmp_path):
    whole = classifier()
    whole.fit(TRAINING, 50, VALIDATION, patience=3)
    path = tmp_path / "checkpoint.gn"
    first = classifier(path)
    first.fit(TRAINING, whole.epochs_done - 1, VALIDATION)
    assert first.best is None
    first = classifier(path)
    first.fit(Interrupting(TRAINING, 2), 50, VALIDATION, patience=3)
    assert first.interrupted
    second = classifier(path)
    second.load()
    second.fit(TRAINING, 50, VALIDATION, patience=3)
    assert_same_bits(second, whole)


def test_it_goes_on_after_a_stop_as_if_it_had_not_stopped(tmp_path):
    whole = classifier()
    whole.fit(TRAINING, 50, VALIDATION, patience=6)
    path = tmp_path / "checkpoint.gn"
    parts = classifier(path)
    parts.fit(TRAINING, 50, VALIDATION, patience=2)
    assert parts.epochs_done < whole.epochs_done
    resumed = classifier(path)
    resumed.load()
    np.testing.assert_array_equal(resumed.net.flatten_parameters()[0], parts.best.parameters)
    for trainer in (parts, resumed):
        trainer.fit(TRAINING, 50, VALIDATION, patience=6)
        np.testing.assert_array_equal(
            trainer.net.flatten_parameters()[0], whole.net.flatten_parameters()[0]
        )
        assert trainer.history == whole.history


def test_the_checkpoint_of_a_stopped_training_is_the_best_net(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer = classifier(path)
    trainer.fit(TRAINING, 50, VALIDATION, patience=2)
    net = gn.load(path)
    np.testing.assert_array_equal(net.flatten_parameters()[0], trainer.best.parameters)
    with pytest.warns(UserWarning, match=r"stopped after epoch \d+: validation was best in epoch"):
        trainer.fit(TRAINING, 50, VALIDATION, patience=2)


def test_epochs_without_patience_begin_the_search_anew():
    trainer = classifier()
    trainer.fit(TRAINING, 50, VALIDATION, patience=1)
    stopped = trainer.epochs_done
    trainer.fit(TRAINING, stopped + 5, VALIDATION)
    assert trainer.best is None
    trainer.fit(TRAINING, stopped + 6, VALIDATION, patience=1)
    assert trainer.epochs_done == trainer.best.epoch == stopped + 6


def test_it_tells_that_it_stopped(capsys):
    trainer = classifier()
    trainer.show_progress = True
    trainer.fit(TRAINING, 50, VALIDATION, patience=1)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        f"stopped after epoch {trainer.epochs_done}: validation was best in epoch "
        f"{trainer.best.epoch}, {trainer.best.value:.4g}"
    )


def test_a_loss_that_was_no_number_is_not_the_best():
    best = Best(1, math.nan, "training", "min", np.zeros(1))
    stopping = EarlyStopping(2, "training", "min")
    epoch = train.Epoch(2, 8, 0.5, None)
    assert stopping.better(best, epoch, np.ones(1)).epoch == 2
    nothing = train.Epoch(3, 12, math.nan, None)
    assert stopping.better(stopping.better(best, epoch, np.ones(1)), nothing, np.ones(1)).epoch == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "patience is 0, expected a number of epochs from 1"),
        ({"patience": 2, "monitor": "accuracy"}, "monitor is 'accuracy', expected one of training"),
        ({"patience": 2, "mode": "low"}, "mode is 'low', expected 'min' or 'max'"),
        ({"monitor": "training"}, "monitor='training' and mode=None, but no patience"),
    ],
)
def test_mistakes_about_stopping(settings, message):
    with pytest.raises(DataError, match=message):
        classifier().fit(TRAINING, 2, **settings)


def test_another_mode_begins_anew(tmp_path):
    path = tmp_path / "a.gn"
    trainer = classifier(path)
    trainer.fit(TRAINING, 3, VALIDATION, patience=5, mode="min")
    assert (trainer.best.epoch, trainer.best.mode) == (3, "min")
    resumed = classifier(path)
    resumed.load()
    assert resumed.best.mode == "min"
    resumed.fit(TRAINING, 5, VALIDATION, patience=5, mode="max")
    losses = [loss for _, loss in resumed.history.validation]
    assert (resumed.best.mode, resumed.best.value) == ("max", max(losses[3:]))


def test_a_mode_that_was_not_noted_is_the_usual_one(tmp_path):
    path = tmp_path / "a.gn"
    trainer = classifier(path)
    trainer.fit(TRAINING, 1, VALIDATION, patience=5)
    stored = read(path)
    for mode, found in ((None, "min"), ("max", "max")):
        best = stored.notes["position"]["best"]
        best.pop("mode", None)
        best |= {"mode": mode} if mode else {}
        save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
        trainer.load()
        assert trainer.best.mode == found
    stored.notes["position"]["best"]["mode"] = "best"
    save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    with pytest.raises(FormatError, match="mode is 'best'"):
        trainer.load()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"epochs": 1.5}, ArgumentError, r"epochs 1\.5, expected a whole number"),
        ({"epochs": "1"}, ArgumentError, "epochs '1', expected a whole number"),
        ({"epochs": True}, DataError, "epochs is True, expected a number of epochs"),
        ({"patience": "1"}, ArgumentError, "patience '1', expected a whole number"),
        ({"patience": 1.5}, ArgumentError, r"patience 1\.5, expected a whole number"),
        ({"patience": True}, DataError, "patience is True, expected a number of epochs"),
        ({"shuffle": "yes"}, ArgumentError, "shuffle 'yes', expected True or False"),
        ({"patience": 1, "mode": ""}, DataError, "mode is '', expected 'min' or 'max'"),
    ],
)
def test_arguments_of_fit_of_another_type(call, error, message):
    trainer = classifier()
    with pytest.raises(error, match=message):
        trainer.fit(TRAINING, **{"epochs": 2, **call})
    assert trainer.batches_done == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint_every": "5"}, "checkpoint_every '5', expected a whole number"),
        ({"checkpoint_every": 1.5}, r"checkpoint_every 1\.5, expected a whole number"),
        ({"checkpoint_every": True}, "checkpoint_every True, expected a whole number"),
        ({"schedule": 0.5}, r"schedule 0\.5, expected a function"),
    ],
)
def test_arguments_of_a_trainer_of_another_type(settings, message):
    with pytest.raises(ArgumentError, match=message):
        classifier(**settings)


# ---- metrics


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({1: train.accuracy}, "received the metric 1: function, expected a name of its own"),
        ({"": train.accuracy}, "received the metric '': function, expected a name"),
        ({" ": train.accuracy}, "received the metric ' ': function, expected a name"),
        (
            train.accuracy,
            "received metrics function, expected functions by their names\n.*For inst",
        ),
        (["a"], "received metrics a list of 1, expected functions by their names"),
        ("accuracy", "received metrics str, expected functions by their names"),
    ],
)
def test_metrics_are_functions_by_their_names(metrics, message):
    with pytest.raises(DataError, match=message):
        classifier(metrics=metrics)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_metric_may_give_a_tensor(shape):
    torch = pytest.importorskip("torch")
    trainer = classifier(metrics={"half": lambda output, target: torch.full(shape, 0.5)})
    trainer.fit(TRAINING, 1, VALIDATION)
    assert trainer.history.metrics["half"] == [(4, 0.5)]


def test_metrics_are_measured_on_the_validation(capsys):
    seen = []
    trainer = classifier(metrics={"accuracy": train.accuracy}, callback=seen.append)
    trainer.show_progress = True
    history = trainer.fit(TRAINING, 2, VALIDATION)
    net = trainer.net.clone().evaluate()
    right = [net.forward(x).argmax(-1) == classes for x, classes in VALIDATION]
    assert [epoch.metrics for epoch in seen] == [
        {"accuracy": a} for _, a in history.metrics["accuracy"]
    ]
    assert seen[-1].metrics["accuracy"] == np.mean(right)
    assert trainer.measure(VALIDATION) == {
        "loss": history.validation[-1][1], "accuracy": np.mean(right),
    }  # fmt: skip
    assert f", accuracy {np.mean(right):.4g}\n" in capsys.readouterr().err


def test_a_shorter_last_batch_weighs_less():
    trainer = classifier(metrics={"accuracy": train.accuracy})
    x, classes = X[4], CLASSES[4]
    parts = [(x[:3], classes[:3]), (x[3:], classes[3:])]
    assert trainer.measure(parts)["accuracy"] == trainer.measure([(x, classes)])["accuracy"]


def test_metrics_judge_what_the_criterion_judges():
    net = nn.LSTM(5, 3)
    shapes = []
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net), select=0, show_progress=False,
        metrics={"shape": lambda output, target: shapes.append(output.shape) or 1.0},
    )  # fmt: skip
    xs = np.ones((2, 4, 5))
    trainer.fit([(xs, np.zeros((2, 4, 3)))], 1, [(xs, np.zeros((2, 4, 3)))])
    assert shapes == [(2, 4, 3)]


def test_metrics_are_in_the_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer = classifier(path, metrics={"accuracy": train.accuracy})
    trainer.fit(TRAINING, 2, VALIDATION)
    resumed = classifier(path, metrics={"accuracy": train.accuracy})
    resumed.load()
    assert resumed.history == trainer.history
    assert len(resumed.history.metrics["accuracy"]) == 2
    assert ", accuracy 0." in repr(resumed.history)


def test_mistakes_about_metrics():
    with pytest.raises(DataError, match=r"the metric 'accuracy': str, expected .* a function"):
        classifier(metrics={"accuracy": "accuracy"})
    with pytest.raises(DataError, match="the metric 'loss': function, expected a name of its own"):
        classifier(metrics={"loss": train.accuracy})
    with pytest.raises(DataError, match=r"the metrics accuracy, but no validation\n.*validation\)"):
        classifier(metrics={"accuracy": train.accuracy}).fit(TRAINING, 1)
    trainer = classifier(metrics={"right": lambda output, target: output})
    with pytest.raises(DataError, match=r"'right' gave ndarray of shape \(16, 3\), expected one"):
        trainer.fit(TRAINING, 1, VALIDATION)


# ---- callbacks


def test_the_batch_callback_receives_each_batch():
    seen = []
    trainer = classifier(batch_callback=seen.append, schedule=train.decay_after(1, 0.5))
    trainer.fit(TRAINING, epochs=2)
    assert [batch.number for batch in seen] == list(range(1, 9))
    assert [batch.epoch for batch in seen] == [1] * 4 + [2] * 4
    assert [batch.loss for batch in seen] == trainer.history.training
    assert [batch.learning_rate for batch in seen] == [0.02] * 4 + [0.01] * 4
