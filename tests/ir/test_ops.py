"""graphnet.ops: what an author of a module calls, on NumPy arrays and inside ``compute``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, ops
from graphnet.errors import GraphError, ShapeError
from graphnet.graph.nodes.refusals import module_of
from tests.support.numeric import numeric_gradient, relative_error

X = np.array([[0.5, 1.0, 2.0], [0.1, 0.2, 0.4]])

CASES: dict[str, tuple[Any, Any]] = {
    "concatenate": (lambda x: ops.concatenate([x, x * 2], axis=1), np.hstack([X, X * 2])),
    "stack": (lambda x: ops.stack([x, x], axis=2), np.stack([X, X], 2)),
    "softmax": (ops.softmax, np.exp(X) / np.exp(X).sum(1, keepdims=True)),
    "log_softmax": (ops.log_softmax, X - np.log(np.exp(X).sum(1, keepdims=True))),
    "logsumexp": (ops.logsumexp, np.log(np.exp(X).sum(1, keepdims=True))),
    "take": (lambda x: ops.take(x, np.array([1, 1])), X[[1, 1]]),
    "where": (lambda x: ops.where(x > 0.3, x, 0.0), np.where(X > 0.3, X, 0)),
    "scan": (lambda x: ops.scan(lambda c, s: ([c[0] + s[0]], [c[0]]), [x[0] * 0.0], [x], length=2)[0][0], X.sum(0)),
    "numpy's own names": (lambda x: np.sum(np.exp(x), axis=1) * np.max(x) + np.mean(x), np.exp(X).sum(1) * X.max() + X.mean()),
    "broadcast_to": (lambda x: ops.broadcast_to(x, (2, 2, 3)), np.broadcast_to(X, (2, 2, 3))),
    "cast": (lambda x: x * ops.cast(x > 0.3, float), X * (X > 0.3)),
    "zeros": (lambda x: x + ops.zeros((4, 1, 3)), np.broadcast_to(X, (4, 2, 3))),
    "einsum": (lambda x: ops.einsum("ij,kj->ki", x, x * 2), 2 * X @ X.T),
    "flip": (lambda x: ops.flip(x, 1) + ops.flip(x), X[:, ::-1] + X[::-1, ::-1]),
    "windows": (lambda x: ops.windows(x, [1], [2]), np.stack([X[:, :2], X[:, 1:]], 1)),
    "overlap_add": (lambda x: ops.overlap_add(ops.windows(x, [1], [2]), (2, 3), [-1]), X * [1, 2, 1]),
    "window_maxima": (lambda x: ops.window_maxima(x, [1], [2], strides=[1]), X[:, 1:]),
    "comparisons": (lambda x: ops.where(ops.less_equal(x, 0.3), x, x * 2), np.where(X <= 0.3, X, X * 2)),
    "mean of parts": (lambda x: (x[:, 1:] ** 2).mean(0), (X[:, 1:] ** 2).mean(0)),
}  # fmt: skip


class Written(gn.Module):
    def __init__(self, operation: Any) -> None:
        self.operation = operation

    def compute(self, x: Any) -> Any:
        return self.operation(x)


@pytest.mark.parametrize("name", CASES)
def test_an_operation_on_numpy_arrays_and_inside_compute(name: str) -> None:
    operation, expected = CASES[name]
    module, x = Written(operation), X.copy()
    if name != "mean of parts":
        np.testing.assert_allclose(operation(x), expected, rtol=1e-14)
    y = module.forward(x)
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    seed = np.cos(np.arange(y.size)).reshape(y.shape)
    numeric = numeric_gradient(lambda: float((module.forward(x) * seed).sum()), x)
    module.forward(x)
    assert relative_error(module.backward(x, seed), numeric) < 1e-8


def test_the_type_of_an_array_is_known_traced_or_not() -> None:
    seen = []
    Written(lambda x: seen.append(ops.type_of(x)) or x).forward(X)
    assert seen == [ops.type_of(X)]
    assert str(seen[0]) == "float64[2, 3]"


def test_layers_take_their_operations_from_ops() -> None:
    """The library's authors write as others do: no file in nn imports the primitives themselves."""
    folder = Path(nn.__file__).parent
    files = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    assert sum("from graphnet.ops import" in text for text in files.values()) > 20
    assert [path.name for path, text in files.items() if "graphnet.ir.primitives" in text] == []


class MergedLSTM(gn.Module):
    """The gates as one product of the joined weights: what an author writes for speed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.gates = [nn.Linear(2 * size, size) for _ in range(4)]

    def compute(self, table: Any) -> Any:
        x, c, h = table
        weight = ops.concatenate([gate.weight for gate in self.gates])
        bias = ops.concatenate([gate.bias for gate in self.gates])
        sums = ops.concatenate([x, h], axis=1) @ weight.T + bias
        i, f, o, g = (sums[:, k * self.size : (k + 1) * self.size] for k in range(4))
        next_c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return [next_c, ops.sigmoid(o) * ops.tanh(next_c)]


def test_a_merged_cell_equals_the_composed_one(rng: np.random.Generator) -> None:
    merged, cell = MergedLSTM(3), nn.lstm_cell(3, 3)
    for gate, name in zip(
        merged.gates, ["input_gate", "forget_gate", "output_gate", "candidate"], strict=True
    ):
        i2h, h2h = cell[f"{name}.i2h"], cell[f"{name}.h2h"]
        gate.weight[...] = np.hstack([i2h.weight, h2h.weight])
        gate.bias[...] = i2h.bias.data + h2h.bias.data
    data, seeds = list(rng.normal(size=(3, 2, 3))), list(rng.normal(size=(2, 2, 3)))
    for found, expected in zip(merged.forward(data), cell.forward(data), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    pairs = zip(merged.backward(data, seeds), cell.backward(data, seeds), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        merged.gates[1].bias.grad, cell["forget_gate.h2h"].bias.grad, rtol=1e-12
    )


NODE = nn.Linear(3, 3)(gn.input("x")).annotate(name="hidden")
ON_NODES: list[tuple[Any, str]] = [
    (lambda: ops.tanh(NODE), r"nn\.Tanh\(\)\(node\)"),
    (lambda: ops.sigmoid(NODE), r"nn\.Sigmoid\(\)\(node\)"),
    (lambda: ops.exp(NODE), r"nn\.Exp\(\)\(node\)"),
    (lambda: ops.absolute(NODE), r"nn\.Abs\(\)\(node\)"),
    (lambda: ops.softmax(NODE), r"nn\.SoftMax\(\)\(node\)"),
    (lambda: ops.log_softmax(NODE), r"nn\.LogSoftMax\(\)\(node\)"),
    (lambda: ops.maximum(NODE, NODE), r"nn\.CMaxTable\(\)\(\[a, b\]\)"),
    (lambda: ops.matmul(X, NODE), r"nn\.MM\(\)\(\[a, b\]\)"),
    (lambda: np.exp(NODE), r"nn\.Exp\(\)\(node\)"),
    (lambda: ops.cos(NODE), r"a module of your own calls ops\.cos in its compute"),
    (lambda: ops.stack([NODE, NODE]), r"a module of your own calls ops\.stack in its compute"),
    (lambda: ops.concatenate([NODE, NODE]), r"calls ops\.concatenate in its compute"),
    (lambda: ops.where(NODE, 1.0, 0.0), r"calls ops\.where in its compute"),
]


@pytest.mark.parametrize(("call", "hint"), ON_NODES)
def test_an_operation_on_a_node_names_the_module_that_does_it(call: Any, hint: str) -> None:
    said = rf"(ops|np)\.\w+ cannot be applied to the node Linear 'hidden' \(test_ops\.py:\d+\)\n.*{hint}"
    with pytest.raises(GraphError, match=said):
        call()


def test_the_modules_that_are_named_are_public_and_do_the_same() -> None:
    found = {name: module_of(getattr(ops, name)) for name in ops.__all__}
    named = {name: call.partition("(")[0] for name, call in found.items() if call}
    assert {"tanh", "sigmoid", "softmax", "matmul", "minimum"} <= named.keys()
    for name, module in named.items():
        pair = [X @ X.T, X @ X.T]
        given = pair if found[name].endswith("([a, b])") else pair[:1]
        expected = getattr(ops, name)(*given)
        result = getattr(nn, module)().forward(given if len(given) == 2 else given[0])
        np.testing.assert_allclose(result, expected)


def test_an_operation_on_a_table_says_so() -> None:
    for module in (nn.Tanh(), nn.Sequential(nn.ReLU()), Written(lambda x: ops.maximum(x[0], x))):
        with pytest.raises(
            (GraphError, ShapeError),  # of an operation, of a layer
            match=r"the table \[\(2, 3\), \(2, 3\)\](, expected an array)?\n(.*\n)?.*nn\.MapTable",
        ):
            module.forward([X, X])
