"""The order of the optimiser's parameters, which a checkpoint notes."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import FormatError
from graphnet.graph.files.save_load import read, save
from tests.train.checkpoints.test_checkpoints import assert_same_bits

X = np.random.default_rng(1).normal(size=(4, 3))
BATCHES = [(X, np.tanh(X))] * 3


def trainer_of(path, choose):
    """Two layers of one size, of which ``choose`` gives those that are trained."""
    gn.manual_seed(2)
    layers = nn.Linear(3, 3), nn.Linear(3, 3)
    net = nn.Sequential(layers[0], nn.Tanh(), layers[1]).seed(3)
    optimizer = optim.Adam(choose(*layers), 0.1)
    return train.Trainer(net, nn.MSECriterion(), optimizer, checkpoint=path, show_progress=False)


def in_order(a, b):
    return [a, b]


def turned(a, b):
    return [b, a]


@pytest.mark.parametrize("first", [in_order, turned])
@pytest.mark.parametrize("second", [in_order, turned])
def test_moments_find_their_parameters_in_another_order(tmp_path, first, second):
    path = tmp_path / "a.gn"
    trainer_of(path, first).fit(BATCHES, epochs=1)
    resumed, whole = trainer_of(path, second), trainer_of(None, second)
    resumed.load()
    resumed.fit(BATCHES, epochs=2)
    whole.fit(BATCHES, epochs=2)
    assert_same_bits(resumed, whole)


def test_an_optimiser_of_another_part_is_refused(tmp_path):
    path = tmp_path / "a.gn"
    with pytest.warns(UserWarning, match="Adam was made for a part of the net"):
        trainer_of(path, lambda a, b: a).save()
    message = (
        r"holds the state of an optimiser of 0\.weight, 0\.bias\n"
        r".*Make it for the same parts of the net; this one is of 2\.weight, 2\.bias\."
    )
    with pytest.warns(UserWarning, match="Adam was made for a part of the net"):
        trainer = trainer_of(path, lambda a, b: b)
    with pytest.raises(FormatError, match=message):
        trainer.load()


def test_a_file_without_the_note_is_let_through(tmp_path):
    path = tmp_path / "a.gn"
    trainer = trainer_of(path, turned)
    trainer.fit(BATCHES, epochs=1)
    stored = read(path)
    assert stored.notes["position"].pop("optimizer_order") == [2, 3, 0, 1]
    save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    resumed = trainer_of(path, turned)
    resumed.load()
    assert_same_bits(resumed, trainer)


@pytest.mark.parametrize("note", [3, "a", [0, 1], [0, 1, 2, "a"], [0, 1, 2, 9], [[0], 1, 2, 3]])
def test_a_damaged_note_is_refused(tmp_path, note):
    path = tmp_path / "a.gn"
    trainer_of(path, in_order).save()
    stored = read(path)
    stored.notes["position"]["optimizer_order"] = note
    save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    with pytest.raises(FormatError, match=r"is not a whole checkpoint|an optimiser of"):
        trainer_of(path, in_order).load()
