"""Constructor arguments by Torch's name and by ours: understood, and none without an effect."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ArgumentError
from graphnet.graph import Module
from graphnet.graph.values import table
from tests.nn import argument_cases, sequence_argument_cases
from tests.nn.argument_case import Case, X

PLACES = (
    "graphnet.graph.wiring",
    *(
        f"graphnet.nn.layers.{file}"
        for file in (
            "activation", "arithmetic", "distance", "dropout", "linear", "weights",
            "products", "rectifiers", "reduction", "shape", "tables", "transfer",
            "values",
        )
    ),
)  # fmt: skip
"""Whose classes all have a case."""

CASES = {**argument_cases.CASES, **sequence_argument_cases.CASES}
ROWS = [
    (name, torch, own) for name, c in CASES.items() for torch, own, _ in (*c.required, *c.optional)
]
OPTIONAL = [(name, own) for name, case in CASES.items() for _, own, _ in case.optional]


def made(case: Case, arguments: Mapping[str, Any]) -> Module:
    """A module with the same parameters each time."""
    gn.manual_seed(7)
    if not case.positional:
        return case.make(**arguments)  # type: ignore[no-any-return]
    named = {n: v for n, v in arguments.items() if n not in dict.fromkeys(own_of(case.required))}
    before = [v for n, v in arguments.items() if n not in named]
    return case.make(*before, *case.positional, **named)  # type: ignore[no-any-return]


def own_of(arguments: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    """Values by our names."""
    return {own: value for _, own, value in arguments}


def results(case: Case, arguments: Mapping[str, Any]) -> list[Any]:
    """Parameters, outputs and gradients, in training and where it differs in evaluation."""
    module = made(case, arguments).seed(3)
    module.zero_grad()  # a part may be that of a call before
    found: list[Any] = [p.data.copy() for p in module.parameters()]
    for training in (True, False) if case.evaluation else (True,):
        run = module.train(training).run(case.input)
        leaves, structure = table.flatten(run.outputs)
        seeds = [np.ones_like(leaf) for leaf in leaves]
        gradients = run.backward(table.unflatten(structure, seeds))
        found += [*leaves, *table.flatten(gradients)[0], structure]
    return found + [p.grad for p in module.parameters()]


def same(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    return all(
        np.array_equal(a, b)
        and np.shape(a) == np.shape(b)
        and getattr(a, "dtype", 0) == getattr(b, "dtype", 0)
        if isinstance(a, np.ndarray)
        else a == b
        for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize(("name", "torch", "own"), ROWS)
def test_torchs_name_is_understood(name: str, torch: str, own: str) -> None:
    case = CASES[name]
    given = own_of((*case.required, *case.optional))
    ours = {**own_of(case.required), **NEEDED.get((name, own), {}), own: given[own]}
    if case.positional and own in own_of(case.required):  # what comes before the star has no name
        assert made(case, ours).arguments()[own] == given[own]
        return
    named = {torch if n == own else n: value for n, value in ours.items()}
    assert same(results(case, named), results(case, ours))
    if isinstance(case.make, type):
        kept = getattr(made(case, named), own)
        assert kept is None if own == "bias" else own == "value" or np.array_equal(kept, given[own])


@pytest.mark.parametrize(("name", "own"), OPTIONAL)
def test_an_argument_has_an_effect(name: str, own: str) -> None:
    case = CASES[name]
    without = {**own_of(case.required), **NEEDED.get((name, own), {})}
    value = own_of(case.optional)[own]
    assert not same(results(case, without), results(case, {**without, own: value}))


NEEDED: dict[tuple[str, str], dict[str, Any]] = {
    ("LookupTable", "norm_type"): {"max_norm": 0.5},
    ("NCEModule", "logsoftmax"): {"normalized": True},
}
"""What else must be given for an argument to have a meaning."""


def test_every_layer_has_a_row_for_each_argument() -> None:
    missing = []
    for name in nn.__all__:
        cls = getattr(nn, name)
        is_listed = isinstance(cls, type) and cls.__module__.startswith(PLACES)
        if not is_listed and name not in CASES:
            continue
        case = CASES.get(name)
        known = own_of((*case.required, *case.optional)) if case else {}
        missing += [
            f"{name}({p.name})"
            for p in inspect.signature(cls).parameters.values()
            if p.kind is not p.VAR_POSITIONAL and p.name not in known
        ]
    assert missing == []


IN_PLACE: list[Callable[..., Module]] = [
    nn.ReLU, nn.ReLU6, nn.Threshold, nn.ELU, nn.RReLU, nn.LeakyReLU, nn.HardTanh, nn.Dropout,
    nn.CReLU, nn.CAddTable, nn.SELU, nn.SiLU, nn.Mish, nn.HardSigmoid, nn.HardSwish,
]  # fmt: skip


@pytest.mark.parametrize("make", IN_PLACE)
@pytest.mark.parametrize("name", ["inplace", "ip"])
def test_in_place_means_nothing_and_is_refused(make: Callable[..., Module], name: str) -> None:
    assert make(**{name: False}).description() == make().description()
    with pytest.raises(ArgumentError, match=f"has no {name}=True\n  Nothing is computed in place"):
        make(**{name: True})


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.AddConstant(1.0, ip=True), "Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.MulConstant(1.0, True), "Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.CAddTable(True), "Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.Threshold(0.1, 0.0, True), "Nothing is computed in place"),  # type: ignore[call-arg]
    (lambda: nn.MapTable(nn.Tanh(), shared=False), "whose parameters all entries share"),  # type: ignore[call-arg]
    (lambda: nn.Dropout(0.5, lazy=True), "VariationalDropout keeps one mask"),  # type: ignore[call-arg]
    (lambda: nn.Sum(dimension=1), "Write axis; axes are counted from 0, Torch's from 1"),  # type: ignore[call-arg]
    (lambda: nn.Unsqueeze(pos=1), "Write axis; axes are counted from 0"),  # type: ignore[call-arg]
    (lambda: nn.Parallel(inputDimension=1, outputDimension=2), "Write input_axis; axes are"),  # type: ignore[call-arg]
    (lambda: nn.CReLU(nInputDims=1), "Write axis, which is -nInputDims"),  # type: ignore[call-arg]
    (lambda: nn.LookupTable(3, 2, paddingValue=1), "Write padding_idx, which is counted from 0"),  # type: ignore[call-arg]
    (lambda: nn.MaskZero(nn.Tanh(), 1, silent=True), "prints anything: leave it out"),  # type: ignore[call-arg]
    (lambda: nn.FastLSTM(3, 4, eps=0.1), "A step is not normalised"),  # type: ignore[call-arg]
    (lambda: nn.FastLSTM(3, 4, rho=5), "Sequences have any length"),  # type: ignore[call-arg]
    (lambda: nn.feedback_cell(3, nn.Tanh(), nn.Tanh(), rho=5), "Sequences have any length"),  # type: ignore[call-arg]
    (lambda: nn.Reshape((4, 3)), r"Give the sizes one by one: 4, 3\. It takes Reshape\(\*sizes"),  # type: ignore[arg-type]
    (lambda: nn.View([2, -1]), r"View receives sizes \[2, -1\].*\n  Give the sizes one by one: 2,"),  # type: ignore[arg-type]
    (lambda: nn.Transpose(0, 1), r"swaps 0, expected a pair.*\n  Each is a pair in parentheses"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_has_no_meaning_is_refused_with_the_reason(
    make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_names_of_recurrent_lua() -> None:
    cell = nn.feedback_cell(start=4, input=nn.Linear(4, 4), feedback=nn.Linear(4, 4))  # type: ignore[call-arg]
    assert nn.Recursor(cell).forward(X).shape == (3, 4)


def test_renormalised_rows_are_those_that_were_used() -> None:
    words = np.arange(5)
    layer = nn.LookupTable(5, 3, max_norm=0.5)
    used = layer.forward(words)
    layer.renormalise()
    np.testing.assert_allclose(layer.weight.data, used)
    np.testing.assert_array_equal(layer.forward(words), layer.weight.data)
    unlimited = nn.LookupTable(5, 3)
    before = unlimited.weight.data.copy()
    unlimited.renormalise()
    np.testing.assert_array_equal(unlimited.weight.data, before)
