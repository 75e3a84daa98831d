"""The class of a user's module: that it defines ``compute``, and of one value."""

from __future__ import annotations

from inspect import Parameter, signature
from types import FunctionType
from typing import Any

from graphnet.errors import GraphError
from graphnet.source import place


def check_compute(cls: Any) -> None:
    """Raise GraphError for ``forward`` in place of ``compute``, and for one of several inputs."""
    methods = vars(cls)
    forward, compute = methods.get("forward"), methods.get("compute")
    is_missing = getattr(cls.compute, "__isabstractmethod__", False)
    if is_missing and isinstance(forward, FunctionType):
        raise GraphError(
            "defines forward, and no compute",
            "Rename forward to compute: what a module computes is its compute(self, x); forward, "
            "which runs it, is there already.",
            subject_of(cls, forward),
        )
    if isinstance(compute, FunctionType):
        names = required(compute)
        if not takes_value(compute):
            raise GraphError(
                f"takes no input in compute({', '.join(names)})",
                "It receives one value, an array or a table: def compute(self, x).",
                subject_of(cls, compute),
            )
        if len(names) > 2:
            inputs = ", ".join(names[1:])
            raise GraphError(
                f"takes {len(names) - 1} inputs in compute, which receives one value",
                f"Several inputs are one table: def compute(self, inputs): {inputs} = inputs.",
                subject_of(cls, compute),
            )


def takes_value(method: FunctionType) -> bool:
    """Whether a method can be called with one value beside ``self``."""
    try:
        signature(method).bind_partial(None, None)
    except TypeError:
        return False
    return True


def subject_of(cls: type, method: FunctionType) -> str:
    return f"{cls.__name__} ({place(method.__code__.co_filename, method.__code__.co_firstlineno)})"


def required(method: FunctionType) -> list[str]:
    """The names of the arguments that a call must give, ``self`` among them."""
    return [
        name
        for name, parameter in signature(method).parameters.items()
        if parameter.default is Parameter.empty
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
