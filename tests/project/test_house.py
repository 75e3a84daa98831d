"""The rules of the house that a machine can check: first lines, lengths, locks, Torch's absence."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import graphnet
from tests.support.paths import TESTS

ROOT = Path(graphnet.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
OF_TESTS = sorted(TESTS.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def identifier(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=identifier)
def test_a_file_keeps_the_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a line on top says the subject of the file"
    assert text.count("\n") <= 300, "a file that passes 300 lines has two subjects"
    assert not any(name.split(".")[0] == "torch" for name in imported(tree))


LOCKS = re.compile(r"\b(R?Lock|Condition|Semaphore|Event|Barrier|cached_property)\b")
"""What a fork leaves taken; up to CPython 3.11 a ``cached_property`` has a lock, too."""


@pytest.mark.parametrize("path", FILES, ids=identifier)
def test_every_lock_is_free_in_a_child(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for known in ("forkable.Lock", "Bar.set_lock(threading.RLock())"):
        text = text.replace(known, "")
    if path.name != "forkable.py" and "cli" not in path.relative_to(ROOT).parts:
        assert LOCKS.findall(text) == [], "forkable.Lock is the lock of this house"


def classes() -> Iterator[type]:
    for path in FILES:
        needs_llvm = "native" in path.relative_to(ROOT).parts
        if path.name != "__main__.py" and (find_spec("llvmlite") or not needs_llvm):
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = importlib.import_module(
                ".".join(["graphnet", *parts]).removesuffix(".__init__")
            )
            for value in vars(module).values():
                if inspect.isclass(value) and value.__module__ == module.__name__:
                    yield value


def test_classes_are_abstract_or_final() -> None:
    """A class that can be made is no base of another (errors are, for ``except``)."""
    found = list(classes())
    assert graphnet.GModule in found
    offenders = [
        f"{cls.__name__}({base.__name__})"
        for cls in found
        for base in cls.__bases__
        if base.__module__.startswith("graphnet") and not inspect.isabstract(base)
        if not issubclass(cls, Exception)
    ]
    assert offenders == []


OTHERS = {"os._exit", "llvm.ffi.lib._lock", "llvm.ffi.lib._lock._lock"}
"""What Python and llvmlite begin with an underscore and offer no other way to."""


def private_uses(tree: ast.AST) -> list[str]:
    """Attributes with an underscore of anything but an object's own class."""
    own = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "cls")
    }
    found = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        if re.fullmatch("_[a-z].*[^_]", node.attr) and node.attr not in own
    ]
    return [use for use in found if use not in OTHERS]


@pytest.mark.parametrize("path", OF_TESTS, ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_use_no_private_attributes(path: Path) -> None:
    assert private_uses(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_private_attribute_is_found() -> None:
    used = "class A:\n def f(self): self._mine = 1\nA()._mine\nnet.run(x)._residuals\nos._exit(1)"
    assert private_uses(ast.parse(used)) == ["net.run(x)._residuals"]
