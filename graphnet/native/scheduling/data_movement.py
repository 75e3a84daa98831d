"""Views and movements as calls: mostly no code at all, else copies."""

from __future__ import annotations

from graphnet.ir.core.program import Equation, literal
from graphnet.native.codegen.scan_body import parts_of
from graphnet.native.scheduling.schedule import Scheduler


def view(scheduler: Scheduler, equation: Equation) -> None:
    source = scheduler.at(equation.inputs[0])
    made = source.view(equation) or scheduler.copied(source).view(equation)
    assert made is not None
    scheduler.places[equation.outputs[0]] = made


def concatenate(scheduler: Scheduler, equation: Equation) -> None:
    target = scheduler.allocate(equation.outputs[0])
    parts = [(scheduler.at(atom), part) for atom, part in parts_of(equation, target)]
    for source, _ in parts:
        scheduler.materialise(source)
    scheduler.concatenated[target.pointer] = target, parts


def unslice(scheduler: Scheduler, equation: Equation) -> None:
    source, target = scheduler.at(equation.inputs[0]), scheduler.allocate(equation.outputs[0])
    zero = scheduler.at(literal(0, target.type.dtype)).broadcast(target.type)
    scheduler.copy(zero, target)
    scheduler.copy(source, target.window(equation.settings["window"], source.type))
