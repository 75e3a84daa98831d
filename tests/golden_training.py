"""Reference cases of training: trajectories of Torch's optimisers, and of a character model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet import nn, optim, train
from graphnet.graph import Module
from tests.golden_build import Graph, Skip, build_criterion, class_target

METHODS = {"sgd": (optim.SGD, 1e-3), "rmsprop": (optim.RMSprop, 1e-2), "adam": (optim.Adam, 1e-3)}
"""Torch's optimisers that graphnet has, with Torch's learning rate where none is given."""

SETTINGS = {
    "learningRate": "learning_rate",
    "momentum": "momentum",
    "dampening": "dampening",
    "nesterov": "nesterov",
    "weightDecay": "weight_decay",
    "alpha": "decay",
    "beta1": "beta1",
    "beta2": "beta2",
    "epsilon": "epsilon",
}
"""Torch's settings under graphnet's names; learningRateDecay is the caller's."""


def optimizer_of(net: Module, method: str, config: Mapping[str, Any]) -> optim.Optimizer:
    """The optimiser that a recorded configuration describes."""
    if method not in METHODS:
        raise Skip(f"graphnet has no optimiser {method}")
    kind, rate = METHODS[method]
    settings = {"learning_rate": rate}
    for name, value in config.items():
        if name == "learningRateDecay":
            continue
        if name not in SETTINGS or isinstance(value, str):
            raise Skip(f"the setting {name} of {method}")
        settings[SETTINGS[name]] = value
    if method == "sgd":  # Torch's dampening is the momentum by default
        settings.setdefault("dampening", settings.get("momentum", 0.0))
    return kind(net, **settings, **({"epsilon_inside": True} if method == "adam" else {}))


def require_order(case: Any, graph: Graph, net: Module) -> None:
    """Torch's flat vector has the parameters in the order of the owners; so must ours."""
    owned = [id(graph.parameter(owner)) for owner in case.record["param_owner"]]
    if owned != [id(parameter) for parameter in net.parameters()]:
        case.differences.append("the parameters come in another order")


def run_optim(case: Any) -> None:
    """Steps of an optimiser on one batch: the loss before each, and the parameters after it."""
    record = case.record
    graph = Graph(record)
    values, _ = graph.net.flatten_parameters()
    require_order(case, graph, graph.net)
    values[:] = case.arrays[record["x0"]]
    optimizer = optimizer_of(graph.net, record["method"], record["config"])
    rate, decay = optimizer.learning_rate, record["config"].get("learningRateDecay", 0.0)
    criterion = build_criterion(record["criterion"], case.arrays)
    inputs = graph.with_indices(case.value(record["data"]["input"]))
    target = class_target(record["criterion"], case.value(record["data"]["target"]))
    losses, trajectory = [], []
    for step in range(record["n_steps"]):
        optimizer.zero_grad()
        run = graph.net.run(inputs)
        judged = criterion.run([run.outputs, target])
        run.backward(judged.backward()[0])
        losses.append(float(judged.outputs))
        optimizer.learning_rate = rate / (1 + step * decay)
        optimizer.step()
        trajectory.append(values.copy())
    case.compare("losses", np.array(losses), case.value(record["losses"]))
    case.compare("trajectory", np.array(trajectory), case.value(record["trajectory"]))


def run_train(case: Any) -> None:
    """A character model: the graph of one step as the cell of a Recurrent, and the Trainer."""
    record = case.record
    graph = Graph(record)
    net = nn.Recurrent(graph.net)
    require_order(case, graph, net)
    parameters = [graph.parameter(owner) for owner in record["param_owner"]]
    for key, parameter in zip(record["params"], parameters, strict=True):
        parameter.data = case.arrays[key]
    if record["config"].get("learningRateDecay"):
        raise Skip("the setting learningRateDecay in training")
    vocabulary, rows, steps = (
        case.arrays[record["vocab"]],
        record["batch_size"],
        record["seq_length"],
    )
    batches = train.TextBatches(
        np.searchsorted(vocabulary, case.arrays[record["text"]]), rows, steps
    )
    if len(batches) != record["n_batches"]:
        case.differences.append(f"{len(batches)} batches, expected {record['n_batches']}")
    trainer = train.Trainer(
        net,
        build_criterion(record["criterion"], case.arrays),
        optimizer_of(net, record["method"], record["config"]),
        states=[np.zeros((rows, record["hidden"])) for _ in range(record["n_state"])],
        loss_scale=steps,
        clip_value=record["grad_clamp"],
        show_progress=False,
    )
    losses, norms = [], []
    for iteration in range(record["iterations"]):
        inputs, targets = batches[iteration % len(batches)]
        losses.append(trainer.train_batch(np.eye(len(vocabulary))[inputs], targets))
        norms.append(np.linalg.norm(net.flatten_parameters()[1]))
    for what, received in (("losses", losses), ("grad_norms", norms)):
        expected = case.arrays[record[what]].reshape(-1)
        for number, pair in enumerate(zip(received, expected, strict=True)):
            case.compare(f"{what}, iteration {number}", *pair)
    case.compare("final_state", trainer.states, case.value(record["final_state"]))
    found = [parameter.data for parameter in parameters]
    case.compare("final_params", found, case.value(record["final_params"]))
