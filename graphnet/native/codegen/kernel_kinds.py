"""The kinds of kernels."""

from __future__ import annotations

from enum import Enum


class KernelKind(Enum):
    """The operation of a kernel; the value names it in reports, and begins its key."""

    LOOP = "loop"
    SUM = "sum"
    MAX = "max"
    TAKE = "take"
    SCATTER_ADD = "scatter_add"
    LENGTHS = "checked_lengths"
    SCAN = "scan"
    PRODUCT = "product"
    PRODUCTS = "products"
    DOTS = "dots"
    COLUMNS = "columns"
    PACK = "pack"
    CONTRACTION = "contraction"
