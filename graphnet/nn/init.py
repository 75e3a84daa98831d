"""Initial values of parameters: functions of a shape and a random generator.

``nn.init.apply(net, "*.weight", nn.init.xavier_uniform())`` initialises all parameters of a name,
``net.reset()`` all parameters by their own initialisers. By hand:
``weight.data = nn.init.orthogonal()(weight.shape, net.generator)``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graphnet.names.packages import INITIALISERS
from graphnet.nn.initialisers.applying import apply, forget_gate_bias
from graphnet.nn.initialisers.distributions import constant, normal, truncated_normal, uniform
from graphnet.nn.initialisers.fans import (
    calculate_gain,
    fan_in_uniform,
    kaiming_normal,
    kaiming_uniform,
    xavier_normal,
    xavier_uniform,
)
from graphnet.nn.initialisers.matrices import identity, orthogonal, sparse
from graphnet.tracebacks import public

__all__ = [
    "apply",
    "calculate_gain",
    "constant",
    "fan_in_uniform",
    "forget_gate_bias",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "sparse",
    "truncated_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of another library stands for, or an error that tells it."""
        return INITIALISERS.attribute(sys.modules[__name__], __name__, name)
