"""gn.compile_step against runs of net and criterion: losses, outputs, gradients, and what changes."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore:llvmlite is not installed")
DTYPES = [np.float32, np.float64]
TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-12}


def perceptron() -> Any:
    net = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.LogSoftMax())
    return (
        net,
        nn.ClassNLLCriterion(),
        lambda rng: (rng.normal(size=(5, 6)), rng.integers(4, size=5)),
    )


def cross() -> Any:
    """Nodes read twice, a parameter that takes no part in the loss's gradient, two criteria."""
    a, b = gn.input("a"), gn.input("b")
    joined = nn.CMulTable()([nn.Sigmoid()(nn.Linear(4, 3)(a)), nn.Linear(2, 3)(b)])
    out = nn.CAddTable()([joined, nn.Tanh()(joined)])
    net = gn.GModule([a, b], [out, nn.Linear(3, 2)(out)])
    criterion = nn.ParallelCriterion(nn.MSECriterion(), nn.AbsCriterion(), weights=[0.3, 2.0])
    return (
        net,
        criterion,
        lambda rng: (
            [rng.normal(size=(7, 4)), rng.normal(size=(7, 2))],
            [rng.normal(size=(7, 3)), rng.normal(size=(7, 2))],
        ),
    )


def characters() -> Any:
    net = nn.Sequential(
        nn.LookupTable(7, 5), nn.Recurrent(nn.lstm_cell(5, 6)), nn.SelectTable(0), nn.Linear(6, 7)
    )
    criterion = nn.CrossEntropyCriterion(ignore_index=2)
    return net, criterion, lambda rng: (rng.integers(7, size=(4, 3)), rng.integers(7, size=(4, 3)))


def shared() -> Any:
    linear = nn.Linear(4, 4)
    net = nn.Sequential(linear, nn.ReLU(), linear, nn.Dropout(0.4))
    return net, nn.MSECriterion(), lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 4)))


def weighted_loss() -> Any:
    """The criterion has a parameter, and the net has none."""

    class Scaled(nn.Criterion):
        def __init__(self) -> None:
            self.factor = gn.Parameter(np.array(1.5))

        def loss(self, input: Any, target: Any) -> Any:
            return (input * target).sum() * self.factor

    return nn.Tanh(), Scaled(), lambda rng: (rng.normal(size=(3,)), rng.normal(size=(3,)))


NETS = [perceptron, cross, characters, shared, weighted_loss]


def one_by_one(net: Any, criterion: Any, inputs: Any, target: Any) -> Any:
    """What the step does, by two runs."""
    run = net.run(inputs, keep=False)
    judged = criterion.run([run.outputs, target], keep=False)
    gradient, _ = judged.backward()
    return float(judged.outputs), run.outputs, run.backward(gradient)


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list) else [value]


def assert_close(found: Any, expected: Any, dtype: Any) -> None:
    tolerance = TOLERANCE[np.dtype(dtype)]
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        if b is None:
            assert a is None
            continue
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def cast(value: Any, dtype: Any) -> Any:
    if isinstance(value, list):
        return [cast(part, dtype) for part in value]
    return value.astype(dtype) if value.dtype.kind == "f" else value


def gradients(*modules: Any) -> list[Any]:
    return [parameter.grad.copy() for module in modules for parameter in module.parameters()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", NETS)
def test_a_step_is_a_run_of_the_net_and_one_of_the_criterion(make: Any, dtype: Any) -> None:
    net, criterion, data = make()
    for module in (net, criterion):
        module.astype(dtype)
    other, other_criterion = net.clone().seed(3), criterion.clone()
    net.seed(3)
    step = gn.compile_step(net, criterion, input_gradients=True)
    rng = np.random.default_rng(1)
    for _ in range(3):  # gradients add up
        inputs, target = (cast(value, dtype) for value in data(rng))
        loss, outputs, grad_inputs = one_by_one(other, other_criterion, inputs, target)
        result = step.run(inputs, target)
        assert isinstance(result.loss, float)
        assert_close(result.loss, loss, dtype)
        assert_close(result.outputs, outputs, dtype)
        assert_close(result.grad_inputs, grad_inputs, dtype)
        assert_close(gradients(net, criterion), gradients(other, other_criterion), dtype)


@pytest.mark.parametrize("make", NETS)
def test_without_accumulation_gradients_are_those_of_the_last_batch(make: Any) -> None:
    net, criterion, data = make()
    plain = net.clone().seed(5)
    step = gn.compile_step(net.seed(5), criterion.clone(), accumulate=False)
    for parameter in net.parameters():
        parameter.grad[...] = np.nan
    rng = np.random.default_rng(1)
    for _ in range(2):
        inputs, target = data(rng)
        plain.zero_grad()
        loss, _, _ = one_by_one(plain, criterion, inputs, target)
        assert step(inputs, target) == pytest.approx(loss, rel=1e-12)
        assert_close(gradients(net), gradients(plain), np.float64)


def test_loss_scale_multiplies_gradients_alone_and_may_change() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, loss_scale=3.0, accumulate=False)
    loss = step(inputs, target)
    first = gradients(net)
    step.loss_scale = 6.0
    assert step(inputs, target) == loss
    assert_close(gradients(net), [2 * gradient for gradient in first], np.float64)


def test_the_judged_output_is_selected_and_the_others_are_returned() -> None:
    net = lstm_net()
    xs, target = np.random.default_rng(2).normal(size=(2, 5, 3, 4))
    states = [np.zeros((3, 4))] * 2
    step = gn.compile_step(net, nn.MSECriterion(), select=0)
    result = step.run([xs, *states], target)
    outputs = net.forward([xs, *states])
    assert_close(result.outputs, outputs, np.float64)
    assert result.loss == pytest.approx(np.mean((outputs[0] - target) ** 2), rel=1e-12)


def lstm_net() -> Any:
    x, c, h = gn.input(), gn.input(), gn.input()
    output, next_c, next_h = nn.Recurrent(nn.lstm_cell(4, 4))([x, c, h]).split(3)
    return gn.GModule([x, c, h], [output, next_c, next_h])


def test_an_input_that_nothing_reads_has_a_gradient_of_zeros() -> None:
    """As after ``run``; whole numbers have none."""
    net = gn.GModule([a := gn.input(), b := gn.input()], [nn.NarrowTable(1)([a, b])[0] * 2])
    step = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    x, y = np.ones((3, 4), np.float32), np.ones((2, 5), np.float32)
    for unread, shape in ((x, (3, 4)), (x.astype(int), None)):
        by_unread, by_read = step.run([unread, y], np.zeros((2, 5), np.float32)).grad_inputs
        assert (None if by_unread is None else by_unread.shape) == shape
        assert by_unread is None or (by_unread.dtype == x.dtype and not by_unread.any())
        assert by_read.shape == (2, 5)


def test_judging_changes_nothing() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, accumulate=False)
    loss = step(inputs, target)
    before = gradients(net)
    result = step.judge(inputs, target)
    assert result.loss == pytest.approx(loss, rel=1e-14)
    assert result.grad_inputs is None
    assert_close(result.outputs, net.forward(inputs), np.float64)
    assert_close(gradients(net), before, np.float64)


# ---- what is given


def test_inputs_of_any_layout() -> None:
    net, criterion = nn.Linear(6, 4), nn.MSECriterion()
    rng = np.random.default_rng(1)
    step = gn.compile_step(net, criterion)
    x, target = rng.normal(size=(10, 12)), rng.normal(size=(4, 5))
    loss = step(x[::2, ::-2], target.T)
    assert loss == pytest.approx(one_by_one(net, criterion, x[::2, ::-2], target.T)[0], rel=1e-13)
    swapped = x[:5, :6].astype(">f8")
    expected = one_by_one(net, criterion, swapped, target.T)[0]
    assert step(swapped, target.T) == pytest.approx(expected, rel=1e-13)
    read_only = x[:5, :6].copy()
    read_only.flags.writeable = False
    assert step(read_only, target.T) == pytest.approx(expected, rel=1e-13)


@pytest.mark.filterwarnings("ignore:.*no native rule for .* of uint8")
@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint8])
def test_whole_numbers_of_any_size(kind: Any) -> None:
    net, criterion, data = characters()
    inputs, target = data(np.random.default_rng(1))
    expected = one_by_one(net, criterion, inputs, target)[0]
    found = gn.compile_step(net, criterion)(inputs.astype(kind), target)
    assert found == pytest.approx(expected, rel=1e-13)


def test_floats_take_the_dtype_of_the_net() -> None:
    net, criterion = nn.Linear(3, 2).float(), nn.MSECriterion()
    x, target = np.random.default_rng(1).normal(size=(2, 4, 3))
    result = gn.compile_step(net, criterion).run(x, target[:, :2])
    assert result.outputs.dtype == np.float32
    assert result.loss == pytest.approx(one_by_one(net, criterion, x, target[:, :2])[0], rel=1e-6)


def test_a_scalar_input_and_a_number_as_target() -> None:
    net, criterion = nn.Square(), nn.MSECriterion()
    assert gn.compile_step(net, criterion)(np.float64(3.0), 4) == pytest.approx(25.0)


def test_optional_inputs_may_be_left_out() -> None:
    xs, lengths = gn.input(), gn.input()
    net = gn.GModule(
        [xs, lengths], nn.SelectTable(0)(nn.Recurrent(nn.gru_cell(3, 4))(xs, lengths=lengths))
    )
    bare = nn.Sequential(nn.Recurrent(net.nodes[-2].module.cell), nn.SelectTable(0))
    x = np.random.default_rng(1).normal(size=(5, 2, 3))
    target = np.zeros((5, 2, 4))
    for module, inputs in ((net, [x, np.array([5, 3])]), (bare, x)):
        step = gn.compile_step(module, nn.MSECriterion())
        expected = one_by_one(module, nn.MSECriterion(), inputs, target)[0]
        assert step(inputs, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("inputs", "target"),
    [
        (np.ones((2, 5)), np.ones((2, 2))),
        (np.ones((2, 3)), np.ones((3, 2))),
        ([np.ones((2, 3))] * 2, np.ones((2, 2))),
        (None, np.ones((2, 2))),
        ("text", np.ones((2, 2))),
        (np.array(["a"]), np.ones((2, 2))),
        (np.ones((2, 3)), None),
        (np.ones((2, 3)), np.array(["a"])),
        (np.ones((2, 3), int), np.ones((2, 2))),
        (np.ones((2, 3)), [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_errors_are_those_of_the_runs(inputs: Any, target: Any) -> None:
    x = gn.input("x")
    graph = gn.GModule([x], [nn.Linear(4, 2)(nn.Tanh()(nn.Linear(3, 4)(x)))])
    for net in (graph, nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 2), nn.Tanh())):
        with pytest.raises(
            (ShapeError, DtypeError, GraphError), match=r"expect|multiplies|compares"
        ) as one:
            one_by_one(net, nn.MSECriterion(), inputs, target)
        step = gn.compile_step(net, nn.MSECriterion())
        with pytest.raises(type(one.value), match=r"expect|multiplies|compares") as other:
            step(inputs, target)
        assert str(other.value) == str(one.value)


def test_an_index_out_of_range_is_named() -> None:
    net, criterion, data = characters()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion)
    loss = step(inputs, target)
    before = gradients(net)
    with pytest.raises(IndexRangeError, match="LookupTable '0' received index 7, expected 0 to 6"):
        step(np.where(inputs == inputs[0, 0], 7, inputs), target)
    with pytest.raises(IndexRangeError, match="CrossEntropyCriterion received index 9"):
        step(inputs, np.full_like(target, 9))
    assert_close(gradients(net), before, np.float64)
    assert step(inputs, target) == loss


def test_a_criterion_that_gives_no_number() -> None:
    class Losses(nn.Criterion):
        def loss(self, input: Any, target: Any) -> Any:
            return (input - target).sum(axis=1)

    step = gn.compile_step(nn.Linear(3, 2), Losses())
    with pytest.raises(GraphError, match=r"^Losses gives \(4,\), expected one number\n.*average"):
        step(np.ones((4, 3)), np.ones((4, 2)))


# ---- what changes between calls


def test_weights_are_read_where_they_are() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion, accumulate=False)
    plain = net.clone()
    optimizer = optim.SGD(net, 0.5)

    def compare(dtype: Any = np.float64) -> None:
        for ours, theirs in zip(plain.parameters(), net.parameters(), strict=True):
            ours.cast(theirs.dtype)
            ours.data = theirs.data
        plain.zero_grad()
        loss = one_by_one(plain, criterion, inputs, target)[0]
        assert step(inputs, target) == pytest.approx(loss, rel=TOLERANCE[np.dtype(dtype)])
        assert_close(gradients(net), gradients(plain), dtype)

    compare()
    net.parameters()[0][0, 0] = 3.0
    compare()
    net.parameters()[2].data = np.ones((4, 9))
    compare()
    optimizer.step()
    compare()
    net.float()
    compare(np.float32)
    net.double()
    compare()
    whole = nn.Sequential(nn.Linear(2, 2), net)
    whole.flatten_parameters()
    compare()
    nn.Sequential(
        net[2], nn.Linear(3, 3), net[0]
    ).flatten_parameters()  # no vector of the net's own
    compare()
    net.flatten_parameters()
    compare()
    net[0].weight = gn.Parameter(np.full((9, 6), 0.1))
    compare()
    net[1].is_training = False
    compare()
    net.modules.insert(2, nn.Square())  # in place: nobody is told
    plain = net.clone()
    compare()


def test_one_parameter_converted_alone() -> None:
    class Sum(gn.Module):
        def __init__(self) -> None:
            self.b, self.a = gn.Parameter(np.ones(3)), gn.Parameter(np.ones(3))

        def compute(self, x: Any) -> Any:
            return x * self.a.astype(np.float64) + self.b

    net = Sum()
    step = gn.compile_step(net, nn.MSECriterion(size_average=False))
    assert step(np.ones(3), np.zeros(3)) == pytest.approx(12)
    net.a.cast(np.float32)
    net.a[...] = 2
    net.zero_grad()
    assert step(np.ones(3), np.zeros(3)) == pytest.approx(27)
    assert net.a.grad.dtype == np.float32
    np.testing.assert_allclose(net.a.grad, 6)


def test_modes_have_programs_of_their_own() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).seed(1)
    step = gn.compile_step(net, nn.MSECriterion())
    x, target = np.random.default_rng(1).normal(size=(2, 8, 4))
    random = {step(x, target) for _ in range(3)}
    net.evaluate()
    fixed = {step(x, target) for _ in range(3)}
    assert (len(random), len(fixed)) == (3, 1)
    made = dict(step._prepared)
    net.training()
    assert step(x, target) not in fixed
    assert step._prepared == made  # neither was made anew


def test_other_sizes_need_no_new_code() -> None:
    net, criterion, _ = characters()
    step = gn.compile_step(net, criterion)
    rng = np.random.default_rng(1)
    for shape in ((4, 3), (9, 3), (4, 1), (1, 8), (4, 3)):
        inputs, target = rng.integers(7, size=(2, *shape))
        expected = one_by_one(net, criterion, inputs, target)[0]
        assert step(inputs, target) == pytest.approx(expected, rel=1e-12)


def test_two_steps_of_one_net() -> None:
    net, criterion, data = perceptron()
    inputs, target = data(np.random.default_rng(1))
    first, second = gn.compile_step(net, criterion), gn.compile_step(net, criterion, loss_scale=2.0)
    for _ in range(2):
        assert first(inputs, target) == second(inputs, target)
    found, plain = gradients(net), net.clone()
    plain.zero_grad()
    one_by_one(plain, criterion, inputs, target)
    assert_close(found, [6 * gradient for gradient in gradients(plain)], np.float64)


def test_steps_of_nets_that_share_parameters() -> None:
    linear = nn.Linear(3, 3)
    nets = [nn.Sequential(nn.Linear(3, 3), linear), nn.Sequential(linear, nn.Linear(3, 3))]
    steps = [gn.compile_step(net, nn.MSECriterion(), accumulate=False) for net in nets]
    x, target = np.random.default_rng(1).normal(size=(2, 4, 3))
    for _ in range(3):
        for net, step in zip(nets, steps, strict=True):
            loss = step(x, target)
            found, plain = gradients(net), net.clone()
            plain.zero_grad()
            assert loss == pytest.approx(one_by_one(plain, nn.MSECriterion(), x, target)[0])
            assert_close(found, gradients(plain), np.float64)


def test_states_are_remembered() -> None:
    cell = nn.lstm_cell(3, 4)
    net = nn.Sequential(nn.Recurrent(cell), nn.SelectTable(0))
    nn.remember(net)
    plain = net.clone()
    step = gn.compile_step(net, nn.MSECriterion())
    target = np.zeros((2, 1, 4))
    for xs in np.random.default_rng(1).normal(size=(4, 2, 1, 3)):
        loss = one_by_one(plain, nn.MSECriterion(), xs, target)[0]
        assert step(xs, target) == pytest.approx(loss, rel=1e-12)


def test_outputs_belong_to_the_caller() -> None:
    net = nn.Identity()
    x = np.ones(3)
    step = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    first = step.run(x, np.zeros(3))
    first.outputs[:] = 9
    first.grad_inputs[:] = 9
    second = step.run(2 * x, np.zeros(3))
    np.testing.assert_array_equal(x, 1)
    np.testing.assert_array_equal(first.outputs, 9)
    np.testing.assert_array_equal(second.outputs, 2)
    np.testing.assert_allclose(second.grad_inputs, 4 / 3)


def test_threads_share_a_step() -> None:
    net, criterion, data = perceptron()
    step = gn.compile_step(net, criterion)
    batches = [data(np.random.default_rng(i)) for i in range(8)]
    expected = [one_by_one(net, criterion, *batch)[0] for batch in batches]
    net.zero_grad()
    found: list[Any] = [None] * len(batches)

    def work(i: int) -> None:
        found[i] = [step(*batches[i]) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for losses, loss in zip(found, expected, strict=True):
        np.testing.assert_allclose(losses, loss, rtol=1e-13)
    total, plain = gradients(net), net.clone()
    plain.zero_grad()
    for batch in batches:
        one_by_one(plain, criterion, *batch)
    assert_close(total, [50 * gradient for gradient in gradients(plain)], np.float64)


class NotOneOfOurs:
    """A class that is no module."""


MISUSES: list[tuple[Any, str]] = [
    (lambda net: gn.compile_step(net, nn.MSECriterion), "received MSECriterion as its criterion"),
    (lambda net: gn.compile_step(NotOneOfOurs(), nn.MSECriterion()), "NotOneOfOurs as its net"),
    (lambda net: gn.compile_step(net, nn.MSECriterion(), select=7)(X, T), "judge entry 7 of"),
    (lambda net: gn.compile_step(net, nn.MSECriterion())(X, T), "select=0"),
]
X, T = np.ones((3, 2, 4)), np.zeros((3, 2, 5))


@pytest.mark.parametrize(("misuse", "message"), MISUSES)
def test_misuses_are_named(misuse: Any, message: str) -> None:
    with pytest.raises(gn.GraphnetError, match=message):
        misuse(nn.LSTM(4, 5))


def test_steps_are_copied_and_pickled() -> None:
    step = gn.compile_step(nn.LSTM(4, 5), nn.MSECriterion(), select=0, accumulate=False)
    loss = step(X, T)
    for again in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        assert again.net is not step.net
        assert again(X, T) == loss
        np.testing.assert_array_equal(
            again.net.flatten_parameters()[1], step.net.flatten_parameters()[1]
        )
