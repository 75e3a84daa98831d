"""A cell, or a net of cells, against equations in PyTorch: outputs and all gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import graphnet as gn
from tests.support.oracle import Tensor, torch


def scatter(cell: gn.Module, rng: np.random.Generator) -> gn.Module:
    """Parameters away from their first values, which may be all 0 or 1."""
    for parameter in cell.parameters():
        parameter.data += rng.normal(scale=0.3, size=parameter.shape)
    return cell


def check(
    cell: gn.Module,
    data: Sequence[np.ndarray],
    expected: Callable[..., Sequence[Tensor]],
    rng: np.random.Generator,
) -> None:
    """Outputs to 1e-12, gradients of all inputs and parameters to 1e-10."""
    named = {n: torch.tensor(p.data, requires_grad=True) for n, p in cell.named_parameters()}
    tensors = [torch.tensor(value, requires_grad=True) for value in data]
    wanted = list(expected(named, *tensors))
    run = cell.run(list(data) if len(data) > 1 else data[0])
    outputs = run.outputs if isinstance(run.outputs, list) else [run.outputs]
    for found, tensor in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(found, tensor.detach(), rtol=1e-12, atol=1e-12)
    seeds = [rng.normal(size=output.shape) for output in outputs]
    torch.autograd.backward(wanted, [torch.tensor(seed) for seed in seeds])
    cell.zero_grad()
    found = run.backward(seeds if len(seeds) > 1 else seeds[0])
    by_input = found if isinstance(found, list) else [found]
    for found, tensor in zip(by_input, tensors, strict=True):
        np.testing.assert_allclose(found, tensor.grad, rtol=1e-10, atol=1e-10)
    for name, parameter in cell.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[name].grad, rtol=1e-10, atol=1e-10)
