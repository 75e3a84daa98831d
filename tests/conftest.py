"""Fixtures of the whole suite: every test starts from the same random state."""

import numpy as np
import pytest

import graphnet as gn

# What tests share holds no examples, and may need a package that is missing here.
collect_ignore_glob = ["[!t]*.py"]


@pytest.fixture(autouse=True)
def seeded() -> None:
    gn.manual_seed(1234)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5678)
