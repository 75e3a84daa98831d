"""Nets of the campaigns: plain and compiled, with the numbers that they must give."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from graphnet.ir import Program, interpreter, trace
from graphnet.ir.core.types import ArrayType
from graphnet.native import compiled

TOLERANCE = {"rtol": 1e-11, "atol": 1e-12}


def chain(inputs: int = 6, hidden: int = 19) -> gn.GModule:
    """A net with a sequence and with what is none."""
    x = gn.input()
    states = nn.SelectTable(0)(nn.Recurrent(nn.lstm_cell(inputs, hidden))(x))
    scores = nn.LogSoftMax()(nn.Linear(hidden, 7)(nn.Tanh()(nn.Linear(hidden, hidden)(states))))
    return gn.GModule(x, [scores, nn.Sum(0)(states)])


def small() -> gn.GModule:
    x = gn.input()
    return gn.GModule(x, nn.Linear(9, 2)(nn.Tanh()(nn.Linear(4, 9)(x))))


def both_ways(net: gn.GModule, xs: np.ndarray) -> list[np.ndarray]:
    """What a run gives: outputs and the gradient of the input."""
    run = net.run(xs)
    outputs = run.outputs if isinstance(run.outputs, list) else [run.outputs]
    seeds = [np.ones_like(output) for output in outputs]
    gradient = run.backward(seeds if isinstance(run.outputs, list) else seeds[0])
    return [*outputs, gradient]


def gradients(net: gn.GModule) -> list[np.ndarray]:
    return [parameter.grad.copy() for parameter in net.parameters()]


def require_equal(found: list[Any], expected: list[Any], exact: bool = False) -> None:
    for received, right in zip(found, expected, strict=True):
        if exact:
            np.testing.assert_array_equal(received, right)
        else:
            np.testing.assert_allclose(received, right, **TOLERANCE)


def new_program(number: int) -> tuple[Program, list[np.ndarray]]:
    """A program with kernels of its own: a constant that no other number has."""

    def function(x: Any) -> Any:
        return np.tanh(x * (1 + number / 2**20)) + number

    return trace(function, ArrayType((5,), np.dtype(float))), [np.linspace(-1, 1, 5)]


def compile_new(number: int) -> None:
    """Compile and run a program that was not compiled before."""
    program, arrays = new_program(number)
    require_equal(interpreter(compiled(program))(arrays), interpreter(program)(arrays))
