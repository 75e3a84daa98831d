"""What a machine can check of public docstrings: summaries, shapes, the errors that are raised."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import graphnet
from graphnet import drawing, errors, nn, ops, optim, train
from graphnet.graph import Module

EXPORTING = (graphnet, nn, nn.init, optim, train, drawing, ops, errors)
LITERAL = re.compile(r"``.*?``", re.DOTALL)
SHAPE = re.compile(r"\((…|\w+,|\w+(, [^()]+)+|…, [^()]+)?\)|\bshapes?\b", re.IGNORECASE)
"""(), (…), (1,), (…, size), (steps, batch, …), or the word."""

OF_PYTHON = {"AttributeError"}
"""Errors that the language's own protocols ask for."""


def exported(module: ModuleType) -> Iterator[Any]:
    """The public classes and functions of a module, those of its own where it lists none."""
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        listed = hasattr(module, "__all__") or value_home(value) == module.__name__
        if listed and (inspect.isclass(value) or inspect.isfunction(value)):
            yield value


def value_home(value: object) -> str:
    return str(getattr(value, "__module__", ""))


PUBLIC = sorted(
    {value for module in EXPORTING for value in exported(module)},
    key=lambda value: (value.__module__, value.__qualname__),
)
MODULES = [value for value in PUBLIC if inspect.isclass(value) and issubclass(value, Module)]


def identifier(value: Any) -> str:
    return f"{value.__module__.removeprefix('graphnet.')}.{value.__qualname__}"


@pytest.mark.parametrize("value", PUBLIC, ids=identifier)
def test_the_first_line_is_a_sentence(value: Any) -> None:
    summary, *rest = (value.__doc__ or "").splitlines() or [""]
    assert re.fullmatch(r"\S.{8,98}\.", summary)
    assert not rest or not rest[0].strip()


@pytest.mark.parametrize("value", MODULES, ids=identifier)
def test_modules_say_their_shapes(value: type[Module]) -> None:
    assert SHAPE.search(LITERAL.sub("", value.__doc__ or ""))


@pytest.mark.parametrize("value", PUBLIC, ids=identifier)
def test_raised_errors_are_named(value: Any) -> None:
    namespace = {**vars(builtins), **vars(sys.modules[value.__module__])}
    tree = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    missing = {
        name
        for function, docstrings in documented(tree)
        for name in raised(function)
        if is_error(namespace.get(name)) and not re.search(rf"\b{name}\b", docstrings)
    }
    assert missing <= OF_PYTHON


def documented(tree: ast.stmt) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Each function, with the docstrings of it and of its class."""
    own = tree.body if isinstance(tree, ast.ClassDef) else [tree]
    for function in own:
        if isinstance(function, ast.FunctionDef):
            docstrings = [ast.get_docstring(node) or "" for node in (tree, function)]  # type: ignore[arg-type]
            yield function, "\n".join(docstrings)


def raised(function: ast.FunctionDef) -> Iterator[str]:
    """The names in ``raise Name`` and ``raise Name(…)``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(error, ast.Name):
                yield error.id


def is_error(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)
