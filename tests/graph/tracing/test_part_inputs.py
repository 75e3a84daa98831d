"""An error in a container names the line that made the wrong layer, and the layer before it."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ShapeError

X = np.ones((3, 3))


def line_here(offset: int) -> int:
    """The number of the line that calls, and so many more."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno + offset


def message(net: gn.Module, *inputs: Any) -> str:
    with pytest.raises(ShapeError, match="expects an array") as told:
        net.forward(*inputs)
    return str(told.value)


def wrong() -> tuple[gn.Module, int]:
    made = line_here(1)
    layer = nn.Linear(5, 2)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), layer), made


def test_a_wrong_size_in_a_sequential() -> None:
    net, made = wrong()
    assert message(net, X) == (
        "Linear '2' expects an array (…, 5), received (3, 4)\n"
        "  input  the output (3, 4) of ReLU '1'\n"
        f"  made   test_part_inputs.py:{made}\n"
        "  The last axis holds the features."
    )


def test_the_first_part_has_none_before_it() -> None:
    made = line_here(1)
    net = nn.Sequential(nn.Linear(5, 4))
    expected = f"received (3, 3)\n  input  (3, 3)\n  made   test_part_inputs.py:{made}\n"
    assert expected in message(net, X)


class Model(gn.Module):
    """A user's own container."""

    def __init__(self) -> None:
        self.layers = [nn.Linear(3, 4), nn.Tanh()]
        self.made = line_here(1)
        self.last = nn.Linear(5, 2)

    def compute(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return self.last(x)


def test_parts_of_a_user_s_module() -> None:
    net = Model()
    expected = f"the output (3, 4) of Tanh 'layers.1'\n  made   test_part_inputs.py:{net.made}\n"
    assert expected in message(net, X)


WITHIN: list[tuple[Callable[[gn.Module], gn.Module], str]] = [
    (lambda net: nn.Sequential(nn.Identity(), net), "ReLU '1.1'"),
    (lambda net: gn.GModule(x := gn.input(), [net(x)]), "ReLU 'sequential.1'"),
    (nn.Bottle, "ReLU 'module.1'"),
    (lambda net: net.clone(), "ReLU '1'"),
]


@pytest.mark.parametrize(("around", "before"), WITHIN)
def test_containers_in_others_and_copies_tell_it_too(
    around: Callable[[gn.Module], gn.Module], before: str
) -> None:
    net, made = wrong()
    told = message(around(net), X)
    assert f"the output (3, 4) of {before}\n  made   test_part_inputs.py:{made}\n" in told


def test_a_file_does_not_know_who_made_its_parts(tmp_path: Path) -> None:
    net, _ = wrong()
    net.save(tmp_path / "net.gn")
    for other in (gn.load(tmp_path / "net.gn"), pickle.loads(pickle.dumps(net))):
        told = message(other, X)
        assert "the output (3, 4) of ReLU '1'" in told
        assert "made" not in told


def test_who_made_it_is_no_part_of_a_module() -> None:
    first, second = nn.Linear(3, 4), nn.Linear(3, 4)
    assert repr(first) == repr(second)
    assert [name for name, _ in first.named_parameters()] == ["weight", "bias"]
    assert set(first.arguments()) == {"in_features", "out_features", "bias"}
