"""A training step on the one vector of a net's parameters, where that is faster."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from graphnet import forkable
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.accumulation import Accumulator
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.running.step_program import emit, filled_with
from graphnet.graph.tracing.traced import Traced
from graphnet.graph.values.flat import contiguous, flatten
from graphnet.graph.values.parameter import Flat, Parameter
from graphnet.graph.values.sources import Source
from graphnet.ir.core.program import Atom, Equation, Program, Var, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.shaping import concatenate, reshape
from graphnet.native import is_available

SMALL = 2**14
"""Numbers in a parameter, on average, up to which calls cost more than copies of gradients."""


_binding = forkable.Lock()  # the arrays of parameters may be moved into one vector


@_binding.guards
def step_executable(net: BaseModule, traced: Traced, linked: LinkedProgram) -> Executable:
    """A training step bound to the arrays that the parameters of the net have now."""
    parameters = list(net.parameters())
    flat = flat_of(parameters) if fits_vector(parameters, linked) else None
    if flat is not None:
        linked = on_vector(linked, parameters, flat)
    return Executable(net, traced, linked, Accumulator(parameters, linked, flat), flat)


def fits_vector(parameters: Sequence[Parameter], linked: LinkedProgram) -> bool:
    """Whether the parameters are small and all of the program becomes machine code."""
    sizes = [parameter.size for parameter in parameters]
    if sum(sizes) > SMALL * len(sizes) or not is_available():
        return False
    from graphnet.native.scheduling.support import reason_not_native

    return not any(reason_not_native(equation) for equation in linked.program.equations)


def flat_of(parameters: Sequence[Parameter]) -> Flat | None:
    """The vectors that all parameters lie in, in their order.

    None where a net that shares some was flattened later, or for several dtypes.
    """
    if not parameters:
        return None
    if any(parameter._flat is None for parameter in parameters):
        flatten(parameters)
    return contiguous(parameters)


def on_vector(linked: LinkedProgram, parameters: Sequence[Parameter], flat: Flat) -> LinkedProgram:
    """The same with the parameters as one input, and their gradients as one output.

    Each array that goes in or out costs a call about a microsecond, and each gradient another to
    be added. Slices of the vector cost nothing. Made once for the same parameters.
    """
    memo = linked.program.memo
    known: tuple[list[Parameter], LinkedProgram] | None = memo.get("on vector")
    if known is None or known[0] != list(parameters):
        known = list(parameters), rewritten(linked, vector_of(parameters, flat))
        memo["on vector"] = known
    return known[1]


def vector_of(parameters: Sequence[Parameter], flat: Flat) -> Vector:
    ends = accumulate(parameter.size for parameter in parameters)
    starts = {p: end - p.size for p, end in zip(parameters, ends, strict=True)}
    return Vector(ArrayType(flat.data.shape, flat.data.dtype), starts)


def rewritten(linked: LinkedProgram, vector: Vector) -> LinkedProgram:
    program, starts = linked.program, vector.starts
    whole = Var(vector.type)
    equations: list[Equation] = []
    apart: list[tuple[Var, Source]] = []
    for var, source in zip(program.inputs, linked.sources, strict=True):
        if isinstance(source, Parameter) and source in starts:
            emit_slice(var, whole, starts[source], equations)
        else:
            apart.append((var, source))
    equations += program.equations
    inside = {at for source, at in linked.gradients.items() if source in starts}
    kept = [i for i in range(len(program.outputs)) if i not in inside]
    moved = {old: new for new, old in enumerate(kept)}
    outputs = [program.outputs[i] for i in kept]
    gradients = {s: moved[at] for s, at in linked.gradients.items() if at not in inside}
    if inside:
        gradients[vector] = len(outputs)
        outputs.append(concatenated_gradients(linked, vector, equations))
    return LinkedProgram(
        Program((*(var for var, _ in apart), whole), equations, tuple(outputs)),
        [*(source for _, source in apart), vector],
        gradients,
    )


def emit_slice(var: Var, whole: Var, start: int, equations: list[Equation]) -> None:
    """Compute what was an input of the program: a slice of the vector."""
    part = Var(ArrayType((var.type.size,), var.type.dtype))
    window = ((start, start + var.type.size, 1),)
    emit(equations, slice_, (whole,), {"window": window}, part)
    emit(equations, reshape, (part,), {"shape": var.type.shape}, var)


def concatenated_gradients(linked: LinkedProgram, vector: Vector, equations: list[Equation]) -> Var:
    """The gradients one after the other, zeros for parameters that have none."""
    parts: list[Atom] = []
    for parameter in vector.starts:
        flat = Var(ArrayType((parameter.size,), vector.type.dtype))
        if parameter in linked.gradients:
            gradient = linked.program.outputs[linked.gradients[parameter]]
            emit(equations, reshape, (gradient,), {"shape": flat.type.shape}, flat)
            parts.append(flat)
        else:
            parts.append(filled_with(literal(0.0, flat.type.dtype), flat.type, equations))
    return emit(equations, concatenate, tuple(parts), {"axis": 0}, Var(vector.type))
