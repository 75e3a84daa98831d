"""Every class of nn with arguments and inputs that make no sense: only errors that say so."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphnetError
from graphnet.graph import Module
from graphnet.graph.values import table
from tests.module_rows import ROWS, Row

CLASSES = [
    cls
    for name in nn.__all__
    if isinstance(cls := getattr(nn, name), type)
    and issubclass(cls, Module)
    and not inspect.isabstract(cls)
]
X = np.ones((3, 4))
ARGUMENTS = [0, -1, 1.5, "text", None, [], (1, 2), np.ones((2, 2)), float("nan"), nn.Tanh(), True]
INPUTS = {
    "a table": [X, X],
    "a table of one": [X],
    "a table of tables": [[X, X], [X, X]],
    "an uneven table": [[np.ones(3)], [X, [np.ones(2)]]],
    "an empty table": [],
    "scores and classes": [X, np.array([0, 1, 2])],
    "a number": 2.0,
    "a pair of numbers": [1.0, 2.0],
    "text": "abc",
    "texts": np.array(["a"]),
    "nothing": None,
    "a dict": {"a": 1},
    "objects": np.array([object()]),
    "complex numbers": X.astype(complex),
    "integers": X.astype(int),
    "truth values": X > 0,
    "NaN": X * np.nan,
    "an empty batch": X[:0],
    "no features": X[:, :0],
    "a vector": X[0],
    "many axes": np.ones((2, 3, 4, 1, 1)),
}


def error_of(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None


def is_clear(error: Exception | None) -> bool:
    """None, one of graphnet's, or one that names an argument, its value and what is expected."""
    is_own = error is None or isinstance(error, GraphnetError)
    return is_own or (type(error) is ValueError and " expected " in str(error))


def arguments(cls: type[Module]) -> dict[str, Any]:
    """Those of the first row of a class."""
    return ROWS[cls.__name__][0].make().arguments()


def made(cls: type[Module], given: dict[str, Any]) -> Module:
    """The module of arguments by name, of which some are positional only by their nature."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += given[name] if isinstance(given[name], list | tuple) else [given[name]]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = given[name]
        else:
            positional.append(given[name])
    return cls(*positional, **named)


@pytest.mark.parametrize("cls", CLASSES)
def test_arguments_without_sense(cls: type[Module]) -> None:
    own = arguments(cls)
    errors = {
        f"{name}={value!r}": error_of(lambda n=name, v=value: made(cls, {**own, n: v}))
        for name in own
        for value in ARGUMENTS
    }
    assert {what: error for what, error in errors.items() if not is_clear(error)} == {}


@pytest.mark.parametrize("cls", CLASSES)
def test_too_many_and_unknown_arguments(cls: type[Module]) -> None:
    with pytest.raises(GraphnetError, match=r"has no argument named 'nonsense'\n"):
        made(cls, arguments(cls)).__init__(nonsense=1)  # type: ignore[misc]
    parameters = inspect.signature(cls).parameters.values()
    if all(p.kind is not p.VAR_POSITIONAL for p in parameters):
        with pytest.raises(GraphnetError, match="received too many positional arguments"):
            cls(*[1] * max(9, len(parameters) + 1))


@pytest.mark.parametrize("cls", CLASSES)
def test_inputs_without_sense(cls: type[Module]) -> None:
    errors = {name: error_of(lambda x=value: computed(cls, x)) for name, value in INPUTS.items()}
    assert {name: error for name, error in errors.items() if not is_clear(error)} == {}


def computed(cls: type[Module], value: Any) -> None:
    """Run a new module; nothing can come of an empty table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of NaN
        result = ROWS[cls.__name__][0].make().forward(value)
    assert table.flatten(value)[0] or not table.flatten(result)[0]


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (nn.PReLU(), [X, X], r"PReLU cannot take the table \[\(3, 4\), \(3, 4\)\]: "),
        (nn.ELU(), [X], r"\n.*ELU: x where x > 0, else ``alpha"),
        (nn.CAddTable(), [[X], [X]], r"expects a table of arrays, received \[\[\(3, 4\)\], \["),
        (nn.Concat(0), X, "has no modules"),
        (nn.Parallel(0, 0), X, "has no modules"),
        (nn.MultiCriterion(), [X, X], "has no modules"),
        (nn.ParallelCriterion(), [[X], [X]], "has 0 criteria and receives"),
        (nn.Abs(), [], "received an empty table of inputs"),
        (nn.NarrowTable(-1, 2), [X, X], "takes entries 1 to 2 of 2"),
    ],
)
def test_what_is_said(module: Module, inputs: Any, message: str) -> None:
    with pytest.raises(GraphnetError, match=message):
        module.forward(inputs)


def test_a_negative_offset_counts_from_the_end() -> None:
    first, last = np.zeros(2), np.ones(3)
    assert [entry.shape for entry in nn.NarrowTable(-1).forward([first, last])] == [(3,)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.LSTM(3, 0), "LSTM: hidden_size is 0, expected a whole number from 1"),
        (lambda: nn.Clamp(2.0, 1.0), "min_value and max_value are 2.0 and 1.0, expected"),
        (lambda: nn.Normalize(p=0), "Normalize: p is 0, expected a positive number"),
        (lambda: nn.CAdd(-1), "CAdd: a size is -1, expected a whole number from 1"),
    ],
)
def test_settings_out_of_range(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_what_a_module_of_a_user_raises_is_left_alone() -> None:
    class Mine(Module):
        def compute(self, x: Any) -> Any:
            return x.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        nn.Sequential(Mine()).forward(X)


# ---- all rows, and the functions that make graphs

MODULE_ROWS = [
    pytest.param(name, row, id=f"{name}-{number}")
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]


def bent(value: Any) -> dict[str, Any]:
    """An input that makes sense, changed so that it makes none, or another one."""

    def each(function: Callable[[np.ndarray], Any]) -> Any:
        return table.map_table(lambda a: function(a) if a.ndim else a, value)

    found = {
        "numbers": table.map_table(lambda a: np.reshape(a, -1)[:1].reshape(()), value),
        "less axes": each(lambda a: a[0]),
        "more axes": each(lambda a: a[None]),
        "wider": each(lambda a: np.concatenate([a, a], -1)),
        "narrower": each(lambda a: a[..., :-1]),
        "shorter": each(lambda a: a[:-1]),
        "empty": each(lambda a: a[:0]),
        "whole numbers": table.map_table(lambda a: a.astype(int), value),
        "truth values": table.map_table(lambda a: a > 0, value),
        "floats": table.map_table(lambda a: a.astype(float), value),
        "texts": table.map_table(lambda a: a.astype(str), value),
        "in a table": [value],
        "twice": [value, value],
    }
    if table.is_table(value):
        found |= {
            "the first": value[0],
            "all but the last": value[:-1],
            "reversed": value[::-1],
            "one shorter": [
                *value[:-1],
                table.map_table(lambda a: a[:-1] if a.ndim else a, value[-1]),
            ],
            "a number last": [*value[:-1], 2.0],
            "nothing last": [*value[:-1], None],
            "a table last": [*value[:-1], [value[-1]]],
        }
    return found


def there_and_back(row: Row, value: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        run = row.make().run(value)
        leaves, structure = table.flatten(run.outputs)
        run.backward(table.unflatten(structure, [np.ones_like(leaf) for leaf in leaves]))


@pytest.mark.parametrize(("name", "row"), MODULE_ROWS)
def test_inputs_that_are_bent(name: str, row: Row, rng: np.random.Generator) -> None:
    inputs = bent(table.map_table(lambda draw: draw(rng), row.input))
    errors = {what: error_of(lambda v=v: there_and_back(row, v)) for what, v in inputs.items()}
    assert {what: error for what, error in errors.items() if not is_clear(error)} == {}
    said = [str(e) for e in errors.values() if "calls its function" not in str(e)]
    assert not [text for text in said if "'list' object" in text or "operand type" in text]


@pytest.mark.parametrize(("name", "row"), MODULE_ROWS)
def test_arguments_of_all_rows(name: str, row: Row) -> None:
    module = row.make()
    own, cls = module.arguments(), type(module)
    errors = {
        f"{argument}={value!r}": error_of(lambda n=argument, v=value: made(cls, {**own, n: v}))
        for argument in own
        for value in (*ARGUMENTS, {}, b"x", np.array(["a"]), [[3], [4]], float("inf"))
    }
    assert {what: error for what, error in errors.items() if not is_clear(error)} == {}


FUNCTIONS = [name for name in nn.__all__ if inspect.isfunction(getattr(nn, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_with_arguments_without_sense(name: str) -> None:
    function = getattr(nn, name)
    parameters = inspect.signature(function).parameters.values()
    needed = {
        p.name: 3 if "size" in p.name else nn.Tanh() if "Module" in str(p.annotation) else None
        for p in parameters
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    }
    errors = {
        f"{p.name}={value!r}": error_of(lambda n=p.name, v=value: function(**{**needed, n: v}))
        for p in parameters
        for value in (*ARGUMENTS, nn.Tanh, {}, lambda: 3, object())
    }
    assert {what: error for what, error in errors.items() if not is_clear(error)} == {}


def test_the_module_its_node_and_its_line_are_named() -> None:
    x = gn.input("x")
    table_of_two = nn.Unflatten(1, [3, 2])(x)
    net = gn.GModule([x], [table_of_two])
    with pytest.raises(
        GraphnetError,
        match=r"Unflatten 'table_of_two' \(test_silly_calls\.py:\d+\) divides axis 1 of \(3, 4\)",
    ):
        net.forward(X)
