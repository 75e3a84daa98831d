"""Without llvmlite: one notice, the interpreter, and a test suite that passes."""

from __future__ import annotations

import pytest

from tests.support.processes import python

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

TOLD_AT = """
import warnings
import numpy as np
import graphnet as gn
from graphnet import nn, optim, train
net = nn.Linear(3, 2)
batch = np.ones((2, 3)), np.zeros((2, 2))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    {action}
(notice,) = told
assert notice.filename == "<string>", notice.filename
"""

TRAINED = """
trainer = train.Trainer(net, nn.MSECriterion(), optim.SGD(net), compile={compile})
assert not trainer.is_compiled
trainer.fit([batch], 1)
"""

ACTIONS = [
    "net.compile()",
    "gn.compile_step(net, nn.MSECriterion())(*batch)",
    "train.Trainer(net, nn.MSECriterion(), optim.SGD(net), compile=True).train_batch(*batch)",
    "nn.Live(nn.rnn_cell(3, 2), np.ones(3))",
]

COLLECTED = """
import pytest
names = ["--collect-only", "-q", "-p", "no:cacheprovider", "tests"]
raise SystemExit(pytest.main(names))
"""


def test_without_llvmlite_one_notice_and_the_interpreter() -> None:
    assert python(HIDDEN + INTERPRETED) == "right\n"


@pytest.mark.parametrize("action", ACTIONS)
def test_without_llvmlite_the_notice_is_of_the_users_line(action: str) -> None:
    assert python(HIDDEN + TOLD_AT.format(action=action)) == ""


@pytest.mark.parametrize("compile", [True, False, None])
def test_without_llvmlite_a_trainer_does_not_say_that_it_compiles(compile: bool | None) -> None:
    head = "import contextlib, io\nwith contextlib.redirect_stderr(io.StringIO()) as said:\n    "
    lines = [line for line in TRAINED.format(compile=compile).splitlines() if line]
    body = "\n    ".join(lines)
    code = TOLD_AT.split("with ")[0] + "warnings.simplefilter('ignore')\n" + head + body
    printed = python(f"{HIDDEN}{code}\nprint(said.getvalue())")
    assert "epoch 1/1" in printed
    assert "compiling" not in printed


def test_without_llvmlite_every_test_file_is_read() -> None:
    assert "error" not in python(HIDDEN + COLLECTED).splitlines()[-1]


@pytest.mark.parametrize(
    "file",
    [
        "ir/test_scan.py",
        "native/equivalence/test_sequences.py",
        "native/equivalence/test_random_programs.py",
    ],
)
def test_without_llvmlite_tests_pass_or_are_skipped(file: str) -> None:
    """What needs machine code is left out (5: no test is left), all else runs."""
    code = "import pytest\nprint(int(pytest.main(['-q', '-p', 'no:cacheprovider', 'tests/%s'])))"
    assert python(HIDDEN + code % file).splitlines()[-1] in ("0", "5")
