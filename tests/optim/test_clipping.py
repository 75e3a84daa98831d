"""Clipping of gradients by norm and by value."""

import numpy as np
import pytest

from graphnet import optim
from graphnet.errors import NumericsError
from tests.support.optimisers import small_net


def test_clip_by_norm_gives_the_norm_and_keeps_the_direction():
    net = small_net()
    gradients = net.flatten_parameters()[1]
    gradients[:] = np.random.default_rng(6).normal(size=gradients.size)
    before = gradients.copy()
    norm = optim.clip_grad_norm(net, 0.5)
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-14)
    np.testing.assert_allclose(gradients, before * (0.5 / norm), rtol=1e-14)
    assert optim.clip_grad_norm(net, 10.0) == pytest.approx(0.5, rel=1e-12)
    np.testing.assert_allclose(gradients, before * (0.5 / norm), rtol=1e-14)


def test_clip_by_value():
    net = small_net()
    gradients = net.flatten_parameters()[1]
    gradients[:] = np.linspace(-3, 3, gradients.size)
    optim.clip_grad_value(net, 1.5)
    np.testing.assert_array_equal(gradients, np.clip(np.linspace(-3, 3, gradients.size), -1.5, 1.5))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clip_by_norm_refuses_what_is_not_finite(bad):
    net = small_net()
    net.flatten_parameters()[1][3] = bad
    with pytest.raises(NumericsError, match="clipping cannot help"):
        optim.clip_grad_norm(net, 1.0)
