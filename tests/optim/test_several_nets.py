"""One optimiser of several nets: an encoder and a decoder."""

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.errors import GraphError
from tests.support.optimisers import KINDS


def pair():
    gn.manual_seed(2)
    return nn.Linear(3, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2))


def filled(*nets):
    """Gradients that are the same in each call."""
    random = np.random.default_rng(3)
    for net in nets:
        for parameter in net.parameters():
            parameter.grad[...] = random.normal(size=parameter.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_every_optimiser_takes_several_nets(kind):
    encoder, decoder = pair()
    whole = nn.Sequential(*pair())
    make = getattr(optim, kind)
    together, expected = make([encoder, decoder]), make(whole)
    for _ in range(3):
        filled(encoder, decoder)
        filled(whole)
        together.step()
        expected.step()
    found = [net.flatten_parameters()[0] for net in (encoder, decoder)]
    np.testing.assert_array_equal(np.concatenate(found), whole.flatten_parameters()[0])


def test_an_encoder_and_a_decoder_learn_together():
    encoder, decoder = pair()
    optimizer = optim.Adam([encoder, decoder], 0.05)
    criterion = nn.MSECriterion()
    x = np.random.default_rng(0).normal(size=(16, 3))
    target, losses = x[:, :2], []
    for _ in range(200):
        optimizer.zero_grad()
        code = encoder.forward(x)
        output = decoder.forward(code)
        losses.append(criterion.forward([output, target]))
        gradient, _ = criterion.backward([output, target])
        encoder.backward(x, decoder.backward(code, gradient))
        optim.clip_grad_norm([encoder, decoder], 1.0)
        optimizer.step()
    assert losses[-1] < 0.01 < losses[0]


def test_shared_parameters_count_once_and_the_state_is_saved():
    layer = nn.Linear(2, 2)
    optimizer = optim.Adam((layer, nn.Sequential(layer, nn.Tanh())))
    assert optimizer.vectors["average"].shape == (6,)
    other = optim.Adam(layer)
    other.load_state(optimizer.state())


def test_gradients_of_several_nets_are_clipped_by_value():
    encoder, decoder = pair()
    filled(encoder, decoder)
    optim.clip_grad_value([encoder, decoder], 0.1)
    assert max(np.abs(p.grad).max() for net in (encoder, decoder) for p in net.parameters()) == 0.1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], r"Adam received an empty list, expected a net or several\n.*a list of nets"),
        ([nn.Linear(2, 2), 3], "Adam received a list with int, expected a net or several"),
        (
            nn.Linear(2, 2).parameters(),
            r"ParameterTable.*, expected a net or several\n  Give it the",
        ),
        (None, "Adam received a NoneType, expected a net"),
    ],
)
def test_what_is_no_net(given, message):
    with pytest.raises(GraphError, match=message):
        optim.Adam(given)


def test_nets_of_several_dtypes():
    with pytest.raises(GraphError, match="float32 and float64 parameters, expected"):
        optim.SGD([nn.Linear(2, 2), nn.Linear(2, 2).float()])


def test_several_nets_are_run_one_by_one():
    with pytest.raises(GraphError, match=r"cannot be run\n.*\n  Run the nets one by one"):
        optim.SGD(list(pair())).net.forward(np.ones(3))
