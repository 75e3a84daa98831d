"""Training steps of graphs and perceptrons: results and gradients by number, in each library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import graphnet as gn
from graphnet import nn
from peers.ours import Weighted

Arrays = list[np.ndarray]
Call = Callable[[], Arrays]


def own_step(net: Any, x: np.ndarray, way: str) -> Call:
    """Forward, and backward from ones, of a graph: output, gradient of x, of the parameters."""
    seed = np.ones_like(x)
    parameters = list(net.parameters())
    if way == "compile_step":
        compiled = gn.compile_step(net, Weighted(), input_gradients=True, accumulate=False)

        def fast() -> Arrays:
            result = compiled.run(x, seed)
            return [result.outputs, result.grad_inputs, *[p.grad for p in parameters]]

        return fast

    def step() -> Arrays:
        for parameter in parameters:
            parameter.zero_grad()
        run = net.run(x, keep=False)
        gradient = run.backward(seed)
        return [run.outputs, gradient, *[parameter.grad for parameter in parameters]]

    return step


def torch_step(model: Any, x: np.ndarray, call: Any = None) -> Call:
    """The same of a PyTorch module, called as ``call`` where it is compiled."""
    leaf, seed = torch.tensor(x, requires_grad=True), torch.ones(x.shape)
    leaves, forward = [leaf, *model.parameters()], model if call is None else call

    def step() -> Any:
        for each in leaves:
            each.grad = None
        output = forward(leaf)
        output.backward(seed)
        return [output.detach(), *[each.grad for each in leaves]]

    return step


def own_training(net: Any, x: np.ndarray, target: np.ndarray, way: str) -> Call:
    """A step with the likelihood of classes: loss, and gradients of the parameters."""
    parameters, criterion = list(net.parameters()), nn.ClassNLLCriterion()
    if way == "compile_step":
        compiled = gn.compile_step(net, criterion, accumulate=False)

        def fast() -> Any:
            return [compiled(x, target), *[parameter.grad for parameter in parameters]]

        return fast
    y, given = gn.input(), gn.input()
    whole = gn.GModule([y, given], criterion([net(y), given])).compile(net.is_compiled)

    def step() -> Any:
        for parameter in parameters:
            parameter.zero_grad()
        run = whole.run([x, target], keep=False)
        run.backward()
        return [run.outputs, *[parameter.grad for parameter in parameters]]

    return step


def torch_training(model: Any, x: np.ndarray, target: np.ndarray, call: Any = None) -> Call:
    inputs, classes = torch.from_numpy(x), torch.from_numpy(target)
    parameters, forward = list(model.parameters()), model if call is None else call

    def step() -> Any:
        for parameter in parameters:
            parameter.grad = None
        loss = torch.nn.functional.nll_loss(forward(inputs), classes)
        torch.autograd.backward(loss)
        return [loss.detach(), *[parameter.grad for parameter in parameters]]

    return step


def require_agreement(ours: Call, peer: Call, tolerance: float = 1e-3) -> None:
    """End the benchmark where the two sides compute different things."""
    for index, (a, b) in enumerate(zip(ours(), peer(), strict=True)):
        own, theirs = np.asarray(a), np.asarray(b)
        worst = np.abs(own - theirs).max(initial=0)
        if not worst <= tolerance * np.abs(theirs).max(initial=0):
            raise SystemExit(f"result {index} differs by {worst}; nothing was timed")
