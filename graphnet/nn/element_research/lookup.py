"""LookupTableMaskZero: an embedding with index 0 for padding."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module, Parameter
from graphnet.nn import init
from graphnet.nn.layers.linear import positive, require_indices
from graphnet.nn.recurrent.mask import zeroed
from graphnet.ops import take


class LookupTableMaskZero(Module):
    """An embedding: rows of ``weight`` selected by integers, zeros for 0: (…) to (…, size).

    Words are counted from 1 to ``count``. ``weight`` is (count + 1, size); its first row is never
    read, but receives the gradient of padding, as in Element-Research rnn's
    LookupTableMaskZero.lua. Raises ValueError for a size below 1, IndexRangeError for an index out
    of range, DtypeError if the indices are no integers.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = positive("LookupTableMaskZero: count", count)
        self.size = positive("LookupTableMaskZero: size", size)
        self.weight = Parameter((count + 1, size), init.normal())

    def compute(self, indices: Any) -> Any:
        require_indices(indices)
        return zeroed(indices == 0, take(self.weight, indices))
