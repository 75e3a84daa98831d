"""Without llvmlite: one notice, the interpreter, and a test suite that passes."""

from __future__ import annotations

import pytest

from tests.native_programs import python

HIDDEN = "import sys\nsys.modules['llvmlite'] = None\n"

INTERPRETED = """
import warnings
import numpy as np
from graphnet import nn
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
xs = np.ones((2, 3))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    compiled = net.clone().compile()
    nn.Tanh().compile()
(notice,) = told
assert notice.category is RuntimeWarning and "llvmlite is not installed" in str(notice.message)
np.testing.assert_array_equal(compiled.forward(xs), net.forward(xs))
np.testing.assert_array_equal(compiled.backward(xs, xs @ np.ones((3, 4))), net.backward(xs, xs @ np.ones((3, 4))))
print("right")
"""

COLLECTED = """
import pytest
names = ["--collect-only", "-q", "-p", "no:cacheprovider", "tests"]
raise SystemExit(pytest.main(names))
"""


def test_without_llvmlite_one_notice_and_the_interpreter() -> None:
    assert python(HIDDEN + INTERPRETED) == "right\n"


def test_without_llvmlite_every_test_file_is_read() -> None:
    assert "error" not in python(HIDDEN + COLLECTED).splitlines()[-1]


@pytest.mark.parametrize("file", ["test_scan.py", "test_native_scan.py", "test_native_programs.py"])
def test_without_llvmlite_tests_pass_or_are_skipped(file: str) -> None:
    """What needs machine code is left out (5: no test is left), all else runs."""
    code = "import pytest\nprint(int(pytest.main(['-q', '-p', 'no:cacheprovider', 'tests/%s'])))"
    assert python(HIDDEN + code % file).splitlines()[-1] in ("0", "5")
