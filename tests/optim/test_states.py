"""The state of an optimiser: continued to the same bits, refused where it does not fit."""

import numpy as np
import pytest

from graphnet import nn, optim
from graphnet.errors import DtypeError, FormatError, GraphError
from tests.support.optimisers import KINDS, small_net, squared_error


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_continues_to_the_same_bits(name, dtype):
    settings = {"SGD": {"momentum": 0.9}, "ASGD": {"average_after": 2}}.get(name, {})
    data = np.random.default_rng(5).normal(size=(8, 3)), np.ones((8, 2))

    def steps(optimizer, count):
        for _ in range(count):
            squared_error(optimizer.net, *data)
            optimizer.step()

    whole = getattr(optim, name)(small_net().astype(dtype), **settings)
    steps(whole, 9)
    first = getattr(optim, name)(small_net().astype(dtype), **settings)
    steps(first, 4)
    kept = first.state()
    second = getattr(optim, name)(first.net.clone(), **settings)
    second.load_state(kept)
    steps(first, 1)  # the state is a copy: the old optimiser may go on
    steps(second, 5)
    result = second.net.flatten_parameters()[0]
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, whole.net.flatten_parameters()[0])
    for key, vector in second.vectors.items():
        assert vector.dtype == dtype
        np.testing.assert_array_equal(vector, whole.vectors[key], err_msg=key)


def test_a_net_converted_later_is_noticed():
    net = small_net()
    optimizer = optim.Adam(net)
    net.float()
    with pytest.raises(DtypeError, match="made for float64 parameters, which are float32 now"):
        optimizer.step()


def test_a_net_changed_later_is_noticed():
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net)
    net.bias = None
    with pytest.raises(GraphError, match="made for 8 numbers, the net has 6 now"):
        optimizer.step()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"average": None}, r"receives a state with \['beta1', .*, expected \['average', 'beta1'"),
        ({"momentum": 0.5}, "Was it saved by an optimiser of another kind"),
        ({"average": np.zeros(3)}, r"average of type float64\[3\], expected float64\[32\]"),
        ({"average": np.zeros(32, np.float32)}, r"average of type float32\[32\], expected float64"),
        ({"beta1": 0.5}, r"a state with beta1 0\.5, it has beta1 0\.9"),
        ({"beta2": "0.999"}, r"a state with beta2 0\.999, it has"),
        ({"eps_inside": True}, "a state with eps_inside True, it has eps_inside False"),
        ({"weight_decay": 0.1}, r"a state with weight_decay 0\.1, it has weight_decay 0\.0"),
        ({"steps": -1}, "a state with steps -1"),
        ({"steps": 1.5}, r"a state with steps 1\.5"),
        ({"learning_rate": float("nan")}, "a state with learning_rate nan"),
        ({"learning_rate": True}, "a state with learning_rate True"),
    ],
)
def test_state_of_another_optimiser_or_net(change, message):
    optimizer = optim.Adam(small_net())
    squared_error(optimizer.net, np.ones((2, 3)), np.zeros((2, 2)))
    optimizer.step()
    before = optimizer.state()
    bad = {k: v for k, v in {**before, "learning_rate": 7.0, **change}.items() if v is not None}
    with pytest.raises(FormatError, match=message):
        optimizer.load_state(bad)
    after = optimizer.state()
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("saved", "loading", "message"),
    [
        ({"momentum": 0.9}, {"momentum": 0.5}, r"momentum 0\.9, it has momentum 0\.5"),
        ({"momentum": 0.9}, {}, "of another kind"),
        (
            {"momentum": 0.9, "dampening": 0.1},
            {"momentum": 0.9},
            r"dampening 0\.1, it has dampening 0\.0",
        ),
        (
            {"momentum": 0.9, "nesterov": True},
            {"momentum": 0.9},
            "nesterov True, it has nesterov False",
        ),
    ],
)
def test_state_of_other_settings(saved, loading, message):
    state = optim.SGD(small_net(), **saved).state()
    with pytest.raises(FormatError, match=message):
        optim.SGD(small_net(), **loading).load_state(state)


def test_the_learning_rate_is_restored():
    optimizer = optim.RMSprop(small_net(), 0.5)
    optimizer.load_state(optim.RMSprop(small_net(), np.float32(0.25)).state())
    assert optimizer.learning_rate == 0.25
