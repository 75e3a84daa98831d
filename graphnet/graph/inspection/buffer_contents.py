"""What the buffers and calls of a plan are for, in words, with names of nodes."""

from __future__ import annotations

from collections.abc import Container, Iterable
from enum import Enum
from typing import TYPE_CHECKING

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Var
from graphnet.native.analysis.attribution import Attribution, common_prefix
from graphnet.native.scheduling.buffers import Buffer, BufferRole

if TYPE_CHECKING:
    from graphnet.native.scheduling.calls import KernelCall

NAMED = 3
"""Of more nodes than these, only the common prefix or the number is shown."""


class Holding(Enum):
    """What a buffer holds, as a plan says it before the names of nodes."""

    VALUES = "values of"
    GRADIENTS = "gradients of"
    JOINED_WEIGHTS = "joined weights of"
    PACKED_OPERAND = "packed operand of"
    PACKED_WEIGHTS = "packed weights of"
    WORKING_MEMORY = "working memory of the scan"
    COPY = "copy for"


def contents(
    buffer: Buffer, attribution: Attribution, made: Container[Var]
) -> tuple[tuple[str, ...], str]:
    """The nodes that a buffer belongs to, and a description; ``made`` are the values of forward."""
    if buffer.role in (BufferRole.VALUES, BufferRole.STEPS) and buffer.var is not None:
        holding, nodes = held(buffer.var, attribution, made)
        return nodes, described(holding, nodes) + " at each step" * (
            buffer.role is BufferRole.STEPS
        )
    shares: dict[str, float] = {}
    for equation in buffer.equations:
        shares.update(attribution.shares(equation))
    nodes = tuple(shares)
    if buffer.role is BufferRole.PANELS:
        products = [
            e.inputs[1] for e in buffer.equations if e.primitive.kind is PrimitiveKind.PRODUCT
        ]
        owners = attribution.owners(products[0]) if products else None
        nodes = tuple(owners or nodes)
        return nodes, described(
            Holding.PACKED_OPERAND if owners is None else Holding.PACKED_WEIGHTS, nodes
        )
    holding = Holding.WORKING_MEMORY if buffer.role is BufferRole.WORKING_MEMORY else Holding.COPY
    return nodes, described(holding, nodes)


def held(
    var: Var, attribution: Attribution, made: Container[Var]
) -> tuple[Holding, tuple[str, ...]]:
    """What a buffer of a variable holds, and the nodes that it belongs to."""
    if owners := attribution.owners(var):
        return Holding.JOINED_WEIGHTS, tuple(owners)
    holding = Holding.VALUES if var in made else Holding.GRADIENTS
    return holding, tuple(attribution.of_value(var))


def described(holding: Holding, nodes: Iterable[str]) -> str:
    """``packed weights of layer1.i2h``."""
    return f"{holding.value} {names(nodes)}".rstrip()


def names(paths: Iterable[str]) -> str:
    """Names of nodes, abbreviated: ``layer1.*.i2h`` or ``layer1 (8 nodes)``."""
    paths = [path or "the whole net" for path in paths]
    if len(paths) <= NAMED:
        return ", ".join(paths)
    around = common_prefix(paths)
    ends = {path.rpartition(".")[2] for path in paths}
    if len(ends) == 1:
        return ".".join(filter(None, (around, "*", *ends)))
    return f"{around} ({len(paths)} nodes)" if around else f"{len(paths)} nodes"


def call_text(call: KernelCall, attribution: Attribution) -> str:
    """``product for layer1.forget_gate.i2h``."""
    shares: dict[str, float] = {}
    for equation in call.served:
        shares.update(attribution.shares(equation))
    return f"{call.code.kind.value} for {names(shares)}"
