"""Draws from NumPy's global generator in a user's ``compute``: they happen once, in the trace."""

from __future__ import annotations

import dis
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import UNSAVED, private
from graphnet.graph.modules.registry import is_own
from graphnet.graph.tracing.module_errors import computed
from graphnet.graph.values.context import current_tracing
from graphnet.source import warn


class NumpyDraws:
    """Warns once of each module whose ``compute`` changes the state of NumPy's generator; final.

    Only modules whose code speaks of randomness are watched: another thread may draw meanwhile.
    """

    def __init__(self) -> None:
        self._state: Any = None
        self._at_work: tuple[BaseModule, object] | None = None

    def computed(self, module: BaseModule, value: Any, where: object) -> Any:
        """What a module computes; ``where`` is the name of its place."""
        kind = type(module)
        if is_own(kind) or not (may_draw(kind) or generators_of(module)):
            return computed(module, value)
        outer = self._at_work
        self.look()
        self._at_work = module, where
        self._state = self.state()
        result = computed(module, value)
        self.look()
        if makes_generator(kind):
            tell(module, where)
        self._at_work = outer
        self._state = self.state()
        return result

    def state(self) -> Any:
        """The states of the global generators and of those that the module at work holds."""
        held = generators_of(self._at_work[0]) if self._at_work else ()
        return generator_state(), [str(each.bit_generator.state) for each in held]

    def look(self) -> None:
        """Warn if the module at work has drawn since the last look."""
        state = self.state()
        if self._at_work is not None and state != self._state:
            tell(*self._at_work)
        self._state = state

    @contextmanager
    def forgiven(self) -> Iterator[None]:
        """What is drawn in this block is drawn in each run, too."""
        if self._at_work is not None:
            self.look()
        yield
        if self._at_work is not None:
            self._state = self.state()


@contextmanager
def drawing_in_each_run() -> Iterator[None]:
    """A block of a ``compute`` with code that each run executes again."""
    tracing: Any = current_tracing.get()
    if tracing is None:
        yield
    else:
        with tracing.numpy_draws.forgiven():
            yield


def generators_of(module: BaseModule) -> list[np.random.Generator]:
    """The generators among a module's attributes, without the one that every net has."""
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, np.random.Generator) and name not in UNSAVED
    ]


def generator_state() -> Any:
    """The states of NumPy's global generator and of Python's, to be compared."""
    found: Any = np.random.get_state(legacy=False)
    inner = found.pop("state")
    key = inner.pop("key", None)
    return found, inner, None if key is None else key.tobytes(), random.getstate()


@lru_cache(maxsize=1024)
def may_draw(cls: type[BaseModule]) -> bool:
    """Whether ``compute`` of a class, or a function that it names, speaks of randomness."""
    names = (name for function in functions_of(cls) for name in names_in(function.__code__))
    return any("rand" in name or name == "default_rng" for name in names)


@lru_cache(maxsize=1024)
def makes_generator(cls: type[BaseModule]) -> bool:
    """Whether they make a generator without a seed: ``default_rng(1)`` gives constants."""
    return any(calls_without_seed(function.__code__) for function in functions_of(cls))


def functions_of(cls: type[BaseModule]) -> list[FunctionType]:
    """``compute`` of a class, and the functions and methods that it names, theirs among them."""
    functions: list[Any] = [cls.compute]
    for function in functions:  # which grows
        if isinstance(function, FunctionType):
            names = set(names_in(function.__code__))
            found = (getattr(cls, name, function.__globals__.get(name)) for name in names)
            functions += [each for each in found if not any(each is f for f in functions)]
    return [function for function in functions if isinstance(function, FunctionType)]


def calls_without_seed(code: CodeType) -> bool:
    """Whether code calls ``default_rng()``."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in NO_STEPS]
    return any(
        step.argval == "default_rng" and following.opname.startswith("CALL") and not following.arg
        for step, following in pairwise(steps)
    )


NO_STEPS = ("PUSH_NULL", "PRECALL", "CACHE", "EXTENDED_ARG")
"""Instructions between a function and its call, in one version of Python or another."""


def names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def tell(module: BaseModule, where: object) -> None:
    told: list[bool] = private(module, "_told_of_draws", list)
    if not told:
        told.append(True)
        warn(
            f"{where} draws from np.random or random in compute, which runs once for each "
            "kind of input: later runs get the same numbers. ops.uniform draws anew for each run."
        )
