"""The documentation runs as a test; what it says of the compiler needs llvmlite."""

from importlib.util import find_spec

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not find_spec("llvmlite"):
        for item in items:
            if item.path.name == "compiler.md":
                item.add_marker(pytest.mark.skip(reason="llvmlite is not installed"))
