"""Attributes of a closed graph: those that cannot change, and modules that no node has."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import INDICES, entries
from graphnet.graph.modules.registry import constructor_parameters, is_own
from graphnet.graph.values.module_array import ModuleArray


@lru_cache(maxsize=256)
def fixed_attributes(cls: type[BaseModule]) -> frozenset[str]:
    """What a closed graph keeps: its nodes, and the constructor arguments that made them."""
    classes = [each for each in cls.__mro__ if getattr(each, "_is_wired", False)]
    settings = {p.name for each in classes for p in constructor_parameters(each)}
    return frozenset((*settings, "inputs", "outputs", "nodes", "names", *INDICES))


def check_held(graph: BaseModule, name: str, value: Any) -> None:
    """Raise GraphError where an attribute holds a module, parameter or buffer that no node has."""
    held = [part for _, part in entries(name, value) if isinstance(part, BaseModule | ModuleArray)]
    if not held:
        return
    modules = [module for _, module in graph.named_modules() if module is not graph]
    known = set(map(id, modules))
    known.update(id(array) for module in modules for _, array in module.own_parameters())
    known.update(id(array) for module in modules for _, array in module.own_buffers())
    for part in held:
        if id(part) not in known:
            base = next(each.__name__ for each in type(graph).__mro__ if is_own(each))
            raise GraphError(
                f"cannot hold the {type(part).__name__} {name!r}, which none of its nodes has: it "
                "would be neither trained nor saved",
                f"Make a Module with two attributes, the {base} and this one, or a GModule with a "
                "node for each.",
                type(graph).__name__,
            )
