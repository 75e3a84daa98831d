"""Convolution, pooling and their kin: what they refuse, how they begin, equal maxima, sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ArgumentError, GraphError, ShapeError
from graphnet.graph import Module

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
FRAMES = np.random.default_rng(0).normal(size=(2, 7, 4))


@pytest.mark.parametrize(
    ("make", "x", "message"),
    [
        (lambda: nn.SpatialConvolution(2, 4, 3), IMAGES, r"expects images \(batch, 2, height, width\) or \(2, height, width\), received \(2, 3, 6, 7\)"),
        (lambda: nn.SpatialConvolution(3, 4, 3), IMAGES[0, 0], r"received \(6, 7\)"),
        (lambda: nn.SpatialConvolution(3, 4, 8, 3), IMAGES, "kernel of 3 x 8 and receives images of 6 x 7"),
        (lambda: nn.SpatialConvolution(3, 4, 4, 4, padding_width=0, dilation_height=2), IMAGES, "kernel of 7 x 4"),
        (lambda: nn.SpatialConvolution(3, 4, 9, 9, padding_width=1), IMAGES, "images of 8 x 9 with padding"),
        (lambda: nn.SpatialConvolution(3, 4, 3), [IMAGES, IMAGES], "expects images"),
        (lambda: nn.SpatialFullConvolution(3, 4, 1, padding_width=3, padding_height=3), IMAGES, "makes images of 6 x 7 less padding"),
        (lambda: nn.SpatialMaxPooling(8), IMAGES, "kernel of 8 x 8 and receives images of 6 x 7"),
        (lambda: nn.SpatialAveragePooling(8), IMAGES, "kernel of 8 x 8"),
        (lambda: nn.SpatialZeroPadding(-4), IMAGES, "cuts all of images of 6 x 7"),
        (lambda: nn.TemporalConvolution(3, 4, 3), FRAMES, r"expects frames \(batch, steps, 3\) or \(steps, 3\), received \(2, 7, 4\)"),
        (lambda: nn.TemporalConvolution(4, 4, 8), FRAMES, "kernel of 8 frames and receives 7"),
        (lambda: nn.TemporalMaxPooling(8), FRAMES, "kernel of 8 frames and receives 7"),
        (lambda: nn.TemporalMaxPooling(2), FRAMES[0, 0], r"expects frames \(batch, steps, features\)"),
    ],
)  # fmt: skip
def test_an_input_that_does_not_fit(make: Any, x: Any, message: str) -> None:
    module = make()
    with pytest.raises(ShapeError, match=message) as caught:
        module.forward(x)
    assert type(module).__name__ in str(caught.value)


def test_outputs_of_depths_have_as_many_axes() -> None:
    concat = nn.DepthConcat(0, nn.Identity(), nn.Unsqueeze(0))
    with pytest.raises(ShapeError, match=r"joins \[\(2, 3, 6, 7\), \(1, 2, 3, 6, 7\)\]"):
        concat.forward(IMAGES)
    with pytest.raises(GraphError, match="has no modules"):
        nn.DepthConcat(0).forward(IMAGES)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.SpatialConvolution(3, 4, 0), "SpatialConvolution: kernel_width is 0, expected a whole number from 1"),
        (lambda: nn.SpatialConvolution(3, 4, 2, 2, 1, 0), "stride_height is 0"),
        (lambda: nn.SpatialConvolution(3, 4, 2, padding_width=-1), "padding_width is -1, expected a whole number from 0"),
        (lambda: nn.SpatialConvolution(3, 4, 2, groups=2), "groups is 2, expected a divisor of 3 and 4 channels"),
        (lambda: nn.SpatialFullConvolution(3, 4, 2, adjustment_width=1), "adjustments are 1 and 0, expected less than the strides 1 and 1"),
        (lambda: nn.SpatialMaxPooling(2, padding_width=2), "padding is 2, expected at most half of the kernel's 2"),
        (lambda: nn.SpatialDropout(1.0), "SpatialDropout: p is 1.0, expected 0 <= p < 1"),
        (lambda: nn.SpatialUpSamplingNearest(0), "scale is 0"),
    ],
)  # fmt: skip
def test_an_argument_that_does_not_fit(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "same"),
    [
        (lambda: nn.SpatialConvolution(nInputPlane=3, nOutputPlane=4, kW=3, kH=2, dW=2, padH=1), lambda: nn.SpatialConvolution(3, 4, 3, 2, 2, 1, 0, 1)),
        (lambda: nn.SpatialConvolution(3, 4, kernel_size=(2, 3), stride=2, padding=(1, 0), dilation=(1, 2)), lambda: nn.SpatialConvolution(3, 4, 3, 2, 2, 2, 0, 1, 2, 1)),
        (lambda: nn.SpatialDilatedConvolution(3, 4, 3, 3, 1, 1, 2, 2, 2, 2), lambda: nn.SpatialConvolution(3, 4, kernel_size=3, padding=2, dilation=2)),
        (lambda: nn.SpatialMaxPooling(kernel_size=3, stride=2, padding=1), lambda: nn.SpatialMaxPooling(3, 3, 2, 2, 1, 1)),
        (lambda: nn.TemporalConvolution(inputFrameSize=4, outputFrameSize=3, kW=2, dW=2), lambda: nn.TemporalConvolution(4, 3, kernel_size=2, stride=2)),
        (lambda: nn.SpatialZeroPadding(pad_l=1, pad_r=2, pad_t=3, pad_b=4), lambda: nn.SpatialZeroPadding(1, 2, 3, 4)),
        (lambda: nn.SpatialUpSamplingNearest(scale_factor=2), lambda: nn.SpatialUpSamplingNearest(2)),
        (lambda: nn.SpatialFullConvolution(3, 4, 3, 3, 2, 2, adjW=1, adjH=1), lambda: nn.SpatialFullConvolution(3, 4, kernel_size=3, stride=2, output_padding=1)),
    ],
)  # fmt: skip
def test_other_names_of_arguments(make: Any, same: Any) -> None:
    assert make().arguments() == same().arguments()


def test_a_size_that_is_no_pair_is_refused() -> None:
    with pytest.raises(ArgumentError, match="has no kernel_size='3'"):
        nn.SpatialConvolution(3, 4, kernel_size="3")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("module", "bound"),
    [
        (nn.SpatialConvolution(6, 400, 3, 2), 1 / 6),
        (nn.SpatialConvolution(6, 400, 3, 2, groups=2), 1 / np.sqrt(18)),
        (nn.SpatialFullConvolution(6, 400, 3, 2), 1 / 6),
        (nn.TemporalConvolution(9, 400, 4), 1 / 6),
    ],
)
def test_parameters_begin_as_the_originals(module: Module, bound: float) -> None:
    for parameter in module.parameters():
        largest = np.abs(parameter.data).max()
        assert 0.95 * bound < largest <= bound


def test_the_first_of_equal_maxima_has_the_gradient() -> None:
    x = np.array([[[1.0, 1, 5, 0], [1, 1, 5, 5]]])
    pool = nn.SpatialMaxPooling(2)
    for compiled in (False, True):
        pool.compile(compiled)
        np.testing.assert_array_equal(pool.forward(x), [[[1.0, 5.0]]])
        gradient = pool.backward(x, np.array([[[2.0, 3.0]]]))
        np.testing.assert_array_equal(gradient, [[[2.0, 0, 3, 0], [0, 0, 0, 0]]])


@pytest.mark.parametrize("kernel", [(2, 2), (3, 5), (5, 5)])
def test_a_maximum_is_nan_where_something_is(kernel: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 1, 10, 11))
    x[0, 0, 3, 4] = x[0, 0, 4, 4] = np.nan
    x[1, 0, 2, 2] = -np.inf
    pool = nn.SpatialMaxPooling(*kernel)
    runs = []
    for compiled in (False, True):
        pool.compile(compiled)
        y = pool.forward(x)
        runs.append((y, pool.backward(x, np.arange(1.0, y.size + 1).reshape(y.shape))))
    assert np.isnan(runs[0][0]).any()
    for interpreted, native in zip(*runs, strict=True):
        np.testing.assert_array_equal(interpreted, native)


def test_dropout_drops_whole_channels() -> None:
    gn.manual_seed(3)
    x = np.ones((50, 8, 3, 2))
    y = nn.SpatialDropout(0.25).forward(x)
    assert set(np.unique(y)) == {0.0, 1.0}
    assert (y == y[:, :, :1, :1]).all()
    assert 0.15 < (y == 0).mean() < 0.35


def test_a_convolution_at_each_step_of_a_sequence() -> None:
    x, h = gn.input(), nn.State(18)()
    with_state = x + nn.Reshape(1, 3, 6)(h)
    filtered = nn.SpatialConvolution(1, 2, 3, padding_width=1)(with_state)
    pooled = nn.Reshape(18)(nn.SpatialMaxPooling(2, 1)(filtered))
    cell = gn.GModule([x, h], [nn.Tanh()(pooled)])
    net = nn.Recurrent(cell)
    steps = np.random.default_rng(0).normal(size=(4, 2, 1, 3, 6))
    outputs, *_ = net.forward(steps)
    gradient = net.backward(steps, [np.ones_like(outputs), None])
    net.compile()
    np.testing.assert_allclose(net.forward(steps)[0], outputs, rtol=1e-12)
    again = net.backward(steps, [np.ones_like(outputs), None])
    np.testing.assert_allclose(again, gradient, rtol=1e-12)
