"""Sampling from character models, and their initial values."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError
from tests.support.trainers import TEXT


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
