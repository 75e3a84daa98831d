"""Cells with one state, which gates update."""

from graphnet.nn.cells.gated import (
    additive,
    bistable,
    delayed,
    fast,
    intersection,
    light_gates,
    minion,
    mutated,
    simple_gated,
    single_gate,
)
from graphnet.nn.cells.gated.additive import *  # noqa: F403
from graphnet.nn.cells.gated.bistable import *  # noqa: F403
from graphnet.nn.cells.gated.delayed import *  # noqa: F403
from graphnet.nn.cells.gated.fast import *  # noqa: F403
from graphnet.nn.cells.gated.intersection import *  # noqa: F403
from graphnet.nn.cells.gated.light_gates import *  # noqa: F403
from graphnet.nn.cells.gated.minion import *  # noqa: F403
from graphnet.nn.cells.gated.mutated import *  # noqa: F403
from graphnet.nn.cells.gated.simple_gated import *  # noqa: F403
from graphnet.nn.cells.gated.single_gate import *  # noqa: F403

__all__: list[str] = []
__all__ += additive.__all__
__all__ += bistable.__all__
__all__ += delayed.__all__
__all__ += fast.__all__
__all__ += intersection.__all__
__all__ += light_gates.__all__
__all__ += minion.__all__
__all__ += mutated.__all__
__all__ += simple_gated.__all__
__all__ += single_gate.__all__
