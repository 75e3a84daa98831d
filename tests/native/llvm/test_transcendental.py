"""The compiled exp, expm1, log, log1p, tanh and sigmoid against NumPy's long double and mpmath."""

from __future__ import annotations

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from llvmlite import ir

from graphnet.native.llvm.target import (
    NativeFunction,
    Processor,
    assembly,
    compile_module,
    processor,
)
from graphnet.native.llvm.transcendental import MATHEMATICS
from tests.support.processors import LESSER

FUNCTIONS = sorted(MATHEMATICS)


DTYPES = [np.float32, np.float64]


TYPES = {np.float32: ir.FloatType(), np.float64: ir.DoubleType()}


WIDE = np.finfo(np.longdouble).nmant >= 63
"""Whether long double is wider than double; elsewhere (Windows, Arm Macs) double goes unchecked."""


COUNT = 60_000


ULPS = 4.0


HOST = processor()


CHECKED = {"host": HOST, **{name: processor(name) for name in LESSER}}


def module_text(name: str, dtype: Any, width: int, has_fma: bool) -> str:
    """``run(count, x, y)`` computes ``count`` vectors."""
    index, pointer = ir.IntType(64), ir.PointerType()
    scalar = TYPES[dtype]
    kind = scalar if width == 1 else ir.VectorType(scalar, width)
    module = ir.Module()
    run = ir.Function(module, ir.FunctionType(ir.VoidType(), [index, pointer, pointer]), "run")
    entry = run.append_basic_block("entry")
    loop = run.append_basic_block("loop")
    end = run.append_basic_block("end")
    ir.IRBuilder(entry).branch(loop)
    builder = ir.IRBuilder(loop)
    i = builder.phi(index)
    i.add_incoming(index(0), entry)
    size = np.dtype(dtype).itemsize
    places = [builder.gep(p, [i], source_etype=kind) for p in run.args[1:]]
    x = builder.load(places[0], align=size, typ=kind)
    builder.store(MATHEMATICS[name](builder, x, has_fma), places[1], align=size)
    following = builder.add(i, index(1))
    i.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, run.args[0]), loop, end)
    ir.IRBuilder(end).ret_void()
    return str(module)


@cache
def kernel(name: str, dtype: Any, width: int, cpu: Processor) -> NativeFunction:
    text = module_text(name, dtype, width, cpu.has_fma)
    engine = compile_module(text, cpu)
    return NativeFunction(engine, "run", ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)


def compute(name: str, x: np.ndarray, cpu: Processor = HOST, width: int | None = None) -> Any:
    width = width or cpu.lanes(x.itemsize)
    padded = np.resize(x, -(-x.size // width) * width)
    result = np.full_like(padded, 7.0)
    kernel(name, x.dtype.type, width, cpu)(padded.size // width, padded.ctypes, result.ctypes)
    return result[: x.size]


def wide_sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, np.ones_like(e)) / (1 + e)


def truth(name: str, x: np.ndarray) -> np.ndarray:
    wide = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    with np.errstate(all="ignore"):
        return wide_sigmoid(wide) if name == "sigmoid" else getattr(np, name)(wide)


def ulps(got: np.ndarray, true: np.ndarray) -> float:
    """The largest error in units of the last place of the true value's neighbourhood."""
    with np.errstate(all="ignore"):
        rounded = true.astype(got.dtype)
        ends = ~np.isfinite(rounded)
        np.testing.assert_array_equal(got[ends], rounded[ends])
        assert np.isfinite(got[~ends]).all()
        units = np.spacing(np.abs(rounded[~ends])).astype(true.dtype)
        return float(np.max(np.abs(got[~ends].astype(true.dtype) - true[~ends]) / units, initial=0))


def all_exponents(dtype: Any, generator: np.random.Generator) -> np.ndarray:
    """Any bits: each exponent, denormal numbers, infinities and NaN have their share."""
    whole = np.uint32 if dtype == np.float32 else np.uint64
    bits = generator.integers(0, np.iinfo(whole).max, COUNT, whole, endpoint=True)
    x: np.ndarray = bits.view(dtype)
    return np.where(np.isnan(x), dtype(np.nan), x)


def around(places: Any, dtype: Any, generator: np.random.Generator) -> np.ndarray:
    """Up to a few thousand steps from each place, both signs."""
    near = np.asarray(places, dtype)[:, None]
    steps = np.unique(np.concatenate([np.arange(-40, 41), generator.integers(-5000, 5000, 80)]))
    x = near + steps * np.spacing(np.abs(near))
    return np.concatenate([x.ravel(), -x.ravel()]).astype(dtype)


def switches(name: str, dtype: Any) -> np.ndarray:
    """Where the argument's reduction changes its exponent, results leave their range, and the like."""
    log_2 = np.log(2.0)
    mantissa, exponents = (23, 127) if dtype == np.float32 else (52, 1023)
    small = [2.0**-k for k in range(mantissa - 3, mantissa + 6)]
    if name in ("log", "log1p"):
        roots = np.sqrt(2.0) * 2.0 ** np.arange(-exponents + 1, exponents - 1)
        moved = roots - 1 if name == "log1p" else roots
        return np.concatenate([moved, [1, 2, 0.5, 2.0**-exponents], small, [1 - 2.0**-9]])
    ends = [(exponents + 1) * log_2, (exponents + mantissa + 1) * log_2, exponents * log_2]
    halves = (np.arange(-exponents - mantissa, exponents + 1) + 0.5) * log_2
    limits = [*ends, 9.01, 10, 18, 19.07, 20, 36, 38, 40, 88, 89, 104, 709, 710, 746]
    return np.concatenate([halves, halves / 2, limits, small])


def samples(name: str, dtype: Any) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(1)
    dense = (40 if name in ("tanh", "expm1") else 110) if dtype == np.float32 else 760
    least = np.finfo(dtype).smallest_subnormal
    x = {
        "every exponent": all_exponents(dtype, generator),
        "dense": generator.uniform(-dense, dense, COUNT),
        "near zero": generator.uniform(-2, 2, COUNT),
        "normal": generator.normal(size=COUNT),
        "positive": np.exp(generator.uniform(-10, 10, COUNT)),
        "near one": 1 + generator.normal(size=COUNT) * 1e-3,
        "denormal": np.concatenate([np.arange(200) * least, -np.arange(200) * least]),
        "least normal": around([np.finfo(dtype).tiny], dtype, generator),
        "switches": around(switches(name, dtype), dtype, generator),
    }
    return {key: value.astype(dtype) for key, value in x.items()}


def largest_error(name: str, dtype: Any, cpu: Processor) -> dict[str, float]:
    return {
        key: ulps(compute(name, x, cpu), truth(name, x)) for key, x in samples(name, dtype).items()
    }


@pytest.mark.parametrize("cpu", CHECKED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_lie_within_four_units(name: str, dtype: Any, cpu: str) -> None:
    if dtype == np.float64 and not WIDE:
        pytest.skip("long double is no wider than double")
    errors = largest_error(name, dtype, CHECKED[cpu])
    assert max(errors.values()) <= ULPS, errors


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_agree_with_mpmath(name: str, dtype: Any) -> None:
    """The C library's long double functions, the measure of the other tests, are measured too."""
    mpmath = pytest.importorskip("mpmath")
    generator = np.random.default_rng(2)
    sizes = np.exp(generator.uniform(-12, 4.5, 150))
    x = np.concatenate([sizes, -sizes] if name not in ("log", "log1p") else [sizes, -0.1 / sizes])
    if name == "log":
        x = np.abs(x)
    x = x[x > -1].astype(dtype) if name == "log1p" else x.astype(dtype)
    got = compute(name, x)
    with mpmath.workdps(40):
        exact = getattr(mpmath, name, lambda v: 1 / (1 + mpmath.exp(-v)))
        for at, y in zip(x.tolist(), got, strict=True):
            true = exact(mpmath.mpf(at))
            unit = float(np.spacing(np.abs(dtype(float(true)))))
            assert abs(mpmath.mpf(float(y)) - true) <= ULPS * unit, (at, y)


INFINITY, NAN = np.inf, np.nan


SPECIAL: dict[str, list[tuple[float, float]]] = {
    "exp": [(0, 1), (-0.0, 1), (INFINITY, INFINITY), (-INFINITY, 0), (1e4, INFINITY), (-1e4, 0)],
    "expm1": [(0, 0), (-0.0, -0.0), (INFINITY, INFINITY), (-INFINITY, -1), (1e4, INFINITY), (-1e4, -1)],
    "log": [(0, -INFINITY), (-0.0, -INFINITY), (1, 0), (INFINITY, INFINITY), (-INFINITY, NAN), (-1e-30, NAN), (-1e30, NAN)],
    "log1p": [(0, 0), (-0.0, -0.0), (-1, -INFINITY), (INFINITY, INFINITY), (-INFINITY, NAN), (-1.0001, NAN), (-1e30, NAN)],
    "sigmoid": [(0, 0.5), (-0.0, 0.5), (INFINITY, 1), (-INFINITY, 0), (1e4, 1), (-1e4, 0)],
    "tanh": [(0, 0), (-0.0, -0.0), (INFINITY, 1), (-INFINITY, -1), (1e4, 1), (-1e4, -1)],
}  # fmt: skip


@pytest.mark.parametrize("cpu", CHECKED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name: str, dtype: Any, cpu: str) -> None:
    x, expected = np.array([*SPECIAL[name], (NAN, NAN), (-NAN, NAN)], dtype).T.copy()
    got = compute(name, x, CHECKED[cpu])
    np.testing.assert_array_equal(got, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_may_be_denormal(dtype: Any) -> None:
    tiny, least = np.finfo(dtype).tiny, np.finfo(dtype).smallest_subnormal
    x = np.linspace(np.log(least), np.log(tiny), 1000).astype(dtype)
    for name in ("exp", "sigmoid"):
        y = compute(name, x)
        assert (y[1:-1] > 0).all()
        assert (y[:-1] < tiny).all()
        assert (np.diff(y) >= 0).all()


@pytest.mark.parametrize("cpu", CHECKED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_number_of_lanes_does_not_change_a_bit(name: str, dtype: Any, cpu: str) -> None:
    x = all_exponents(dtype, np.random.default_rng(3))[:4000]
    x = np.concatenate([x, np.random.default_rng(4).normal(size=4000).astype(dtype)])
    wide = compute(name, x, CHECKED[cpu])
    for width in (1, 4):
        np.testing.assert_array_equal(compute(name, x, CHECKED[cpu], width), wide)


@pytest.mark.parametrize("cpu", CHECKED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_calls_the_c_library(name: str, dtype: Any, cpu: str) -> None:
    chosen = CHECKED[cpu]
    text = module_text(name, dtype, chosen.lanes(np.dtype(dtype).itemsize), chosen.has_fma)
    words = assembly(text, chosen).split()
    assert not {"call", "callq", "bl", "blr"} & set(words)


def test_a_kernel_keeps_its_code() -> None:
    function = kernel.__wrapped__("exp", np.float64, 1, HOST)
    gc.collect()
    x, y = np.array([0.0, 1.0]), np.empty(2)
    function(2, x.ctypes, y.ctypes)
    np.testing.assert_allclose(y, [1.0, np.e])


def test_threads_may_compile_at_the_same_time() -> None:
    def make(seed: int) -> float:
        name = FUNCTIONS[seed % len(FUNCTIONS)]
        function = kernel.__wrapped__(name, np.float32, 4, HOST)
        x = np.full(4, 0.5, np.float32)
        y = np.empty_like(x)
        function(1, x.ctypes, y.ctypes)
        return ulps(y, truth(name, x))

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(make, range(48))) <= ULPS
