"""The examples run as they stand, are short, and write what they say."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"


def run_example(name, folder, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def number_after(output, *labels):
    """The number behind each label in the last line of an output."""
    last = output.splitlines()[-1]
    return [float(last.split(label)[1].split()[0].rstrip("%,")) for label in labels]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(path):
    assert len(path.read_text().splitlines()) <= 80


def test_blog(tmp_path):
    output = run_example("blog.py", tmp_path)
    assert "CMulTable" in output
    assert "<svg" in (tmp_path / "blog.svg").read_text()


def test_lstm_quick_and_resumed(tmp_path):
    (tmp_path / "text.txt").write_text("she sells sea shells by the sea shore\n" * 60)
    output = run_example("lstm.py", tmp_path, "--quick", "--text", "text.txt")
    assert float(output.split("equations: ")[1].split()[0]) < 1e-14
    written = {path.name for path in (tmp_path / "lstm").iterdir()}
    assert written == {
        "lstm_cell.svg",
        "lstm_cell_backward.svg",
        "loss.svg",
        "example.gn",
    }
    before = (tmp_path / "lstm" / "example.gn").read_bytes()
    run_example("lstm.py", tmp_path, "--quick", "--text", "text.txt", "--resume")
    assert (tmp_path / "lstm" / "example.gn").read_bytes() == before


def test_word_model(tmp_path):
    output = run_example("word_model.py", tmp_path, "--quick")
    perplexity, _, unigram = number_after(output, "perplexity ", "lowest ", "unigram model ")
    assert perplexity < 0.95 * unigram


def test_digits(tmp_path):
    pytest.importorskip("sklearn", reason="the example's data is scikit-learn's")
    accuracy = number_after(run_example("digits.py", tmp_path, "--quick"), "test accuracy ")[0]
    assert accuracy > 85


def test_digits_convolution(tmp_path):
    pytest.importorskip("sklearn", reason="the example's data is scikit-learn's")
    output = run_example("digits_convolution.py", tmp_path, "--quick")
    assert number_after(output, "test accuracy ")[0] > 85
    assert "SpatialConvolution" in (tmp_path / "digits_convolution.svg").read_text()


def test_sunspots(tmp_path):
    pytest.importorskip("statsmodels", reason="the example's data is statsmodels'")
    output = run_example("sunspots.py", tmp_path, "--quick")
    net, persistence = number_after(output, "LSTM ", "(persistence) ")
    assert net < 0.75 * persistence
    assert (tmp_path / "sunspots" / "sunspots.png").stat().st_size > 10_000


def test_tagging(tmp_path):
    output = run_example("tagging.py", tmp_path, "--quick")
    usual, forward, both_ways = number_after(output, "usual tag ", "forward ", "bidirectional ")
    assert usual < forward < both_ways - 5
    assert both_ways > 95


def test_attention(tmp_path):
    output = run_example("attention.py", tmp_path, "--quick")
    without, with_positions = number_after(output, "without positions ", "with ")
    assert without + 10 < with_positions
    assert with_positions > 85
    assert "price looks at" in output


def test_vanishing_gradient(tmp_path):
    output = run_example("vanishing_gradient.py", tmp_path, "--quick")
    rnn, lstm, forgetting = number_after(output, "adding rnn ", "adding lstm_1997 ", "adding lstm ")
    assert lstm < 0.05
    assert forgetting < 0.05
    assert rnn > 0.15  # no better than the mean: 1/6 is the variance of the sum
    rnn, lstm = number_after(output, "copying rnn ", "copying lstm_1997 ")
    assert lstm < 0.5 < 2 < rnn  # log(8) = 2.08 without memory
    factors = [line.split("largest ")[1].split() for line in output.splitlines() if " <= " in line]
    assert len(factors) == 4
    assert all(float(largest) <= float(bound) for largest, _, bound, _ in factors)
    assert {path.name for path in (tmp_path / "vanishing").iterdir()} == {
        "adding.svg",
        "copying.svg",
    }


@pytest.mark.parametrize(
    ("name", "package"),
    [("digits", "sklearn"), ("digits_convolution", "sklearn"), ("sunspots", "statsmodels")],
)
def test_a_missing_package_is_one_line(name, package, tmp_path):
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise ImportError('not installed')")
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), "--quick"],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "pip install 'graphnet[examples]'" in result.stderr
