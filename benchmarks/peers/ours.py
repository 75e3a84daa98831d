"""This project's side: the net of a case, and the ways of running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from graphnet.graph.modules.optional import arranged
from peers.case import Case, Data, Results

WAYS = ("compile_step", "run")
"""How a training step is run: forward and backward of the net, or one function with the loss."""


def build(case: Case) -> Any:
    """The net: ``nn.Recurrent`` for the plain case, else ``nn.stack``."""
    gn.manual_seed(0)
    _, _, size, hidden = case.shape
    make = nn.CELLS[case.cell]
    layers: list[Any] = []
    for _ in range(case.layers):
        pair = [make(size, hidden) for _ in range(2 if case.bidirectional else 1)]
        layers.append(tuple(pair) if case.bidirectional else pair[0])
        size = len(pair) * output_size(case)
    net: gn.Module = nn.Recurrent(layers[0]) if case.is_plain else nn.stack(*layers)
    return net.astype(case.dtype).train(case.train)


def output_size(case: Case) -> int:
    """What one direction of a layer shows at a step."""
    hidden = case.shape[-1]
    return max(1, hidden // 2) if case.cell == "lstm_cell_projected" else hidden


def total_output_size(case: Case) -> int:
    return output_size(case) * (2 if case.bidirectional else 1)


def parameters(net: Any) -> dict[str, Any]:
    """Parameters by the names that a stack gives: ``layer1.forget_gate.i2h.weight``."""
    prefix = "layer1." if isinstance(net, nn.Recurrent) else ""
    return {prefix + name: parameter for name, parameter in net.named_parameters()}


def multiply_adds(net: Any, data: Data) -> int:
    """Of the products of one forward, padding included."""
    found: int = net.summary(data.xs.shape).multiply_adds
    return found


class GivenDraws:
    """A generator that gives these arrays, so that peers can have the same random numbers."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self._arrays = iter(arrays)

    def random(self, shape: Any, dtype: Any) -> np.ndarray:
        drawn = next(self._arrays)
        assert drawn.shape == tuple(shape)
        return drawn.astype(dtype)


@dataclass
class Side:
    """One way of doing a case: what is timed, and what it computes, from given random numbers."""

    step: Callable[[], object]
    results: Callable[[list[np.ndarray]], Results]
    compile_seconds: float | None = None


class Weighted(nn.Criterion):
    """sum(output · target): its gradient is the target, which makes any seed a loss."""

    def loss(self, input: Any, target: Any) -> Any:
        return (input * target).sum()


def training_step(net: Any, data: Data, way: str) -> Callable[[], tuple[Any, Any]]:
    """The one place that says how ours trains; gives the output and the input's gradient."""
    named = {} if data.lengths is None else {"lengths": data.lengths}
    if way == "compile_step":
        compiled = gn.compile_step(
            net, Weighted(), select=0, input_gradients=True, accumulate=False
        )
        inputs = arranged(net, (data.xs,), named)

        def fast() -> tuple[Any, Any]:
            result = compiled.run(inputs, data.seed)
            return result.outputs[0], result.grad_inputs

        return fast

    def step() -> tuple[Any, Any]:
        net.zero_grad()
        run = net.run(data.xs, keep=False, **named)
        gradient = run.backward([data.seed, *[None] * (len(run.outputs) - 1)])
        return run.outputs[0], gradient

    return step


def side(net: Any, data: Data, way: str = WAYS[0]) -> Side:
    """Ours, compiled or not as the net is."""
    named = {} if data.lengths is None else {"lengths": data.lengths}

    def infer() -> tuple[Any, Any]:
        return net.forward(data.xs, **named)[0], None

    step = training_step(net, data, way) if net.is_training else infer

    def results(draws: list[np.ndarray]) -> Results:
        net.seed(0)
        if draws:
            object.__setattr__(net, "_generator", GivenDraws(draws))
        output, gradient = step()
        net.seed(0)
        if isinstance(gradient, list):  # of the table of input, states, lengths
            gradient = gradient[0]
        grads = parameters(net).items() if net.is_training else ()
        return Results(np.array(output), gradient, {name: p.grad.copy() for name, p in grads})

    return Side(step, results)
