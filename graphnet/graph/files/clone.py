"""Cloning a module: a copy in which what was shared inside stays shared, without recursion."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.made_at import copy_line
from graphnet.graph.modules.parts import INDICES, UNSAVED
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.parameter import Parameter

Memo = dict[int, Any]


def clone_module(
    module: BaseModule, share: bool | Iterable[str], memo: Memo | None = None
) -> BaseModule:
    """A copy of a module and its parts.

    It shares the parameters and buffers named in ``share`` (True: all).
    """
    shared = (
        share
        if isinstance(share, bool)
        else frozenset([share] if isinstance(share, str) else share)
    )
    memo = {} if memo is None else memo
    if not isinstance(shared, bool):
        check_names(module, shared)
    for part in leaves_first(module):
        for name, array in (*part.own_parameters(), *part.own_buffers()):
            if shared is True or (shared and name in shared):
                memo[id(array)] = array
        clone_part(part, memo)
    result: BaseModule = memo[id(module)]
    return result


def check_names(module: BaseModule, names: Iterable[str]) -> None:
    """Every name must be that of a parameter or buffer."""
    arrays = (*module.named_parameters(), *module.named_buffers())
    known = {path.rpartition(".")[2] for path, _ in arrays}
    for name in names:
        if name not in known:
            raise GraphError(
                f"There is no parameter named {name!r} to share",
                f"There are: {', '.join(sorted(known)) or 'none'}",
            )


def leaves_first(module: BaseModule) -> list[BaseModule]:
    """All parts, each after the parts that it is made of."""
    order: list[BaseModule] = []
    state: dict[int, bool] = {}
    stack: list[tuple[BaseModule, bool]] = [(module, False)]
    while stack:
        part, opened = stack.pop()
        if opened:
            order.append(part)
        elif id(part) not in state:
            state[id(part)] = True
            stack.append((part, True))
            stack.extend((child, False) for _, child in reversed(list(part.named_children())))
    return order


def clone_part(part: BaseModule, memo: Memo) -> BaseModule:
    """A copy of one module whose parts are in the memo already."""
    result = object.__new__(type(part))
    memo[id(part)] = result
    part._copy_wiring(memo)
    for name, value in part.__dict__.items():
        if name not in (*UNSAVED, *INDICES):
            object.__setattr__(result, name, clone_value(value, memo))
    copy_line(part, result)
    result._after_copy()
    return result


def clone_value(value: Any, memo: Memo) -> Any:
    """A copy of an attribute; modules, nodes, parameters and buffers keep their identity."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Parameter):
        fresh = Parameter(value.data)
        fresh.grad = value.grad
        fresh.init = value.init
        memo[id(value)] = fresh
        return fresh
    if isinstance(value, Buffer):
        memo[id(value)] = Buffer.holding(value.data.copy())
        return memo[id(value)]
    if isinstance(value, list | tuple):
        copies = [clone_value(part, memo) for part in value]
        return type(value)(*copies) if hasattr(value, "_fields") else type(value)(copies)
    if isinstance(value, dict):
        return {key: clone_value(part, memo) for key, part in value.items()}
    return value if callable(value) else copy.deepcopy(value)
