"""How far machine code may be from the interpreter: rounding errors, carried through a program.

Two evaluations of one operation may differ by ``UNITS`` units in the last place of its terms (of
|a| + |b| for a + b; for a sum or a product of n terms by n more of the sum of their magnitudes, since
the order of summation is free), and by what their operands differ already: f(x ± e) - f(x). What
follows from exact inputs by moving, comparing or counting them must be equal bit for bit, and so must
infinities and NaN. A choice that lies within its error (a > b with a nearly b) may fall either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from graphnet.ir import Primitive, Program, run_program
from graphnet.ir.core.interpreter import execute_equation
from graphnet.ir.core.program import is_var

UNITS = 8
"""Four that exp, tanh, … of machine code may be off, and as many for those of NumPy."""

Pair = tuple[np.ndarray, np.ndarray]
"""A value, and how far another evaluation of it may be, entry by entry."""

MOVES = {"reshape", "transpose", "broadcast", "concatenate", "slice", "unslice", "identity"} | {
    "stop_gradient",
    "checked_lengths",
}
COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


def exact(value: Any) -> Pair:
    return np.asarray(value), np.zeros(np.shape(value))


def tolerances(program: Program, arrays: Sequence[np.ndarray]) -> list[Pair]:
    """The outputs of a program as the interpreter gives them, each with its tolerance."""
    with np.errstate(all="ignore"):
        return evaluated(program, [exact(array) for array in arrays])


def evaluated(program: Program, pairs: Sequence[Pair]) -> list[Pair]:
    known: dict[Any, Pair] = dict(zip(program.inputs, pairs, strict=True))

    def pair(atom: Any) -> Pair:
        return known[atom] if is_var(atom) else exact(atom.value)

    for equation in program.equations:
        operands = [pair(atom) for atom in equation.inputs]
        results = applied(equation.primitive, equation.settings, operands)
        known.update(zip(equation.outputs, results, strict=True))
    return [pair(atom) for atom in program.outputs]


def applied(
    primitive: Primitive, settings: Mapping[str, Any], operands: Sequence[Pair]
) -> list[Pair]:
    """The results of one primitive on values that are known up to their errors."""
    if primitive.name == "scan":
        return scanned(operands, **settings)
    values = [np.asarray(value) for value, _ in operands]
    errors = [error for _, error in operands]
    results = [np.asarray(value) for value in execute_equation(primitive, settings, values)]
    return [(result, error_of(primitive, settings, values, errors, result)) for result in results]


def scanned(
    operands: Sequence[Pair],
    *,
    body: Program,
    constants: int,
    carried: int,
    length: int,
    reverse: bool,
) -> list[Pair]:
    fixed, carry = operands[:constants], list(operands[constants : constants + carried])
    stacks = [
        (np.empty(shape, atom.type.dtype), np.empty(shape))
        for atom in body.outputs[carried:]
        for shape in [(length, *atom.type.shape)]
    ]
    for t in range(length)[:: -1 if reverse else 1]:
        slices = [(value[t], error[t]) for value, error in operands[constants + carried :]]
        outputs = evaluated(body, [*fixed, *carry, *slices])
        carry = outputs[:carried]
        for (value, error), (row, slack) in zip(stacks, outputs[carried:], strict=True):
            value[t], error[t] = row, slack
    return carry + stacks


def error_of(
    primitive: Primitive,
    settings: Mapping[str, Any],
    values: Sequence[np.ndarray],
    errors: Sequence[np.ndarray],
    result: np.ndarray,
) -> np.ndarray:
    """The error of a result; none where it is infinite or no number, as that must be the same."""
    name, unit = primitive.name, 0.0
    if result.dtype.kind == "f":
        unit = float(np.finfo(result.dtype).eps)

    def rule(*arrays: np.ndarray) -> np.ndarray:
        return np.asarray(execute_equation(primitive, settings, arrays)[0], float)

    if name in MOVES:
        error = rule(*errors)
    elif name in ("take", "scatter_add"):
        error = rule(errors[0], values[1])
        if name == "scatter_add":
            count = UNITS + values[1].size
            error = error + count * unit * rule(magnitude(values[0]), values[1])
    elif name in COMPARISONS:
        slack = errors[0] + errors[1]
        error = (slack > 0) & (np.abs(wide(values[0]) - wide(values[1])) <= slack)
    elif name == "where":
        apart = np.abs(wide(values[1]) - wide(values[2])) + errors[1] + errors[2]
        error = np.where(errors[0] > 0, apart, np.where(values[0], errors[1], errors[2]))
    elif name == "call":  # the one of the generator doubles
        error = 2 * errors[0]
    elif name == "max":
        error = rule(errors[0])
    elif name == "sum":
        count = UNITS + values[0].size
        error = rule(errors[0]) + count * unit * rule(magnitude(values[0]))
    elif name == "matmul":
        left, right = map(magnitude, values)
        count = UNITS + left.shape[-1]
        error = rule(errors[0], right + errors[1]) + rule(left, errors[1])
        error = error + count * unit * rule(left, right)
    elif name == "cast" and result.dtype.kind == "b":
        error = (errors[0] > 0) & (np.abs(values[0]) <= errors[0])
    else:
        error = at_corners(rule, values, errors) + UNITS * unit * terms(name, values, result)
    error = np.broadcast_to(np.asarray(error, float), result.shape)
    return np.where(np.isfinite(result), error, 0) if unit else error


def wide(value: np.ndarray) -> np.ndarray:
    return value.astype(float)


def magnitude(value: np.ndarray) -> np.ndarray:
    """Of the finite terms; where one is not finite, neither is the result."""
    return np.nan_to_num(np.abs(wide(value)), nan=0, posinf=0)


def terms(name: str, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
    if name in ("add", "subtract"):
        return magnitude(values[0]) + magnitude(values[1])
    return magnitude(result)


def at_corners(
    rule: Callable[..., np.ndarray], values: Sequence[np.ndarray], errors: Sequence[np.ndarray]
) -> np.ndarray:
    """The largest change of a pointwise function, monotone in each operand, within the errors
    (doubled, so that rounding does not swallow them); infinite where it has a pole there."""
    middles = [wide(value) for value in values]
    middle = rule(*middles)
    largest = np.zeros(middle.shape)
    for signs in product((-2, 2), repeat=len(values)):
        moved = [m + s * e for m, s, e in zip(middles, signs, errors, strict=True)]
        change = np.abs(rule(*moved) - middle)
        largest = np.maximum(largest, np.where(np.isnan(change), np.inf, change))
        if len(moved) == 2 and np.any(np.sign(moved[1]) != np.sign(middles[1])):
            pole = ~np.isfinite(rule(np.ones(()), np.zeros(())))  # of a division
            crossed = np.sign(moved[1]) != np.sign(middles[1])
            largest = np.where(crossed & pole, np.inf, largest)
    same = np.broadcast_to(sum(errors) == 0, largest.shape)
    return np.where(same, 0, largest)


def differences(
    program: Program,
    arrays: Sequence[np.ndarray],
    run: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]],
) -> list[str]:
    """What another way to run a program does wrong: values, types, inputs written, memory reused."""
    copies = [array.copy() for array in arrays]
    errors = [error for _, error in tolerances(program, arrays)]
    expected, found = run_program(program, arrays), run(arrays)
    kept = [np.array(value) for value in found]
    again = run(arrays)
    wrong = []
    for i, error in enumerate(errors):
        wrong += compared(i, np.asarray(found[i]), np.asarray(expected[i]), error)
        if not same_bits(kept[i], np.asarray(again[i])):
            wrong.append(f"output {i}: the second run gives other bits")
        if not same_bits(kept[i], np.asarray(found[i])):
            wrong.append(f"output {i}: the second run wrote into the result of the first")
    for i, (copy, array) in enumerate(zip(copies, arrays, strict=True)):
        if not same_bits(copy, array):
            wrong.append(f"input {i} was written")
    return wrong


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    return left.tobytes() == right.tobytes()


def compared(i: int, found: np.ndarray, expected: np.ndarray, error: np.ndarray) -> list[str]:
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        return [f"output {i} is {found.dtype}{found.shape}, not {expected.dtype}{expected.shape}"]
    left, right = wide(found), wide(expected)
    smallest = np.finfo(expected.dtype).tiny if expected.dtype.kind == "f" else 0
    with np.errstate(invalid="ignore"):
        near = np.abs(left - right) <= error + UNITS * smallest
    fits = near | (left == right) | (np.isnan(left) & np.isnan(right))
    if fits.all():
        return []
    at = tuple(int(n) for n in np.argwhere(~fits)[0])
    return [
        f"output {i} at {at}: {found[at]!r}, expected {expected[at]!r} ± {error[at]:.1g} "
        f"({np.count_nonzero(~fits)} of {fits.size} entries)"
    ]
