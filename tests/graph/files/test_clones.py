"""Clones and copies: what they copy, what they share, masks of their own."""

from __future__ import annotations

import copy
import pickle
import pickletools
from collections.abc import Callable

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


def test_clones_draw_masks_of_their_own() -> None:
    net = nn.Dropout(0.5)
    x = np.ones(100)
    net.forward(x)
    copy = net.clone()
    assert not np.array_equal(net.forward(x), copy.forward(x))


def test_deepcopy_keeps_what_two_nets_share() -> None:
    first = nn.Linear(2, 2)
    copies = copy.deepcopy([first, first.clone(share=True)])
    assert copies[0].weight is copies[1].weight
    assert copies[0].weight is not first.weight


def test_clones_copy_or_share() -> None:
    net = blog()
    copy, shared = net.clone(), net.clone(share=True)
    biased = net.clone(share=["bias"])
    net["linear"].weight[:] = 0
    net["linear"].bias[:] = 1
    np.testing.assert_array_equal(shared.forward(DATA), net.forward(DATA))
    assert not np.array_equal(copy.forward(DATA), net.forward(DATA))
    assert biased["linear"].bias is net["linear"].bias
    assert biased["linear"].weight is not net["linear"].weight
    assert copy["linear"] is not net["linear"]


def test_a_clone_refuses_to_share_what_is_not_there() -> None:
    with pytest.raises(GraphError, match=r"no parameter named 'wieght' to share\n .*bias, weight"):
        blog().clone(share=["wieght"])


def test_a_clone_keeps_sharing_inside() -> None:
    layer = nn.Linear(2, 2)
    twin = nn.Linear(2, 2)
    twin.weight = layer.weight
    copy = nn.Sequential(layer, layer, twin).clone()
    assert copy.modules[0] is copy.modules[1]
    assert copy.modules[2].weight is copy.modules[0].weight
    assert len(copy.parameters()) == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_by_pythons_own_means(copied: Callable[[gn.GModule], gn.GModule]) -> None:
    net = blog()
    other = copied(net)
    np.testing.assert_array_equal(other.forward(DATA), net.forward(DATA))
    assert other["linear"].weight is not net["linear"].weight


def test_pickles_name_no_file_inside_the_package() -> None:
    """So that they load when files have moved."""
    named = [text for _, text, _ in pickletools.genops(pickle.dumps(nn.LSTM(2, 3))) if text]
    assert {text for text in named if "graphnet" in str(text)} == {"graphnet.graph"}
