"""What layers say of a table in the place of an array, and what Reshape keeps that View does not."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, ShapeError
from graphnet.graph import Module

WORDS = [np.array([1, 2]), np.array([0, 1])]


@pytest.mark.parametrize("layer", [nn.LookupTable(3, 2), nn.LookupTableMaskZero(3, 2)])
def test_a_table_of_words_is_no_matter_of_dtype(layer: Module) -> None:
    name = type(layer).__name__
    with pytest.raises(DtypeError, match=rf"^{name} .* the table \[\(2,\), \(2,\)\]") as told:
        layer.forward(WORDS)
    assert "np.array(…)" in str(told.value)
    assert "astype" not in str(told.value)
    with pytest.raises(
        DtypeError, match=r"received float64\n(.*\n)?.*Convert with x\.astype\(int\)"
    ):
        layer.forward(np.ones(3))


def test_a_linear_layer_says_the_same() -> None:
    with pytest.raises(ShapeError, match=r"A list is a table; make an array of it with np\.array"):
        nn.Linear(2, 2).forward(WORDS)


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        (nn.LSTM(2, 3), r"nn\.LSTM gives \(output, \(h, c\)\): output, _ = layer\(x\)"),
        (nn.GRU(2, 3), r"nn\.GRU gives \(output, h\): output, _ = layer\(x\)"),
    ],
    ids=["LSTM", "GRU"],
)
def test_what_a_sequence_layer_gives_is_no_array(sequence: Module, expected: str) -> None:
    outputs = sequence(np.ones((5, 4, 2)))
    with pytest.raises(ShapeError, match=expected) as told:
        nn.Linear(3, 2)(outputs)
    assert "np.array" not in str(told.value)


@pytest.mark.parametrize("layer", [nn.Cosine(4, 2), nn.WeightedEuclidean(4, 2), nn.Euclidean(4, 2)])
def test_layers_of_features_say_the_same(layer: Module) -> None:
    with pytest.raises(ShapeError, match=r"A list is a table; make an array of it with np\.array"):
        layer.forward([np.ones((3, 4)), np.ones((3, 4))])


def test_a_view_loses_a_batch_of_one_row_and_reshape_keeps_it() -> None:
    for rows, expected in ((2, (2, 4, 3)), (1, (4, 3))):
        assert nn.View(4, 3).forward(np.ones((rows, 12))).shape == expected
        assert nn.Reshape(4, 3).forward(np.ones((rows, 12))).shape == (rows, 4, 3)
        assert nn.View(4, 3, input_dims=1).forward(np.ones((rows, 12))).shape == (rows, 4, 3)
    assert "Reshape" in (nn.View.__doc__ or "")
