"""The Trainer: losses, modes, validation, schedules, clipping, what stops it."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, GraphError, GraphnetError, NumericsError
from graphnet.graph.inspection.executed import traces_of
from tests.support.trainers import TEXT, everything, small_trainer


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
    traces = [traced for module in modules for traced in traces_of(module)]
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
    with pytest.raises(GraphError, match=r"is in evaluation mode.*\n.*net\.train\(\)"):
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
    [({"max_norm": 1e-3, "max_value": None}, 1e-3), ({"max_value": 1e-5}, 1e-5)],
)
def test_gradients_are_clipped(settings, limit):
    trainer, training, _ = small_trainer(**settings)
    trainer.train_batch(*training[0])
    gradients = trainer.net.flatten_parameters()[1]
    size = np.linalg.norm(gradients) if "max_norm" in settings else np.abs(gradients).max()
    assert size == pytest.approx(limit, rel=1e-4)


def test_loss_scale_multiplies_the_gradient_not_the_loss():
    results = []
    for scale in (1.0, 15.0):
        trainer, training, _ = small_trainer(loss_scale=scale, max_value=None)
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


def test_a_loss_that_is_not_finite_stops_before_the_step(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a.gn")
    trainer.train_batch(*training[0])
    trainer.save()
    trainer.net["scores"].bias[0] = np.nan
    before = trainer.net.flatten_parameters()[0].copy()
    with pytest.raises(NumericsError, match=r"the loss is nan at batch 2\n.*a\.gn"):
        trainer.fit(training, epochs=1)
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before)


def test_a_gradient_that_is_not_finite_stops_before_the_step():
    trainer, training, _ = small_trainer(loss_scale=float("inf"), dropout=0.0)
    before = trainer.net.flatten_parameters()[0].copy()
    with pytest.raises(NumericsError, match="the gradient is not finite at batch 1\n"):
        trainer.train_batch(*training[0])
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before)


def test_an_optimiser_of_another_net_is_refused():
    net, other = nn.Linear(2, 2), nn.Linear(2, 2)
    with pytest.raises(GraphError, match=r"SGD was made for another net"):
        train.Trainer(net, nn.MSECriterion(), optim.SGD(other))
    whole = nn.Sequential(other, net)
    part = train.Trainer(
        whole, nn.MSECriterion(), optim.SGD(net), frozen=[other], show_progress=False
    )
    before = other.weight.data.copy()
    part.fit([(np.ones((1, 2)), np.zeros((1, 2)))], epochs=2)
    np.testing.assert_array_equal(other.weight.data, before)


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        (iter([]), r"no batch to train on\n  A generator that was gone through before"),
        ((np.ones(2), np.ones(2)), r"received tuple as its batches, expected a list of pairs \(in"),
        ({"x": np.ones(2)}, r"received dict as its batches, expected a list of pairs \(input, ta"),
        ("batches.npz", "received str as its batches, expected a list of pairs"),
        (3, "received int as its batches, expected a list of pairs"),
        (lambda: 3, "received int from a function of batches as its batches"),
        ([np.ones((3, 2))], r"no pair \(input, target\): ndarray of shape \(3, 2\)"),
        ([(1, 2, 3)], r"no pair \(input, target\): a tuple of 3"),
    ],
)
def test_what_is_no_list_of_batches_is_named(batches, message):
    net = nn.Linear(2, 2)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.SGD(net), show_progress=False)
    with pytest.raises(DataError, match=message):
        trainer.fit(batches, epochs=1)


def test_an_optimiser_takes_the_net_itself():
    with pytest.raises(GraphError, match=r"Adam received a ParameterTable, expected a net"):
        optim.Adam(nn.Linear(2, 2).parameters())
