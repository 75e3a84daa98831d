"""Convolutions of random sizes as machine code, with their gradients: the interpreter, any number
of threads, and memory that is not their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from graphnet import ops
from graphnet.ir import Program, differentiate, run_program, trace, type_of

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

from graphnet.native import compiled, optimised
from graphnet.native.debug.memory_sanitizer import checked_run
from tests.random_programs.programs import run_compiled
from tests.support.numeric import relative_error

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Sizes:
    """Of a convolution of images by groups."""

    images: tuple[int, int, int, int]
    outputs: int
    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1

    def function(self, x: Any, weight: Any) -> Any:
        batch, channels, *size = x.shape
        grouped = x.reshape(batch, self.groups, channels // self.groups, *size)
        found = ops.windows(grouped, (3, 4), self.kernel, self.strides, self.dilations)
        return ops.einsum("gockl,ngcyxkl->ngoyx", weight, found)

    def arrays(self, dtype: str) -> list[np.ndarray]:
        rng = np.random.default_rng(0)
        filters = (self.groups, self.outputs, self.images[1] // self.groups, *self.kernel)
        return [rng.normal(size=shape).astype(dtype) for shape in (self.images, filters)]


def drawn(seed: int) -> Sizes:
    rng = np.random.default_rng(seed)
    kernel, strides, dilations = (
        tuple(int(n) for n in rng.integers(1, most, 2)) for most in (6, 4, 3)
    )
    groups = int(rng.integers(1, 4))
    least = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    height, width = (n + int(rng.integers(0, 20)) for n in least)
    channels = groups * int(rng.integers(1, 12))
    images = (int(rng.integers(1, 12)), channels, height, width)
    return Sizes(images, int(rng.integers(1, 20)), kernel, strides, dilations, groups)  # type: ignore[arg-type]


CASES = [
    Sizes((2, 20, 30, 47), 15, (3, 3)),  # several blocks of rows, filters with the channels last
    Sizes((9, 3, 5, 40), 4, (5, 5)),
    Sizes((1, 1, 70, 70), 2, (1, 1), (3, 2)),
    Sizes((3, 40, 9, 9), 14, (3, 2), groups=2),
    *map(drawn, range(8)),
]


def programs(sizes: Sizes, dtype: str) -> list[tuple[Program, list[np.ndarray]]]:
    """Forward, and backward from random numbers, with arrays for their inputs."""
    arrays = sizes.arrays(dtype)
    program = trace(sizes.function, *map(type_of, arrays))
    derivative = differentiate(program, list(program.inputs))
    residuals = run_program(derivative.forward, arrays)
    rng = np.random.default_rng(1)
    seed = rng.normal(size=residuals[0].shape).astype(dtype)
    return [(program, arrays), (derivative.backward, [*residuals[1:], seed])]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sizes", CASES, ids=str)
def test_a_convolution_and_its_gradients(sizes: Sizes, dtype: str) -> None:
    for program, arrays in programs(sizes, dtype):
        assert {e.primitive.name for e in compiled(program).equations} == {"compiled"}
        found = run_compiled(program, arrays)
        for received, expected in zip(found, run_program(program, arrays), strict=True):
            assert relative_error(received, expected) < TOLERANCE[dtype]


@pytest.mark.parametrize("sizes", CASES[:6], ids=str)
def test_any_number_of_threads_gives_the_same_bits_in_memory_of_its_own(sizes: Sizes) -> None:
    for program, arrays in programs(sizes, "float32"):
        expected = checked_run(optimised(program), arrays, threads=1)
        for threads in (2, 3):
            found = checked_run(optimised(program), arrays, threads=threads)
            for left, right in zip(found, expected, strict=True):
                np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    ("subscripts", "left", "right"),
    [
        ("bij,bjk->bik", (300, 2, 3), (300, 3, 5)),
        ("bij,bkj->bik", (3, 2, 7), (3, 5, 7)),
        ("bji,bjk->ikb", (3, 4, 2), (3, 4, 6)),
        ("bthd,bshd->bhts", (2, 5, 3, 4), (2, 6, 3, 4)),
        ("bhts,bshd->bthd", (2, 3, 5, 6), (2, 6, 3, 4)),
        ("i,ij->j", (5,), (5, 40)),
        ("ij,j->i", (4, 5), (5,)),
        ("ij,ij->", (4, 5), (4, 5)),
        ("i,i->i", (4,), (4,)),
        ("ijk,lmk->limj", (2, 3, 4), (5, 2, 4)),
        ("abcde,fegbh->afchdg", (2, 3, 2, 3, 4), (3, 4, 2, 3, 5)),
    ],
)
def test_a_contraction_of_any_axes(
    subscripts: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=shape) for shape in (left, right)]
    program = trace(lambda a, b: ops.einsum(subscripts, a, b), *map(type_of, arrays))
    (found,) = run_compiled(program, arrays)
    np.testing.assert_allclose(found, np.einsum(subscripts, *arrays), rtol=1e-12, atol=1e-13)
    (found,) = checked_run(optimised(program), arrays, threads=2)
    np.testing.assert_allclose(found, np.einsum(subscripts, *arrays), rtol=1e-12, atol=1e-13)
