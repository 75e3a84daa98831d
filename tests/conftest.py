"""Fixtures of the whole suite: every test starts from the same random state."""

import numpy as np
import pytest

import graphnet as gn


@pytest.fixture(autouse=True)
def seeded() -> None:
    gn.manual_seed(1234)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5678)
