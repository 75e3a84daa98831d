"""Buffers: read and written in ``compute``, kept by clones, files, pickles and conversions."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, FormatError, GraphError, ShapeError
from graphnet.graph.files.description import describe
from graphnet.graph.files.rebuild import build
from graphnet.graph.inspection.executed import traces_of
from graphnet.graph.modules.states import states_kept


class Running(gn.Module):
    """The input plus a running mean, and how many runs there were."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.runs = gn.Buffer(np.array(0))
        self.mean = gn.Buffer((size,))

    def compute(self, x: Any) -> Any:
        self.runs.write(self.runs + 1)
        self.mean.write(0.5 * self.mean + 0.5 * x.mean(0))
        return x + self.mean


X = np.arange(6.0).reshape(2, 3)
MEAN = X.mean(0)


def state_of(module: gn.Module) -> list[list[float]]:
    return [np.asarray(buffer.data).tolist() for buffer in module.buffers()]


@pytest.mark.parametrize("compiled", [False, True], ids=["interpreted", "compiled"])
def test_a_run_writes_and_reads_what_it_wrote(compiled: bool) -> None:
    module = Running().compile(compiled)
    np.testing.assert_allclose(module.forward(X), X + 0.5 * MEAN)
    np.testing.assert_allclose(module.forward(X), X + 0.75 * MEAN)
    assert int(module.runs) == 2
    np.testing.assert_allclose(module.mean.data, 0.75 * MEAN)


def test_no_gradient_flows_through_what_was_written() -> None:
    module = Running()
    run = module.run(X)
    np.testing.assert_array_equal(run.backward(np.ones_like(X)), np.ones_like(X))
    assert int(module.runs) == 1


def test_evaluation_writes_only_where_it_is_asked_to() -> None:
    class Both(gn.Module):
        def __init__(self) -> None:
            self.always, self.training_only = gn.Buffer(np.array(0)), gn.Buffer(np.array(0))

        def compute(self, x: Any) -> Any:
            self.always.write(self.always + 1, in_evaluation=True)
            self.training_only.write(self.training_only + 1)
            return x * self.training_only.astype(float)

    module = Both().evaluate()
    run = module.run(X)
    run.backward(np.ones_like(X))  # which computes forward again
    assert state_of(module) == [1, 0]
    module.train().forward(X)
    assert state_of(module) == [2, 1]


def test_frozen_parts_of_a_net_in_training_write_nothing() -> None:
    net = nn.Sequential(Running(), Running())
    net[0].evaluate()
    net.forward(X)
    assert [int(net[i].runs) for i in range(2)] == [0, 1]


def test_nodes_that_share_a_module_write_in_order() -> None:
    module, x = Running(), gn.input("x")
    first = module(x).annotate(name="first")
    net = gn.GModule([x], [module(first)])
    run = net.run(X)
    after_first = 0.5 * MEAN
    np.testing.assert_allclose(run["first"], X + after_first)
    after_both = 0.5 * after_first + 0.5 * (MEAN + after_first)
    np.testing.assert_allclose(run.outputs, X + after_first + after_both)
    np.testing.assert_allclose(net["first.mean"].data, after_both)
    assert int(module.runs) == 2


class Spelled(gn.Module):
    """The same as Running, in the way of NumPy."""

    def __init__(self) -> None:
        self.runs = gn.Buffer(np.array(0))
        self.mean = gn.Buffer((3,))

    def compute(self, x: Any) -> Any:
        self.runs += 1
        self.mean[...] = 0.5 * self.mean + 0.5 * x.mean(0)
        return x + self.mean


def test_numpy_s_spellings_write_too() -> None:
    module, other = Spelled(), Running()
    for _ in range(2):
        np.testing.assert_array_equal(module.forward(X), other.forward(X))
    assert state_of(module) == state_of(other)
    module.runs += 5
    module.mean[1] = 7
    assert (int(module.runs), float(module.mean[1])) == (7, 7)


def test_a_run_after_a_run_traces_nothing_anew() -> None:
    module = Spelled()
    module.forward(X)
    before = traces_of(module)
    module.forward(X)
    module.runs += 1
    module.forward(X)
    assert traces_of(module) == before


def test_changes_between_runs_are_seen() -> None:
    module = Running()
    module.forward(X)
    module.mean.data[...] = 1.0
    np.testing.assert_allclose(module.forward(X), X + 0.5 + 0.5 * MEAN)
    module.mean.write(np.zeros(3))
    np.testing.assert_allclose(module.forward(X), X + 0.5 * MEAN)


def test_a_change_between_forward_and_backward_is_refused() -> None:
    net = nn.Sequential(Running().evaluate())
    run = net.run(X)
    net[0].mean[...] = 1.0
    with pytest.raises(GraphError, match=r"has changed its buffer 0\.mean since this run"):
        run.backward(X)


def test_a_run_keeps_what_it_has_read() -> None:
    class Scaled(gn.Module):
        def __init__(self) -> None:
            self.scale = gn.Buffer(np.array([2.0]))

        def compute(self, x: Any) -> Any:
            y = x * self.scale
            self.scale.write(self.scale + 1)
            return y

    module = Scaled()
    first, second = module.run(X), module.run(X)
    np.testing.assert_array_equal(first.backward(np.ones_like(X)), np.full_like(X, 2))
    np.testing.assert_array_equal(second.backward(np.ones_like(X)), np.full_like(X, 3))


def test_a_training_step_writes_once() -> None:
    net = nn.Sequential(nn.Linear(3, 3), Running())
    other = net.clone()
    step = gn.compile_step(net, nn.MSECriterion())
    for _ in range(3):
        step(X, X)
        other.backward(X, other.forward(X))
    np.testing.assert_allclose(net[1].mean.data, other[1].mean.data, rtol=1e-12)
    assert int(net[1].runs) == int(other[1].runs) == 3
    assert step.judge(X, X).loss > 0
    assert int(net[1].runs) == 4
    net.evaluate()
    step.judge(X, X)
    assert int(net[1].runs) == 4


# ---- lists, copies, files


def test_they_are_listed_and_printed_by_path() -> None:
    net = nn.Sequential(nn.Linear(3, 3), Running())
    assert list(net.buffers().named) == ["1.runs", "1.mean"]
    assert net.buffers()["1.mean"] is net[1].mean
    text = str(net.buffers())
    assert text.startswith("buffer  shape  dtype")
    assert text.endswith("2 buffers, 4 numbers")
    assert str(nn.Tanh().buffers()) == "no buffers"
    assert repr(net[1].mean).startswith("Buffer(3,) float64\n")
    with pytest.raises(GraphError, match=r"no buffer named 'mean'\n .*1\.runs, 1\.mean"):
        net.buffers()["mean"]


def test_no_optimiser_and_no_count_of_parameters_sees_them() -> None:
    net = nn.Sequential(nn.Linear(3, 3), Running())
    assert len(net.parameters()) == 2
    assert net.flatten_parameters()[0].shape == (12,)
    assert net.summary((2, 3)).parameters == 12


def test_a_clone_has_its_own_or_shares_them() -> None:
    module = Running()
    module.forward(X)
    copy, shared, by_name = module.clone(), module.clone(share=True), module.clone(share="mean")
    module.forward(X)
    assert [int(m.runs) for m in (module, copy, shared, by_name)] == [2, 1, 2, 1]
    np.testing.assert_array_equal(by_name.mean.data, module.mean.data)
    shared.forward(X)
    assert int(module.runs) == 3


def test_floating_ones_are_converted() -> None:
    module = Running()
    module.forward(X)
    assert module.forward(X.astype(np.float32)).dtype == np.float64  # the net is of its buffers
    module.float()
    assert [b.dtype for b in module.buffers()] == [np.dtype(int), np.dtype(np.float32)]
    assert module.forward(X).dtype == np.float32


def test_a_cast_of_shared_buffers_reaches_all_who_share() -> None:
    module = nn.Sequential(nn.Linear(3, 3), Running())
    step = gn.compile_step(module, nn.MSECriterion())
    step(X, X)
    other = module.clone(share=True)
    other.float()
    assert module.forward(X).dtype == np.float32
    step(X, X)
    assert module[1].mean.dtype == np.float32
    assert int(module[1].runs) == 3


def test_files_and_pickles_hold_them(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(3, 3), Running(), Running())
    net[2].mean = net[1].mean
    net.forward(X)
    net.save(tmp_path / "net.gn")
    for copy in (gn.load(tmp_path / "net.gn"), pickle.loads(pickle.dumps(net))):
        assert state_of(copy) == state_of(net)
        assert copy[2].mean is copy[1].mean
        np.testing.assert_array_equal(copy.forward(X), net.clone().forward(X))


def test_a_net_without_buffers_is_described_as_before() -> None:
    entries = describe(nn.Sequential(nn.Linear(3, 3))).data["modules"]
    assert all("buffers" not in entry for entry in entries)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, b: e.pop("buffers"), r"with the buffers \[\], expected \['mean', 'runs'\]"),
        (lambda e, b: b.update({"1": np.zeros(4)}), r"float64\[4\] for the mean of module 0 .*\(3,\)"),
        (lambda e, b: b.update({"0": np.zeros(())}), r"for the runs of .*, expected whole numbers"),
        (lambda e, b: b.update({"1": np.zeros(3, int)}), r"for the mean .*, expected floating"),
        (lambda e, b: e["buffers"].update(mean=0), r"shares a buffer of shape \(\) as mean"),
        (lambda e, b: b.update({"7": np.zeros(3)}), "buffers of no module, numbers 7"),
        (lambda e, b: b.clear(), r"holds nothing for the runs of module 0"),
    ],
)  # fmt: skip
def test_a_file_with_other_buffers_is_refused(change: Any, message: str) -> None:
    found = describe(Running())
    arrays = found.arrays()
    change(found.data["modules"][0], arrays["buffers"])
    with pytest.raises(FormatError, match=message):
        build(found.data, classes=[Running], **arrays)


def test_states_kept() -> None:
    net = nn.Sequential(Running(), nn.Recurrent(nn.rnn_cell(3, 3)).remember())
    xs = np.ones((4, 3))
    with states_kept(net):
        first = net.forward(xs)[0]
    assert int(net[0].runs) == 0
    np.testing.assert_array_equal(net.forward(xs)[0], first)


# ---- what is refused


def test_values_are_checked() -> None:
    assert gn.Buffer(np.array([1, 2])).dtype == np.dtype(int)
    assert gn.Buffer((2,), nn.init.constant(3.0)).data.tolist() == [3, 3]
    assert nn.Buffer is gn.Buffer
    with pytest.raises(ShapeError, match=r"Buffer received \[2, 3\], which could be a shape"):
        gn.Buffer([2, 3])
    with pytest.raises(DtypeError, match="values of dtype complex128"):
        gn.Buffer(np.ones(2, complex))


class Written(gn.Module):
    def __init__(self, way: Any) -> None:
        self.way = way
        self.mean = gn.Buffer((3,))
        self.runs = gn.Buffer(np.array(0))

    def compute(self, x: Any) -> Any:
        self.way(self, x)
        return x


def assign(module: Any, x: Any) -> None:
    module.mean = x[0]


def assign_a_part(module: Any, x: Any) -> None:
    module.mean[0] = x[0, 0]


@pytest.mark.parametrize(
    ("way", "error", "message"),
    [
        (lambda m, x: m.mean.write(x), ShapeError, r"writes \(2, 3\) into a buffer \(3,\)"),
        (lambda m, x: m.runs.write(x.sum()), DtypeError, r"writes float64 into a buffer of int64"
         r"(?s:.*)astype\('int64'\)"),
        (lambda m, x: m.runs.write(0.5), DtypeError, "writes float64 into a buffer of int64"),
        (assign, GraphError, r"would lose its buffer 'mean', (?s:.*)\.mean\.write\(values\)"),
        (assign_a_part, ShapeError, "writes a part of a buffer"),
    ],
)  # fmt: skip
def test_what_cannot_be_written(way: Any, error: type[Exception], message: str) -> None:
    module = Written(way)
    with pytest.raises(error, match=message):
        module.forward(X)
    assert state_of(module) == [[0, 0, 0], 0]


def test_numbers_broadcast() -> None:
    module = Written(lambda m, x: (m.mean.write(2), m.runs.write(True)))
    module.forward(X)
    assert state_of(module) == [[2, 2, 2], 1]
    module.mean.write(3)
    assert state_of(module) == [[3, 3, 3], 1]
    with pytest.raises(ShapeError, match=r"writes \(4,\) into a buffer \(3,\)"):
        module.mean.write(np.ones(4))


def test_a_buffer_from_elsewhere_is_refused() -> None:
    stray = gn.Buffer(np.ones(3))
    with pytest.raises(GraphError, match=r"a buffer \(3,\) that is none of its own"):
        Written(lambda m, x: stray.write(x[0])).forward(X)


def test_a_graph_holds_no_buffer_that_no_node_has() -> None:
    x = gn.input("x")
    net = gn.GModule([x], [nn.Tanh()(x)])
    with pytest.raises(GraphError, match="cannot hold the Buffer 'mean'"):
        net.mean = gn.Buffer((3,))


def test_names_of_pytorch_are_answered() -> None:
    buffer = gn.Buffer((3,))
    with pytest.raises(AttributeError, match=r"no attribute 'copy_'\n .*buffer\.write"):
        buffer.copy_(np.ones(3))
    with pytest.raises(AttributeError, match=r"register_buffer.*\n .*gn\.Buffer"):
        Running().register_buffer("mean", np.ones(3))
