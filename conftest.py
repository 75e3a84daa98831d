"""Doctests write their files into a folder of their own; NumPy's products run on one thread."""

import gc
import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

# The tests themselves run on all cores. NumPy reads it when it is imported, which comes later, also
# in the processes that pytest starts.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell lets its background jobs ignore Ctrl-C, and so would the tests of it, for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


if find_spec("llvmlite") is None:  # the modules that make machine code cannot be imported
    collect_ignore_glob = ["graphnet/native/*.py", "graphnet/native/*/*.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Without llvmlite everything runs in the interpreter, which is said once and is no fault."""
    if find_spec("llvmlite") is None:
        config.addinivalue_line("filterwarnings", "ignore:llvmlite is not installed")


def pytest_collection_finish() -> None:
    """The garbage collector looks no more at the thousands of tests, which live to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def doctest_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path)
