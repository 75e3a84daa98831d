"""Cells that follow differential equations or clocks."""

from graphnet.nn.cells.dynamics import antisymmetric, clockwork, expressive, oscillators
from graphnet.nn.cells.dynamics.antisymmetric import *  # noqa: F403
from graphnet.nn.cells.dynamics.clockwork import *  # noqa: F403
from graphnet.nn.cells.dynamics.expressive import *  # noqa: F403
from graphnet.nn.cells.dynamics.oscillators import *  # noqa: F403

__all__: list[str] = []
__all__ += antisymmetric.__all__
__all__ += clockwork.__all__
__all__ += expressive.__all__
__all__ += oscillators.__all__
