"""An LSTM that was given one array as its state says that it has two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ShapeError

XS, H = np.ones((5, 2, 3)), np.ones((1, 2, 4))


@pytest.mark.parametrize("state", [H, [H], [H, H, H]], ids=["array", "one", "three"])
def test_one_state_is_no_pair(state: Any) -> None:
    with pytest.raises(
        ShapeError, match=r"expects the pair \[h, c\] .*\n.*\n.*lstm\(xs, \[h, c\]\)"
    ):
        nn.LSTM(3, 4)(XS, state)


def test_of_a_node() -> None:
    xs, h = gn.input(), gn.input()
    net = gn.GModule([xs, h], nn.LSTM(3, 4)(xs, h))
    with pytest.raises(ShapeError, match=r"^LSTM 'lstm.*expects the pair \[h, c\]"):
        net.forward(XS, H)
    assert nn.LSTM(3, 4)(XS, [H, H])[0].shape == (5, 2, 4)
