"""Layers of images beside convolution and pooling: padding, upsampling, dropout, joined depths."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.images.sizes import padded, require_images, unbatched
from graphnet.nn.layers.containers import Container, filled, require_modules
from graphnet.nn.layers.linear import positive
from graphnet.ops import broadcast_to, cast, concatenate, pad, uniform

__all__ = ["DepthConcat", "SpatialDropout", "SpatialUpSamplingNearest", "SpatialZeroPadding"]


class SpatialZeroPadding(Module):
    """Zeros around images: (…, height, width) to (…, top + height + bottom, left + width + right).

    Negative numbers cut rows and columns off; those of None are as ``left``. A batch axis may be
    missing. Torch's nn/SpatialZeroPadding.lua. Raises ShapeError where nothing is left.
    """

    def __init__(
        self, left: int, right: int | None = None, top: int | None = None, bottom: int | None = None
    ) -> None:
        self.left = left
        self.right = left if right is None else right
        self.top = left if top is None else top
        self.bottom = left if bottom is None else bottom

    def compute(self, x: Any) -> Any:
        images = require_images(x)
        height, width = images.shape[2:]
        if height + self.top + self.bottom < 1 or width + self.left + self.right < 1:
            raise ShapeError(
                f"cuts all of images of {height} x {width}",
                "Negative numbers cut rows and columns off.",
            )
        before, after = (self.top, self.left), (self.bottom, self.right)
        return unbatched(padded(images, before, after), x)


class SpatialUpSamplingNearest(Module):
    """Each pixel ``scale`` by ``scale`` times: (…, height, width) to ``scale`` times that size.

    Images (batch, channels, height, width); the batch axis may be missing. Torch's
    nn/SpatialUpSamplingNearest.lua. Raises ValueError for a scale below 1, ShapeError for what are
    no images.
    """

    def __init__(self, scale: int) -> None:
        self.scale = positive("SpatialUpSamplingNearest: scale", scale)

    def compute(self, x: Any) -> Any:
        *leading, height, width = require_images(x).shape
        n = self.scale
        spread = x.reshape((*leading, height, 1, width, 1))
        y = broadcast_to(spread, (*leading, height, n, width, n))
        return unbatched(y.reshape((*leading, height * n, width * n)), x)


class SpatialDropout(Module):
    """In training, zeroes each channel of an image as a whole with probability ``p``.

    Images (batch, channels, height, width), or without the batch axis; the output has the same
    shape. In evaluation it multiplies by ``1 - p``, as Torch's nn/SpatialDropout.lua does, unless
    ``stochastic_inference`` drops channels then, too. Tompson et al. 2015. Raises ValueError unless
    ``0 <= p < 1``.
    """

    def __init__(self, p: float = 0.5, stochastic_inference: bool = False) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"SpatialDropout: p is {p}, expected 0 <= p < 1")
        self.p = p
        self.stochastic_inference = stochastic_inference

    def compute(self, x: Any) -> Any:
        shape = (*require_images(x).shape[:2], 1, 1)[4 - x.ndim :]
        if not (self.training or self.stochastic_inference):
            return x * (1 - self.p)
        return x * cast(uniform(shape, x.dtype) >= self.p, x.dtype)


class DepthConcat(Container):
    """All modules take the same input; their outputs are concatenated along ``axis``.

    On the other axes they may differ: each is centred among zeros in the largest. (…, n, 6, 6) and
    (…, m, 4, 4) give (…, n + m, 6, 6). Torch's nn/DepthConcat.lua; Szegedy et al. 2015. Raises
    ShapeError for outputs of different numbers of axes, GraphError without modules.
    """

    def __init__(self, axis: int, *modules: Module) -> None:
        self.axis = axis
        filled(self, modules)

    def compute(self, input: Any) -> Any:
        require_modules(self)
        outputs = [module.call(input, name) for name, module in self.named_children()]
        if len({output.ndim for output in outputs}) > 1:
            raise ShapeError(f"joins {describe(outputs)}", "They must have as many axes each.")
        axis = normalise_axis(self.axis, outputs[0].ndim)
        sizes = [max(column) for column in zip(*(output.shape for output in outputs), strict=True)]
        return concatenate([centred(output, sizes, axis) for output in outputs], axis)


def centred(x: Any, sizes: list[int], axis: int) -> Any:
    """x among zeros in the middle of these sizes, but for one axis."""
    widths = [
        (0, 0) if i == axis else ((wanted - n) // 2, (wanted - n) - (wanted - n) // 2)
        for i, (n, wanted) in enumerate(zip(x.shape, sizes, strict=True))
    ]
    return pad(x, widths)
