"""Reference cases of training: trajectories of Torch's optimisers, and of a character model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphnet import nn, optim, train
from graphnet.graph import Module
from tests.golden_support.build import Graph
from tests.golden_support.criteria import build_criterion, class_target
from tests.golden_support.skip import Skip

METHODS: dict[str, tuple[Callable[..., optim.Optimizer], dict[str, Any]]] = {
    "adadelta": (optim.Adadelta, {}),
    "adagrad": (optim.Adagrad, {"learning_rate": 1e-3}),
    "adam": (optim.Adam, {"learning_rate": 1e-3, "eps_inside": True}),
    "adamax": (optim.Adamax, {"learning_rate": 2e-3, "eps": 1e-38}),
    "asgd": (optim.ASGD, {"learning_rate": 1e-4}),
    "cg": (optim.CG, {}),
    "lbfgs": (optim.LBFGS, {"learning_rate": 1.0, "tolerance_grad": 1e-5}),
    "nag": (optim.NAG, {"learning_rate": 1e-3}),
    "rmsprop": (optim.RMSprop, {"learning_rate": 1e-2}),
    "rprop": (optim.Rprop, {"learning_rate": 0.1}),
    "sgd": (optim.SGD, {"learning_rate": 1e-3}),
}
"""Torch's optimisers, with Torch's settings where its own differ from graphnet's."""

SETTINGS = {
    "learningRate": "learning_rate",
    "momentum": "momentum",
    "dampening": "dampening",
    "nesterov": "nesterov",
    "weightDecay": "weight_decay",
    "alpha": "decay",
    "beta1": "beta1",
    "beta2": "beta2",
    "epsilon": "eps",
    "eps": "eps",
    "rho": "decay",
    "decayRate": "decay",
    "offset": "eps",
    "initialMean": "initial_mean",
    "stepsize": "learning_rate",
    "etaplus": "increase",
    "etaminus": "decrease",
    "stepsizemin": "smallest",
    "stepsizemax": "largest",
    "niter": "iterations",
    "maxIter": "max_iter",
    "maxEval": "max_eval",
    "tolFun": "tolerance_grad",
    "tolX": "tolerance_change",
    "nCorrection": "history_size",
}
"""Torch's settings under graphnet's names."""

SETTINGS_OF = {
    "asgd": {"eta0": "learning_rate", "lambda": "decay", "alpha": "power", "t0": "average_after"},
    "cg": {"rho": "rho", "sig": "sig", "int": "interpolation", "ext": "extrapolation"}
    | {"ratio": "ratio"},
}
"""The same where a method has names of its own."""

VECTORS = {"learningRates": "learning_rates", "weightDecays": "weight_decays"}
WITHOUT_MEANING = {"verbose", "lineSearchOptions"}


def optimizer_of(
    net: Module, method: str, config: Mapping[str, Any], arrays: Mapping[str, Any] | None = None
) -> optim.Optimizer:
    """The optimiser that a recorded configuration describes."""
    if method not in METHODS:
        raise Skip(f"graphnet has no optimiser {method}")
    kind, defaults = METHODS[method]
    names = {**SETTINGS, **SETTINGS_OF.get(method, {})}
    settings = dict(defaults)
    vectors: dict[str, Any] = {}
    for name, value in config.items():
        if name in VECTORS:
            vectors[VECTORS[name]] = (arrays or {})[value] if isinstance(value, str) else value
        elif name not in ("learningRateDecay", *WITHOUT_MEANING):
            if name == "lineSearch" and method == "lbfgs":
                settings["line_search_fn"] = "strong_wolfe"
                continue
            if name not in names or isinstance(value, str):
                raise Skip(f"the setting {name} of {method}")
            settings[names[name]] = value
    if method == "sgd":  # Torch's dampening is the momentum by default
        settings.setdefault("dampening", settings.get("momentum", 0.0))
    if method == "nag":
        settings.pop("dampening", None)  # nag.lua reads it and does not use it
    optimizer = kind(net, **settings)
    if settings.get("weight_decay"):
        vectors.pop("weight_decays", None)  # Torch's weightDecay goes before its weightDecays
    for name, vector in vectors.items():
        setattr(optimizer, name, np.asarray(vector).reshape(-1))
    if config.get("learningRateDecay"):
        decay = optim.schedules.inverse_decay(config["learningRateDecay"])
        optimizer.with_schedule(decay)
    return optimizer


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
    optimizer = optimizer_of(graph.net, record["method"], record["config"], case.arrays)
    criterion = build_criterion(record["criterion"], case.arrays)
    inputs = graph.with_indices(case.value(record["data"]["input"]))
    target = class_target(record["criterion"], case.value(record["data"]["target"]))

    def evaluate() -> float:
        optimizer.zero_grad()
        run = graph.net.run(inputs)
        judged = criterion.run([run.outputs, target])
        run.backward(judged.backward()[0])
        return float(judged.outputs)

    losses, trajectory, averaged = [], [], []
    for _ in range(record["n_steps"]):
        losses.append(optimizer.step(evaluate))
        ahead = isinstance(optimizer, optim.NAG)  # Torch records the point, not the one ahead
        trajectory.append(optimizer.point() if ahead else values.copy())
        if "averaged" in record:
            averaged.append(optimizer.vectors["average"].copy())
    case.compare("losses", np.array(losses), case.value(record["losses"]))
    case.compare("trajectory", np.array(trajectory), case.value(record["trajectory"]))
    if averaged:
        case.compare("averaged", np.array(averaged), case.value(record["averaged"]))


def run_train(case: Any) -> None:
    """A character model: the graph of one step as the cell of a Recurrent, and the Trainer."""
    record = case.record
    graph = Graph(record)
    net = nn.Recurrent(graph.net)
    require_order(case, graph, net)
    parameters = [graph.parameter(owner) for owner in record["param_owner"]]
    for key, parameter in zip(record["params"], parameters, strict=True):
        parameter.data = case.arrays[key]
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
        optimizer_of(net, record["method"], record["config"], case.arrays),
        states=[np.zeros((rows, record["hidden"])) for _ in range(record["n_state"])],
        loss_scale=steps,
        max_value=record["grad_clamp"],
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
