"""Rectifiers that are smooth, normalise themselves, or gate their input: SELU, SiLU, Mish, …"""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.nn.layers.activation import softplus
from graphnet.ops import expm1, maximum, minimum, sigmoid, tanh, where

__all__ = ["SELU", "HardSigmoid", "HardSwish", "Mish", "SiLU"]

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


class SELU(Module):
    """``1.0507 x`` where x > 0, else ``1.0507 · 1.6733 (exp(x) - 1)``: any shape to the same.

    The two constants keep mean 0 and variance 1 from layer to layer. Klambauer et al. 2017,
    "Self-normalizing neural networks". Raises DtypeError for integers.
    """

    symbol = "SELU"

    def compute(self, x: Any) -> Any:
        return where(x > 0, x, expm1(minimum(x, 0.0)) * SELU_ALPHA) * SELU_SCALE


class SiLU(Module):
    """``x σ(x)``, element by element: any shape to the same (also called Swish).

    Elfwing et al. 2017, "Sigmoid-weighted linear units"; Ramachandran et al. 2017. Raises
    DtypeError for integers.
    """

    symbol = "SiLU"

    def compute(self, x: Any) -> Any:
        return x * sigmoid(x)


class Mish(Module):
    """``x tanh(log(1 + exp(x)))``, element by element: any shape to the same (Misra 2019).

    Raises DtypeError for integers.
    """

    symbol = "Mish"

    def compute(self, x: Any) -> Any:
        return x * tanh(softplus(x, 40.0))


class HardSigmoid(Module):
    """``x / 6 + 1/2``, limited to 0 and 1: any shape to the same (Courbariaux et al. 2015).

    The slope 1/6 is PyTorch's; Keras's is 1/5. Raises DtypeError for integers.
    """

    def compute(self, x: Any) -> Any:
        return hard_sigmoid(x)


class HardSwish(Module):
    """``x`` times its HardSigmoid: any shape to the same.

    Howard et al. 2019, "Searching for MobileNetV3". Raises DtypeError for integers.
    """

    def compute(self, x: Any) -> Any:
        return x * hard_sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    return minimum(1.0, maximum(0.0, x * (1 / 6) + 0.5))
