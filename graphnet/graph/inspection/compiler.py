"""Whether there is a compiler here, asked without the notice that ``native`` gives where not."""

from __future__ import annotations

from importlib.util import find_spec


def can_compile() -> bool:
    """Whether llvmlite is there."""
    return find_spec("llvmlite") is not None
