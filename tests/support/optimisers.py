"""Optimisers, each with PyTorch's, and a small net for them."""

import graphnet as gn
from graphnet import nn

PAIRS = {
    "sgd": ("SGD", {}, {}),
    "sgd-decay": ("SGD", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    "momentum": ("SGD", {"momentum": 0.9}, {"momentum": 0.9}),
    "dampening": ("SGD", {"momentum": 0.9, "dampening": 0.4}, {"momentum": 0.9, "dampening": 0.4}),
    "nesterov": ("SGD", {"momentum": 0.8, "nesterov": True}, {"momentum": 0.8, "nesterov": True}),
    "nesterov-decay": (
        "SGD",
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
    ),
    "rmsprop": ("RMSprop", {"decay": 0.9}, {"alpha": 0.9}),
    "rmsprop-decay": ("RMSprop", {"weight_decay": 0.3}, {"weight_decay": 0.3}),
    "adam": ("Adam", {}, {}),
    "adam-all": (
        "Adam",
        {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adamw": ("AdamW", {}, {}),
    "adamw-all": (
        "AdamW",
        {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adagrad-start": ("Adagrad", {"initial_sum": 0.3}, {"initial_accumulator_value": 0.3}),
    "adadelta": ("Adadelta", {}, {}),
    "adadelta-all": (
        "Adadelta",
        {"decay": 0.8, "eps": 1e-3, "weight_decay": 0.1},
        {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adagrad": ("Adagrad", {}, {}),
    "adagrad-all": (
        "Adagrad",
        {"eps": 1e-3, "weight_decay": 0.1},
        {"eps": 1e-3, "weight_decay": 0.1},
    ),
    "adamax": ("Adamax", {}, {}),
    "adamax-all": (
        "Adamax",
        {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "asgd": ("ASGD", {}, {}),
    "asgd-all": (
        "ASGD",
        {"decay": 0.2, "power": 0.9, "average_after": 4, "weight_decay": 0.1},
        {"lambd": 0.2, "alpha": 0.9, "t0": 4, "weight_decay": 0.1},
    ),
    "nag": ("NAG", {}, {"momentum": 0.9, "nesterov": True}),
    "nag-decay": (
        "NAG",
        {"momentum": 0.8, "weight_decay": 0.2},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
    ),
    "rprop": ("Rprop", {}, {}),
    "rprop-all": (
        "Rprop",
        {"increase": 1.5, "decrease": 0.3, "smallest": 0.02, "largest": 0.1},
        {"etas": (0.3, 1.5), "step_sizes": (0.02, 0.1)},
    ),
}


KINDS = sorted({name for name, _, _ in PAIRS.values()})
"""Those that take gradients as they are; CG and LBFGS evaluate the loss themselves."""


def small_net(seed=1):
    gn.manual_seed(seed)
    x = gn.input()
    return gn.GModule([x], [nn.Linear(5, 2)(nn.Tanh()(nn.Linear(3, 5)(x)))])


def squared_error(net, x, target):
    """The mean squared error; its gradient is left in the net."""
    net.zero_grad()
    run = net.run(x)
    difference = run.outputs - target
    run.backward(2 * difference / difference.size)
    return float((difference**2).mean())
