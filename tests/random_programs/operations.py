"""The operations that drafts are made of."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError
from graphnet.ir import PRIMITIVES, ArrayType, scan
from tests.random_programs.drafts import LARGEST, SIZES, Draft, Known
from tests.random_programs.tolerances import Pair, applied

SMOOTH = ["exp", "tanh", "sigmoid", "sin", "cos", "expm1", "negative", "absolute", "sign"]
POSITIVE = ["log", "log1p", "sqrt"]
ARITHMETIC = ["add", "subtract", "multiply", "maximum", "minimum"]
COMPARISONS = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]


def fits(name: str, first: Known, **settings: Any) -> Callable[[Known], bool]:
    """Whether a second operand goes with a first."""

    def check(second: Known) -> bool:
        try:
            types = [ArrayType(k.shape, k.value.dtype) for k in (first, second)]
            result = PRIMITIVES[name].type(*types, **settings)
        except GraphnetError:
            return False
        return bool(result.size <= LARGEST)

    return check


def is_number(known: Known) -> bool:
    return known.kind != "b"


def is_float(known: Known) -> bool:
    return known.kind == "f"


def has_axes(known: Known) -> bool:
    return known.value.ndim > 0 and is_float(known)


# ---- operations


def one_of(draft: Draft, names: list[str]) -> str:
    return names[draft.rng.integers(len(names))]


def broadcastable(draft: Draft, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with this one: axes of size 1, leading ones absent."""
    kept = [1 if draft.rng.random() < 0.25 else n for n in shape]
    return tuple(kept[draft.rng.integers(len(kept) + 1) if draft.rng.random() < 0.3 else 0 :])


def positive(draft: Draft, known: Known) -> Known | None:
    """Its magnitude and a half."""
    known_ = draft.add("absolute", known)
    return known_ and draft.add("add", known_, draft.number(0.5, known))


def unary(draft: Draft) -> None:
    name = one_of(draft, [*SMOOTH, *POSITIVE, "identity", "stop_gradient"])
    known: Known | None = draft.pick(
        is_number if name in ("absolute", "negative", "sign") else is_float
    )
    known = positive(draft, known) if known and name in POSITIVE else known
    if known:
        draft.add(name, known)


def arithmetic(draft: Draft) -> None:
    name = one_of(draft, ARITHMETIC)
    first = draft.pick(is_number)
    if draft.rng.random() < 0.15:
        second = draft.number(float(draft.rng.integers(-2, 3)), first)
    else:
        shape = broadcastable(draft, first.shape)
        second = draft.partner(first, fits(name, first), shape)
    pair = [first, second]
    draft.add(name, *(pair if draft.rng.random() < 0.7 else reversed(pair)))


def quotient(draft: Draft) -> None:
    first = draft.pick(is_float)
    second = draft.partner(first, fits("divide", first), broadcastable(draft, first.shape))
    below = positive(draft, second)
    if below and draft.rng.random() < 0.7:
        draft.add("divide", first, below)
    elif below:
        draft.add("power", below, first)


def comparison(draft: Draft) -> None:
    name, first = one_of(draft, COMPARISONS), draft.pick()
    shape = broadcastable(draft, first.shape)
    draft.add(name, first, draft.partner(first, fits(name, first), shape))


def selection(draft: Draft) -> None:
    first = draft.pick()
    second = draft.partner(first, fits("equal", first), broadcastable(draft, first.shape))
    shape = np.broadcast_shapes(first.shape, second.shape)
    found = [k for k in draft.pool if k.kind == "b" and k.shape in (shape, shape[1:], ())]
    condition = found[-1] if found else draft.new(broadcastable(draft, shape), "bool")
    draft.add("where", condition, first, second)


def conversion(draft: Draft) -> None:
    known, dtype = draft.pick(), draft.dtype()
    if dtype != "int64" or np.isfinite(known.value).all():
        draft.add("cast", known, dtype=np.dtype(dtype))


def product_(draft: Draft) -> None:
    first = draft.pick(has_axes)
    depth, columns = first.shape[-1], int(draft.rng.choice(SIZES))
    batch = broadcastable(draft, first.shape[:-2]) if draft.rng.random() < 0.5 else ()
    shape = [(depth, columns), (depth, columns), (depth,), (*batch, depth, columns)]
    check = fits("matmul", first)
    second = draft.partner(first, check, shape[draft.rng.integers(4)])
    if check(second):
        draft.add("matmul", first, second)


def batch_of_products(draft: Draft) -> None:
    """Matrices, rows or columns, one for each entry of a batch, which may be repeated."""
    rng = draft.rng
    first = draft.pick(lambda known: known.value.ndim > 1 and is_float(known))
    *batch, rows, depth = first.shape
    if not batch:
        made = draft.add("reshape", first, shape=(rows, 1, depth))
        if made is None:
            return
        first, batch = made, [rows]
    columns = int(rng.choice([1, 1, 2, 3, 8, 17]))
    shape = (*broadcastable(draft, tuple(batch)), depth, columns)
    check = fits("matmul", first)
    second = draft.partner(first, lambda k: k.value.ndim > 2 and check(k), shape)
    if not check(second):
        return
    if rng.random() < 0.3:
        order = (*range(second.value.ndim - 2), second.value.ndim - 1, second.value.ndim - 2)
        turned = draft.add(
            "transpose", first, axes=(*range(len(batch)), len(batch) + 1, len(batch))
        )
        other = draft.add("transpose", second, axes=order)
        if turned and other:
            draft.add("matmul", other, turned)
        return
    draft.add("matmul", first, second)


def reshaping(draft: Draft) -> None:
    known = draft.pick()
    shape, size = known.shape, known.value.size
    shapes = [(size,), (*shape, 1), (1, *shape), shape[::-1]]
    shapes += [(n, size // n) for n in (2, 3, 7) if size % n == 0]
    shapes += [(shape[0] * shape[1], *shape[2:])] if len(shape) > 1 else []
    draft.add("reshape", known, shape=shapes[draft.rng.integers(len(shapes))])


def transposition(draft: Draft) -> None:
    known = draft.pick(lambda known: known.value.ndim > 1)
    axes = tuple(int(axis) for axis in draft.rng.permutation(known.value.ndim))
    draft.add("transpose", known, axes=axes)


def window_of(draft: Draft, shape: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    bounds = [sorted(int(n) for n in draft.rng.integers(0, size + 1, 2)) for size in shape]
    return tuple((low, high, int(draft.rng.integers(1, 4))) for low, high in bounds)


def slicing(draft: Draft) -> None:
    known = draft.pick(lambda known: known.value.ndim > 0)
    draft.add("slice", known, window=window_of(draft, known.shape))


def unslicing(draft: Draft) -> None:
    known = draft.pick()
    steps = draft.rng.integers(1, 3, known.value.ndim)
    starts = draft.rng.integers(0, 3, known.value.ndim)
    window = tuple(
        (int(start), int(start + max(n * step - step + 1, 0) * (n > 0)), int(step))
        for start, step, n in zip(starts, steps, known.shape, strict=True)
    )
    shape = tuple(stop + int(draft.rng.integers(3)) for _, stop, _ in window)
    if prod(shape) <= LARGEST:
        draft.add("unslice", known, window=window, shape=shape)


def joining(draft: Draft) -> None:
    first = draft.pick(lambda known: known.value.ndim > 0)
    axis = int(draft.rng.integers(-first.value.ndim, first.value.ndim))
    shape = list(first.shape)
    shape[axis] = int(draft.rng.choice(SIZES))
    parts = [draft.partner(first, fits("concatenate", first, axis=axis), shape), first]
    draft.add(
        "concatenate", *(parts if draft.rng.random() < 0.5 else [*parts[::-1], first]), axis=axis
    )


def spreading(draft: Draft) -> None:
    known = draft.pick()
    shape = tuple(int(draft.rng.choice(SIZES)) if n == 1 else n for n in known.shape)
    more = draft.rng.choice(SIZES, draft.rng.integers(2)).tolist()
    if prod((*more, *shape)) <= LARGEST:
        draft.add("broadcast", known, shape=(*more, *shape))


def reduction(draft: Draft) -> None:
    name = one_of(draft, ["sum", "sum", "max"])
    known = draft.pick(is_number)
    ndim = known.value.ndim
    some = draft.rng.permutation(ndim)[: draft.rng.integers(ndim + 1)].tolist()
    axis: Any = [None, tuple(some), -1 if ndim else None][draft.rng.integers(3)]
    if name == "sum" or known.value.size:
        draft.add(name, known, axis=axis, keepdims=bool(draft.rng.integers(2)))


def rows_by_index(draft: Draft) -> None:
    known = draft.pick(lambda known: has_axes(known) and known.shape[0] > 0)
    if draft.rng.random() < 0.5:
        shape = [(), (3,), (2, 5), (0,), (17,)][draft.rng.integers(5)]
        draft.add("take", known, draft.new(shape, "int64", known.shape[0]))
    else:
        rows = int(draft.rng.choice([1, 2, 5, 17]))
        shape = known.shape[: draft.rng.integers(1, known.value.ndim + 1)]
        draft.add("scatter_add", known, draft.new(shape, "int64", rows), rows=rows)


def twice(arrays: Any) -> list[np.ndarray]:
    return [2 * arrays[0]]


def doubled(draft: Draft) -> None:
    """A user's own function, which runs interpreted in the middle of all."""
    known = draft.pick(is_float)
    (pair,) = applied(PRIMITIVES["call"], settings := {
        "function": twice, "gradient": twice, "label": "twice",
        "types": (ArrayType(known.shape, known.value.dtype),),
    }, [known.pair])  # fmt: skip
    if draft.is_sound(pair):
        draft.keep(PRIMITIVES["call"](known.array, **settings)[0], pair)


def sequence(draft: Draft) -> None:
    """A scan with a random body: carried values, sequences, constants and stacked results."""
    rng = draft.rng
    length, reverse = int(rng.choice([0, 1, 2, 5, 7])), bool(rng.integers(2))
    carry = [draft.pick(is_number) for _ in range(rng.choice([0, 1, 1, 2]))]
    fed = [rows_of(draft, length) for _ in range(rng.integers(3))]
    firsts = [first_row(known, length - 1 if reverse else 0) for known in fed]

    def step(enters: list[Any], slices: list[Any]) -> Any:
        nested = [sequence] if draft.depth == 0 and rng.random() < 0.3 else []
        inner = Draft(rng, [*OPERATIONS, *nested, *nested, *nested], draft)
        inner.pool = draft.pool[-2:] + list(map(Known, slices, firsts))
        known = zip([*slices, *enters], [*firsts, *(k.pair for k in carry)], strict=True)
        draft.root.pairs.update((array.atom, pair) for array, pair in known)
        inner.pool += [Known(a, k.pair, True) for a, k in zip(enters, carry, strict=True)]
        first_new = len(inner.pool)
        for _ in range(rng.integers(2, 9)):
            inner.grow()
        leaves = [following(inner, Known(a, k.pair)) for a, k in zip(enters, carry, strict=True)]
        results = sorted(inner.pool[first_new:], key=lambda k: k.varies)[-4:] or inner.pool[-1:]
        return [leaf.array for leaf in leaves], [result.array for result in results]

    finals, results = scan(
        step, [k.array for k in carry], [k.array for k in fed], length=length, reverse=reverse
    )
    outputs = [*finals, *results]
    equation = outputs[0].builder.equations[-1]
    operands = [draft.pair_of(outputs[0].builder, atom) for atom in equation.inputs]
    with np.errstate(all="ignore"):
        pairs = applied(equation.primitive, equation.settings, operands)
    varies = draft.depth > 0
    for array, pair in zip(outputs, pairs, strict=True):
        if draft.is_sound(pair):
            draft.keep(array, pair, varies)


def first_row(known: Known, at: int) -> Pair:
    value, error = [part[at] if len(part) else np.zeros(part.shape[1:]) for part in known.pair]
    return np.asarray(value, known.value.dtype), np.asarray(error)


def rows_of(draft: Draft, length: int) -> Known:
    found = [known for known in draft.pool if known.shape[:1] == (length,)]
    if found and draft.rng.random() < 0.5:
        return found[-1]
    return draft.new((length, *draft.shape()[:2]), draft.dtype())


def following(inner: Draft, known: Known) -> Known:
    """What a carried value becomes: something of its type made from what the body has."""
    others = [k for k in inner.pool if k.array is not known.array]
    same = [k for k in others if (k.shape, k.value.dtype) == (known.shape, known.value.dtype)]
    name = one_of(inner, ["maximum", "minimum"] if known.kind == "i" else ["add", "subtract"])
    near = [k for k in others if k.value.dtype == known.value.dtype
            and fits(name, known)(k)
            and np.broadcast_shapes(known.shape, k.shape) == known.shape]  # fmt: skip
    near.sort(key=lambda k: k.varies)
    mixed = (
        inner.add(name, known, near[max(inner.rng.integers(len(near), size=2))]) if near else None
    )
    chosen = mixed or (same[-1] if same else known)
    squashed = inner.add("tanh", chosen) if known.kind == "f" else None
    return squashed or chosen


OPERATIONS: list[Callable[[Draft], None]] = [
    unary, unary, unary, arithmetic, arithmetic, arithmetic, arithmetic, quotient, comparison,
    selection, conversion, product_, product_, batch_of_products, reshaping, transposition, slicing, unslicing,
    joining, spreading, reduction, reduction, rows_by_index,
]  # fmt: skip
