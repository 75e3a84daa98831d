"""Whether two nets compute the same function of their parameters: layouts, modules and wiring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import zip_longest
from typing import Any, final

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph import GModule, Module
from graphnet.graph.modules.annotations import plain
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.parameter import Parameter

HINT = "Build the net as it was; what is to differ can be changed after load()."


def require_same_net(source: Module, target: Module, name: str) -> None:
    """Raise FormatError unless two nets have the same parameters, modules and wiring.

    Parameters are matched by their places in the wiring. Names of nodes are the user's variables
    and may differ; where they have changed places with each other, it is another net.
    """
    require_same_parameters(source, target, name)
    require_same_buffers(source, target, name)
    numbers = Numbers([source, target])
    if numbers.of(source) == numbers.of(target):
        return
    raise FormatError(
        f"holds another net: {difference(source, target) or 'its modules are wired otherwise'}",
        HINT,
        name,
    )


def require_same_parameters(source: Module, target: Module, name: str) -> None:
    """Raise FormatError unless two nets have parameters of one layout: shapes, dtype, order."""
    found, expected = layout(source), layout(target)
    if kinds(source) == kinds(target) and not are_exchanged(names(source), names(target)):
        return
    sizes = [
        f"{len(net.parameters())} parameters ({size_of(net):,} numbers)" for net in (source, target)
    ]
    raise FormatError(
        f"holds a net with {sizes[0]}, expected {sizes[1]}; {first_difference(found, expected)}",
        "Build the net with the options of the checkpoint.",
        name,
    )


def require_same_buffers(source: Module, target: Module, name: str) -> None:
    """Raise FormatError unless two nets have buffers of the same shapes and dtypes, in order."""
    kinds = [[(b.dtype, b.shape) for b in net.buffers()] for net in (source, target)]
    if kinds[0] != kinds[1]:
        found, expected = (
            ", ".join(f"{path} {b.dtype}{list(b.shape)}" for path, b in net.named_buffers())
            for net in (source, target)
        )
        raise FormatError(
            f"holds a net with the buffers {found or 'none'}, expected {expected or 'none'}",
            HINT,
            name,
        )


@final
class Numbers:
    """A number for each module: the same for those that compute the same with the same parameters.

    Parameters of several nets are the same if they have the same place among those of their net.
    """

    def __init__(self, nets: Sequence[Module]) -> None:
        self._known: dict[Hashable, int] = {}
        self._modules: dict[int, int] = {}
        self._places = {p: place for net in nets for place, p in enumerate(net.parameters())}

    def of(self, module: BaseModule) -> int:
        """The number of a module, found once; the module must stay alive meanwhile."""
        if id(module) not in self._modules:
            self._modules[id(module)] = self._found(module)
        return self._modules[id(module)]

    def _found(self, module: BaseModule) -> int:
        """A graph is known by its outputs, whatever the order in which its nodes were made."""
        if not isinstance(module, GModule):
            children = tuple(self.of(child) for _, child in module.named_children())
            own = tuple(self._places[parameter] for _, parameter in module.own_parameters())
            return self._number((type(module).__name__, settings(module), children, own))
        nodes: dict[Any, int] = {}
        places = {node: place for place, node in enumerate(module.inputs)}
        for node in module.nodes:
            parents = tuple(nodes[parent] for parent in node.parents)
            kind = (self.of(node.module), places.get(node), tuple(node.slots), parents)
            nodes[node] = self._number(kind)
        return self._number(("graph", *(nodes[node] for node in module.outputs)))

    def _number(self, key: Hashable) -> int:
        return self._known.setdefault(key, len(self._known))


def settings(module: BaseModule) -> str:
    """The arguments of a module that are neither modules nor arrays, as text."""
    arguments = {name: plain(value) for name, value in module.arguments().items()}
    left_out = (BaseModule, Parameter, np.ndarray)
    shown = {name: v for name, v in arguments.items() if not isinstance(v, left_out)}
    return ", ".join(f"{name}={value!r}" for name, value in sorted(shown.items()))


def difference(source: Module, target: Module) -> str:
    """The modules that one net has and the other has not; or nothing."""
    ours, theirs = leaves(target), leaves(source)
    more, less = theirs - ours, ours - theirs
    parts = [f"it has {listed(more)}"] if more else []
    parts += [f"{'expected' if more else 'it lacks'} {listed(less)}"] if less else []
    return ", ".join(parts)


def leaves(net: Module) -> Counter[str]:
    """The modules without parts, with their settings."""
    parts = [part for _, part in net.named_modules() if not any(part.named_children())]
    return Counter(f"{type(part).__name__}({settings(part)})" for part in parts)


def listed(found: Counter[str], most: int = 3) -> str:
    shown = ", ".join(list(found)[:most])
    return shown + (f" and {len(found) - most} kinds more" if len(found) > most else "")


def are_exchanged(found: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether names have changed places with each other: ``a, b`` and ``b, a``, or a longer ring.

    A name that another parameter has taken over, whose own one is gone, belongs to no ring.
    """
    place_of = {name: place for place, name in enumerate(expected)}
    moves = {i: place_of[name] for i, name in enumerate(found) if place_of.get(name, i) != i}
    while ends := moves.keys() - moves.values() | {i for i, to in moves.items() if to not in moves}:
        for end in ends:
            del moves[end]
    return bool(moves)


def names(net: Module) -> list[str]:
    return [name for name, _ in net.named_parameters()]


def kinds(net: Module) -> list[str]:
    return [f"{p.dtype}{list(p.shape)}" for _, p in net.named_parameters()]


def layout(net: Module) -> list[str]:
    return [f"{name} {p.dtype}{list(p.shape)}" for name, p in net.named_parameters()]


def size_of(net: Module) -> int:
    return sum(parameter.size for parameter in net.parameters())


def first_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    """As ``its parameter 3 is a.weight float64[2], expected b.weight float64[2]``."""
    pairs = enumerate(zip_longest(found, expected, fillvalue="none"), 1)
    index, (theirs, ours) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
    return f"its parameter {index} is {theirs}, expected {ours}"


def copy_values(source: Module, target: Module) -> None:
    """Give one net the parameters and buffers of another of the same layout."""
    for ours, theirs in zip(target.parameters(), source.parameters(), strict=True):
        ours.data = theirs.data
    for mine, other in zip(target.buffers(), source.buffers(), strict=True):
        mine.data = other.data
