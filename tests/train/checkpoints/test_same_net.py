"""A checkpoint of another net with the same shapes, of the same net under other names; its learning rate."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import FormatError
from graphnet.graph.files.save_load import read
from graphnet.train.checkpoints.same_net import are_exchanged
from tests.support.paths import FILES


def trainer_of(net, path=None, learning_rate=0.01, **settings):
    optimizer = optim.SGD(net, learning_rate=learning_rate)
    return train.Trainer(
        net, nn.MSECriterion(), optimizer, checkpoint=path, show_progress=False, **settings
    )


def perceptron(squash, p=0.5):
    return nn.Sequential(nn.Linear(3, 3), squash(), nn.Dropout(p), nn.Linear(3, 3))


def residual(first):
    x = gn.input("x")
    hidden = nn.Linear(3, 3)(x)
    out = nn.Linear(3, 3)(nn.Tanh()(hidden))
    return gn.GModule([x], [out + (x if first else hidden)])


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (
            lambda: perceptron(nn.Tanh), lambda: perceptron(nn.ReLU),
            r"a\.gn holds another net: it has Tanh\(\), expected ReLU\(.*\)\n  Build the net as it was",
        ),
        (
            lambda: perceptron(nn.Tanh), lambda: perceptron(nn.Tanh, p=0.1),
            r"it has Dropout\(.*p=0\.5.*\), expected Dropout\(.*p=0\.1.*\)",
        ),
        (
            lambda: residual(True), lambda: residual(False),
            "holds another net: its modules are wired otherwise",
        ),
        (
            lambda: nn.Recurrent(nn.lstm_cell(3, 4)),
            lambda: nn.Recurrent(nn.lstm_cell(3, 4, squash=nn.Sigmoid)),
            r"it has Tanh\(\)|wired otherwise",
        ),
    ],
)  # fmt: skip
def test_another_net_of_the_same_shapes_is_refused(tmp_path, source, target, message):
    path = tmp_path / "a.gn"
    trainer_of(source(), path).save()
    net = target()
    before = net.flatten_parameters()[0].copy()
    with pytest.raises(FormatError, match=message):
        trainer_of(net, path).load()
    np.testing.assert_array_equal(net.flatten_parameters()[0], before)


NETS = {
    "graph": lambda: residual(True),
    "LSTM": lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, dropout=0.2),
    "GRU": lambda: nn.GRU(3, 4),
    "character model": lambda: train.character_model(5, 4, 2, 0.1),
    "constants": lambda: nn.Sequential(nn.Linear(3, 3), nn.HardTanh(-2.0, 2.0), nn.LayerNorm(3)),
    **{name: (lambda cell=cell: nn.Recurrent(cell(3, 4))) for name, cell in nn.CELLS.items()},
}


@pytest.mark.parametrize("name", NETS)
def test_the_same_net_is_known_again(tmp_path, name):
    path = tmp_path / "a.gn"
    saved = trainer_of(NETS[name](), path)
    saved.save()
    loaded = trainer_of(NETS[name](), path)
    loaded.load()
    np.testing.assert_array_equal(
        loaded.net.flatten_parameters()[0], saved.net.flatten_parameters()[0]
    )


def test_variables_may_be_renamed(tmp_path):
    x = gn.input()
    first = nn.Linear(3, 3)(x)
    second = nn.Linear(3, 3)(first)
    old = gn.GModule([x], [second])
    y = gn.input()
    bottom = nn.Linear(3, 3)(y)
    top = nn.Linear(3, 3)(bottom)
    new = gn.GModule([y], [top])
    path = tmp_path / "a.gn"
    trainer_of(old, path).save()
    trainer_of(new, path).load()
    np.testing.assert_array_equal(new["top"].weight, old["second"].weight)


def helper_names():
    """A net of a helper function; the release before named its layers linear and linear_2."""

    def encoder(x):
        a = nn.Linear(3, 3)(x)
        linear = nn.Linear(3, 3)(a)
        return nn.Tanh()(linear)

    x = gn.input()
    y = encoder(x)
    return gn.GModule([x], [y])


def test_a_checkpoint_of_the_release_before_that_named_nodes_otherwise(tmp_path):
    net = helper_names()
    assert [name for name in net.names if "linear" in name] == ["linear"]
    trainer = train.Trainer(
        net,
        nn.MSECriterion(),
        optim.Adam(net, 0.01),
        show_progress=False,
        checkpoint=tmp_path / "a",
    )
    trainer.load(FILES / "helper_names.gn")
    stored = read(FILES / "helper_names.gn")
    assert stored.module.names == ("x", "linear", "linear_2", "y")
    np.testing.assert_array_equal(net["a"].weight, stored.module["linear"].weight)
    np.testing.assert_array_equal(net["linear"].weight, stored.module["linear_2"].weight)
    trainer.fit([(np.ones((2, 3)), np.zeros((2, 3)))] * 2, epochs=3)
    assert (trainer.batches_done, trainer.epochs_done) == (6, 3)


def chain(order):
    """Two layers of one size, applied in this order: their parameters do not tell it."""
    layers = [nn.Linear(3, 3), nn.Linear(3, 3)]
    x = y = gn.input("x")
    for number, layer in enumerate(order):
        y = layers[layer](y).annotate(name=f"step_{number}")
    return gn.GModule([x], [y])


def test_layers_that_are_shared_otherwise_are_another_net(tmp_path):
    path = tmp_path / "a.gn"
    trainer_of(chain([0, 1, 0]), path).save()
    trainer_of(chain([0, 1, 0]), path).load()
    with pytest.raises(FormatError, match="holds another net: its modules are wired otherwise"):
        trainer_of(chain([0, 1, 1]), path).load()


@pytest.mark.parametrize(
    ("expected", "exchanged"),
    [("abc", False), ("bac", True), ("cab", True), ("bcd", False), ("dab", False), ("bad", True)],
)
def test_names_that_have_changed_places_with_each_other(expected, exchanged):
    assert are_exchanged("abc", expected) is exchanged


def test_a_part_that_was_frozen_may_be_in_another_mode(tmp_path):
    path = tmp_path / "a.gn"
    trainer_of(perceptron(nn.Tanh), path).save()
    net = perceptron(nn.Tanh)
    next(part for _, part in net.named_modules() if isinstance(part, nn.Dropout)).evaluate()
    trainer = trainer_of(net, path)
    trainer.load()
    assert trainer.batches_done == 0


# ---- the learning rate


def test_the_learning_rate_of_the_checkpoint_replaces_another_and_says_so(tmp_path):
    path = tmp_path / "a.gn"
    trainer_of(nn.Linear(2, 2), path, learning_rate=0.01).save()
    trainer = trainer_of(nn.Linear(2, 2), path, learning_rate=0.002)
    message = (
        r"the learning rate 0\.01 of the checkpoint a\.gn replaces the optimiser's 0\.002: "
        r"load\(learning_rate=0\.002\) keeps that"
    )
    with pytest.warns(UserWarning, match=message):
        trainer.load()
    assert trainer.learning_rate == trainer.optimizer.learning_rate == 0.01


def test_the_learning_rate_can_be_chosen(tmp_path):
    path, seen = tmp_path / "a.gn", []
    trainer_of(nn.Linear(2, 2), path, learning_rate=0.01).save()
    trainer = trainer_of(
        nn.Linear(2, 2), path, learning_rate=0.002, schedule=train.decay_after(1, 0.5),
        batch_callback=lambda batch: seen.append(batch.learning_rate),
    )  # fmt: skip
    trainer.load(learning_rate=0.002)
    trainer.fit([(np.ones((1, 2)), np.ones((1, 2)))], epochs=2)
    assert seen == [0.002, 0.001]
