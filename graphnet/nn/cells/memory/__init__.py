"""Cells with a memory beside their output: kin of the LSTM."""

from graphnet.nn.cells.memory import (
    context,
    controlled,
    forget_alone,
    matrix_memory,
    residual,
    scalar_memory,
    searched,
)
from graphnet.nn.cells.memory.context import *  # noqa: F403
from graphnet.nn.cells.memory.controlled import *  # noqa: F403
from graphnet.nn.cells.memory.forget_alone import *  # noqa: F403
from graphnet.nn.cells.memory.matrix_memory import *  # noqa: F403
from graphnet.nn.cells.memory.residual import *  # noqa: F403
from graphnet.nn.cells.memory.scalar_memory import *  # noqa: F403
from graphnet.nn.cells.memory.searched import *  # noqa: F403

__all__: list[str] = []
__all__ += context.__all__
__all__ += controlled.__all__
__all__ += forget_alone.__all__
__all__ += matrix_memory.__all__
__all__ += residual.__all__
__all__ += scalar_memory.__all__
__all__ += searched.__all__
