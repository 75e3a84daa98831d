"""Running: the two calls of Torch, runs with every node's value and gradient, modes, dtypes, summary."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, GraphnetError, NumericsError, ShapeError
from tests.support.numeric import numeric_gradient, relative_error


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_blog_example_equals_the_sum_by_hand(dtype: str) -> None:
    net = blog().astype(dtype)
    x1, x2, x3 = (x.astype(dtype) for x in DATA)
    weight, bias = net.parameters()
    by_hand = x2 * (weight @ x3 + bias) + x1
    np.testing.assert_array_max_ulp(net.forward([x1, x2, x3]), by_hand, maxulp=1)


def test_the_gradients_of_the_blog_example_equal_finite_differences(
    rng: np.random.Generator,
) -> None:
    net = blog()
    data = [x.copy() for x in DATA]
    seed = rng.normal(size=10)
    net.forward(data)
    by_input = net.backward(data, seed)
    arrays = [*data, *(p.data for p in net.parameters())]
    found = [*by_input, *(p.grad for p in net.parameters())]
    for array, gradient in zip(arrays, found, strict=True):
        expected = numeric_gradient(lambda: float((net.forward(data) * seed).sum()), array)
        assert relative_error(gradient, expected) < 1e-7


def test_a_run_keeps_the_value_and_gradient_of_every_node() -> None:
    net = blog()
    run = net.run(DATA)
    np.testing.assert_array_equal(run["linear"], run[net["linear"]])
    assert run.names == ["x1", "x2", "x3", "linear", "cmultable", "z"]
    with pytest.raises(GraphError, match=r"Call run.backward"):
        run.grad  # noqa: B018
    run.backward(np.ones(10))
    np.testing.assert_array_equal(run.grad["linear"], DATA[1])
    np.testing.assert_array_equal(run.grad[net["x2"]], run["linear"])
    with pytest.raises(GraphError, match="no node named 'gate'"):
        run["gate"]
    with pytest.raises(GraphError, match="not in this graph"):
        run[gn.input()]


def test_gradients_add_up_until_they_are_zeroed() -> None:
    net = blog()
    for _ in range(2):
        net.forward(DATA)
        net.backward(DATA, np.ones(10))
    np.testing.assert_array_equal(net.parameters()["linear.bias"].grad, np.full(10, 4.0))
    net.zero_grad()
    assert not any(p.grad.any() for p in net.parameters())


def test_runs_are_independent() -> None:
    net = blog()
    first, second = net.run(DATA), net.run([DATA[0], DATA[1], -DATA[2]])
    np.testing.assert_array_equal(first.backward(np.ones(10))[1], first["linear"])
    np.testing.assert_array_equal(second.backward(np.ones(10))[1], second["linear"])


def test_one_graph_serves_several_threads() -> None:
    net = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 1))
    inputs = [np.full((3, 5), float(i)) for i in range(8)]
    expected = [net.forward(x) for x in inputs]
    failures: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            if not np.array_equal(net.forward(inputs[index]), expected[index]):
                failures.append(index)
            net.backward(inputs[index], np.ones((3, 1)))

    net.zero_grad()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert float(net.parameters()[3].grad[0]) == 8 * 50 * 3


def test_results_do_not_alias_parameters_or_inputs() -> None:
    identity = nn.Identity()
    x = np.ones(3)
    identity.forward(x)[:] = 5
    np.testing.assert_array_equal(x, np.ones(3))
    table = nn.LookupTable(3, 2)
    before = table.weight.data.copy()
    table.forward(np.array([0, 1, 2]))[:] = 9
    np.testing.assert_array_equal(table.weight.data, before)


def test_outputs_and_gradients_may_be_changed_in_place() -> None:
    """Nothing that is handed out is still needed inside, nor is what was handed in."""
    net = nn.Tanh()
    x = np.array([0.5])
    for _ in range(2):
        y = net.forward(x)
        y *= 0
        np.testing.assert_allclose(net.backward(x, np.ones(1)), 1 - np.tanh(0.5) ** 2)
    g = np.ones(2)
    add = nn.CAddTable()
    add.forward([np.ones(2), np.ones(2)])
    first, second = add.backward([np.ones(2), np.ones(2)], g)
    first *= 5
    np.testing.assert_array_equal([second, g], np.ones((2, 2)))
    square = nn.Square()
    batch = np.full(2, 3.0)
    run = square.run(batch)
    batch[:] = 100
    np.testing.assert_array_equal(run.backward(np.ones(2)), [6, 6])


def test_values_of_a_run_are_read_only() -> None:
    run = blog().run(DATA)
    run.backward(np.ones(10))
    for value in (run["linear"], run["x1"], run.grad["linear"]):
        with pytest.raises(ValueError, match="read-only"):
            value[0] = 7


def test_a_node_that_passes_its_input_on_has_a_gradient_of_its_own() -> None:
    x = gn.input()
    a, b = nn.Identity()(x), nn.Tanh()(x)
    z = a + b
    run = gn.GModule(x, z).run(np.zeros(1))
    run.backward(np.ones(1))
    assert [float(run.grad[n][0]) for n in ("x", "a", "b", "z")] == [2, 1, 1, 1]
    t = gn.input()
    first, second = t.split(2)
    whole = nn.CAddTable()(t)
    run = gn.GModule(t, [first, second, whole]).run([np.ones(1), np.ones(1)])
    run.backward([np.full(1, 3.0), np.ones(1), np.ones(1)])
    assert float(run.grad["first"][0]) == 3
    assert [float(g[0]) for g in run.grad["t"]] == [4, 2]


def test_a_run_keeps_what_is_asked() -> None:
    net = blog()
    run = net.run(DATA, keep=["linear"])
    run.backward(np.ones(10))
    assert run.names == ["linear"]
    np.testing.assert_array_equal(run.grad["linear"], DATA[1])
    assert net.run(DATA, keep=False).names == []
    with pytest.raises(GraphError, match="There is no node named 'gate'"):
        net.run(DATA, keep=["gate"])


def test_evaluation_keeps_no_residuals_but_has_the_same_gradients() -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    data = [np.ones((4, 1, 2)), np.zeros((1, 3)), np.zeros((1, 3))]
    seeds = [np.ones((4, 1, 3)), np.ones((1, 3)), np.ones((1, 3))]
    expected = net.run(data).backward(seeds)
    found = net.evaluate().run(data).backward(seeds)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


class Custom(gn.Module):
    """Parameters and modules in lists and dicts, and under a leading underscore."""

    def __init__(self) -> None:
        self.weights = [gn.Parameter(np.full(2, 2)), gn.Parameter([1, 3])]
        self.parts = {"a": nn.Linear(2, 2), "b": nn.Dropout(0.5)}
        self._scale = 1.0

    def compute(self, x: Any) -> Any:
        return self.parts["b"](self.parts["a"](x * self.weights[0] + self.weights[1])) * self._scale


def test_parts_in_lists_and_dicts_are_found(tmp_path: Path) -> None:
    net = Custom().evaluate()
    names = [name for name, _ in net.named_parameters()]
    assert names == ["weights.0", "weights.1", "parts.a.weight", "parts.a.bias"]
    x = np.array([0.5, 1.0])
    before = net.forward(x)
    copy = net.clone()
    net.save(tmp_path / "net.gn")
    np.testing.assert_array_equal(gn.load(tmp_path / "net.gn").forward(x), before)
    copy.parts["a"].weight[:] = 0
    np.testing.assert_array_equal(net.forward(x), before)
    net._scale = 2.0
    np.testing.assert_array_equal(net.forward(x), 2 * before)
    net.parts["a"] = nn.Identity()
    np.testing.assert_array_equal(net.forward(x), 2 * (x * 2 + [1, 3]))


def test_an_attribute_may_not_hide_a_method() -> None:
    with pytest.raises(GraphError, match=r"'parameters': it would hide Module\.parameters"):
        nn.Tanh().parameters = []  # type: ignore[method-assign]


@pytest.mark.parametrize("values", [np.ones((2, 2)), [[1, 2], [3, 4]], 0.5])
def test_a_parameter_is_not_replaced_by_plain_values(values: object) -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(GraphError, match=r"Linear would lose its parameter 'weight'"):
        layer.weight = values  # type: ignore[assignment]
    layer.bias = None
    assert len(layer.parameters()) == 1


def test_an_index_out_of_range_names_the_module() -> None:
    with pytest.raises(IndexError, match=r"ClassNLLCriterion received index 3, expected 0 to 2"):
        nn.ClassNLLCriterion().forward([np.ones((2, 3)), np.array([0, 3])])


def test_a_module_prints_its_parts() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Recurrent(nn.lstm_cell(2, 3)))
    lines = repr(net).splitlines()
    assert lines[:3] == ["Sequential()", "  0: Linear(2, 3)", "  1: Recurrent()"]
    assert "      forget_gate.i2h: Linear(2, 3)" in lines


@pytest.mark.parametrize("size", [0, -3, "3", 2.0])
def test_sizes_are_whole_numbers_from_1(size: object) -> None:
    with pytest.raises(ValueError, match=r"in_features is .*, expected a whole number from 1"):
        nn.Linear(size, 2)  # type: ignore[arg-type]


def test_integer_parameters_become_floating() -> None:
    assert gn.Parameter([1, 2]).dtype == np.float64
    with pytest.raises(DtypeError, match="values of dtype complex128"):
        gn.Parameter(np.ones(2, complex))


def test_changed_lists_of_modules_are_traced_again() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Tanh())
    x = np.ones(1)
    net.forward(x)
    net.modules[0] = nn.Identity()
    np.testing.assert_array_equal(net.forward(x), np.tanh(x))
    net.modules.append(nn.Identity())
    net.modules.reverse()
    assert isinstance(net.modules[0], nn.Identity)
    np.testing.assert_array_equal(net.forward(x), np.tanh(x))


def test_a_module_has_its_own_copy_of_an_array() -> None:
    weights = np.ones(3)
    criterion = nn.ClassNLLCriterion(weights)
    weights[:] = 0
    assert criterion.weights.sum() == 3


class Weighted(gn.Module):
    """Constants as an attribute, as entries of a list, a tuple and a dict, and deeper inside."""

    def __init__(self) -> None:
        self.w = np.ones(3)
        self.in_list, self.in_dict = [np.ones(3)], {"w": np.ones(3)}
        self.in_tuple = (np.ones(6)[::2],)  # not contiguous
        self.deep = [({"w": [np.zeros(3)]}, {1.0, 2.0}, {"numbers": [0.0]})]

    def compute(self, x: Any) -> Any:
        arrays, some, plain = self.deep[0]
        deep = arrays["w"][0] + sum(some) + plain["numbers"][0] - 3
        return x * (self.w + self.in_list[0]) + self.in_tuple[0] + np.sort(self.in_dict["w"]) + deep


@pytest.mark.parametrize("compiled", [False, True])
def test_arrays_of_a_module_can_be_written_into(compiled: bool) -> None:
    module, x = Weighted(), np.ones(3)
    net = nn.Sequential(module)
    if compiled:
        net.compile()
    step = gn.compile_step(net, nn.AbsCriterion())
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (4, 4)
    arrays, some, plain = module.deep[0]
    inner = [module.in_list[0], module.in_tuple[0], module.in_dict["w"], arrays["w"][0]]
    for number, array in enumerate([module.w, *inner], start=5):
        array[:] += 1
        assert (net.forward(x)[0], step(x, np.zeros(3))) == (number, number)
        assert net.clone().forward(x)[0] == number
    some.add(3.0)
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (12, 12)
    plain["numbers"][0] = 1.0
    assert (net.forward(x)[0], step(x, np.zeros(3))) == (13, 13)
    module.w[:] = np.nan
    assert np.isnan(net.forward(x)).all()


def test_an_array_that_stays_as_it_is_needs_no_new_trace() -> None:
    traces: list[Any] = []

    class Counting(Weighted):
        def compute(self, x: Any) -> Any:
            traces.append(x)
            return super().compute(x)

    module = Counting()
    module.w[:] = np.nan
    for _ in range(3):
        module.forward(np.ones(3))
    assert len(traces) == 1
    module.w[1] = 2
    module.forward(np.ones(3))
    assert len(traces) == 2


def test_a_cast_of_shared_parameters_reaches_all_who_share() -> None:
    first = nn.Linear(2, 2)
    second = first.clone(share=True)
    second.forward(np.ones(2))
    first.float()
    assert second.forward(np.ones(2)).dtype == np.float32


def test_a_parameter_from_elsewhere_is_refused() -> None:
    stray = gn.Parameter(np.ones(2))

    class Borrower(gn.Module):
        def compute(self, x: Any) -> Any:
            return x * stray

    with pytest.raises(GraphError, match=r"a parameter \(2,\) that is none of its own"):
        Borrower().forward(np.ones(2))


def test_numpy_cannot_freeze_a_parameter_inside_compute() -> None:
    class Frozen(gn.Module):
        def __init__(self) -> None:
            self.weight = gn.Parameter(np.ones(2))

        def compute(self, x: Any) -> Any:
            return x * np.sort(self.weight)

    with pytest.raises(DtypeError, match="has no values while it is traced"):
        Frozen().forward(np.ones(2))


def test_numpys_reductions_of_a_parameter_have_gradients() -> None:
    class Scaled(gn.Module):
        def __init__(self) -> None:
            self.weight = gn.Parameter(np.array([1.0, 3.0]))

        def compute(self, x: Any) -> Any:
            return x * np.mean(self.weight) + self.weight.sum()

    net = Scaled()
    assert net.forward(np.array(2.0)) == 8
    net.backward(np.array(2.0))
    np.testing.assert_array_equal(net.weight.grad, [2, 2])


def test_a_compute_that_returns_nothing_is_named() -> None:
    class Silent(gn.Module):
        def compute(self, x: Any) -> Any:
            x * 2

    x = gn.input()
    net = gn.GModule(x, Silent()(x))
    with pytest.raises(GraphError, match=r"Silent 'silent' .* returns None from compute"):
        net.forward(np.ones(2))


def test_equality_masks_inside_compute() -> None:
    class Masked(gn.Module):
        def compute(self, table: Any) -> Any:
            loss, target = table
            return loss * (target != 0).astype(float) + (target == 1).astype(float)

    found = Masked().forward([np.array([1.0, 2.0]), np.array([0, 1])])
    np.testing.assert_array_equal(found, [0, 3])


def test_too_deep_a_nesting_is_named() -> None:
    net: gn.Module = nn.Tanh()
    for _ in range(2000):
        net = nn.Sequential(net)
    with pytest.raises(GraphError, match="nests modules too deeply to run"):
        net.forward(np.ones(1))


def test_clones_draw_masks_of_their_own() -> None:
    net = nn.Dropout(0.5)
    x = np.ones(100)
    net.forward(x)
    copy = net.clone()
    assert not np.array_equal(net.forward(x), copy.forward(x))


def test_deepcopy_keeps_what_two_nets_share() -> None:
    first = nn.Linear(2, 2)
    copies = copy.deepcopy([first, first.clone(share=True)])
    assert copies[0].weight is copies[1].weight
    assert copies[0].weight is not first.weight


def test_half_precision_runs() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Tanh()).astype(np.float16)
    assert net.forward(np.ones(3)).dtype == np.float16


def test_shapes_may_change_from_call_to_call() -> None:
    layer = nn.Linear(3, 2)
    for shape in [(3,), (4, 3), (2, 5, 3), (0, 3), (4, 3)]:
        x = np.ones(shape)
        assert layer.forward(x).shape == (*shape[:-1], 2)
        assert layer.backward(x, np.ones((*shape[:-1], 2))).shape == shape


def test_a_changed_module_is_traced_again() -> None:
    dropout = nn.Dropout(0.5)
    net = nn.Sequential(dropout)
    x = np.ones(1000)
    assert set(np.unique(net.forward(x))) == {0.0, 2.0}
    dropout.p = 0.75
    assert set(np.unique(net.forward(x))) == {0.0, 4.0}
    net.evaluate()
    np.testing.assert_array_equal(net.forward(x), x)
    net.training()
    assert net.forward(x).min() == 0


def test_dropout_is_repeatable_and_its_gradient_uses_the_same_mask() -> None:
    net = nn.Dropout(0.3).seed(5)
    x = np.ones(50)
    first = net.forward(x)
    np.testing.assert_array_equal(net.backward(x, np.ones(50)), first)
    np.testing.assert_array_equal(net.seed(5).forward(x), first)
    assert not np.array_equal(net.forward(x), first)


def test_dropout_inside_a_sequence_draws_for_each_step() -> None:
    x, h = gn.input(), gn.input()
    cell = gn.GModule([x, h], nn.Dropout(0.5)(x) + h)
    net = nn.Recurrent(cell)
    xs = np.ones((6, 40))
    out, _ = net.forward([xs, np.zeros(40)])
    masks = np.diff(out, axis=0, prepend=0)
    assert set(np.unique(masks)) == {0.0, 2.0}
    assert not (masks == masks[0]).all()
    back, _ = net.backward([xs, np.zeros(40)], [np.zeros_like(xs), np.ones(40)])
    np.testing.assert_array_equal(back, masks)


def test_float_and_double_convert_parameters_and_follow_the_inputs() -> None:
    net = blog().float()
    assert net.forward(DATA).dtype == np.float32
    assert net.backward(DATA, np.ones(10))[0].dtype == np.float32
    assert net.parameters()[0].grad.dtype == np.float32
    assert net.double().forward([x.astype("float32") for x in DATA]).dtype == np.float64


def test_without_parameters_the_inputs_decide() -> None:
    add = nn.CAddTable()
    assert add.forward([np.ones(2, "float32")] * 2).dtype == np.float32
    assert add.forward([np.ones(2, "float32"), np.ones(2)]).dtype == np.float64


def test_a_scalar_output_needs_no_gradient() -> None:
    loss = nn.MSECriterion()
    x, y = np.ones(4), np.zeros(4)
    assert loss.forward([x, y]) == 1.0
    np.testing.assert_array_equal(loss.backward([x, y])[0], np.full(4, 0.5))


def test_printing_parameters_shows_names_shapes_and_values() -> None:
    net = blog()
    net["linear"].weight[:] = np.arange(200).reshape(10, 20)
    lines = str(net.parameters()).splitlines()
    assert lines[1].split()[:4] == ["linear.weight", "(10,", "20)", "float64"]
    assert "0  1  2 …  199" in lines[1]
    assert lines[-1] == "2 parameters, 210 numbers"
    assert str(nn.Tanh().parameters()) == "no parameters"


def test_flat_parameters_are_views() -> None:
    net = blog()
    values, gradients = net.flatten_parameters()
    assert values.size == 210
    net["linear"].bias[:] = 7
    np.testing.assert_array_equal(values[-10:], np.full(10, 7.0))
    values[:] = 0
    assert not net["linear"].weight.data.any()
    net.forward(DATA)
    net.backward(DATA, np.ones(10))
    np.testing.assert_array_equal(gradients[-10:], DATA[1])
    again, _ = net.flatten_parameters()
    assert again is values
    inner, _ = net["linear"].module.flatten_parameters()
    assert inner.base is values or inner is values
    with pytest.raises(GraphError, match="has no parameters, expected"):
        nn.Tanh().flatten_parameters()


def test_shared_parameters_lie_in_the_flat_vector_once() -> None:
    layer = nn.Linear(2, 2)
    assert nn.Sequential(layer, nn.Tanh(), layer).flatten_parameters()[0].size == 6


def test_clones_copy_or_share() -> None:
    net = blog()
    copy, shared = net.clone(), net.clone(share=True)
    biased = net.clone(share=["bias"])
    net["linear"].weight[:] = 0
    net["linear"].bias[:] = 1
    np.testing.assert_array_equal(shared.forward(DATA), net.forward(DATA))
    assert not np.array_equal(copy.forward(DATA), net.forward(DATA))
    assert biased["linear"].bias is net["linear"].bias
    assert biased["linear"].weight is not net["linear"].weight
    assert copy["linear"] is not net["linear"]


def test_a_clone_refuses_to_share_what_is_not_there() -> None:
    with pytest.raises(GraphError, match=r"no parameter named 'wieght' to share\n .*bias, weight"):
        blog().clone(share=["wieght"])


def test_forward_takes_several_inputs_as_a_list() -> None:
    with pytest.raises(GraphError, match=r"CAddTable \(.*\) received 2 arguments, .*\n .*\[a, b\]"):
        nn.CAddTable().forward(np.ones(1), np.ones(1))


def one_input() -> gn.GModule:
    x = gn.input()
    return gn.GModule(x, nn.Linear(2, 3)(x))


def two_inputs() -> gn.GModule:
    x, y = gn.input(), gn.input()
    return gn.GModule([x, y], nn.Linear(2, 3)(x) + nn.Linear(2, 3)(y))


ZEROS = r"the tuple \(2, 3\), expected an array\n  np\.zeros\(\(2, 3\)\) is an array of this shape"
LISTS: list[tuple[Callable[[], object], str]] = [
    (lambda: nn.Linear(2, 3).forward([1.0, 2.0]), r"^Linear received a list that holds 2 numbers, expected an array\n  A list .* np\.array\(\[1\.0, 2\.0\]\)\.$"),
    (lambda: one_input().forward([[1, 2], [3, 4]]), r"^GModule received a list that holds 4 .*\n.* np\.array\(\[\[1, 2\], \[3, 4\]\]\)\.$"),
    (lambda: one_input()([1.0, 2.0]), "a list that holds 2 numbers"),
    (lambda: one_input().forward(np.ones((30, 2)).tolist()), r"a list that holds 60 numbers, .*\n.* np\.array\(…\)\.$"),
    (lambda: two_inputs().forward([[1.0, 2.0], [3.0, 4.0]]), r"^GModule received a list that holds 2 numbers"),
    (lambda: nn.LSTM(3, 4).forward(np.ones((5, 2, 3)).tolist()), "GModule received a list that holds 30 numbers"),
    (lambda: nn.LSTM(3, 4).forward([np.ones((5, 2, 7)), None, [5, 3]]), r"an array \(…, 3\), received \(2, 7\)"),
    (lambda: nn.LookupTable(5, 2).forward([1, 2]), "a list that holds 2 numbers"),
    (lambda: nn.MSECriterion().forward([[1.0, 2.0], [3.0, 4.0]]), "a list that holds 4 numbers"),
    (lambda: gn.compile_step(nn.Linear(2, 3), nn.MSECriterion())([1.0, 2.0], np.ones(3)), "^Linear received a list that holds 2"),
    (lambda: gn.compile_step(nn.Linear(2, 3), nn.MSECriterion())(np.ones(2), [1.0]), "^MSECriterion received a list that holds 1 number,"),
    (lambda: one_input().forward((2, 3)), ZEROS),
    (lambda: one_input().profile((2, 3)), ZEROS),
    (lambda: nn.LSTM(3, 4).profile((5, 2, 3)), r"the tuple \(5, 2, 3\), expected an array"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "message"), LISTS, ids=[message for _, message in LISTS])
def test_lists_of_numbers_given_for_arrays(action: Callable[[], object], message: str) -> None:
    with pytest.raises(GraphnetError, match=message):
        action()


def test_lists_of_numbers_where_they_are_meant() -> None:
    np.testing.assert_array_equal(nn.CAddTable().forward([1.0, 2.0]), 3.0)
    with pytest.raises(ShapeError, match=r"an array \(…, 2\), received \(\)"):
        two_inputs().forward([1.0, 2.0])


def test_runs_and_graphs_know_their_names() -> None:
    net = blog()
    run = net.run(DATA)
    assert "linear" in run
    assert "gate" not in run
    assert list(run) == list(net) == list(net.names)
    assert repr(run).startswith("<Run of GModule: (10,); keeps x1, x2")


def test_parameters_have_numpys_methods() -> None:
    weight = nn.Linear(2, 3).weight
    assert weight.sum() == weight.data.sum()
    assert weight.tolist() == weight.data.tolist()


def test_a_summary_takes_arrays_and_bare_modules() -> None:
    assert "(5, 2)" in str(nn.Linear(3, 2).summary(np.ones((5, 3))))
    with pytest.raises(ShapeError, match="A summary needs the shape of each input"):
        blog().summary()


def test_a_clone_keeps_sharing_inside() -> None:
    layer = nn.Linear(2, 2)
    twin = nn.Linear(2, 2)
    twin.weight = layer.weight
    copy = nn.Sequential(layer, layer, twin).clone()
    assert copy.modules[0] is copy.modules[1]
    assert copy.modules[2].weight is copy.modules[0].weight
    assert len(copy.parameters()) == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_by_pythons_own_means(copied: Callable[[gn.GModule], gn.GModule]) -> None:
    net = blog()
    other = copied(net)
    np.testing.assert_array_equal(other.forward(DATA), net.forward(DATA))
    assert other["linear"].weight is not net["linear"].weight


def test_inner_values_of_containers_are_kept() -> None:
    x = gn.input()
    body = nn.Sequential(nn.Tanh(), nn.Sequential(nn.Sigmoid()))(x)
    run = gn.GModule(x, body).run(np.ones(2))
    np.testing.assert_array_equal(run["body.0"], np.tanh(np.ones(2)))
    np.testing.assert_array_equal(run["body.1.0"], run.outputs)
    run.backward(np.ones(2))
    np.testing.assert_array_equal(run.grad["body.1"], np.ones(2))


def test_apply_reaches_every_part() -> None:
    seen = []
    blog().apply(lambda module: seen.append(type(module).__name__))
    assert sorted(seen) == ["CAddTable", "CMulTable", "GModule", *["Identity"] * 3, "Linear"]


def test_a_summary_says_that_a_net_is_compiled() -> None:
    pytest.importorskip("llvmlite")
    net = nn.Linear(3, 2)
    assert "compiled" not in str(net.summary((5, 3)))
    assert str(net.compile().summary((5, 3))).splitlines()[-1].startswith("compiled: ")


def test_the_summary_comes_from_shapes_alone() -> None:
    summary = nn.lstm_cell(1000, 2000).summary((64, 1000), (64, 2000), (64, 2000))
    assert summary.parameters == 4 * (1000 * 2000 + 2000 * 2000 + 2 * 2000)
    assert summary.multiply_adds == 64 * 4 * (1000 * 2000 + 2000 * 2000)
    rows = {row.node: row for row in summary.rows}
    assert rows["forget_gate.i2h"].output == "(64, 2000)"
    assert rows["forget_gate.i2h"].multiply_adds == 64 * 1000 * 2000
    assert rows["forget_gate"].multiply_adds == 0
    assert "multiply-adds" in str(summary)


def test_the_summary_of_a_container_counts_what_is_inside() -> None:
    x = gn.input()
    body = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 5)))(x)
    summary = gn.GModule(x, nn.Tanh()(body)).summary((2, 3))
    costs = {row.node: row.multiply_adds for row in summary.rows}
    assert (costs["body"], costs["body.0"], costs["body.1"], costs["tanh"]) == (64, 24, 40, 0)
    assert summary.multiply_adds == 64


def test_the_summary_shows_modules_made_inside_compute() -> None:
    class Inline(gn.Module):
        def compute(self, x: Any) -> Any:
            return nn.Tanh()(x) * 2.0

    x = gn.input()
    summary = gn.GModule(x, Inline()(x)).summary((3,))
    assert [row.node for row in summary.rows] == ["x", "inline.tanh", "inline"]


def test_the_summary_counts_the_steps_of_a_sequence() -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    assert net.summary((7, 4, 2), (4, 3), (4, 3)).multiply_adds == 7 * 4 * 4 * (2 * 3 + 3 * 3)


FAULTS = [
    ([np.ones(10)], GraphError, "expects a table of 3 inputs .x1, x2, x3., received a table of 1"),
    (np.ones(10), GraphError, r"expects a table of 3 inputs .x1, x2, x3., received \(10,\)"),
    ([np.ones(10), None, np.ones(20)], DtypeError, "receives None"),
    ([np.ones(10), "x", np.ones(20)], DtypeError, "receives 'x'"),
    ([np.ones(10), np.array(["x"]), np.ones(20)], DtypeError, "dtype <U1, expected real numbers"),
    ([np.ones(10), np.ones(10, complex), np.ones(20)], DtypeError, "dtype complex128"),
    ([np.ones(10, int), np.ones(10), np.ones(20)], DtypeError, r"'z' .*adds int64 and float64"),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_wrong_inputs_are_named(inputs: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        blog().forward(inputs)


def test_a_wrong_shape_names_nodes_lines_and_shapes() -> None:
    with pytest.raises(ShapeError) as caught:
        blog().forward([np.ones((3, 4)), DATA[1], DATA[2]])
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("CAddTable 'z' (test_running.py:")
    assert lines[0].endswith("adds (3, 4) and (10,)")
    assert lines[1].split()[0] == "x1"
    assert lines[1].split()[-2] == "input"
    assert lines[2].split()[0] == "cmultable"
    assert "test_running.py" in lines[2]


def test_a_wrong_size_into_a_layer_says_what_it_expects() -> None:
    with pytest.raises(ShapeError, match=r"Linear 'linear' \(test_running.py:\d+\) expects an arr"):
        blog().forward([DATA[0], DATA[1], np.ones(7)])


def test_check_finite_names_the_input_or_the_node() -> None:
    net = blog()
    bad = [DATA[0], DATA[1], np.where(np.arange(20) == 3, np.nan, 1.0)]
    with pytest.raises(NumericsError, match=r"input\[2\] holds nan at \(3,\), one of 1"):
        net.forward(bad, check_finite=True)
    assert np.isnan(net.forward(bad)).all()
    net["linear"].bias[4] = np.inf
    with pytest.raises(NumericsError, match=r"parameter linear.bias holds inf at \(4,\)"):
        net.forward(DATA, check_finite=True)
    net["linear"].bias[4] = 1e308
    with pytest.raises(NumericsError, match=r"CMulTable 'cmultable' .*produces inf at \(4,\)"):
        net.forward([DATA[0], DATA[1] * 100, DATA[2]], check_finite=True)


BACKWARD_FAULTS = [
    (None, GraphError, "needs grad_outputs"),
    (np.ones(9), ShapeError, r"gradient \(9,\) for output 0, expected \(10,\)"),
    ([np.ones(10)], GraphError, r"received the gradients \[\(10,\)\] \(1 entries\), expected \(10"),
]  # fmt: skip


@pytest.mark.parametrize(("grad", "error", "message"), BACKWARD_FAULTS)
def test_wrong_gradients_are_named(grad: object, error: type[Exception], message: str) -> None:
    net = blog()
    net.forward(DATA)
    with pytest.raises(error, match=message):
        net.backward(DATA, grad)


def test_backward_needs_the_forward_of_that_input() -> None:
    net = blog()
    with pytest.raises(GraphError, match="backward needs the input of the last forward"):
        net.backward(DATA, np.ones(10))
    net.forward(DATA)
    with pytest.raises(GraphError, match="backward needs the input of the last forward"):
        net.backward([DATA[0], DATA[1], DATA[2] + 1], np.ones(10))
