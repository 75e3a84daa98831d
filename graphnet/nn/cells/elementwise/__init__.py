"""Cells without a recurrent product: each unit reads no state but its own."""

from graphnet.nn.cells.elementwise import (
    independent,
    linear_unit,
    minimal,
    strongly_typed,
)
from graphnet.nn.cells.elementwise.independent import *  # noqa: F403
from graphnet.nn.cells.elementwise.linear_unit import *  # noqa: F403
from graphnet.nn.cells.elementwise.minimal import *  # noqa: F403
from graphnet.nn.cells.elementwise.strongly_typed import *  # noqa: F403

__all__: list[str] = []
__all__ += independent.__all__
__all__ += linear_unit.__all__
__all__ += minimal.__all__
__all__ += strongly_typed.__all__
