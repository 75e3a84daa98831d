"""JAX's side: the same equations under lax.scan, jitted, with value_and_grad."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from peers.case import Case, Data, Results
from peers.equations import EQUATIONS, draws_per_direction, state_sizes
from peers.ours import Side, output_size, parameters


class Direction:
    """The operations on one direction's weights, and its scan."""

    sigmoid = staticmethod(jax.nn.sigmoid)
    tanh = staticmethod(jnp.tanh)
    where: Any = staticmethod(jnp.where)

    def __init__(self, case: Case, weights: dict[str, Any], prefix: str) -> None:
        self.weights, self.prefix, self.is_training = weights, prefix, case.train
        self.equations, self.reverse = EQUATIONS[case.cell], prefix.endswith("_reverse")
        self.sizes = state_sizes(case.cell, case.shape[-1], output_size(case))

    def of(self, name: str, kind: str) -> Any:
        return self.weights.get(f"{self.prefix}.{name}.{kind}")

    def linear(self, name: str, x: Any) -> Any:
        product, bias = x @ self.of(name, "weight").T, self.of(name, "bias")
        return product if bias is None else product + bias

    def scale(self, name: str, x: Any) -> Any:
        return self.of(name, "weight") * x

    def norm(self, name: str, x: Any) -> Any:
        scaled = jax.nn.standardize(x, axis=-1, epsilon=1e-5) * self.of(name, "weight")
        bias = self.of(name, "bias")
        return scaled if bias is None else scaled + bias

    def quarters(self, x: Any) -> Any:
        return jnp.split(x, 4, axis=-1)

    def run(self, xs: Any, live: Any, draws: list[Any]) -> Any:
        states = [jnp.zeros((xs.shape[1], size), xs.dtype) for size in self.sizes]

        def step(carry: list[Any], now: Any) -> tuple[list[Any], Any]:
            x, alive, drawn = now
            new = self.equations(self, x, carry, drawn)
            output = new[-1]
            if alive is not None:
                output = jnp.where(alive, output, 0)
                new = [jnp.where(alive, a, b) for a, b in zip(new, carry, strict=True)]
            return new, output

        return lax.scan(step, states, (xs, live, draws), reverse=self.reverse)[1]


def forward(case: Case, weights: dict[str, Any], xs: Any, live: Any, draws: list[Any]) -> Any:
    """The outputs of all layers."""
    prefixes = sorted(dict.fromkeys(name.partition(".")[0] for name in weights))
    ways = 2 if case.bidirectional else 1
    each = draws_per_direction(case.cell) if draws else 0
    for first in range(0, len(prefixes), ways):
        outputs = [
            Direction(case, weights, prefixes[k]).run(xs, live, draws[k * each : (k + 1) * each])
            for k in range(first, first + ways)
        ]
        xs = jnp.concatenate(outputs, -1)
    return xs


def side(case: Case, net: Any, data: Data) -> Side:
    """The step compiled ahead of time; random numbers are drawn by a jitted function of its own."""
    jax.config.update("jax_enable_x64", case.dtype == "float64")  # type: ignore[no-untyped-call]
    weights = {name: jnp.asarray(p.data.copy()) for name, p in parameters(net).items()}
    xs, seed = jnp.asarray(data.xs), jnp.asarray(data.seed)
    live = None if data.live is None else jnp.asarray(data.live)
    directions = case.layers * (2 if case.bidirectional else 1)
    count = directions * draws_per_direction(case.cell) if case.train else 0
    shape, keys = (*data.xs.shape[:2], case.shape[-1]), [jax.random.key(0, impl="rbg")]

    @jax.jit
    def drawn(key: Any) -> Any:
        key, *others = jax.random.split(key, count + 1)
        return key, [jax.random.uniform(other, shape, xs.dtype) for other in others]

    def draws() -> list[Any]:
        if not count:
            return []
        keys[0], arrays = drawn(keys[0])
        return list(arrays)

    def loss(weights: Any, xs: Any, draws: Any) -> Any:
        output = forward(case, weights, xs, live, draws)
        return (output * seed).sum(), output

    if case.train:
        function = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
    else:
        function = jax.jit(lambda weights, xs, draws: loss(weights, xs, draws)[1])
    start = time.perf_counter()
    compiled = function.lower(weights, xs, draws()).compile()
    compile_seconds = time.perf_counter() - start

    def step() -> Any:
        return jax.block_until_ready(compiled(weights, xs, draws()))  # type: ignore[no-untyped-call]

    def results(given: list[np.ndarray]) -> Results:
        found = compiled(weights, xs, [jnp.asarray(array) for array in given])
        if not case.train:
            return Results(np.asarray(found), None, {})
        (_, output), (gradients, to_xs) = found
        by_name = {name: np.asarray(array) for name, array in gradients.items()}
        return Results(np.asarray(output), np.asarray(to_xs), by_name)

    return Side(step, results, compile_seconds)
