"""Batches that ``fit`` takes: generators, iterables, PyTorch's loaders and tensors; shuffling."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError
from graphnet.graph.files.save_load import read
from tests.support.trainers import Interrupting, everything, small_trainer
from tests.train.checkpoints.test_checkpoints import assert_same_bits

X = np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
PAIRS = [(X[i : i + 4], X[i : i + 4, :2]) for i in (0, 4, 8)]


def linear_trainer(path=None, **settings):
    """A linear layer with dropout on three batches: ``PAIRS``."""
    gn.manual_seed(5)
    net = nn.Sequential(nn.Dropout(0.2), nn.Linear(3, 2)).float().seed(6)
    return train.Trainer(
        net, nn.MSECriterion(), optim.Adam(net, 0.05),
        checkpoint=path, show_progress=False, **settings,
    )  # fmt: skip


def test_a_tuple_of_pairs_is_gone_through_as_a_list():
    trainers = [linear_trainer(), linear_trainer()]
    for trainer, batches in zip(trainers, (PAIRS, tuple(PAIRS)), strict=True):
        trainer.fit(batches, 2, batches, shuffle=False)
    assert_same_bits(*trainers)


@pytest.mark.parametrize("pair", [PAIRS[0], ([X, X], X), (X[:2], X[:2])])
def test_one_pair_is_no_tuple_of_pairs(pair):
    trainer = linear_trainer()
    for given in ({"training": pair}, {"training": PAIRS, "validation": pair}):
        with pytest.raises(DataError, match=r"tuple as its batches.*\n.*fit\(\[\(x, y\)\]"):
            trainer.fit(epochs=1, **given)
    assert trainer.batches_done == 0


class Endless:
    """An iterable without a length."""

    def __iter__(self):
        return iter(PAIRS)


def generated():
    yield from PAIRS


@pytest.mark.parametrize(
    "batches", [generated, Endless(), Endless, lambda: PAIRS, dict(enumerate(PAIRS)).values()]
)
def test_any_iterable_of_pairs_trains_as_the_list_does(batches):
    expected, found = linear_trainer(), linear_trainer()
    expected.fit(PAIRS, 3, PAIRS)
    found.fit(batches, 3, batches)
    assert found.epochs_done == 3
    assert_same_bits(found, expected)


class DataSet:
    """As PyTorch's: a length and entries by number, but no iterator."""

    def __len__(self):
        return len(PAIRS)

    def __getitem__(self, index):
        return PAIRS[index]


def test_an_error_of_a_callback_is_not_taken_for_one_of_the_batches():
    trainer = linear_trainer(callback=lambda epoch: epoch / 0)
    with pytest.raises(TypeError, match="unsupported operand"):
        trainer.fit(DataSet(), 1)
    assert trainer.batches_done == 3


def test_a_generator_lasts_one_epoch():
    trainer = linear_trainer()
    trainer.fit(generated(), epochs=1)
    assert trainer.batches_done == 3
    with pytest.raises(DataError, match=r"received a generator, which .* only once, for 2 epochs"):
        trainer.fit(generated(), epochs=3)
    with pytest.raises(DataError, match=r"to validate on\n.*the generator function itself"):
        trainer.fit(PAIRS, 3, generated())
    assert trainer.batches_done == 3


def test_a_loader_of_pytorch():
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    dataset = data.TensorDataset(torch.tensor(X), torch.tensor(X[:, :2]))
    expected, found = linear_trainer(), linear_trainer()
    expected.fit(PAIRS, 2, PAIRS)
    loader = data.DataLoader(dataset, batch_size=4)
    found.fit(loader, 2, loader)
    assert_same_bits(found, expected)


def test_tensors_of_pytorch_in_tables():
    torch = pytest.importorskip("torch")
    net = nn.CAddTable()
    x, y = gn.input("x"), gn.input("y")
    net = gn.GModule([x, y], [nn.Linear(3, 2)(x) + y])
    trainer = train.Trainer(net, nn.MSECriterion(), optim.SGD(net, 0.1), show_progress=False)
    x = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    y = torch.zeros(4, 2, dtype=torch.float64)
    losses = trainer.fit([([x, y], y)], epochs=30).training
    assert losses[-1] < 1e-3 < losses[0]
    assert trainer.train_batch([x, y], y) < 1e-3


def test_an_interrupted_generator_goes_on_where_it_was(tmp_path):
    whole = linear_trainer()
    whole.fit(generated, epochs=3)
    path = tmp_path / "checkpoint.gn"
    first = linear_trainer(path)
    first.fit(lambda: iter(interrupting(1)), epochs=3)
    assert (first.interrupted, first.epochs_done, first.in_epoch) == (True, 0, 2)
    second = linear_trainer(path)
    second.load()
    second.fit(generated, epochs=3)
    assert_same_bits(second, whole)


def interrupting(at):
    batches = Interrupting(PAIRS, at)
    return (batches[i] for i in range(3))


def test_a_list_of_another_length_begins_a_new_epoch():
    trainer = linear_trainer()
    trainer.fit(PAIRS, epochs=1)
    trainer.fit(PAIRS[:2], epochs=2)
    assert (trainer.epochs_done, trainer.batches_done) == (2, 5)


# ---- shuffling


class Watched(list):
    """Batches that know the order in which they were asked for."""

    def __init__(self, batches):
        super().__init__(batches)
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return super().__getitem__(index)


def many():
    return [(X[i : i + 1], X[i : i + 1, :2]) for i in range(12)]


def test_shuffled_batches_come_once_in_each_epoch_in_another_order():
    watched, again = Watched(many()), Watched(many())
    linear_trainer().fit(watched, epochs=3, shuffle=True)
    epochs = [watched.asked[i : i + 12] for i in (0, 12, 24)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != list(range(12))
    linear_trainer().fit(again, epochs=3, shuffle=True)  # the same gn.manual_seed
    assert again.asked == watched.asked


@pytest.mark.parametrize("at", [0, 5, 11])
def test_a_shuffled_training_is_resumed_to_the_same_bits(tmp_path, at):
    whole = linear_trainer()
    whole.fit(many(), epochs=3, shuffle=True)
    path = tmp_path / "checkpoint.gn"
    first = linear_trainer(path)
    first.fit(many(), epochs=1, shuffle=True)
    first.fit(Interrupting(many(), at), epochs=3, shuffle=True)
    second = linear_trainer(path)
    gn.manual_seed(99)  # the order is of the checkpoint
    second.load()
    second.fit(many(), epochs=3, shuffle=True)
    assert_same_bits(second, whole)


def test_an_epoch_is_finished_in_the_order_it_began_in(tmp_path):
    path = tmp_path / "checkpoint.gn"
    linear_trainer(path).fit(Interrupting(many(), 4), epochs=2, shuffle=True)
    trainer = linear_trainer(path)
    trainer.load()
    assert 0 < trainer.in_epoch < 12
    with pytest.raises(DataError, match="middle of epoch 1 with shuffle=True, received shuffle=F"):
        trainer.fit(many(), epochs=2)


def test_what_cannot_be_shuffled_says_so():
    with pytest.raises(DataError, match=r"shuffle a function.*\n.*DataLoader\(…, shuffle=True\)"):
        linear_trainer().fit(generated, epochs=1, shuffle=True)
    trainer, training, _ = small_trainer()
    with pytest.raises(DataError, match="shuffle=True and states, which are carried from batch"):
        trainer.fit(training, epochs=1, shuffle=True)


# ---- epochs are counted in all


def test_a_second_fit_of_as_many_epochs_says_why_it_trains_nothing():
    trainer = linear_trainer()
    trainer.fit(PAIRS, epochs=1)
    before = everything(trainer)
    with pytest.warns(UserWarning, match=r"fit\(epochs=1\): 1 epoch is done.*epochs=2 trains one"):
        trainer.fit(PAIRS, epochs=1)
    assert len(trainer.history.training) == 3
    np.testing.assert_array_equal(trainer.net.flatten_parameters()[0], before["parameters"])
    trainer.fit(PAIRS, epochs=2)
    assert trainer.epochs_done == 2


def test_a_finished_training_that_is_resumed_says_it_without_a_warning(tmp_path, capsys):
    path = tmp_path / "checkpoint.gn"
    linear_trainer(path).fit(PAIRS, epochs=1)
    trainer = linear_trainer(path)
    trainer.show_progress = True
    trainer.load()
    trainer.fit(PAIRS, epochs=1)
    assert "1 epoch is done" in capsys.readouterr().err


def test_a_checkpoint_that_counts_batches_alone_is_read(tmp_path):
    """As they were written before epochs were counted."""
    path = tmp_path / "checkpoint.gn"
    whole, training, _ = small_trainer()
    whole.fit(training, epochs=2)
    trainer, _, _ = small_trainer(path)
    trainer.fit(Interrupting(training, 7), epochs=2)
    stored = read(path)
    position = stored.notes["position"]
    for name in ("epochs", "in_epoch", "shuffle_seed", "best"):
        del position[name]
    gn.graph.files.save_load.save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    resumed, _, _ = small_trainer(path)
    resumed.load()
    resumed.fit(training, epochs=2)
    assert_same_bits(resumed, whole)
