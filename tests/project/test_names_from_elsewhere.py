"""Names of other libraries: each names what stands for it here, and all of that exists."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import graph, nn, ops, optim, train
from graphnet.errors import GraphnetError, UnknownNameError
from graphnet.names import layers, objects, packages
from graphnet.names.table import Names

MODULES: dict[str, tuple[ModuleType, Names]] = {
    "gn": (gn, packages.PACKAGE),
    "graph": (graph, objects.GRAPHS),
    "nn": (nn, layers.LAYERS),
    "nn.init": (nn.init, packages.INITIALISERS),
    "optim": (optim, packages.OPTIMISERS),
    "train": (train, packages.TRAINING),
}


def some_net() -> gn.GModule:
    x = gn.input("x")
    return gn.GModule([x], [nn.Linear(3, 4)(x).annotate(name="linear")])


OWNERS: dict[str, tuple[Any, Names]] = {
    **MODULES,
    "a module": (nn.Tanh(), objects.MODULES),
    "a node": (gn.input("x"), objects.NODES),
    "a parameter": (gn.Parameter((2,)), objects.PARAMETERS),
    "a buffer": (gn.Buffer((2,)), objects.BUFFERS),
}
MISSING = [(where, name) for where, (_, names) in OWNERS.items() for name in names.equivalents]
ALIASES = [(where, name) for where, (_, names) in OWNERS.items() for name in names.aliases]


def run_back() -> gn.Run:
    run = some_net().run(np.ones((2, 3)))
    run.backward(np.ones((2, 4)))
    return run


X = gn.input("x")
MAKERS: dict[str, Callable[[], Any]] = {
    "a": lambda: gn.input("a"),
    "array": lambda: np.ones((2, 3)),
    "b": lambda: gn.input("b"),
    "buffer": lambda: gn.Buffer((2, 3)),
    "cell": lambda: nn.lstm_cell(3, 4),
    "criterion": lambda: nn.MSECriterion(),
    "gradient": lambda: np.ones((2, 4)),
    "linear": lambda: nn.Linear(3, 4),
    "lstm": lambda: nn.LSTM(3, 4),
    "node": lambda: gn.input("node"),
    "recurrent": lambda: nn.Recurrent(nn.lstm_cell(3, 4)),
    "rng": lambda: np.random.default_rng(0),
    "run": run_back,
    "self": lambda: nn.Tanh(),
    "sequential": lambda: nn.Sequential(nn.Tanh()),
    "weight": lambda: gn.Parameter((4, 3)),
    "weights": lambda: nn.to_torch_state_dict(nn.LSTM(3, 4)),
    "x": lambda: X,
    "xs": lambda: np.ones((5, 2, 3)),
    "y": lambda: nn.Tanh()(X),
}
"""What the code in the table may speak of, beside the modules."""


def surroundings(text: str) -> dict[str, Any]:
    spoken = {name: make() for name, make in MAKERS.items() if re.search(rf"\b{name}\b", text)}
    net = some_net()
    if "optimizer" in text:
        spoken["optimizer"] = optim.SGD(net)
    known = {"gn": gn, "nn": nn, "ops": ops, "optim": optim, "train": train, "np": np, "net": net}
    return known | spoken


@pytest.mark.parametrize(("where", "name"), MISSING)
def test_the_equivalent_of_a_name_exists(
    where: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = OWNERS[where][1].equivalents[name]
    pieces = re.findall(r"`([^`]+)`", text)
    assert pieces or "leave it out" in text, f"{name} has no equivalent in code"
    assert text.count("`") == 2 * len(pieces)
    monkeypatch.chdir(tmp_path)
    some_net().save("net.gn")
    known = surroundings(text)
    for piece in pieces:
        exec(compile(piece, f"the equivalent of {name}", "exec"), dict(known))


@pytest.mark.parametrize(("where", "name"), MISSING)
def test_the_error_tells_the_equivalent(where: str, name: str) -> None:
    owner, names = OWNERS[where]
    assert not hasattr(owner, name)
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\n  Here: ") as caught:
        getattr(owner, name)
    assert isinstance(caught.value, GraphnetError)
    assert names.equivalents[name].replace("`", "") in str(caught.value)


@pytest.mark.parametrize(("where", "name"), ALIASES)
def test_an_alias_is_the_thing_itself(where: str, name: str) -> None:
    owner, names = OWNERS[where]
    assert getattr(owner, name) == getattr(owner, names.aliases[name])
    assert name not in dir(owner)
    assert name not in vars(owner)
    assert name not in names.equivalents


@pytest.mark.parametrize("where", MODULES)
def test_no_name_is_a_file_of_the_package(where: str) -> None:
    """Which an import would put in its place."""
    module, names = MODULES[where]
    files = {
        path.removeprefix(f"{module.__name__}.")
        for path in sys.modules
        if path.startswith(f"{module.__name__}.")
    }
    assert not files & {*names.aliases, *names.equivalents}


PORTS = {
    "nn": (
        "Embedding", "Conv2d", "CrossEntropyLoss", "MSELoss", "LSTMCell", "Module", "Parameter",
        "gModule",
    ),
    "a module": (
        "zeroGradParameters", "getParameters", "cuda", "state_dict", "replace", "maskZero",
    ),
}  # fmt: skip
"""What every port of a program of PyTorch or nngraph asks for."""


@pytest.mark.parametrize(("where", "name"), [(w, n) for w, names in PORTS.items() for n in names])
def test_what_every_port_asks_for_is_there_or_told(where: str, name: str) -> None:
    owner, names = OWNERS[where]
    if name in names.equivalents:
        with pytest.raises(UnknownNameError, match="\n  Here: "):
            getattr(owner, name)
    else:
        assert callable(getattr(owner, name))


def test_parameters_and_closed_graphs_are_found_among_the_layers() -> None:
    assert nn.Parameter is gn.Parameter
    assert nn.gModule is gn.GModule  # type: ignore[attr-defined]


def test_aliases_take_the_arguments_of_the_original() -> None:
    found = nn.Embedding(num_embeddings=10, embedding_dim=3)  # type: ignore[attr-defined]
    assert repr(found) == "LookupTable(10, 3)"
    loss = nn.MSELoss(reduction="sum")  # type: ignore[attr-defined]
    assert loss(np.ones(2), np.zeros(2)) == 2
    assert nn.Softmax(dim=0).axis == 0  # type: ignore[attr-defined]
    net = some_net()
    net.zeroGradParameters()  # type: ignore[attr-defined]
    values, gradients = net.getParameters()  # type: ignore[attr-defined]
    assert values.shape == gradients.shape == (16,)


@pytest.mark.parametrize(
    ("owner", "name", "message"),
    [
        (nn, "Linaer", "graphnet.nn has no attribute 'Linaer'\n  Did you mean Linear?"),
        (gn, "GModul", "graphnet has no attribute 'GModul'\n  Did you mean GModule?"),
        (optim, "Adem", "graphnet.optim has no attribute 'Adem'\n  Did you mean Adam?"),
        (train, "Trainr", "graphnet.train has no attribute 'Trainr'\n  Did you mean Trainer?"),
        (nn.init, "constnt", "graphnet.nn.init has no attribute 'constnt'\n  Did you mean constant?"),
        (nn.Tanh(), "forwrd", "Tanh has no attribute 'forwrd'\n  Did you mean forward?"),
        (nn.Tanh(), "xyzzy", "Tanh has no attribute 'xyzzy'"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_guessed(owner: Any, name: str, message: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    assert str(caught.value) == message


def test_a_node_tells_where_it_is() -> None:
    with pytest.raises(
        AttributeError, match=r"Identity 'x' \(.*\), a node, has no attribute 'view'"
    ):
        gn.input("x").view(2)
    with pytest.raises(AttributeError, match=r"a node, has no attribute 'state_dict'\n  Here: net"):
        gn.input("x").state_dict()


def test_an_import_finds_an_alias_and_tells_an_equivalent() -> None:
    from graphnet.nn import Embedding  # type: ignore[attr-defined]

    assert Embedding is nn.LookupTable
    with pytest.raises(ImportError, match=r"graphnet\.nn has no attribute 'LSTMCell'\n  Here: nn"):
        exec("from graphnet.nn import LSTMCell")
    with pytest.raises(ImportError, match=r"graphnet has no attribute 'tensor'\n  Here: NumPy"):
        exec("from graphnet import tensor")
    with pytest.raises(ImportError, match="cannot import name 'Linaer'"):
        exec("from graphnet.nn import Linaer")


def test_the_error_survives_a_pickle() -> None:
    with pytest.raises(UnknownNameError, match="Here: ") as caught:
        nn.Conv2d  # type: ignore[attr-defined]  # noqa: B018
    copy = pickle.loads(pickle.dumps(caught.value.with_traceback(None)))
    assert "Here: " in str(copy)
