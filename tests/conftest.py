"""Fixtures of the whole suite: every test starts from the same random state."""

from pathlib import Path

import numpy as np
import pytest

import graphnet as gn


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """What tests share holds no examples, and may need a package that is missing here."""
    is_shared = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if is_shared else None


@pytest.fixture(autouse=True)
def seeded() -> None:
    gn.manual_seed(1234)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5678)
