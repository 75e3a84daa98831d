"""The kernels that are kept for later programs: those that programs asked for last."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.ir import Program, trace
from graphnet.ir.core.types import ArrayType

pytest.importorskip("llvmlite")

from graphnet.native import compiled
from graphnet.native.codegen import kernel_cache
from graphnet.native.llvm import target

VECTOR = ArrayType((8,), np.dtype(float))


def polynomial(degree: int) -> Program:
    """A program with one loop of its own."""
    return trace(lambda x: sum((x * x for _ in range(degree)), x), VECTOR)


def test_what_programs_still_ask_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHNET_CACHE", "off")
    monkeypatch.setattr(kernel_cache, "KEPT", 3)
    monkeypatch.setattr(kernel_cache, "_known", {})
    for degree in range(2, 8):
        compiled(polynomial(1))
        compiled(polynomial(degree))
    assert len({code.engine for code in kernel_cache.known_kernels()}) == 3
    before = target.compilations().compiled
    compiled(polynomial(1))
    assert target.compilations().compiled == before
    compiled(polynomial(2))
    assert target.compilations().compiled == before + 1
